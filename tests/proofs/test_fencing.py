"""Two archivers on one configuration, of which one is frozen beyond its lease and thaws again: one of them writes.

Nobody waits for half a minute here: the lease is set back in the database, as if its clock had gone on.
"""

import signal
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, event, text, update

from archiver.errors import LeaseHeld, StoreBusy
from archiver.sandbox import Sandbox, SandboxSettings
from archiver.store import tables
from archiver.store.database import Database, database_now
from tests.cli.conftest import ENOUGH_S
from tests.proofs.children import child, wait_until_stopped
from tests.proofs.witness import Witness
from tests.support import Archive, dump

CHAT_SESSIONS = 30
TAKEN_OVER = "Another archiver took this source over; nothing of ours was written since"
SHORT_S = 0.5
"""How long an archiver waits that is to be refused by a lock."""

SERVERS = pytest.mark.parametrize("database_url", ["postgresql", "mariadb"], indirect=True)
_HANG_UP = {
    "postgresql": "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE datname = current_database() AND state = 'idle in transaction'",
    "mysql": "SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()",
}


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(SandboxSettings(chat_sessions=CHAT_SESSIONS, messages_per_chat_session=10)) as running:
        yield running


@pytest.fixture
def other(archive: Archive) -> Archive:
    """The archiver that takes over; `frozen` works in the same folder, by the same configuration."""
    archive.configure(include=f"1-{CHAT_SESSIONS}")
    return archive


def let_lease_run_out(database: Database) -> None:
    with database.writing() as connection:
        past = database_now(connection) - timedelta(seconds=1)
        connection.execute(update(tables.lease).values(expires_at=past))


def thaw(process: "subprocess.Popen[str]") -> str:
    """Let the process go on to its end. Returns: what it said of errors."""
    process.send_signal(signal.SIGCONT)
    _, errors = process.communicate(timeout=ENOUGH_S)
    return errors


def outcomes(database: Database) -> list[str]:
    return [run["outcome"] for run in dump(database)["sync_run"]]


@pytest.mark.parametrize("point", ["fetched:1", "committed:4"])
def test_an_archiver_that_was_frozen_beyond_its_lease_writes_nothing_more(
    other: Archive, tmp_path: Path, point: str
) -> None:
    take_over_from_one_frozen_at(point, other, tmp_path)


def take_over_from_one_frozen_at(point: str, other: Archive, tmp_path: Path) -> None:
    with child(tmp_path, "backfill", stopped_at=point) as frozen:
        wait_until_stopped(frozen)
        let_lease_run_out(other.database)
        assert other.run("backfill").outcome == "complete"
        before = dump(other.database)
        errors = thaw(frozen)
    assert (frozen.returncode, TAKEN_OVER in errors) == (1, True), errors
    assert dump(other.database) == before
    assert other.rows() == other.truth()
    assert outcomes(other.database) == ["abandoned", "complete"]


@SERVERS  # on SQLite nobody can take over within a transaction of another
@pytest.mark.parametrize("point", ["begun:1", "begun:2"])
def test_nor_does_one_that_was_frozen_at_the_beginning_of_a_transaction(
    other: Archive, tmp_path: Path, point: str
) -> None:
    take_over_from_one_frozen_at(point, other, tmp_path)


def test_it_writes_nothing_while_the_other_is_in_the_middle_of_its_pass(other: Archive, tmp_path: Path) -> None:
    """Nor does it end the other's pass, or count as one of it."""
    with child(tmp_path, "backfill", stopped_at="fetched:1") as frozen:
        wait_until_stopped(frozen)
        let_lease_run_out(other.database)
        with child(tmp_path, "backfill", stopped_at="committed:5") as busy:
            wait_until_stopped(busy)
            witness = Witness(other.database)
            before = witness.look()
            errors = thaw(frozen)
            assert witness.look().tables == before.tables
            assert (frozen.returncode, TAKEN_OVER in errors) == (1, True), errors
            thaw(busy)
            assert busy.returncode == 0
    assert other.rows() == other.truth()
    assert outcomes(other.database) == ["abandoned", "complete"]


@pytest.mark.parametrize("point", ["renewed:1", "written:1"])
def test_who_is_frozen_within_a_commit_keeps_the_others_out_and_completes_when_it_thaws(
    other: Archive, tmp_path: Path, sandbox: Sandbox, point: str
) -> None:
    with child(tmp_path, "backfill", stopped_at=f"fetched:1,{point}") as frozen:
        wait_until_stopped(frozen)
        let_lease_run_out(other.database)
        frozen.send_signal(signal.SIGCONT)
        wait_until_stopped(frozen)
        before = dump(other.database)
        impatient = Database(other.database.url.render_as_string(hide_password=False), patience_s=SHORT_S)
        with closing(impatient), Archive(impatient, sandbox, tmp_path) as refused:
            refused.configure(include=f"1-{CHAT_SESSIONS}")
            assert isinstance(refused.run("backfill").error, StoreBusy)
        assert dump(other.database) == before
        errors = thaw(frozen)
    assert frozen.returncode == 0, errors
    assert other.rows() == other.truth()
    assert outcomes(other.database) == ["complete"]


@SERVERS  # on SQLite, who waits has read nothing yet
def test_who_waited_for_such_a_commit_finds_the_lease_renewed(other: Archive, tmp_path: Path) -> None:
    """What it had read before it waited, that the lease had run out, is true no more."""
    with child(tmp_path, "backfill", stopped_at="fetched:1,written:1") as frozen, ThreadPoolExecutor(1) as background:
        wait_until_stopped(frozen)
        let_lease_run_out(other.database)
        frozen.send_signal(signal.SIGCONT)
        wait_until_stopped(frozen)
        with noticing_takeovers() as is_taking:
            waiting = background.submit(other.run, "backfill")
            assert is_taking.wait(ENOUGH_S)
            errors = thaw(frozen)
        assert isinstance(waiting.result(ENOUGH_S).error, LeaseHeld)
    assert frozen.returncode == 0, errors
    assert other.rows() == other.truth()
    assert outcomes(other.database) == ["complete"]


@contextmanager
def noticing_takeovers() -> Iterator[threading.Event]:
    """Set when somebody in this process has found a lease run out, and is about to take it."""
    is_taking = threading.Event()

    def about_to(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith("UPDATE lease SET holder"):
            is_taking.set()

    event.listen(Engine, "before_cursor_execute", about_to)
    try:
        yield is_taking
    finally:
        event.remove(Engine, "before_cursor_execute", about_to)


@SERVERS  # on SQLite, a commit ends with its process or not at all
@pytest.mark.parametrize("point", ["renewed:1", "written:1", "committing:4"])
def test_a_frozen_commit_that_the_server_called_off_is_not_made_after_all(
    other: Archive, tmp_path: Path, point: str
) -> None:
    """PostgreSQL does so after a minute, by our own setting; any server does when the network is cut."""
    with child(tmp_path, "backfill", stopped_at=f"fetched:1,{point}") as frozen:
        wait_until_stopped(frozen)
        let_lease_run_out(other.database)
        frozen.send_signal(signal.SIGCONT)
        wait_until_stopped(frozen)
        hang_up(other.database)
        assert other.run("backfill").outcome == "complete"
        before = dump(other.database)
        errors = thaw(frozen)
    assert frozen.returncode == 1, errors
    assert dump(other.database) == before
    assert other.rows() == other.truth()
    assert outcomes(other.database) == ["abandoned", "complete"]


def hang_up(database: Database) -> None:
    """Cut off everybody else who is in a transaction."""
    with database.writing() as connection:
        found = connection.execute(text(_HANG_UP[database.dialect])).scalars().all()
        assert found
        if database.dialect == "mysql":
            for key in found:
                connection.execute(text(f"KILL {key:d}"))
