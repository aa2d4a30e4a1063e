"""Pages of rows read and written."""

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from sqlalchemy import Column, Connection, Table, bindparam, delete, func, literal, select, update

from archiver.store.backends.backend import Row
from archiver.store.backends.known import backend_of
from archiver.store.copying.page import PAGE_ROWS, PageWork, reach
from archiver.store.copying.sections import Section
from archiver.store.database import Database, insert_rows
from archiver.store.keyset import Key, above, up_to


def load_reach(connection: Connection, section: Section, after: Key | None) -> Key | None:
    """The last key of the next page; None when it ends with the section. The rows themselves stay where they are."""
    texts = (func.coalesce(func.char_length(column), 0) for column in section.table.c if is_text(column))
    query = (
        select(*section.key, sum(texts, literal(0)))
        .where(*section.condition, *_between(section, after, None))
        .order_by(*section.key)
        .limit(PAGE_ROWS + 1)
    )
    return reach([(tuple(key), size) for *key, size in connection.execute(query)])


def load_rows(
    connection: Connection, section: Section, after: Key | None, last: Key | None, source_ids: Collection[int]
) -> dict[Key, Row]:
    """The rows after one key up to another, ascending.

    Args:
        source_ids: a source that came up meanwhile is not among them, and its rows are left out.
    """
    query = select(section.table).where(*section.condition, *_between(section, after, last)).order_by(*section.key)
    rows = (tuple(row) for row in connection.execute(query))
    return {section.key_of(row): row for row in rows if section.source_of(row) in (None, *source_ids)}


def walk_pages(database: Database, section: Section, source_ids: Collection[int]) -> Iterator[list[Row]]:
    """All rows of a section, by pages, each in a transaction of its own."""
    after: Key | None = None
    while True:
        with database.reading() as connection:
            last = load_reach(connection, section, after)
            rows = load_rows(connection, section, after, last, source_ids)
        yield list(rows.values())
        if last is None:
            return
        after = last


def count_rows(connection: Connection, table: Table) -> int:
    count: int = connection.execute(select(func.count()).select_from(table)).scalar_one()
    return count


def do_work(connection: Connection, section: Section, work: PageWork) -> None:
    """Make the page of this database what the work says."""
    table = section.table
    its_key = [column == bindparam(f"key_{column.name}") for column in table.primary_key]
    if work.delete:
        connection.execute(delete(table).where(*its_key), [_key_parameters(table, row) for row in work.delete])
    if work.update:
        others = [column for column in table.c if not column.primary_key]
        statement = (
            update(table).where(*its_key).values({c: bindparam(f"new_{c.name}", type_=c.type) for c in others})
        )
        parameters = [
            _key_parameters(table, row) | {f"new_{c.name}": values[c.name] for c in others}
            for row, values in ((row, _by_name(table, row)) for row in work.update)
        ]
        connection.execute(statement, parameters)
    if work.insert:
        insert_with_ids(connection, table, work.insert)


def insert_with_ids(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert rows that have their ids already; later rows, which the database numbers, get larger ones."""
    insert_rows(connection, table, table.c.keys(), rows)
    backend_of(connection).number_after(connection, table)


def is_text(column: Column[Any]) -> bool:
    return column.type.python_type is str


def _between(section: Section, after: Key | None, last: Key | None) -> list[Any]:
    lower = [] if after is None else [above(section.key, after)]
    return lower if last is None else [*lower, up_to(section.key, last)]


def _by_name(table: Table, row: Row) -> dict[str, Any]:
    return dict(zip(table.c.keys(), row, strict=True))


def _key_parameters(table: Table, row: Row) -> dict[str, Any]:
    values = _by_name(table, row)
    return {f"key_{column.name}": values[column.name] for column in table.primary_key}
