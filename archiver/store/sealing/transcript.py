"""The canonical form of a transcript: the bytes that seals and comparisons are computed over. Pure.

Specified to the byte in docs/seals.md, so that anyone can make it with other tools. It says what the source said, now
and earlier: ReadByCustomer, which flips by itself, and our own columns are no part of it.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from archiver.model import ascii_json

_TEXTS = ("type", "message", "author", "special_type", "special_param")
_READ_MARK, _TIME = "ReadByCustomer", "WhenPosted"
"""What `extra` may tell of these two is how they were spelled, which compare.py takes for no edit."""

RecordKind = Literal["message", "earlier"]
Content = Mapping[Any, Any]
"""What a message says, by column name."""


def message_records(message: Content, earlier: Iterable[Content] = ()) -> bytes:
    """The part of a transcript that is one message's: its earlier contents, oldest first, then what it says now.

    Args:
        message: a row of `chat_message`, by column name, or the fields of a ChatMessage.
        earlier: its rows of `chat_message_revision`, ascending by `revision`.
    """
    return b"".join([*(record("earlier", row) for row in earlier), record("message", message)])


def record(kind: RecordKind, row: Content) -> bytes:
    """One content of a message: what it says now, or an earlier one."""
    fields = [
        kind,
        str(row["chat_message_id"]),
        str(row["chat_session_id"]),
        *(row[name] for name in _TEXTS),
        _instant(row["when_posted"]),
        _content_of(row["extra"], row["when_posted"]),
    ]
    data = "".join(map(_field, fields)).encode("utf-8", errors="surrogatepass")
    return b"%d:%b," % (len(data), data)


def _field(text: str | None) -> str:
    """A netstring, whose length is that of its bytes. Source: D. J. Bernstein, "Netstrings" (1997)."""
    if text is None:
        return "-,"
    if not isinstance(text, str):  # SQLite lets others write bytes into a column of texts
        text = repr(text)
    if text.isascii():  # most are, and there are ten in each of millions of records
        return f"{len(text)}:{text},"
    return f"{len(text.encode('utf-8', errors='surrogatepass'))}:{text},"


def _instant(when: datetime | None) -> str | None:
    """UTC to the microsecond, as in 2026-03-02T08:15:30.000000Z."""
    return (
        None if when is None else f"{when.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='microseconds')}Z"
    )


def _content_of(extra: str | None, when_posted: datetime | None) -> str | None:
    """`extra` without the spellings; an unset time, of which there are several, is told as such."""
    if not isinstance(extra, str) or (_READ_MARK not in extra and _TIME not in extra):
        return extra
    told = _written_by_us(extra)
    if told is None:
        return extra
    told.pop(_READ_MARK, None)
    if when_posted is not None:
        told.pop(_TIME, None)
    elif str(told.get(_TIME, "")).startswith("0001-"):
        told[_TIME] = "unset"
    return ascii_json(told) if told else None


def _written_by_us(extra: str) -> dict[str, Any] | None:
    """The object that it is; None for what we would have written another way: of that, every letter counts."""
    try:
        told = json.loads(extra)
        return told if isinstance(told, dict) and ascii_json(told) == extra else None
    except (ValueError, RecursionError):
        return None
