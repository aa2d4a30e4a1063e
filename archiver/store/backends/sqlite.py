"""SQLite: a file in WAL mode, one writer at a time."""

import re
import sqlite3
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Any

from sqlalchemy import Column, Connection, Dialect, Engine, Table, event, text
from sqlalchemy.engine import URL

from archiver.errors import ConfigError
from archiver.store.backends.backend import Backend, Row
from archiver.store.backends.bulk import Convert, converted, insert_into, utc_text

_WAL_PATIENCE_S, _WAL_PAUSE_S = 30, 0.01
_ROWS_OF_STATEMENTS = (500, 50, 1)
"""After each statement the driver waits for the interpreter's lock, which threads that fetch and decode have taken
meanwhile. Rows that share statements go in at twice the pace beside such threads, and at 1.2 times it without any."""
_CHECKPOINT_PAGES = 8000
"""32 MB of log, rather than SQLite's 4, before it is merged into the file: a large batch would be followed by that
each time, and write the same pages of the indexes again and again. What is committed is in the log, and synced."""
_MADE_BY = text("SELECT sql FROM sqlite_master WHERE name = :name")


class SQLite(Backend):
    label, dialect, driver = "SQLite", "sqlite", "pysqlite"
    example, install = "sqlite:///archive.db", ""
    clock = "SELECT strftime('%Y-%m-%dT%H:%M:%f', 'now')"

    def checked_url(self, url: URL, folder: Path) -> URL:
        if url.database in (None, "", ":memory:"):
            raise ConfigError("archive.url names no file: an archive in memory would be lost", hint=self.example)
        if url.host or url.username or url.query or "\0" in url.database:
            raise ConfigError("archive.url: sqlite:/// takes a path and no more", hint=self.example)
        return url.set(database=str((folder / url.database).absolute()))

    def engine_options(self, _url: URL, patience_s: float) -> dict[str, Any]:
        return {"connect_args": {"timeout": patience_s}}

    def attach(self, engine: Engine, schema: str | None, patience_s: float) -> None:
        super().attach(engine, schema, patience_s)
        event.listen(engine, "connect", _set_up)
        event.listen(engine, "begin", _begin)

    def now(self, connection: Connection) -> datetime:
        shown = connection.execute(text(self.clock)).scalar_one()
        return datetime.fromisoformat(shown).replace(tzinfo=UTC)

    def insert_rows(self, connection: Connection, table: Table, names: Sequence[str], rows: Sequence[Row]) -> None:
        """Groups of rows share a prepared statement; those left in the end, smaller ones."""
        driver = connection.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)
        most_rows = driver.getlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER) // len(names)
        into, places = insert_into(connection, table, names), f"({', '.join('?' * len(names))})"
        left = list(converted(rows, [_converter(table.c[name], connection.dialect) for name in names]))
        for size in (size for size in _ROWS_OF_STATEMENTS if size <= most_rows):
            end = len(left) // size * size
            groups = [tuple(chain.from_iterable(left[at : at + size])) for at in range(0, end, size)]
            if groups:
                connection.exec_driver_sql(into + ", ".join([places] * size), groups)
            left = left[end:]

    def overwrite_removed(self, connection: Connection) -> None:
        """SQLite only marks a removed row's room as free unless told to overwrite it, and its builds differ in that.

        Who removes a tenant means its text too, and the file may be copied or handed on. What rows left behind when
        they moved within the file, in pages since half full, is not reached: a trial found 1 remnant in 100 rows.
        VACUUM does.
        """
        connection.exec_driver_sql("PRAGMA secure_delete=ON")

    def is_numbered(self, column: Mapping[str, Any], type_: str, primary_key: Sequence[str]) -> bool:
        """It numbers a column that is spelled so."""
        return type_ == "INTEGER" and list(primary_key) == [column["name"]]

    def live_collations(self, connection: Connection, table: str) -> dict[str, str]:
        """From the statement that made the table, which alone shows them."""
        made_by = connection.execute(_MADE_BY, {"name": table}).scalar_one()
        found = re.findall(r'"?(\w+)"?\s+[A-Z]+(?:\(\d+\))?[^,]*?\sCOLLATE\s+"?(\w+)', made_by, flags=re.IGNORECASE)
        return {column: collation for column, collation in found if collation.upper() != "BINARY"}


def _converter(column: Column[Any], dialect: Dialect) -> Convert | None:
    """What makes of a value what SQLAlchemy would give to the driver; None: nothing is to be done."""
    if column.type.python_type is datetime:
        return _time
    return column.type.dialect_impl(dialect).bind_processor(dialect)


def _time(instant: datetime | None) -> str | None:
    return None if instant is None else utc_text(instant)


def _set_up(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # the driver's own BEGIN comes late and leaves DDL out
    cursor = connection.cursor()
    _switch_to_wal(cursor)
    cursor.execute("PRAGMA synchronous=FULL")  # the source may have deleted what a power cut takes
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute(f"PRAGMA wal_autocheckpoint={_CHECKPOINT_PAGES}")
    cursor.close()


def _switch_to_wal(cursor: sqlite3.Cursor) -> None:
    """Switch a new file to WAL; SQLite does not wait by itself for another that does so at the same moment."""
    gives_up_at = time.monotonic() + _WAL_PATIENCE_S
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if not error.sqlite_errorname.startswith("SQLITE_BUSY") or time.monotonic() > gives_up_at:
                raise
            time.sleep(_WAL_PAUSE_S)
        else:
            return


def _begin(connection: Connection) -> None:
    # A read followed by a write in one WAL transaction fails at once with "database is locked", whatever the busy
    # timeout: what will write says so at its beginning.
    is_writing = connection.get_execution_options().get("is_writing", True)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if is_writing else "BEGIN DEFERRED")
