"""`archiver migrate` as an operator meets it: beside a pass, with statements for a DBA, and with a newer archive."""

import signal
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
import typer.main
from sqlalchemy import text

from archiver.cli.main import app
from archiver.sandbox import Sandbox
from archiver.store.database import Database
from archiver.store.lease import Lease, acquire_lease, release_lease
from archiver.store.schema import CURRENT_REVISION
from archiver.store.sources import ensure_source
from tests.cli.conftest import ENOUGH_S, Run
from tests.cli.test_processes import started
from tests.support import write_config

Configured = Callable[..., Path]


def revision_of(database: Database) -> str:
    with database.reading() as connection:
        return str(connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one())


def set_revision(database: Database, revision: str) -> None:
    with database.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision})


@pytest.fixture
def at_work(database: Database, database_url: str, sandbox: Sandbox, tmp_path: Path) -> Lease:
    """The lease of a pass that is under way in an archive of the first revision."""
    write_config(tmp_path, database_url, sandbox.base_url)
    with database.writing() as connection:
        lease = acquire_lease(connection, ensure_source(connection, "acme", sandbox.base_url))
    set_revision(database, "0001")
    return lease


def test_it_says_whom_it_waits_for_and_goes_on_when_they_are_done(
    tmp_path: Path, database: Database, at_work: Lease
) -> None:
    with started(tmp_path, "migrate") as process:
        assert process.stderr
        told = process.stderr.readline()
        assert "waiting for another archiver" in told
        assert "acme" in told
        assert "is at work on this source" in told
        database.write(partial(release_lease, lease=at_work))
        shown, errors = process.communicate(timeout=ENOUGH_S)
    assert (process.returncode, errors) == (0, "")
    assert f"the schema is now {CURRENT_REVISION} (was 0001)" in shown


def test_ctrl_c_ends_the_waiting_with_130_and_nothing_changed(
    tmp_path: Path, database: Database, at_work: Lease
) -> None:
    with started(tmp_path, "migrate") as process:
        assert process.stderr
        assert "waiting" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=ENOUGH_S)
    assert process.returncode == 130
    assert revision_of(database) == "0001"


def test_the_statements_are_those_that_the_database_still_needs(
    run: Run, configured: Configured, tmp_path: Path
) -> None:
    configured()
    assert "CREATE TABLE chat_message " in run("migrate", "--sql").stdout
    assert not (tmp_path / "archive.db").exists()
    run("migrate")
    assert run("migrate", "--sql").stdout == f"-- the schema is up to date ({CURRENT_REVISION})\n"
    database = Database(f"sqlite:///{tmp_path / 'archive.db'}")
    set_revision(database, "0001")
    database.close()
    older = run("migrate", "--sql").stdout
    assert older.startswith(f"-- from 0001 to {CURRENT_REVISION}")
    assert "ALTER TABLE quarantine ADD COLUMN" in older
    assert "CREATE TABLE chat_message " not in older


def test_without_a_server_the_statements_are_those_for_an_empty_database(run: Run, configured: Configured) -> None:
    configured(url="postgresql+psycopg://archiver@127.0.0.1:9/archive")
    result = run("migrate", "--sql")
    assert result.returncode == 0
    assert "statements for an empty database" in result.stderr
    assert "CREATE TABLE chat_message " in result.stdout


ARGUMENTS = {
    "copy": ["--to", "sqlite:///other.db"],
    "backup": ["copy.db"],
    "source": ["list"],
    "seal": ["head"],
}
"""Of commands that can't do without."""
WITHOUT_AN_ARCHIVE = {"sandbox", "demo", "init"}


def commands() -> list[str]:
    return sorted(set(typer.main.get_command(app).commands) - WITHOUT_AN_ARCHIVE)  # type: ignore[attr-defined]


@pytest.mark.parametrize("arguments", [[name, *ARGUMENTS.get(name, [])] for name in commands()], ids="-".join)
def test_a_newer_archive_is_refused_by_every_command(
    run: Run, configured: Configured, tmp_path: Path, arguments: list[str]
) -> None:
    configured()
    run("migrate")
    database = Database(f"sqlite:///{tmp_path / 'archive.db'}")
    set_revision(database, "9999")
    result = run(*arguments)
    assert result.returncode == 1
    assert "newer than this version" in " ".join((result.stdout + result.stderr).split())
    assert revision_of(database) == "9999"
    database.close()
