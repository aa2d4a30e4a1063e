"""From the bytes of a GetChatMessages reply to ChatMessages.

Two paths give the same rows. The fast one decodes a whole array that looks as documented. When a single thing in it
surprises, the tolerant one goes row by row on the standard library's `json`, fills `extra` with what no column can
hold, and hands over rows that nothing can hold for the quarantine, alone.

A lone surrogate makes msgspec say "Input data was truncated", so a reply is never judged cut by the decoder: that is
the transport's to say.
"""

import json
import math
import re
from collections.abc import Callable
from typing import Annotated, Any

import msgspec

from archiver.errors import ErrorReply, NullReply, UndecodableReply
from archiver.model import ChatMessage, Reply, Undecodable, ascii_json
from archiver.superoffice.nonanswers import page
from archiver.superoffice.times import parse_time

_Id = Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]
_Int32 = Annotated[int, msgspec.Meta(ge=-(2**31), le=2**31 - 1)]


class _Row(msgspec.Struct, rename="pascal", forbid_unknown_fields=True, gc=False):
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


_PROPERTY_NAME = re.compile(r"[A-Za-z_]{1,40}")
"""Keys that an error may name; others could be data."""

_rows = msgspec.json.Decoder(list[_Row])


def decode_reply(body: bytes, chat_session_id: int) -> Reply:
    """Decode the reply to a call for one chat session.

    Returns: rows ascending by id, each id once.
    Raises: NullReply for `null`; ErrorReply for an object (its keys are named, never its values); MaintenancePage or
    SignInPage for a page; UndecodableReply for whatever else is not a JSON array.
    """
    messages, undecodable = _decode_documented(body), list[Undecodable]()
    if messages is None:
        try:
            messages, undecodable = _decode_tolerantly(body, chat_session_id)
        except RecursionError:
            raise UndecodableReply("the reply is nested too deeply") from None
    messages.sort(key=lambda message: message.chat_message_id)
    messages, contradicting = _one_each(messages, chat_session_id)
    return Reply(messages=messages, undecodable=undecodable + contradicting)


def decode_quarantined(payload: str, chat_session_id: int) -> Reply:
    """Decode again what is in quarantine of a chat session: a row, or a reply that was broken.

    Returns: what can be read today. Raises: UnexpectedReply.
    """
    return decode_reply(f"[{payload}]".encode(), chat_session_id)


def _one_each(messages: list[ChatMessage], chat_session_id: int) -> tuple[list[ChatMessage], list[Undecodable]]:
    """The first content that a reply gives for each id, and those that contradict it."""
    unique: dict[int, ChatMessage] = {}
    others = [message for message in messages if unique.setdefault(message.chat_message_id, message) != message]
    contradicting = [
        Undecodable(
            chat_session_id=chat_session_id,
            chat_message_id=message.chat_message_id,
            reason="the same reply says something else under this id",
            payload=ascii_json(msgspec.to_builtins(message)),
            is_own=message.chat_session_id == chat_session_id,
        )
        for message in others
    ]
    return list(unique.values()), contradicting


def _decode_documented(body: bytes) -> list[ChatMessage] | None:
    if b"\\u0000" in body:  # no text column holds NUL, and raw NULs are no JSON
        return None
    try:
        rows = _rows.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    messages = []
    for row in rows:
        instant, exact = parse_time(row.when_posted)
        messages.append(
            ChatMessage(
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
        )
    return messages


def _decode_tolerantly(body: bytes, chat_session_id: int) -> tuple[list[ChatMessage], list[Undecodable]]:
    messages: list[ChatMessage] = []
    undecodable: list[Undecodable] = []
    for row in _array(body):
        try:
            messages.append(_message(row))
        except _NoRowError as error:
            undecodable.append(
                Undecodable(
                    chat_session_id=chat_session_id,
                    chat_message_id=_id_in(row, "ChatMessageId"),
                    reason=str(error),
                    payload=ascii_json(row),
                    is_own=_id_in(row, "ChatSessionId") == chat_session_id,
                )
            )
    return messages, undecodable


def _array(body: bytes) -> list[Any]:
    try:
        # Not strict: raw control characters in a text are no JSON either, and spoil no other row.
        value = json.loads(
            _text(body), strict=False, parse_int=_integer, parse_float=_float, parse_constant=_odd_number
        )
    except ValueError:
        raise page(body) or UndecodableReply("the reply is no JSON", payload=ascii_json(_text(body))) from None
    match value:
        case list():
            return value
        case None:
            raise NullReply
        case dict():
            keys = sorted(key for key in value if _PROPERTY_NAME.fullmatch(key))[:10]
            raise ErrorReply(f"the reply is an object with the keys {', '.join(keys) or '(none)'}, not an array")
    raise UndecodableReply(f"the reply is a JSON {type(value).__name__}, not an array")


def _text(body: bytes) -> str:
    """The body's text; bytes that are no UTF-8 become lone surrogates, which `extra` keeps as escapes."""
    try:
        return body.decode("utf-8-sig", errors="surrogatepass")
    except UnicodeDecodeError:
        return body.decode("utf-8-sig", errors="surrogateescape")


def _integer(digits: str) -> object:
    try:
        return int(digits)
    except ValueError:  # Python refuses to convert thousands of digits
        return _odd_number(digits)


def _float(text: str) -> object:
    number = float(text)
    return number if math.isfinite(number) else _odd_number(text)


def _odd_number(text: str) -> object:
    """NaN, 1e999 and the like, which ASCII JSON in `extra` could not hold as numbers."""
    return {"number": text}


class _NoRowError(ValueError):
    """What was found can't become a row; says why without quoting it."""


def _id_in(row: object, name: str) -> int | None:
    value = row.get(name) if isinstance(row, dict) else None
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value < 2**63:
        return value
    return None


def _message(row: object) -> ChatMessage:
    if not isinstance(row, dict):
        raise _NoRowError("the row is no object")
    chat_message_id, chat_session_id = _id_in(row, "ChatMessageId"), _id_in(row, "ChatSessionId")
    if chat_message_id is None or chat_session_id is None:
        raise _NoRowError("ChatMessageId is no id" if chat_message_id is None else "ChatSessionId is no id")
    extra: dict[str, object] = {name: value for name, value in row.items() if name not in _KNOWN}
    columns: dict[str, Any] = {}
    for name, (column, storable) in _CONTENT.items():
        value = row.get(name, _MISSING)
        columns[column], exact = storable(value)
        if not exact:
            extra[name] = _MISSING_NOTE if value is _MISSING else value
    return ChatMessage(
        chat_message_id=chat_message_id,
        chat_session_id=chat_session_id,
        extra=ascii_json(extra) if extra else None,
        **columns,
    )


_MISSING = object()
_MISSING_NOTE = {"missing": True}
"""In `extra`, tells a property that the source left out from one that it gave as null."""


def _storable_text(value: object) -> tuple[str | None, bool]:
    """The text with NUL and lone surrogates, which no UTF-8 text column holds, as U+FFFD."""
    if not isinstance(value, str):
        return None, value is None
    try:
        value.encode()
    except UnicodeEncodeError:
        pass
    else:
        if "\0" not in value:
            return value, True
    return "".join("\ufffd" if c == "\0" or "\ud800" <= c <= "\udfff" else c for c in value), False


def _storable_int32(value: object) -> tuple[int | None, bool]:
    if isinstance(value, bool):  # the database has it as a bool, the reference as a number
        return int(value), True
    if isinstance(value, int) and -(2**31) <= value < 2**31:
        return value, True
    return None, value is None


def _storable_name(value: object) -> tuple[str | None, bool]:
    """An enum by name; a number, should one come, is kept as its digits."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value), False
    return _storable_text(value)


def _storable_time(value: object) -> tuple[Any, bool]:
    if isinstance(value, str):
        return parse_time(value)
    return None, value is None


_CONTENT: dict[str, tuple[str, Callable[[object], tuple[Any, bool]]]] = {
    "Type": ("type", _storable_name),
    "Message": ("message", _storable_text),
    "Author": ("author", _storable_text),
    "ReadByCustomer": ("read_by_customer", _storable_int32),
    "SpecialType": ("special_type", _storable_name),
    "SpecialParam": ("special_param", _storable_text),
    "WhenPosted": ("when_posted", _storable_time),
}
_KNOWN = {"ChatMessageId", "ChatSessionId", *_CONTENT}
