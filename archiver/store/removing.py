"""A source out of the archive: every row of it, a bounded number in each transaction.

The tables are those of `tables.metadata` that have a `source_id`, so that a table to come can't be forgotten. Their
order bears being cut at any point, and a pass coming in between: first the cursors, so that such a pass begins anew
rather than leave a hole below a cursor; seals before what they cover, which would be found altered; revisions before
their messages, since a message that is stored anew counts its revisions from the beginning; last the lease, which
keeps others out, and the source itself.
"""

import sqlite3
import threading
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial
from typing import Any

from sqlalchemy import Connection, Row, Table, and_, delete, func, select

from archiver.errors import Interrupted
from archiver.store import tables
from archiver.store.backends.known import backend_of
from archiver.store.database import Database
from archiver.store.driver_errors import mapped_errors
from archiver.store.keyset import above, up_to
from archiver.store.lease import Lease, renew_lease

ROWS_AT_ONCE = 500
"""Rows that one transaction removes: few enough that whoever else writes waits for milliseconds."""
_CHECKPOINT_PATIENCE_S = 2

_FIRST = (
    tables.chat_session_state,
    tables.seal_key,
    tables.seal,
    tables.chat_message_revision,
    tables.chat_message,
)
_LAST = (tables.lease, tables.source)


def tables_to_clear() -> list[Table]:
    """Every table that holds rows of sources, but for the lease, in the order in which they are cleared."""
    others = [table for table in reversed(tables.metadata.sorted_tables) if table not in (*_FIRST, *_LAST)]
    return [table for table in (*_FIRST, *others) if "source_id" in table.c]


def count_rows(connection: Connection, source_id: int) -> dict[str, int]:
    """How many rows of a source each table holds, by its name; without the source's own and its lease's."""
    counts = {}
    for table in tables_to_clear():
        query = select(func.count()).select_from(table).where(table.c.source_id == source_id)
        counts[table.name] = connection.execute(query).scalar_one()
    return counts


def remove_source(
    database: Database,
    lease: Lease,
    stop: threading.Event,
    report: Callable[[int], None] = lambda _: None,
    *,
    rows_at_once: int = ROWS_AT_ONCE,
) -> dict[str, int]:
    """Remove a source and all that is its; a second call goes on where the first was cut.

    Args:
        stop: ends it between two transactions.
        report: called after each of them with the number of rows that are gone so far.
    Returns: how many rows went, by table. Raises: Interrupted; LeaseLost; StoreError.
    """
    removed: dict[str, int] = {}
    for table in tables_to_clear():
        after: Sequence[int] | None = None
        removed[table.name] = 0
        while not stop.is_set():
            keys = database.write(partial(_remove_page, lease=lease, table=table, after=after, at_most=rows_at_once))
            if not keys:
                break
            after = keys[-1]
            removed[table.name] += len(keys)
            report(sum(removed.values()))
        if stop.is_set():
            raise Interrupted
    database.write(partial(_remove_itself, lease=lease))
    return removed


def truncate_log(database: Database) -> bool:
    """On SQLite, empty the write-ahead log, which holds what was written lately, removed or not.

    Returns: whether nothing is in it now; False while another program reads.
    """
    if not database.sqlite_file:
        return True
    with (
        mapped_errors(),
        closing(sqlite3.connect(database.sqlite_file, timeout=_CHECKPOINT_PATIENCE_S)) as connection,
    ):
        is_busy = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    return not is_busy


def _remove_page(
    connection: Connection, lease: Lease, table: Table, after: Sequence[int] | None, at_most: int
) -> Sequence[Row[Any]]:
    """Remove the next rows of a table. Returns: their keys; none when none is left."""
    backend_of(connection).overwrite_removed(connection)
    renew_lease(connection, lease)
    own = table.c.source_id == lease.source_id
    key = [column for column in table.primary_key if column.name != "source_id"]
    if after is not None:  # what is gone already need not be stepped over again, page by page
        own = and_(own, above(key, after))
    keys = connection.execute(select(*key).where(own).order_by(*key).limit(at_most)).all()
    if keys:
        connection.execute(delete(table).where(own, up_to(key, keys[-1])))
    return keys


def _remove_itself(connection: Connection, lease: Lease) -> None:
    renew_lease(connection, lease)
    connection.execute(delete(tables.lease).where(tables.lease.c.source_id == lease.source_id))
    connection.execute(delete(tables.source).where(tables.source.c.id == lease.source_id))
