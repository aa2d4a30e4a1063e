"""How messages and chat sessions look on the wire: PascalCase properties, enums by name.

Source: SuperOffice reference, Chat agent, GetChatMessages and GetChatSessionEntity.
"""

from datetime import UTC, datetime

from archiver.sandbox.chats.dates import TimeFormat
from archiver.sandbox.chats.records import ChatSession, Message

MESSAGE_PROPERTIES = (
    "ChatMessageId",
    "ChatSessionId",
    "Type",
    "Message",
    "Author",
    "ReadByCustomer",
    "SpecialType",
    "SpecialParam",
    "WhenPosted",
)
UTC_WITH_SUFFIX = TimeFormat(zone=UTC, suffix=True)


def message_row(message: Message, times: TimeFormat) -> dict[str, object]:
    """The nine properties of a message, and those that an edit invented."""
    posted = message.when_posted
    return {
        "ChatMessageId": message.chat_message_id,
        "ChatSessionId": message.chat_session_id,
        "Type": message.type,
        "Message": message.message,
        "Author": message.author,
        "ReadByCustomer": message.read_by_customer,
        "SpecialType": message.special_type,
        "SpecialParam": message.special_param,
        "WhenPosted": times.text(posted) if isinstance(posted, datetime) else posted,
        **message.extra,
    }


def chat_session_entity(chat_session: ChatSession, times: TimeFormat, *, now: datetime) -> dict[str, object]:
    """A ChatSessionEntity, SessionKey included. `now` (aware) is when the customer's browser last polled."""
    return {
        "ChatSessionId": chat_session.chat_session_id,
        "TopicId": chat_session.topic_id,
        "Status": chat_session.status,
        "User": _associate(chat_session),
        "TransferTo": None,
        "Person": _person(chat_session),
        "Contact": {"ContactId": chat_session.contact_id} if chat_session.contact_id else None,
        "Project": None,
        "Sale": None,
        "Ticket": None,
        "CustomerAlias": chat_session.customer_name.split(" ")[0],
        "CustomerName": chat_session.customer_name,
        "CustomerEmail": chat_session.customer_email,
        "CustomerPhone": chat_session.customer_phone,
        "CustomerCompanyName": chat_session.customer_company_name,
        "CustomerHost": chat_session.customer_host,
        "CustomerConsented": chat_session.customer_consented,
        "FirstMessage": chat_session.first_message,
        "LastMessage": chat_session.last_message,
        "WhenRequested": times.text(chat_session.when_requested),
        "WhenStarted": times.text(chat_session.when_started),
        "WhenEnded": times.text(chat_session.when_ended),
        "WhenIdle": times.text(chat_session.when_idle),
        # It moves with every poll of an open browser, so it differs between two reads of an unchanged chat.
        "WhenFetched": times.text(chat_session.when_ended if chat_session.over else now),
        "SessionKey": chat_session.session_key,
        "InitialQueuePos": chat_session.initial_queue_pos,
        "AlertLevel": 0,
        "Rank": 0,
        "Rating": chat_session.rating,
        "Flags": "",
        "ChatbotIsActive": chat_session.chatbot_is_active,
        # Access hints whose content the reference doesn't detail.
        "TableRight": {},
        "FieldProperties": {},
        **chat_session.extra,
    }


def _associate(chat_session: ChatSession) -> dict[str, object] | None:
    if not chat_session.agent:
        return None
    short_name = chat_session.agent.split(" ")[0].upper()
    return {
        "AssociateId": chat_session.agent_id,
        "Name": short_name,
        "PersonId": chat_session.agent_id,
        "FullName": chat_session.agent,
        "EjUserId": chat_session.agent_id,
        "UserName": short_name.lower(),
    }


def _person(chat_session: ChatSession) -> dict[str, object] | None:
    if not chat_session.person_id:
        return None
    return {
        "PersonId": chat_session.person_id,
        "FullName": chat_session.customer_name,
        "Email": chat_session.customer_email,
        "ContactId": chat_session.contact_id,
    }
