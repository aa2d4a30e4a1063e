"""The connection to the archive: transactions, and what each kind of database is told at first."""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, TypeVar

import sqlalchemy
from sqlalchemy import Connection, Engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from archiver.errors import ConfigError, StoreRefused, StoreUnavailable
from archiver.store.driver_errors import mapped_errors

T = TypeVar("T")

_BUSY_TIMEOUT_S = 30
"""How long SQLite waits for another writer: longer than any batch of ours takes to commit."""
_WAL_PAUSE_S = 0.01
_POSTGRESQL_ARGUMENTS: dict[str, Any] = {
    "connect_timeout": 10,
    "client_encoding": "utf8",
    "keepalives_idle": 30,
    "tcp_user_timeout": 60_000,
}
"""In seconds, the last in milliseconds: a connection that the network swallowed is noticed."""

_DRIVERS = {"sqlite": "pysqlite", "postgresql": "psycopg"}
_INSTALL = "install superoffice-chat-archiver with its extra: [postgresql]"


class Database:
    """An archive's database. Every error it raises is a StoreError or a ConfigError."""

    def __init__(self, url: str, *, folder: Path = Path()) -> None:
        """Connect to nothing yet.

        Args:
            url: as SQLAlchemy writes it.
            folder: what an SQLite file's relative path starts from.
        Raises: ConfigError when the URL names no database that we can write.
        """
        self.url = _checked_url(url, folder)
        self._engine = _engine(self.url)

    @property
    def dialect(self) -> str:
        return self._engine.dialect.name

    @property
    def sqlite_file(self) -> Path | None:
        return Path(self.url.database) if self.dialect == "sqlite" and self.url.database else None

    def is_missing(self) -> bool:
        """Whether there is not even a file; a server's database is found missing by connecting.

        Raises: StoreUnavailable when we may not look.
        """
        if not self.sqlite_file:
            return False
        try:
            self.sqlite_file.stat()
        except FileNotFoundError:
            return True
        except OSError as error:
            raise StoreUnavailable(
                f"the archive's file can't be reached: {error.strerror}",
                hint="check archive.url and who may read there",
            ) from None
        return False

    def __str__(self) -> str:
        """The address without its password, as a person would write it."""
        plain = self.url.set(drivername=self.dialect, query={})  # the query may hold a password too
        return plain.render_as_string(hide_password=True)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A short transaction that writes nothing."""
        with self._transaction("DEFERRED") as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that commits at the end of the block, or not at all."""
        with self._transaction("IMMEDIATE") as connection:
            yield connection

    def write(self, work: Callable[[Connection], T]) -> T:
        """Do a piece of work in a writing transaction, and again when the database had to call it off.

        Args:
            work: may be called more than once; what it changes outside the database has to bear that.
        """
        with self.writing() as connection:
            return work(connection)

    def rehearse(self, work: Callable[[Connection], T]) -> T:
        """As `write`, but nothing stays."""
        with self.writing() as connection:
            result = work(connection)
            connection.rollback()
        return result

    def close(self) -> None:
        self._engine.dispose()

    @contextmanager
    def _transaction(self, sqlite_begin: Literal["DEFERRED", "IMMEDIATE"]) -> Iterator[Connection]:
        with mapped_errors(), self._engine.connect() as plain:
            connection = plain.execution_options(sqlite_begin=sqlite_begin)
            with connection.begin():
                yield connection


def database_now(connection: Connection) -> datetime:
    """The database's clock, which leases and the ledger go by, as aware UTC."""
    if connection.dialect.name == "sqlite":
        shown = connection.execute(text("SELECT strftime('%Y-%m-%dT%H:%M:%f', 'now')")).scalar_one()
        return datetime.fromisoformat(shown).replace(tzinfo=UTC)
    # clock_timestamp moves within a transaction, now() does not.
    instant: datetime = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
    return instant.astimezone(UTC)


def _checked_url(written: str, folder: Path) -> URL:
    try:
        url = make_url(written)
        backend = url.get_backend_name()
    except (ArgumentError, ValueError):
        raise ConfigError(
            "archive.url is no database URL", hint="write sqlite:///archive.db or postgresql+psycopg://user@host/name"
        ) from None
    if backend not in _DRIVERS or ("+" in url.drivername and url.get_driver_name() != _DRIVERS[backend]):
        raise ConfigError(
            f"archive.url: {url.drivername}:// is not supported", hint="use sqlite:/// or postgresql+psycopg://"
        )
    if backend == "sqlite":
        url = _checked_file(url, written, folder)
    elif not url.database:
        raise ConfigError("archive.url names no database", hint="write postgresql+psycopg://user@host/name")
    return url.set(drivername=f"{backend}+{_DRIVERS[backend]}")


def _checked_file(url: URL, written: str, folder: Path) -> URL:
    if url.database in (None, "", ":memory:"):
        raise ConfigError(
            "archive.url names no file: an archive in memory would be lost", hint="sqlite:///archive.db"
        )
    if url.host or url.username or url.query or "?" in written or "\0" in written:
        raise ConfigError("archive.url: sqlite:/// takes a path and no more", hint="sqlite:///archive.db")
    return url.set(database=str((folder / url.database).absolute()))


def _engine(url: URL) -> Engine:
    is_sqlite = url.get_backend_name() == "sqlite"
    try:
        arguments = {"timeout": _BUSY_TIMEOUT_S} if is_sqlite else _postgresql_arguments(url)
        # pool_pre_ping: a daemon's connection may have been cut since its last pass.
        engine = sqlalchemy.create_engine(
            url, connect_args=arguments, hide_parameters=True, pool_pre_ping=not is_sqlite
        )
    except (SQLAlchemyError, TypeError, ValueError):
        raise ConfigError("archive.url can't be used as it is", hint="check its port and its options") from None
    except ModuleNotFoundError as error:
        raise ConfigError(f"the driver {error.name} for archive.url is not installed", hint=_INSTALL) from None
    if is_sqlite:
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    else:
        event.listen(engine, "connect", _set_up_postgresql)
    return engine


def _postgresql_arguments(url: URL) -> dict[str, Any]:
    """Our timeouts, but for those that the URL sets itself.

    Raises: ConfigError for an option that is none of libpq's: the driver has others, such as autocommit, which would
    void every promise that rests on a transaction.
    """
    import psycopg

    known = {option.keyword.decode() for option in psycopg.pq.Conninfo.get_defaults()}
    if unknown := sorted(set(url.query) - known):
        raise ConfigError(f"archive.url: {unknown[0]!r} is no connection option of PostgreSQL")
    return {name: value for name, value in _POSTGRESQL_ARGUMENTS.items() if name not in url.query}


def _set_up_postgresql(connection: Any, _record: object) -> None:
    if connection.info.parameter_status("server_encoding") != "UTF8":
        raise StoreRefused("the archive's database can't hold every text", hint="make it with ENCODING 'UTF8'")
    with connection.cursor() as cursor:
        # In the server's own zone, year 9999 may become year 10000, which no datetime holds.
        cursor.execute("SET TIME ZONE 'UTC'")
        # Somebody who holds a row of ours for longer is stuck: say so rather than wait for ever, and don't be so.
        cursor.execute("SET lock_timeout = '30s'")
        cursor.execute("SET idle_in_transaction_session_timeout = '60s'")
    connection.commit()


def _set_up_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # the driver's own BEGIN comes late and leaves DDL out
    cursor = connection.cursor()
    _switch_to_wal(cursor)
    cursor.execute("PRAGMA synchronous=FULL")  # the source may have deleted what a power cut takes
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _switch_to_wal(cursor: sqlite3.Cursor) -> None:
    """Switch a new file to WAL; SQLite does not wait by itself for another that does so at the same moment."""
    gives_up_at = time.monotonic() + _BUSY_TIMEOUT_S
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if not error.sqlite_errorname.startswith("SQLITE_BUSY") or time.monotonic() > gives_up_at:
                raise
            time.sleep(_WAL_PAUSE_S)
        else:
            return


def _begin_sqlite(connection: Connection) -> None:
    # A read followed by a write in one WAL transaction fails at once with "database is locked", whatever the busy
    # timeout: what will write says so at its beginning.
    connection.exec_driver_sql(f"BEGIN {connection.get_execution_options().get('sqlite_begin', 'IMMEDIATE')}")
