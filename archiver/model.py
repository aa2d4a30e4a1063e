"""What the source gives us, as plain frozen data; no I/O.

Fields carry the response's property names in snake_case. These are msgspec structs rather than dataclasses because
they are made by the hundred thousand: making one costs a fifth of a frozen dataclass.
"""

import json
from datetime import datetime

import msgspec


def ascii_json(value: object) -> str:
    """JSON that any text column holds: ASCII, so that NUL and lone surrogates travel as escapes."""
    return json.dumps(value, ensure_ascii=True, separators=(",", ":"), sort_keys=True)


class ChatMessage(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One message of a chat session, as faithfully as a database can hold it.

    A content field is None where the source gave null, nothing, or something that no column can hold; `extra` then
    says what it gave. Source: SuperOffice reference, Chat agent, GetChatMessages.
    """

    chat_message_id: int
    chat_session_id: int
    """The chat session that the message names, which need not be the one we asked for."""
    type: str | None
    """The enum's name as given: ToCustomer, ToUser, Special, or one that is yet to come."""
    message: str | None
    author: str | None
    read_by_customer: int | None
    special_type: str | None
    special_param: str | None
    when_posted: datetime | None
    """An aware UTC instant; None for the source's unset date (year 1)."""
    extra: str | None = None
    """ASCII JSON object of unknown properties and of known ones that could not be stored as such, else None."""


class Undecodable(msgspec.Struct, frozen=True, kw_only=True):
    """A message that can't be stored as a row, kept whole for the quarantine."""

    chat_session_id: int
    """The chat session that was asked for."""
    chat_message_id: int | None
    """Where it could be read."""
    reason: str
    payload: str
    """ASCII JSON text."""
    is_own: bool
    """Whether it names the chat session that was asked for: then the cursor may pass it."""


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """One answer of the source: the messages of a chat session after some ChatMessageId."""

    messages: list[ChatMessage]
    """Ascending chat_message_id, each once."""
    undecodable: list[Undecodable]
