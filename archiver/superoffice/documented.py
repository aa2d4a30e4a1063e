"""The fast path: a whole reply in which every row looks as documented, or nothing at all. Pure."""

import re
from typing import Annotated

import msgspec

from archiver.model import ChatMessage, ascii_json
from archiver.superoffice.storable import MAX_BIGINT
from archiver.superoffice.times import parse_time

_Id = Annotated[int, msgspec.Meta(ge=1, le=MAX_BIGINT)]
_Int32 = Annotated[int, msgspec.Meta(ge=-(2**31), le=2**31 - 1)]


class DocumentedRow(msgspec.Struct, rename="pascal", forbid_unknown_fields=True, gc=False):
    """A row exactly as documented; anything else goes the tolerant way."""

    chat_message_id: _Id
    chat_session_id: _Id
    type: str
    message: str
    author: str
    read_by_customer: _Int32
    special_type: str
    special_param: str
    when_posted: str


_QUOTES_PER_ROW = 2 * (9 + 6)
"""Around the nine keys of a row and its six texts."""

_ESCAPED_BACKSLASH_AND_QUOTE = re.compile(rb'\\\\"')

_rows = msgspec.json.Decoder(list[DocumentedRow])


def decode_documented(body: bytes) -> list[ChatMessage] | None:
    """The messages in the order of the rows; None for a reply that the tolerant path has to read."""
    rows = documented_rows(body)
    return None if rows is None else [_message(row) for row in rows]


def documented_rows(body: bytes) -> list[DocumentedRow] | None:
    """The rows of a reply that looks as documented, each of which can become a message; else None."""
    if b"u0000" in body:  # no text column holds NUL, and raw NULs are no JSON
        return None
    try:
        rows = _rows.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return None if _may_repeat_a_key(body, len(rows)) else rows


def _message(row: DocumentedRow) -> ChatMessage:
    instant, exact = parse_time(row.when_posted)
    return ChatMessage(
        chat_message_id=row.chat_message_id,
        chat_session_id=row.chat_session_id,
        type=row.type,
        message=row.message,
        author=row.author,
        read_by_customer=row.read_by_customer,
        special_type=row.special_type,
        special_param=row.special_param,
        when_posted=instant,
        extra=None if exact else ascii_json({"WhenPosted": row.when_posted}),
    )


def _may_repeat_a_key(body: bytes, row_count: int) -> bool:
    """Whether a key may stand twice in a row; msgspec takes the last without a word.

    A repeated key brings two quotes at least, beyond those of the rows as documented. All others stand within texts,
    each as `\\"`. Where the backslash before a quote is itself escaped, we don't tell.
    """
    more = body.count(b'"') - row_count * _QUOTES_PER_ROW
    return more > 0 and (more != body.count(b'\\"') or _ESCAPED_BACKSLASH_AND_QUOTE.search(body) is not None)
