"""The archive's database refuses in mid-pass: full, read-only, locked by a stranger. A sentence, and never a loss."""

import resource
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy
from sqlalchemy import Connection, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.pool import Pool

from archiver.errors import ExitCode, StoreBusy, StoreRefused, StoreUnavailable
from tests.databases import PostgreSQL, migrate_at
from tests.support import Archive
from tests.sync.outages import (
    Open,
    as_administrator,
    assert_complete,
    assert_the_next_pass_completes,
    cut_all_connections,
    run_into,
)


def test_a_server_that_becomes_read_only_ends_the_pass(postgresql: PostgreSQL, open_archive: Open) -> None:
    url = postgresql.create(migrated=True)
    name = make_url(url).database
    archive = open_archive(url)

    def switch(state: str) -> None:
        as_administrator(url, f'ALTER DATABASE "{name}" SET default_transaction_read_only = {state}')
        cut_all_connections(url)

    result = run_into(archive, lambda: switch("on"))
    assert isinstance(result.error, StoreRefused)
    assert "read-only" in str(result.error)
    as_administrator(url, "SET default_transaction_read_only = off", f'ALTER DATABASE "{name}" RESET ALL')
    cut_all_connections(url)
    assert_the_next_pass_completes(archive)
    archive.database.close()
    postgresql.drop(url)


@pytest.fixture
def sqlite_file(tmp_path: Path) -> Path:
    migrate_at(f"sqlite:///{tmp_path / 'archive.db'}")
    return tmp_path / "archive.db"


@contextmanager
def pragma_of_each_connection(archive: Archive) -> Iterator[Callable[[str], None]]:
    """Full or read-only: SQLite has switches for both, which root obeys too. They hold for a connection."""
    told: list[str] = []

    def tell(connection: Any, _record: object) -> None:
        for pragma in told:
            connection.execute(pragma).fetchall()

    def switch(pragma: str) -> None:
        told.append(pragma)
        archive.database.close()  # connections are opened anew as needed

    event.listen(Pool, "connect", tell)
    try:
        yield switch
    finally:
        event.remove(Pool, "connect", tell)
        archive.database.close()


@pytest.mark.parametrize(
    ("pragma", "sentence"),
    [("max_page_count = 1", "is full"), ("query_only = on", "is read-only")],  # 1: no page more than there are
)
def test_a_disk_that_is_full_or_read_only_ends_the_pass_with_a_sentence(
    sqlite_file: Path, open_archive: Open, pragma: str, sentence: str
) -> None:
    archive = open_archive(f"sqlite:///{sqlite_file}")
    with pragma_of_each_connection(archive) as switch:
        result = run_into(archive, lambda: switch(f"PRAGMA {pragma}"))
    assert isinstance(result.error, StoreRefused)
    assert sentence in str(result.error)
    assert result.error.exit_code == ExitCode.FAILED
    assert_the_next_pass_completes(archive)


def test_a_file_that_may_grow_no_further_ends_the_pass_with_a_sentence(sqlite_file: Path, open_archive: Open) -> None:
    archive = open_archive(f"sqlite:///{sqlite_file}")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)

    def limit() -> None:
        size = sqlite_file.with_name("archive.db-wal").stat().st_size
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))

    try:
        result = run_into(archive, limit)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert isinstance(result.error, StoreUnavailable)
    assert_the_next_pass_completes(archive)


LOCKS = {
    "sqlite": ("BEGIN EXCLUSIVE",),
    "postgresql": ("LOCK TABLE chat_message IN ACCESS EXCLUSIVE MODE",),
    "mariadb": ("SELECT * FROM lease FOR UPDATE", "LOCK TABLES chat_message WRITE"),
}
EACH_LOCK = pytest.mark.parametrize(
    ("database_url", "lock"),
    [pytest.param(kind, lock, id=f"{kind}: {lock}") for kind, locks in LOCKS.items() for lock in locks],
    indirect=["database_url"],
)


@pytest.fixture
def stranger(database_url: str) -> Iterator[Connection]:
    """Somebody else's connection to the archive's database."""
    engine = sqlalchemy.create_engine(database_url, poolclass=sqlalchemy.NullPool)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", lambda connection, _: setattr(connection, "isolation_level", None))
    with engine.connect() as connection:
        yield connection


def let_go(stranger: Connection) -> None:
    stranger.invalidate()  # as when its program ends, which no lock outlives


@EACH_LOCK
def test_a_lock_that_a_stranger_keeps_ends_the_pass_and_leaves_nothing_stuck(
    database_url: str, stranger: Connection, lock: str, open_archive: Open
) -> None:
    archive = open_archive(database_url, patience_s=1)
    result = run_into(archive, lambda: stranger.execute(text(lock)))
    assert isinstance(result.error, StoreBusy)
    let_go(stranger)
    assert_the_next_pass_completes(archive)


@EACH_LOCK
def test_a_lock_that_a_stranger_lets_go_of_in_time_costs_nothing(
    database_url: str, stranger: Connection, lock: str, open_archive: Open
) -> None:
    archive = open_archive(database_url, patience_s=30)
    release = threading.Timer(0.3, let_go, [stranger])

    def hold_for_a_while() -> None:
        stranger.execute(text(lock))
        release.start()

    result = run_into(archive, hold_for_a_while)
    release.join()
    assert result.outcome == "complete"
    assert_complete(archive)
