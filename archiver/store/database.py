"""The connection to the archive, and its transactions."""

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy
import tenacity
from sqlalchemy import Connection, Engine, Table, event
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError

from archiver.errors import ConfigError, ConnectionLost, KeyExists, StoreBusy, StoreUnavailable
from archiver.store.backends.backend import Backend, Row
from archiver.store.backends.known import BARE, backend_for, backend_of
from archiver.store.driver_errors import mapped_errors

logger = logging.getLogger(__name__)

T = TypeVar("T")

PATIENCE_S = 30.0
"""A server that restarts is back by then, any batch of ours committed, and a lease hardly lost."""
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.05, 1.0
_POOL_SIZE = 16
"""Connections that are kept. More are opened as needed: each thread of ours holds one, for a moment."""
_PLAIN, _IS_WRITING = "is_plain", "is_writing"


class Database:
    """An archive's database. Every error it raises is a StoreError or a ConfigError."""

    def __init__(
        self,
        url: str | Callable[[], str],
        *,
        folder: Path = Path(),
        schema: str | None = None,
        patience_s: float = PATIENCE_S,
        plain: bool = False,
    ) -> None:
        """Connect to nothing yet.

        Args:
            url: as SQLAlchemy writes it; or where to look it up, which is done again for the password of each new
                connection, since passwords are changed.
            folder: what an SQLite file's relative path starts from.
            schema: where the tables are, within a PostgreSQL database; None: where the server says.
            patience_s: how long to wait for another transaction that is in the way, and for a server to come back.
            plain: take the plain path (see Backend.has_savepoints) though the database could do better.
        Raises: ConfigError when the URL names no database that we can write.
        """
        self._backend, url_ = backend_for(url if isinstance(url, str) else url())
        self.url = self._backend.checked_url(url_, folder)
        self._engine = _engine(self._backend, self.url, schema, patience_s, plain=plain)
        if not isinstance(url, str):
            event.listen(self._engine, "do_connect", partial(_renew_password, look_up=url))
        self.schema = schema
        self._patience_s = patience_s
        # SQLite's own waiting polls, and is unfair to whoever has waited longest.
        self._turn = threading.Lock() if self.sqlite_file else None

    @property
    def dialect(self) -> str:
        return self._engine.dialect.name

    @property
    def label(self) -> str:
        """The kind of database, as people call it."""
        return self._backend.label

    @property
    def has_transactional_ddl(self) -> bool:
        """Whether a migration that fails leaves nothing behind."""
        return self._backend.has_transactional_ddl

    @property
    def caveat(self) -> str:
        """What an operator has to know before relying on it; "" for nothing."""
        return self._backend.caveat

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
        name = self.dialect if self.dialect in BARE else self.url.drivername
        plain = self.url.set(drivername=name, query={})  # the query may hold a password too
        return plain.render_as_string(hide_password=True)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A short transaction that writes nothing."""
        with self._transaction(is_writing=False) as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that commits at the end of the block, or not at all. `write` is safer."""
        with self._in_turn(), self._transaction(is_writing=True) as connection:
            yield connection

    def write(self, work: Callable[[Connection], T]) -> T:
        """Do a piece of work in a writing transaction; again when the database called it off or went away meanwhile.

        Args:
            work: may be called more than once; what it changes outside the database has to bear that.
        Raises: StoreError, after our patience or when trying again is of no use. When the connection broke during
            the commit, nobody knows whether it took effect: that is not tried again.
        """
        return self._again_while_patient(lambda: self._write_once(work))

    def read(self, work: Callable[[Connection], T]) -> T:
        """As `write`, for work that writes nothing: where a server that restarts is not to end what we are at."""

        def read_once() -> T:
            with self.reading() as connection:
                return work(connection)

        return self._again_while_patient(read_once)

    def rehearse(self, work: Callable[[Connection], T]) -> T:
        """As `write`, but nothing stays."""

        def rehearse_once() -> T:
            with self.writing() as connection:
                result = work(connection)
                connection.rollback()
            return result

        return self._again_while_patient(rehearse_once)

    def close(self) -> None:
        self._engine.dispose()

    def _write_once(self, work: Callable[[Connection], T]) -> T:
        is_committing = False
        try:
            with self.writing() as connection:
                result = work(connection)
                is_committing = True
        except ConnectionLost as lost:
            if not is_committing:
                raise
            raise StoreUnavailable(
                "the connection to the archive's database broke during a commit",
                hint="nothing is lost: the next pass finds out how far this one came",
            ) from lost
        return result

    def _again_while_patient(self, attempt: Callable[[], T]) -> T:
        retrying = tenacity.Retrying(
            retry=_is_worth_another_try,
            wait=tenacity.wait_random_exponential(
                min=_FIRST_PAUSE_S, multiplier=_FIRST_PAUSE_S, max=_LONGEST_PAUSE_S
            ),
            stop=tenacity.stop_after_delay(self._patience_s),
            before_sleep=_log_retry,
            reraise=True,
        )
        return retrying(attempt)

    @contextmanager
    def _in_turn(self) -> Iterator[None]:
        """Our own threads write to SQLite one after the other."""
        if self._turn is None:
            yield
            return
        if not self._turn.acquire(timeout=self._patience_s):
            raise StoreBusy("the archive is being written by another thread of ours")
        try:
            yield
        finally:
            self._turn.release()

    @contextmanager
    def _transaction(self, *, is_writing: bool) -> Iterator[Connection]:
        with mapped_errors(), self._engine.connect() as plain:
            connection = plain.execution_options(**{_IS_WRITING: is_writing})
            with connection.begin():
                yield connection


def database_now(connection: Connection) -> datetime:
    """The database's clock, which leases and the ledger go by, as aware UTC."""
    return backend_of(connection).now(connection)


def database_version(connection: Connection) -> str:
    """What the database is and its version, as people call it."""
    return backend_of(connection).version(connection)


def can_undo_insert(connection: Connection) -> bool:
    """Whether to insert first and look keys up only when one exists; False: the plain path."""
    return backend_of(connection).has_savepoints and not connection.get_execution_options().get(_PLAIN)


def insert_rows(connection: Connection, table: Table, names: Sequence[str], rows: Sequence[Row]) -> None:
    """Insert rows in the fastest way there is. Raises: IntegrityError when a key exists.

    Args:
        names: of the columns that the values of each row are for.
    """
    if not rows:
        return
    is_plain = connection.get_execution_options().get(_PLAIN)
    backend = Backend() if is_plain else backend_of(connection)
    backend.insert_rows(connection, table, names, rows)


def _engine(backend: Backend, url: URL, schema: str | None, patience_s: float, *, plain: bool) -> Engine:
    try:
        engine = sqlalchemy.create_engine(
            url,
            hide_parameters=True,
            pool_size=_POOL_SIZE,
            max_overflow=-1,
            execution_options={_PLAIN: plain},
            **backend.engine_options(url, patience_s),
        )
    except (SQLAlchemyError, TypeError, ValueError):
        raise ConfigError("archive.url can't be used as it is", hint="check its port and its options") from None
    except ImportError as error:  # not there, or a library that it needs is not
        raise ConfigError(
            f"the driver {backend.driver} for archive.url is not installed, or not whole: {error}",
            hint=f"pip install '{backend.install}'",
        ) from None
    backend.attach(engine, schema, patience_s)
    return engine


def _renew_password(
    _dialect: object, _record: object, _arguments: object, options: dict[str, Any], *, look_up: Callable[[], str]
) -> None:
    _, url = backend_for(look_up())
    if "password" in options:
        options["password"] = url.password


def _is_worth_another_try(state: tenacity.RetryCallState) -> bool:
    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, KeyExists):  # another archiver made the row at the same moment: the next try finds it
        return state.attempt_number == 1
    return isinstance(error, StoreBusy | ConnectionLost)


def _log_retry(state: tenacity.RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    facts = {"event": "store_retry", "kind": getattr(error, "kind", ""), "detail": str(error)}
    logger.warning("the archive's database is asked again", extra={**facts, "attempt": state.attempt_number})
