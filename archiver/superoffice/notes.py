"""JSON as it came, with a note wherever Python or JSON could not say it again. See NOTES in model.py.

The standard library's `json` reads it, since it passes lone surrogates and lets us see each key and each number.
"""

import codecs
import json
import re

from archiver.model import NOTES

MAX_LEVELS = 100
"""Lists and objects within each other in one row. What is deeper would meet Python's own limit sooner or later, in
whichever function then reads it; a documented row has one level."""

_TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)|[\[\]{},]', re.DOTALL)
"""A text without an end counts up to the end of all, and nothing is tried twice: else many quotes would take time
that grows with their square, in which no other thread moves."""


def text_of(body: bytes) -> str:
    """The body's text; bytes that are no UTF-8 become lone surrogates, which `extra` keeps as escapes."""
    return body.decode("utf-8-sig", errors=_ODD_BYTES)


def _decode_odd_bytes(error: UnicodeError) -> tuple[str, int]:
    """What stands for bytes that are no UTF-8, each by itself, lest one odd byte change how another text is read.

    Surrogates that were encoded as if they were characters: two that belong together are one character, as they are
    when both are escapes; a lone one stays. Any other byte becomes a lone surrogate too (PEP 383).
    """
    if not isinstance(error, UnicodeDecodeError):
        raise error
    body, at = error.object, error.start
    if match := _SURROGATES.match(body, at):
        units = match[0].decode("utf-8", errors="surrogatepass").encode("utf-16-le", errors="surrogatepass")
        return units.decode("utf-16-le", errors="surrogatepass"), match.end()
    return chr(0xDC00 + body[at]), at + 1


_ODD_BYTES = "archiver.odd_bytes"
_SURROGATES = re.compile(rb"\xed[\xa0-\xaf][\x80-\xbf]\xed[\xb0-\xbf][\x80-\xbf]|\xed[\xa0-\xbf][\x80-\xbf]")
codecs.register_error(_ODD_BYTES, _decode_odd_bytes)


def read_json(text: str) -> object:
    """The value, with notes. Raises: ValueError; RecursionError somewhere beyond MAX_LEVELS."""
    return _decoder.decode(text)


def last_of(value: object) -> object:
    """What counts of a value: the last one where its key is repeated."""
    if isinstance(value, dict) and value.keys() == {"repeated"}:
        return value["repeated"][-1]
    return value


def is_too_deep(value: object, levels: int = MAX_LEVELS) -> bool:
    """Whether there are more than `levels` lists and objects within each other, the value itself included."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(isinstance(each, dict | list) and (levels <= 1 or is_too_deep(each, levels - 1)) for each in inner)


def split_array(body: bytes) -> list[bytes]:
    """The elements of a JSON array, each as it is written, found without recursion.

    Raises: ValueError when its end is missing.
    """
    body = body.removeprefix(codecs.BOM_UTF8).strip(b" \t\r\n")
    level, start, elements = 0, 1, []
    for token in _TOKEN.finditer(body):
        mark = token[0]
        if mark in b"[{":
            level += 1
        elif mark in b"]}":
            level -= 1
        if (mark == b"," and level == 1) or level == 0:
            elements.append(body[start : token.start()])
            start = token.end()
        if level == 0:
            break
    if level != 0 or start != len(body):
        raise ValueError("the array does not end where the text does")
    return elements


def _noted(pairs: list[tuple[str, object]]) -> dict[str, object]:
    value = dict(pairs)
    if len(value) < len(pairs):
        values: dict[str, list[object]] = {}
        for key, each in pairs:
            values.setdefault(key, []).append(each)
        value = {key: each[0] if len(each) == 1 else {"repeated": each} for key, each in values.items()}
    return {"given": value} if len(value) == 1 and not NOTES.isdisjoint(value) else value


def _integer(digits: str) -> object:
    try:
        return int(digits)
    except ValueError:  # Python refuses to convert thousands of digits
        return _number(digits)


def _float(text: str) -> object:
    number = float(text)
    return number if repr(number) == text else _number(text)


def _number(text: str) -> object:
    return {"number": text}


_decoder = json.JSONDecoder(
    object_pairs_hook=_noted,
    parse_int=_integer,
    parse_float=_float,
    parse_constant=_number,
    strict=False,  # raw control characters in a text are no JSON either, and spoil no other row
)
