"""The server of the archive's database goes away in mid-pass and comes back: a retry or a sentence, never a loss."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy
from sqlalchemy import event
from sqlalchemy.engine import make_url

from archiver.errors import ExitCode, StoreRefused, StoreUnavailable
from archiver.store import database as database_module
from tests.conftest import running_server
from tests.databases import MariaDB, PostgreSQL
from tests.sync.outages import (
    Open,
    as_administrator,
    assert_complete,
    assert_the_next_pass_completes,
    cut_all_connections,
    run_into,
)


@pytest.fixture(params=["own_postgresql", "own_mariadb"])
def server(request: pytest.FixtureRequest) -> PostgreSQL | MariaDB:
    """A server that we may stop."""
    return running_server(request, request.param)


@pytest.fixture
def url(server: PostgreSQL | MariaDB) -> Iterator[str]:
    made = server.create(migrated=True)
    yield made
    server.drop(made)


@pytest.fixture
def at_first_retry() -> Iterator[Callable[[Callable[[], object]], None]]:
    """Has something done when the store says for the first time that it tries again."""
    logger = logging.getLogger(database_module.__name__)
    added: list[logging.Handler] = []

    class Doing(logging.Handler):
        def __init__(self, action: Callable[[], object]) -> None:
            super().__init__()
            self._actions = [action]

        def emit(self, record: logging.LogRecord) -> None:
            if getattr(record, "event", "") == "store_retry" and self._actions:
                self._actions.pop()()

    def add(action: Callable[[], object]) -> None:
        added.append(Doing(action))
        logger.addHandler(added[-1])

    yield add
    for handler in added:
        logger.removeHandler(handler)


def test_a_server_that_restarts_in_mid_pass_costs_nothing(
    server: PostgreSQL | MariaDB, url: str, open_archive: Open, at_first_retry: Callable[..., None]
) -> None:
    archive = open_archive(url, patience_s=60)
    assert server.own
    at_first_retry(server.own.start)
    result = run_into(archive, server.own.stop)
    assert (result.outcome, result.error) == ("complete", None)
    assert_complete(archive)
    assert [run["outcome"] for run in archive.table("sync_run")] == ["complete"]


def test_a_server_that_stays_away_ends_the_pass_and_the_next_one_goes_on(
    server: PostgreSQL | MariaDB, url: str, open_archive: Open
) -> None:
    archive = open_archive(url)
    assert server.own
    result = run_into(archive, server.own.stop)
    server.own.start()
    assert isinstance(result.error, StoreUnavailable)
    assert (result.outcome, result.error.exit_code) == ("failed", ExitCode.FAILED)
    assert_the_next_pass_completes(archive)
    assert [run["outcome"] for run in archive.table("sync_run")] == ["abandoned", "complete"]


def test_connections_cut_between_two_batches_are_made_anew(url: str, open_archive: Open) -> None:
    archive = open_archive(url, patience_s=30)
    assert run_into(archive, lambda: cut_all_connections(url)).outcome == "complete"
    assert_complete(archive)


@contextmanager
def once_within_a_transaction(
    moment: str, action: Callable[[], object], *, statement: str = "UPDATE sync_run"
) -> Iterator[Callable[[], None]]:
    """Something to do just before a statement, or before the commit. Returns: what arms it."""
    armed: list[Callable[[], object]] = []

    def at_moment(_connection: object, *arguments: Any) -> None:
        is_due = moment == "commit" or arguments[1].startswith(statement)
        if is_due and armed:
            armed.pop()()

    event.listen(sqlalchemy.Engine, moment, at_moment)
    try:
        yield lambda: armed.append(action)
    finally:
        event.remove(sqlalchemy.Engine, moment, at_moment)


def test_a_batch_whose_connection_is_cut_before_its_end_is_written_again_and_once(
    url: str, open_archive: Open
) -> None:
    archive = open_archive(url, patience_s=30)
    with once_within_a_transaction("before_cursor_execute", lambda: cut_all_connections(url)) as arm:
        assert run_into(archive, arm).outcome == "complete"
    assert_complete(archive)
    (run,) = archive.table("sync_run")
    assert run["messages_added"] == len(archive.truth())


def test_a_connection_cut_while_the_walk_reads_costs_nothing(url: str, open_archive: Open) -> None:
    archive, cuts = open_archive(url, patience_s=30), []

    def cut() -> None:
        cuts.append(1)
        cut_all_connections(url)

    states = "SELECT chat_session_state.chat_session_id, chat_session_state.last_message_id"
    with once_within_a_transaction("before_cursor_execute", cut, statement=states) as arm:
        arm()
        assert archive.run("backfill").outcome == "complete"
    assert cuts
    assert_complete(archive)


def test_a_connection_cut_during_a_commit_ends_the_pass_and_the_next_one_finds_out(
    url: str, open_archive: Open
) -> None:
    archive = open_archive(url, patience_s=30)
    with once_within_a_transaction("commit", lambda: cut_all_connections(url)) as arm:
        result = run_into(archive, arm)
    assert isinstance(result.error, StoreUnavailable)
    assert_the_next_pass_completes(archive)


MAKE_USER = {
    "postgresql": (
        "CREATE ROLE {user} LOGIN PASSWORD 'first'",
        "GRANT ALL ON ALL TABLES IN SCHEMA public TO {user}",
        "GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO {user}",
    ),
    "mysql": ("CREATE USER {user}@'%' IDENTIFIED BY 'first'", "GRANT ALL ON `{name}`.* TO {user}@'%'"),
}
NEW_PASSWORD = {
    "postgresql": "ALTER ROLE {user} PASSWORD 'second'",
    "mysql": "SET PASSWORD FOR {user}@'%' = PASSWORD('second')",
}
DROP_USER = {
    "postgresql": ("DROP OWNED BY {user}", "DROP ROLE {user}"),
    "mysql": ("DROP USER {user}@'%'",),
}


@pytest.fixture
def user(url: str) -> Iterator[str]:
    """A user of the database, whose password is "first"."""
    dialect, name = make_url(url).get_backend_name(), make_url(url).database
    user = f"archivist_{str(name)[-12:]}"
    as_administrator(url, *(each.format(user=user, name=name) for each in MAKE_USER[dialect]))
    yield user
    cut_all_connections(url)
    as_administrator(url, *(each.format(user=user) for each in DROP_USER[dialect]))


def change_password(url: str, user: str) -> None:
    as_administrator(url, NEW_PASSWORD[make_url(url).get_backend_name()].format(user=user))
    cut_all_connections(url)


def with_password(url: str, user: str, password: str) -> str:
    return make_url(url).set(username=user, password=password).render_as_string(hide_password=False)


def test_a_password_changed_in_mid_pass_ends_it_until_the_new_one_is_configured(
    url: str, user: str, open_archive: Open
) -> None:
    archive = open_archive(with_password(url, user, "first"), patience_s=0.5)
    result = run_into(archive, lambda: change_password(url, user))
    assert isinstance(result.error, StoreUnavailable | StoreRefused)
    assert "first" not in f"{result.error}{result.error.hint}"
    assert_the_next_pass_completes(open_archive(with_password(url, user, "second")))


def test_a_password_changed_in_mid_pass_and_where_it_is_looked_up_costs_nothing(
    url: str, user: str, open_archive: Open
) -> None:
    configured = ["first"]
    archive = open_archive(lambda: with_password(url, user, configured[0]))

    def change() -> None:
        configured[0] = "second"
        change_password(url, user)

    assert run_into(archive, change).outcome == "complete"
    assert_complete(open_archive(url))
