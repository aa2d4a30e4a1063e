"""SQLite: a file in WAL mode, one writer at a time."""

import sqlite3
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, event, text
from sqlalchemy.engine import URL

from archiver.errors import ConfigError
from archiver.store.backends.backend import Backend

_WAL_PATIENCE_S, _WAL_PAUSE_S = 30, 0.01


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


def _set_up(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # the driver's own BEGIN comes late and leaves DDL out
    cursor = connection.cursor()
    _switch_to_wal(cursor)
    cursor.execute("PRAGMA synchronous=FULL")  # the source may have deleted what a power cut takes
    cursor.execute("PRAGMA foreign_keys=ON")
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
