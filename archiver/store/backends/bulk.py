"""What backends share that insert rows past SQLAlchemy, which takes longer for a thousand of them than a database."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Table

from archiver.store.backends.backend import Row

Convert = Callable[[Any], Any]

_ROWS_AT_ONCE = 500
"""Turned into columns and back together; few, so that no second copy of a whole batch is held."""


def insert_into(connection: Connection, table: Table, names: Sequence[str]) -> str:
    """An INSERT up to where its rows begin."""
    quote = connection.dialect.identifier_preparer.quote
    return f"INSERT INTO {quote(table.name)} ({', '.join(map(quote, names))}) VALUES "  # noqa: S608  our own names


def converted(rows: Sequence[Row], converters: Sequence[Convert | None]) -> Iterator[Row]:
    """Rows with the values of each column converted; None: they are as they have to be."""
    for at in range(0, len(rows), _ROWS_AT_ONCE):
        columns = zip(*rows[at : at + _ROWS_AT_ONCE], strict=True)
        yield from zip(*map(_convert_column, columns, converters), strict=True)


def _convert_column(values: tuple[Any, ...], convert: Convert | None) -> Sequence[Any]:
    if convert is None:
        return values
    first = values[0]
    if values.count(first) == len(values):  # such as a batch's source and run, and the time it was archived
        return [convert(first)] * len(values)
    return list(map(convert, values))


def utc_text(instant: datetime) -> str:
    """A time for a database without time zones: as UtcDateTime has SQLAlchemy write it, at half the cost."""
    if instant.tzinfo is not UTC:
        if instant.tzinfo is None:
            raise ValueError("a naive time has no place in the archive")
        instant = instant.astimezone(UTC)
    return instant.isoformat(" ", "microseconds")[:26]
