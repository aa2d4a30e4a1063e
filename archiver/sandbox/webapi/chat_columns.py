"""The columns of the archive provider "ChatSession" that the sandbox serves.

Source: SuperOffice reference, archive provider ChatSession. Left out is what the reference doesn't detail enough to
be simulated: `status`, whose displayed form is unknown, the dates at day grain, spans of time and icons.
"""

from archiver.sandbox.chats.records import ChatSession
from archiver.sandbox.webapi.odata_filter import Column, Kind, Value


def _plain(kind: Kind, field: str, *, orderable: bool = True) -> Column[ChatSession]:
    def value(chat_session: ChatSession) -> Value:
        found: Value = getattr(chat_session, field)
        return found

    return Column(kind=kind, value=value, orderable=orderable)


COLUMNS: dict[str, Column[ChatSession]] = {
    "chatSessionId": _plain("int", "chat_session_id"),
    "firstMessage": _plain("string", "first_message"),
    "lastMessage": _plain("string", "last_message"),
    "whenRequested": _plain("datetime", "when_requested"),
    "whenStarted": _plain("datetime", "when_started"),
    "whenEnded": _plain("datetime", "when_ended"),
    "rating": _plain("int", "rating", orderable=False),
    "contactId": _plain("list", "contact_id"),
    "personId": _plain("list", "person_id"),
    "chatTopic/chatTopicId": _plain("int", "topic_id"),
    "chatTopic/name": _plain("string", "topic_name"),
    "associate/ejUserId": _plain("int", "agent_id"),
    "associate/fullName": _plain("string", "agent"),
    "person/personId": _plain("int", "person_id"),
    "person/fullName": Column(kind="string", value=lambda each: each.customer_name if each.person_id else ""),
    "person/email/emailAddress": Column(
        kind="string", value=lambda each: each.customer_email if each.person_id else ""
    ),
}
