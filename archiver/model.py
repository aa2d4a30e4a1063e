"""What the source gives us, as plain frozen data; no I/O.

Fields carry the response's property names in snake_case. These are msgspec structs rather than dataclasses because
they are made by the hundred thousand: making one costs a fifth of a frozen dataclass.
"""

import json
from collections.abc import Iterable
from datetime import datetime
from itertools import chain
from typing import Literal

import msgspec


def ascii_json(value: object) -> str:
    """JSON that any text column holds: ASCII, so that NUL and lone surrogates travel as escapes."""
    return json.dumps(value, ensure_ascii=True, separators=(",", ":"), sort_keys=True)


PROPERTIES = {
    "ChatMessageId": "chat_message_id",
    "ChatSessionId": "chat_session_id",
    "Type": "type",
    "Message": "message",
    "Author": "author",
    "ReadByCustomer": "read_by_customer",
    "SpecialType": "special_type",
    "SpecialParam": "special_param",
    "WhenPosted": "when_posted",
}
"""The response's properties, and the field of a ChatMessage that each goes to."""

MISSING = {"missing": True}
"""In `extra`: the source left the property out, which is not the same as giving null."""
NOTES = frozenset({"missing", "number", "repeated", "given"})
"""What may stand in `extra` and in a quarantined row for a value that JSON can't say as it came: an object with one
of these keys. {"missing": true}; {"number": "1e999"}, a number as its text where another would be read from it;
{"repeated": ["first", "last"]}, all values of a repeated key, of which the last counts; and {"given": {...}} around
an object of the source's own that looks like a note, so that none is mistaken."""


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
    """ASCII JSON object of unknown properties and of known ones that could not be stored as such, else None.

    Columns and `extra` together tell the row that the source sent: a property that is in `extra` was as it says there
    (see NOTES), any other as its column says. Only the spelling of an exact time (its offset, trailing zeros) and of
    an integer (-0) is not kept.
    """


def as_row(message: ChatMessage) -> str:
    """The row that the source sent, as ASCII JSON with notes; decoded again, it is this message."""
    row = {name: getattr(message, field) for name, field in PROPERTIES.items()}
    if message.when_posted is not None:
        row["WhenPosted"] = message.when_posted.isoformat()
    if message.extra is not None:
        row |= json.loads(message.extra)
    return ascii_json(row)


class Quarantined(msgspec.Struct, frozen=True, kw_only=True):
    """A message or a whole reply that can't be stored as rows, kept whole for the quarantine."""

    kind: Literal["undecodable", "conflict"] = "undecodable"
    """undecodable: it could not be read, or not with certainty; another reading may end that. conflict: it was read,
    and another message is stored under its id."""
    chat_session_id: int
    """The chat session that was asked for."""
    chat_message_id: int | None
    """Where it could be read."""
    reason: str
    payload: str
    """ASCII JSON text: one row, with notes, under the source's property names; or a text that is a whole reply."""
    is_own: bool
    """Whether it names the chat session that was asked for: then the cursor may pass it."""


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """One answer of the source: the messages of a chat session after some ChatMessageId."""

    pieces: Iterable[list[ChatMessage]]
    """The messages, ascending by chat_message_id over all pieces, each once. An ordinary reply is one piece, which
    may be empty. A very long one comes in many, which are decoded each time one goes through them, so that all need
    never be in memory at once; the whole reply was found valid before."""
    quarantined: list[Quarantined]
    row_count: int
    """Rows as they came, those that came twice included: what a hidden cap would count."""

    @property
    def messages(self) -> list[ChatMessage]:
        """All of them, in a list of its own."""
        return list(chain.from_iterable(self.pieces))
