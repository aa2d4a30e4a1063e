"""Fixtures that all tests share: real databases, a simulated tenant, and an archive of it."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from archiver.sandbox import Sandbox
from archiver.store.database import Database
from tests.databases import DATABASES, NAMED_SERVER, PostgreSQL, migrate_at, postgresql_server
from tests.support import Archive

# How long an example takes says more about the machine than about the code.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


def pytest_report_header() -> str:
    server = "the server that is named" if os.environ.get(NAMED_SERVER) else "a server of the tests' own"
    return f"databases: SQLite files; PostgreSQL on {server} ({NAMED_SERVER} names one)"


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    with postgresql_server() as server:
        made = PostgreSQL(server)
        yield made
        made.close()


@pytest.fixture(params=DATABASES)
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database without a schema, once for each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'archive.db'}"
        return
    server: PostgreSQL = request.getfixturevalue("postgresql")
    url = server.create()
    yield url
    server.drop(url)


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A migrated database, once for each kind."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'archive.db'}"
        migrate_at(url)
        yield url
        return
    server: PostgreSQL = request.getfixturevalue("postgresql")
    url = server.create(migrated=True)
    yield url
    server.drop(url)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    made = Database(database_url)
    yield made
    made.close()


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A simulated tenant without any chat session."""
    with Sandbox.empty() as running:
        yield running


@pytest.fixture
def archive(database: Database, sandbox: Sandbox, tmp_path: Path) -> Iterator[Archive]:
    """An archive of the sandbox: makes passes and reads rows."""
    with Archive(database, sandbox, tmp_path) as made:
        yield made


@pytest.fixture
def chat(sandbox: Sandbox) -> Callable[..., int]:
    """Opens a chat session with some messages and returns its id."""

    def open_chat(*texts: str) -> int:
        chat_session_id = sandbox.tenant.open_chat_session()
        for number, text in enumerate(texts):
            sandbox.tenant.post(
                chat_session_id, type="ToCustomer" if number % 2 else "ToUser", message=text, author="Kim"
            )
        return chat_session_id

    return open_chat


@pytest.fixture(params=DATABASES)
def other_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A second database, without a schema, once for each kind."""
    if request.param == "sqlite":
        made = Database(f"sqlite:///{tmp_path / 'other.db'}")
        yield made
        made.close()
        return
    server = request.getfixturevalue(request.param)
    url = server.create()
    made = Database(url)
    yield made
    made.close()
    server.drop(url)
