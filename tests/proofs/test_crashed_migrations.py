"""`migrate` killed with SIGKILL, between two migrations and in the middle of one: run again, it completes."""

import random
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import insert

from archiver.store import tables
from archiver.store.database import Database
from archiver.store.drift import Drift, find_drift
from archiver.store.schema import load_revision
from tests.cli.conftest import run_in
from tests.proofs.children import died_at
from tests.proofs.soak import SEED, often
from tests.store.test_migrations import as_it_is, left_by_the_first_version, migrate_to
from tests.support import write_config

NOWHERE = "http://127.0.0.1:9"
"""`migrate` asks no source."""
KILLS = often(1, 6)
"""Of each kind, on each database."""
STATEMENTS, MIGRATIONS = 7, 5
"""Those that `migrate` executes, at least, for an archive of the first revision."""


@pytest.fixture
def empty(empty_database_url: str, tmp_path: Path) -> Iterator[Database]:
    write_config(tmp_path, empty_database_url, NOWHERE)
    with closing(Database(empty_database_url)) as database:
        yield database


def drawn(database: Database, most: int) -> list[int]:
    """At which passings to kill."""
    return random.Random(f"{SEED} {database.dialect}").sample(range(1, most + 1), min(KILLS, most))


@pytest.mark.parametrize(("at", "most"), [("ddl", STATEMENTS), ("migrated", MIGRATIONS)])
def test_a_killed_migration_of_a_filled_archive_loses_no_row_and_completes_when_run_again(
    empty: Database, tmp_path: Path, at: str, most: int
) -> None:
    migrate_to(empty, "0001")
    with empty.writing() as connection:
        for name, rows in left_by_the_first_version().items():
            connection.execute(insert(tables.metadata.tables[name]), rows)
    before = as_it_is(empty)
    for passing in sorted(drawn(empty, most)):
        was_killed = died_at(tmp_path, "migrate", at=at, passing=passing)
        assert was_killed or not empty.has_transactional_ddl, passing
        if empty.has_transactional_ddl:
            assert load_revision(empty) == "0001"
            assert without_leases(as_it_is(empty)) == without_leases(before)
    done = run_in(tmp_path, "migrate")
    assert done.returncode == 0, done.stderr
    assert find_drift(empty) == Drift(differences=(), notes=())
    after = as_it_is(empty)
    kept = {
        table: [{name: row[name] for name in old} for old, row in zip(before[table], after[table], strict=True)]
        for table in before
    }
    assert without_leases(kept) == without_leases(before)


def without_leases(rows: dict[str, list[dict]]) -> dict[str, list[dict]]:
    """`migrate` takes the lease of every source, before the transaction in which it changes the schema."""
    return {table: kept for table, kept in rows.items() if table != "lease"}


def test_a_killed_first_migration_completes_when_run_again(empty: Database, tmp_path: Path) -> None:
    for passing in drawn(empty, 12):
        died_at(tmp_path, "migrate", at="ddl", passing=passing)
    done = run_in(tmp_path, "migrate")
    assert done.returncode == 0, done.stderr
    assert find_drift(empty) == Drift(differences=(), notes=())
