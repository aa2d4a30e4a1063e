"""Rows as the text of statements: MariaDB's driver has no other way, and spells a value at five times the cost.

What a reader has to trust: a text stands in single quotes, where only a quote and a backslash mean anything but
themselves, and both are doubled (MariaDB, "String Literals"). Under NO_BACKSLASH_ESCAPES, which our sessions are
without, a backslash would come out double; that would spoil a text, and still not let it out of its quotes. Nothing
is encoded before it is quoted, and no byte of a letter beyond ASCII is a quote's or a backslash's in UTF-8.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any

from archiver.store.backends.bulk import utc_text
from archiver.store.driver_errors import too_large

_SHARED = 1_000_000
"""Bytes of a statement that rows share; larger ones are not faster."""


def _text(value: str | None) -> str:
    return "NULL" if value is None else "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"


def _number(value: int | None) -> str:
    return "NULL" if value is None else f"{value:d}"  # which refuses whatever is no number


def _time(value: datetime | None) -> str:
    return "NULL" if value is None else f"'{utc_text(value)}'"


LITERALS: dict[type, Callable[[Any], str]] = {str: _text, int: _number, datetime: _time}
"""How a value is spelled, by the type of its column."""


def statements(insert_into: str, rows: Iterable[tuple[str, ...]], most: int) -> Iterator[bytes]:
    """Statements that insert all rows, at least one.

    Args:
        rows: of literals.
        most: bytes of a statement.
    Raises: StoreRefused for a row that is larger.
    """
    head = insert_into.encode()
    held: list[bytes] = []
    size = len(head)
    for literals in rows:
        row = f"({','.join(literals)})".encode()
        if len(head) + len(row) > most:
            raise too_large()
        if held and size + len(row) > min(most, _SHARED):
            yield head + b",".join(held)
            held, size = [], len(head)
        held.append(row)
        size += len(row) + 1
    yield head + b",".join(held)
