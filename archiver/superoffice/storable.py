"""What a column can hold of a value that the source gave. Pure.

Each function takes any JSON value and returns what goes into the column, and whether that says all that the value
said; when it does not, the value goes into `extra` as well.
"""

import re
from datetime import datetime

from archiver.superoffice.times import parse_time

MAX_BIGINT = 2**63 - 1
_DIGITS = re.compile(r"[0-9]{1,19}")
_FLOAT_INTEGERS = 2**53
"""Below it a float that is whole is exactly the integer that was written."""


def storable_id(value: object) -> tuple[int | None, bool]:
    """An id above 0 that a BIGINT holds, also when it is given as text or as 41.0."""
    if isinstance(value, int) and not isinstance(value, bool):
        return (value, True) if 1 <= value <= MAX_BIGINT else (None, False)
    is_whole = isinstance(value, float) and value.is_integer() and value < _FLOAT_INTEGERS
    is_digits = isinstance(value, str) and _DIGITS.fullmatch(value) is not None
    key = int(value) if isinstance(value, float | str) and (is_whole or is_digits) else 0
    return (key if 1 <= key <= MAX_BIGINT else None), False


def storable_text(value: object) -> tuple[str | None, bool]:
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


def storable_int32(value: object) -> tuple[int | None, bool]:
    """A number that an INTEGER holds; a bool, which the database of the source has, as 0 or 1."""
    if isinstance(value, bool):
        return int(value), False
    if isinstance(value, int) and -(2**31) <= value < 2**31:
        return value, True
    return None, value is None


def storable_name(value: object) -> tuple[str | None, bool]:
    """An enum by name; a number, should one come, is kept as its digits."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value), False
    return storable_text(value)


def storable_time(value: object) -> tuple[datetime | None, bool]:
    """An aware UTC instant."""
    if isinstance(value, str):
        return parse_time(value)
    return None, value is None
