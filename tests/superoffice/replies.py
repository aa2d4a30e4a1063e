"""Replies as text, documented and odd mixed, and what each of their rows says to the last bit.

The text is put together here and not by a JSON encoder, since an encoder repeats no key and writes no 1e2.
"""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from archiver.model import PROPERTIES, ChatMessage

TIMES = st.builds(
    "{}T{}{}{}".format,
    st.sampled_from(
        ["2026-03-02", "0001-01-01", "0001-12-31", "0002-01-01", "9999-12-31", "1760-01-01", "2026-02-30"]
    ),
    st.sampled_from(["08:15:30", "00:00:00", "23:59:59"]),
    st.just("")
    | st.integers(1, 9).flatmap(lambda size: st.text("0189", min_size=size, max_size=size)).map(".{}".format),
    st.sampled_from(["Z", "", "+01:00", "-0500", "+14:00", "-12:00", "+00:00", "-01", "+01:00:30"]),
)
_CHARACTERS = st.characters(exclude_categories=()) | st.sampled_from(
    '"\\:,{}[]\0\n\x01\ud83d\ude00\ud800\udce9\ufeff'
)
TEXTS = st.text(_CHARACTERS, max_size=8) | st.sampled_from(
    ['":', '\\":', "\\", '"', '"Message":"x"', "\\u0000", "u0000", "👋", "\U0010ffff", "\uffff"]
)
_ODD_NUMBERS = st.sampled_from(
    ["-0", "1.0", "41.0", "41.00", "1e2", "1E+2", "-0.0", "0.10000000000000000001", "1e999", "NaN", "-Infinity"]
) | st.sampled_from(
    ["2147483648", "9223372036854775807", "9223372036854775808", "9007199254740993.0", "9" * 30, "9" * 5000]
)


def _as_escapes(text: str) -> str:
    units = text.encode("utf-16-be", errors="surrogatepass").hex()
    return '"' + "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4)) + '"'


_SPELLINGS = st.sampled_from([json.dumps, lambda text: json.dumps(text, ensure_ascii=False), _as_escapes])


def _spelled(texts: SearchStrategy[str]) -> SearchStrategy[str]:
    return st.builds(lambda spell, text: spell(text), _SPELLINGS, texts)


_BLANKS = st.sampled_from(["", "", "", "", " ", "\n\t", "\r\n"])
_NAMES = st.sampled_from([*PROPERTIES, "Colour", "message", "missing", "number", "repeated", "given", "\\"]) | TEXTS


@st.composite
def _objects(draw: DrawFn, members: list[tuple[str, str]]) -> str:
    """An object of key and value, both as JSON text."""
    written = [draw(_BLANKS) + key + draw(_BLANKS) + ":" + draw(_BLANKS) + value for key, value in members]
    return "{" + ",".join(written) + draw(_BLANKS) + "}"


_SCALARS = (
    st.sampled_from(["null", "true", "false"]) | st.integers().map(str) | _ODD_NUMBERS | _spelled(TEXTS | TIMES)
) | st.floats(allow_nan=False, allow_infinity=False).map(repr)
VALUES = st.recursive(
    _SCALARS,
    lambda inner: (
        st.lists(inner, max_size=2).map(lambda values: f"[{','.join(values)}]")
        | st.lists(st.tuples(_spelled(_NAMES), inner), max_size=3).flatmap(_objects)
    ),
    max_leaves=4,
)
_IDS = st.integers(1, 5) | st.integers(1, 2**63 - 1)
_DOCUMENTED = {
    **dict.fromkeys(["ChatMessageId", "ChatSessionId"], _IDS.map(str)),
    **dict.fromkeys(["Type", "Message", "Author", "SpecialType", "SpecialParam"], _spelled(TEXTS)),
    "ReadByCustomer": st.integers(-(2**31), 2**31 - 1).map(str) | st.just("-0"),
    "WhenPosted": _spelled(TIMES),
}


@st.composite
def documented_rows(draw: DrawFn) -> str:
    """Nine properties of the documented types, in some order and some spelling."""
    members = [(draw(_spelled(st.just(name))), draw(values)) for name, values in _DOCUMENTED.items()]
    return draw(st.permutations(members).flatmap(_objects))


@st.composite
def odd_rows(draw: DrawFn) -> str:
    """As documented but for some properties that are missing, repeated, unknown, or of another type."""
    members = [(json.dumps(name), draw(values)) for name, values in _DOCUMENTED.items()]
    for _ in range(draw(st.integers(1, 3))):
        match draw(st.sampled_from(["leave out", "replace", "repeat", "repeat oddly", "add"])):
            case "leave out" if members:
                members.pop(draw(st.integers(0, len(members) - 1)))
            case "replace" if members:
                at = draw(st.integers(0, len(members) - 1))
                members[at] = (members[at][0], draw(VALUES))
            case "repeat":
                name = draw(st.sampled_from(list(_DOCUMENTED)))
                members.append((draw(_spelled(st.just(name))), draw(_DOCUMENTED[name])))
            case "repeat oddly":
                members.insert(0, (draw(_spelled(st.sampled_from(list(_DOCUMENTED)))), draw(VALUES)))
            case "add":
                members.append((draw(_spelled(_NAMES)), draw(VALUES)))
    return draw(_objects(members))


def body_of(rows: list[str], prefix: str = "") -> bytes:
    return f"{prefix}[{','.join(rows)}]".encode(errors="surrogatepass")


def said_by(row: str) -> Any:
    """What JSON text says, to the last bit: each value of each key, each number as it is spelled."""
    # Raw surrogates that belong together are one character.
    text = row.encode("utf-16-le", errors="surrogatepass").decode("utf-16-le", errors="surrogatepass")

    def every_value(pairs: list[tuple[str, Any]]) -> Any:
        return "object", {key: [value for other, value in pairs if other == key] for key, _ in pairs}

    def number(spelled: str) -> Any:
        return "number", "0" if spelled == "-0" else spelled

    return json.loads(
        text, strict=False, object_pairs_hook=every_value, parse_int=number, parse_float=number, parse_constant=number
    )


def said_by_notes(value: Any) -> Any:
    """The same of a value with notes."""
    match value:
        case bool() | None | str():
            return value
        case int() | float():
            return "number", repr(value)
        case list():
            return [said_by_notes(each) for each in value]
        case {"number": str(spelled), **others} if not others:
            return "number", spelled
        case {"given": dict(given), **others} if not others:
            value = given
    return "object", {key: _each_value(each) for key, each in value.items()}


def _each_value(value: Any) -> list[Any]:
    match value:
        case {"repeated": list(values), **others} if not others:
            return [said_by_notes(each) for each in values]
    return [said_by_notes(value)]


def said_by_message(message: ChatMessage) -> Any:
    """The row that the source sent, told from columns and `extra`; a time that only a column has is an instant."""
    columns: dict[str, Any] = {name: getattr(message, field) for name, field in PROPERTIES.items()}
    told: dict[str, Any] = {name: value for name, value in columns.items() if name != "WhenPosted"}
    told |= {"WhenPosted": None, **json.loads(message.extra or "{}")}
    _, properties = said_by_notes({name: value for name, value in told.items() if value != {"missing": True}})
    if message.when_posted is not None and properties.get("WhenPosted") == [None]:
        properties["WhenPosted"] = [message.when_posted]
    return "object", properties


_DOCUMENTED_TIME = re.compile(
    r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,6})0*)?(?:Z|([+-])(\d\d):?(\d\d))", re.ASCII
)


def with_instant(said: Any) -> Any:
    """The same row with the instant in place of WhenPosted, which has to be a documented time."""
    kind, properties = said
    (spelled,) = properties["WhenPosted"]
    match = _DOCUMENTED_TIME.fullmatch(spelled)
    assert match, spelled
    local, fraction, sign, hours, minutes = match.groups()
    offset = timedelta(hours=int(hours or 0), minutes=int(minutes or 0)) * (-1 if sign == "-" else 1)
    at = datetime.strptime(local, "%Y-%m-%dT%H:%M:%S").replace(tzinfo=UTC) - offset
    return kind, {**properties, "WhenPosted": [at.replace(microsecond=int((fraction or "0").ljust(6, "0")))]}
