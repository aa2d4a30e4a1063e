"""Channels, which the WebAPI calls chat topics: those that the tenant's chat sessions name.

Source: SuperOffice reference, ChatTopicEntity. Of its settings the sandbox knows the id and the name; the others have
the neutral value of their type, and the nested ones are null.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from archiver.sandbox.chats.dates import TimeFormat
from archiver.sandbox.chats.records import ChatSession


@dataclass(frozen=True, kw_only=True)
class Topic:
    """A channel."""

    topic_id: int
    name: str


def topics_of(chat_sessions: Iterable[ChatSession]) -> list[Topic]:
    """The channels of these chat sessions, ascending by id; a name that changed is the latest."""
    names = {each.topic_id: each.topic_name for each in chat_sessions}
    return [Topic(topic_id=topic_id, name=names[topic_id]) for topic_id in sorted(names)]


def chat_topic_entity(topic: Topic, times: TimeFormat) -> dict[str, object]:
    """A ChatTopicEntity as it is on the wire."""
    return {
        "ChatTopicId": topic.topic_id,
        "Name": topic.name,
        "Description": "",
        "WelcomeMessage": "",
        "Language": None,
        "LastAccept": times.text(None),
        "SecondsPrAccept": 0,
        "AlertRecipient": "",
        "AlertTemplate": None,
        "CollectConsent": False,
        "BadgeHeader": "",
        "CustomQueueTextEnabled": False,
        "CustomQueueText": "",
        "WarnNewChatMinutes": 0,
        "WarnManagerNewChatMinutes": 0,
        "TicketEnabled": False,
        "TicketCategory": None,
        "TicketPriority": None,
        "OpeningHoursEnabled": False,
        "OpeningHours": None,
        "Widget": None,
        "BotEnabled": False,
        "BotSettings": None,
        "OfflineCollectConsent": False,
        "WarnChatMessageMinutes": 0,
        "WarnManagerChatMessageMinutes": 0,
        "UseQueueOfflineForm": False,
        "OfflineFormTimeLimit": 0,
        "OfflineFormQueueLength": 0,
        "WidgetEnableRating": False,
        "WidgetRatingText": "",
        # Access hints whose content the reference doesn't detail.
        "TableRight": {},
        "FieldProperties": {},
    }
