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
_NO_CONTENT = ("ReadByCustomer", "WhenPosted")
"""What `extra` may tell of these two is how they were spelled, which compare.py takes for no edit."""

RecordKind = Literal["message", "earlier"]


def message_records(message: Mapping[str, Any], earlier: Iterable[Mapping[str, Any]] = ()) -> bytes:
    """The part of a transcript that is one message's: its earlier contents, oldest first, then what it says now.

    Args:
        message: a row of `chat_message`, by column name, or the fields of a ChatMessage.
        earlier: its rows of `chat_message_revision`, ascending by `revision`.
    """
    return b"".join([*(_record("earlier", row) for row in earlier), _record("message", message)])


def _record(kind: RecordKind, row: Mapping[str, Any]) -> bytes:
    fields = [
        kind,
        str(row["chat_message_id"]),
        str(row["chat_session_id"]),
        *(row[name] for name in _TEXTS),
        _instant(row["when_posted"]),
        _content_of(row["extra"]),
    ]
    return _netstring(b"".join(map(_field, fields)))


def _field(text: str | None) -> bytes:
    return b"-," if text is None else _netstring(text.encode("utf-8", errors="surrogatepass"))


def _netstring(data: bytes) -> bytes:
    """Source: D. J. Bernstein, "Netstrings" (1997)."""
    return b"%d:%b," % (len(data), data)


def _instant(when: datetime | None) -> str | None:
    """UTC to the microsecond, as in 2026-03-02T08:15:30.000000Z."""
    return (
        None if when is None else f"{when.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='microseconds')}Z"
    )


def _content_of(extra: str | None) -> str | None:
    if extra is None or not any(name in extra for name in _NO_CONTENT):
        return extra
    told = {name: value for name, value in json.loads(extra).items() if name not in _NO_CONTENT}
    return ascii_json(told) if told else None
