"""The slow path: row by row, so that what surprises in one row spoils no other. Pure.

`extra` takes what no column can hold; a row that nothing can hold goes to the quarantine, alone. Here a reply that is
no array is told from one that is.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from archiver.errors import ErrorReply, NullReply, SourceError, UndecodableReply
from archiver.model import MISSING, PROPERTIES, ChatMessage, Quarantined, ascii_json
from archiver.superoffice.lossless_json import is_too_deep, last_of, read_json, split_array, text_of
from archiver.superoffice.nonanswers import page_error
from archiver.superoffice.storable import storable_id, storable_int32, storable_name, storable_text, storable_time

_BLANK = " \t\r\n"
MOST_UNREADABLE = 1000
"""Rows of one reply that are quarantined each by itself. Of more, the whole reply is kept once: small rows are cheap
to send, and dear to keep by the million."""
_PROPERTY_NAME = re.compile(r"[A-Za-z_]{1,40}")
"""Keys that an error may name; others could be data."""


def decode_tolerantly(body: bytes, chat_session_id: int) -> tuple[list[ChatMessage], list[Quarantined]]:
    """The messages of a reply in the order of its rows, and the rows that can't be messages.

    Raises: NullReply, ErrorReply, MaintenancePage, SignInPage, UndecodableReply, as `decode_reply` does.
    """
    messages, undecodable = decode_rows(_rows(body), chat_session_id)
    if len(undecodable) > MOST_UNREADABLE:
        whole = Quarantined(
            chat_session_id=chat_session_id,
            chat_message_id=None,
            reason=f"more than {MOST_UNREADABLE} rows can't be read",
            payload=whole_reply(body),
            is_own=False,
        )
        return messages, [whole]
    return messages, undecodable


def decode_rows(rows: Iterable[object], chat_session_id: int) -> tuple[list[ChatMessage], list[Quarantined]]:
    """The same for rows that are JSON values with notes."""
    messages: list[ChatMessage] = []
    undecodable: list[Quarantined] = []
    for row in rows:
        try:
            messages.append(_message(row))
        except _NoMessageError as error:
            if len(undecodable) <= MOST_UNREADABLE:
                undecodable.append(_undecodable(row, str(error), chat_session_id))
    return messages, undecodable


def whole_reply(body: bytes) -> str:
    """A reply as one ASCII JSON text, from which each byte can be told: what is no UTF-8 is a lone surrogate."""
    return ascii_json(body.decode("utf-8", errors="surrogateescape"))


@dataclass(frozen=True)
class _TooDeep:
    """A row of which no more is read than where it ends."""

    body: bytes


class _NoMessageError(ValueError):
    """What was found can't become a message; says why without quoting it."""


def _rows(body: bytes) -> list[Any]:
    text = text_of(body).strip(_BLANK)
    try:
        value = read_json(text)
    except ValueError:
        raise page_error(body) or _unreadable("the reply is no JSON", text, body) from None
    except RecursionError:
        return _rows_apart(text, body)
    if isinstance(value, list):
        return _rows_apart(text, body) if any(map(is_too_deep, value)) else value
    raise _no_array(value, text)


def _rows_apart(text: str, body: bytes) -> list[Any]:
    """Each row read by itself, where something within the reply is nested too deeply."""
    try:
        return [_row(each) for each in split_array(body)]
    except ValueError:
        raise _unreadable("the reply is nested too deeply", text, body) from None


def _row(body: bytes) -> object:
    try:
        row = read_json(text_of(body).strip(_BLANK))
    except RecursionError:
        return _TooDeep(body)
    return _TooDeep(body) if is_too_deep(row) else row


def _unreadable(message: str, text: str, body: bytes) -> UndecodableReply:
    return UndecodableReply(message, payload=whole_reply(body) if text.startswith("[") else None)


def _no_array(value: object, text: str) -> SourceError:
    if value is None:
        return NullReply()
    if isinstance(value, dict) and text.startswith("{"):
        given = value.get("given", value) if len(value) == 1 else value
        keys = sorted(key for key in given if _PROPERTY_NAME.fullmatch(key))[:10]
        return ErrorReply(f"the reply is an object with the keys {', '.join(keys) or '(none)'}, not an array")
    kind = "float" if isinstance(value, dict) else type(value).__name__  # a number may be a note
    return UndecodableReply(f"the reply is a JSON {kind}, not an array")


def _id_in(row: object, name: str) -> int | None:
    return storable_id(last_of(row.get(name)))[0] if isinstance(row, dict) else None


def _undecodable(row: object, reason: str, chat_session_id: int) -> Quarantined:
    return Quarantined(
        chat_session_id=chat_session_id,
        chat_message_id=_id_in(row, "ChatMessageId"),
        reason=reason,
        payload=whole_reply(b"[%b]" % row.body) if isinstance(row, _TooDeep) else ascii_json(row),
        is_own=_id_in(row, "ChatSessionId") == chat_session_id,
    )


def _message(row: object) -> ChatMessage:
    if isinstance(row, _TooDeep):
        raise _NoMessageError("the row is nested too deeply")
    if not isinstance(row, dict):
        raise _NoMessageError("the row is no object")
    extra: dict[str, object] = {name: value for name, value in row.items() if name not in PROPERTIES}
    columns: dict[str, Any] = {}
    for name, storable in _STORABLE.items():
        value = row.get(name, MISSING)
        counting = last_of(value) if isinstance(value, dict) else value
        columns[PROPERTIES[name]], exact = storable(counting)
        if not exact or counting is not value:
            extra[name] = value
    for name in ("ChatMessageId", "ChatSessionId"):
        if columns[PROPERTIES[name]] is None:
            raise _NoMessageError(f"{name} is no id")
    return ChatMessage(**columns, extra=ascii_json(extra) if extra else None)


_STORABLE: dict[str, Callable[[object], tuple[Any, bool]]] = {
    "ChatMessageId": storable_id,
    "ChatSessionId": storable_id,
    "Type": storable_name,
    "Message": storable_text,
    "Author": storable_text,
    "ReadByCustomer": storable_int32,
    "SpecialType": storable_name,
    "SpecialParam": storable_text,
    "WhenPosted": storable_time,
}
