"""Messages that a database may spoil: what the round trip of `check` stores, reads back and forgets.

Each is of one kind, so that what didn't survive can be named without showing a text.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from archiver.model import ChatMessage, ascii_json

TEXT_COLUMNS = ("type", "message", "author", "special_type", "special_param")
"""The columns that hold the source's own text; `extra` is ASCII."""
SMALLEST_ID, LARGEST_ID = -(2**63), 2**63 - 1

_LONG = "wide \N{SNOWMAN}"  # 8 bytes in UTF-8
TEXTS = {
    "plain text": ["Hello, how can I help?"],
    "letters beyond ASCII": ["Blåbærsyltetøy, Grüße, żółć, Привет, こんにちは"],
    "emoji": ["\U0001f600 \U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f1f3\U0001f1f4 \u2764\ufe0f"],
    "combining and precomposed accents": ["caf\u00e9", "cafe\u0301"],
    "text from right to left": ["\u200fשלום\u200e (مرحبا) \u202eabc\u202c"],
    "differences of case alone": ["abc", "ABC", "Abc"],
    "differences of accents alone": ["resume", "résumé"],
    "letters that some sort as others": ["strasse", "straße", "oe", "œ"],
    "blanks at the ends": ["a", "a ", " a", "a  ", "a\t", "a\u00a0"],
    "empty text beside none": [""],
    "ends of lines": ["one\r\ntwo", "one\ntwo", "one\rtwo", "one\u2028two", "\r\n"],
    "quotes, backslashes and placeholders": ["'", '"', "\\", "\\N", "\\.", "%s %(a)s", ":a ?", "a''b", "`", "--; /*"],
    "control characters": ["".join(map(chr, range(1, 32))), "\x7f\x80\x9f\ufeff"],
    "the ends of Unicode": ["\U0010ffff", "\ufffd", "\uffff", "\ue000"],
    "long text": [_LONG * 131_072],  # 1 MB
}
"""By kind, texts that have to come back as they are, each told from all others by a condition."""
INSTANTS = {
    "year 1": datetime(1, 1, 1, tzinfo=UTC),
    "microseconds": datetime(2026, 3, 29, 1, 59, 59, 999_999, tzinfo=UTC),
    "one microsecond": datetime(2026, 3, 29, 2, 0, 0, 1, tzinfo=UTC),
    "before 1970": datetime(1969, 12, 31, 23, 59, 59, 500_000, tzinfo=UTC),
    "after 2038": datetime(2038, 1, 19, 3, 14, 8, tzinfo=UTC),
    "the end of year 9999": datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
}


@dataclass(frozen=True, kw_only=True)
class Specimen:
    """One message that a database may spoil."""

    kind: str
    """What it stands for, in words for an operator."""
    message: ChatMessage


def specimens() -> list[Specimen]:
    """All of them; their ids are unique."""
    return [
        Specimen(kind=kind, message=_message(number, **fields))
        for number, (kind, fields) in enumerate(_odd(), start=1)
    ]


def _odd() -> Iterator[tuple[str, dict[str, Any]]]:
    for kind, texts in TEXTS.items():
        for text in texts:
            yield kind, dict.fromkeys(TEXT_COLUMNS, text)
    yield "empty text beside none", dict.fromkeys(TEXT_COLUMNS)
    for kind, instant in INSTANTS.items():
        yield f"times: {kind}", {"when_posted": instant}
    yield (
        "large numbers",
        {"chat_message_id": LARGEST_ID, "chat_session_id": LARGEST_ID, "read_by_customer": 2**31 - 1},
    )
    yield (
        "large numbers",
        {"chat_message_id": SMALLEST_ID, "chat_session_id": SMALLEST_ID, "read_by_customer": -(2**31)},
    )
    odd_json = {"New": ["\0", "\ud800", "\U0001f600", "\\", 1e300, None, {"a": "b" * 70_000}]}
    yield "JSON of unknown properties", {"extra": ascii_json(odd_json)}


def _message(number: int, **fields: Any) -> ChatMessage:
    blank = dict.fromkeys((*TEXT_COLUMNS, "read_by_customer", "when_posted"))
    return ChatMessage(**{"chat_message_id": number, "chat_session_id": 1, **blank, **fields})
