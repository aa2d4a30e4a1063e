"""The tests' own choice of databases: a kind that is missing without a word would be a suite that proves nothing."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from archiver.errors import StoreUnavailable
from archiver.store.database import Database
from archiver.store.schema import require_current_schema
from tests.conftest import running_server
from tests.selection import NAMED, REQUIRED, USUAL_MARIADB, Choice, UsedDatabases, choose_mariadb, required_kinds

BINARY = Path("/usr/sbin/mariadbd")
NAME = "mysql+pymysql://root@db/"


@pytest.mark.parametrize(
    ("environment", "is_usual_open", "binary", "choice"),
    [
        ({NAMED["mariadb"]: NAME}, True, BINARY, Choice(url=NAME)),
        ({}, True, BINARY, Choice(url=USUAL_MARIADB)),
        ({NAMED["mariadb"]: ""}, True, None, Choice(url=USUAL_MARIADB)),
        ({}, False, BINARY, Choice(binary=BINARY)),
    ],
)
def test_a_named_server_comes_before_one_that_runs_and_that_before_one_of_our_own(
    environment: dict[str, str], is_usual_open: bool, binary: Path | None, choice: Choice
) -> None:
    assert choose_mariadb(environment, is_usual_open=is_usual_open, binary=binary) == choice


def test_where_there_is_no_server_at_all_the_reason_says_what_would_help() -> None:
    choice = choose_mariadb({}, is_usual_open=False, binary=None)
    assert not choice.url
    assert not choice.binary
    assert NAMED["mariadb"] in choice.why_none
    assert "install mariadb-server" in choice.why_none


def test_required_kinds_are_listed_with_commas_and_a_misspelt_one_is_refused() -> None:
    assert required_kinds({}) == set()
    assert required_kinds({REQUIRED: "sqlite, mariadb,"}) == {"sqlite", "mariadb"}
    with pytest.raises(ValueError, match="'mysql' is none of sqlite, postgresql, mariadb"):
        required_kinds({REQUIRED: "mysql"})


def test_what_was_used_is_told_in_one_line_with_the_reason_for_what_was_not() -> None:
    used = UsedDatabases()
    for test in ("a", "b", "b"):
        used.add(test, "sqlite", "SQLite 3.40.1", is_run=True)
    used.add("c", "postgresql", "PostgreSQL 18.4, brought along", is_run=True)
    used.add("d", "mariadb", "there is none", is_run=False)
    assert str(used) == (
        "SQLite 3.40.1 (2 tests); PostgreSQL 18.4, brought along (1 test); "
        "no MariaDB: there is none (1 test left out)"
    )
    assert used.missing({"sqlite", "mariadb"}) == [f"{REQUIRED} names mariadb, and no test ran on it"]


def test_a_required_database_may_not_be_left_out_of_a_single_test() -> None:
    used = UsedDatabases()
    used.add("a", "mariadb", "MariaDB 10.11.19", is_run=True)
    used.add("b", "mariadb", "there is none to start", is_run=False)
    assert used.missing({"mariadb"}) == [f"{REQUIRED} names mariadb, and 1 test had none: there is none to start"]
    assert used.missing({"sqlite"}) == [f"{REQUIRED} names sqlite, and no test ran on it"]


def test_a_run_fails_when_no_test_ran_on_a_required_database() -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/test_ranges.py"]
    environment = os.environ | {REQUIRED: "sqlite", "PYTEST_ADDOPTS": ""}
    run = subprocess.run(
        command, cwd=Path(__file__).parents[1], env=environment, capture_output=True, text=True, check=False
    )
    assert run.returncode == pytest.ExitCode.TESTS_FAILED, run.stdout
    assert "sqlite, and no test ran on it" in run.stdout


@pytest.mark.parametrize("own", ["own_postgresql", "own_mariadb"])
def test_a_server_of_our_own_keeps_address_and_data_over_a_restart(own: str, request: pytest.FixtureRequest) -> None:
    made = running_server(request, own)
    assert made.own
    url = made.create(migrated=True)
    database = Database(url, patience_s=0)
    made.own.stop()
    with pytest.raises(StoreUnavailable):
        require_current_schema(database)
    made.own.start()
    require_current_schema(database)
    database.close()
    made.drop(url)
