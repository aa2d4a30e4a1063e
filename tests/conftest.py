"""Fixtures that all tests share: real databases, a simulated tenant, and an archive of it."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from sqlalchemy.engine import make_url

from archiver.sandbox import Sandbox
from archiver.store.database import Database
from tests import servers
from tests.database_report import DatabaseReport, note_missing, note_used
from tests.databases import DATABASES, MariaDB, PostgreSQL, Server, SQLite
from tests.other_dialects import compiling_for_others
from tests.selection import NAMED, choose_mariadb
from tests.support import Archive

# How long an example takes says more about the machine than about the code.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # a shell's background job, whose children would be deaf to it
    signal.signal(signal.SIGINT, signal.default_int_handler)
if threading.current_thread() is threading.main_thread():  # a run that is called off leaves no server behind
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(DatabaseReport(), "databases")


@pytest.fixture(autouse=True, scope="session")
def _others_could_say_it() -> Iterator[None]:
    with compiling_for_others():
        yield


@pytest.fixture(scope="session")
def own_postgresql() -> Iterator[PostgreSQL]:
    """A PostgreSQL that a test may stop and start again."""
    with servers.own_postgresql() as own:
        made = PostgreSQL(own.url, ", brought along", own)
        yield made
        made.close()


@pytest.fixture(scope="session")
def own_mariadb() -> Iterator[MariaDB]:
    """A MariaDB that a test may stop and start again."""
    binary = servers.find_program("mariadbd")
    if not binary:
        pytest.skip("there is no mariadbd to start (Debian: apt-get install mariadb-server)")
    with servers.own_mariadb(binary) as own:
        made = MariaDB(own.url, ", started for the tests", own)
        yield made
        made.close()


@pytest.fixture(scope="session")
def postgresql(request: pytest.FixtureRequest) -> Iterator[PostgreSQL]:
    """The named server, else the one that is brought along."""
    if not (named := os.environ.get(NAMED["postgresql"])):
        yield request.getfixturevalue("own_postgresql")
        return
    url = make_url(named).set(drivername="postgresql+psycopg")
    made = PostgreSQL(url, f" on {url.host}:{url.port or 5432}")
    yield made
    made.close()


@pytest.fixture(scope="session")
def mariadb(request: pytest.FixtureRequest) -> Iterator[MariaDB]:
    """The server that `choose_mariadb` tells of."""
    found = servers.find_program("mariadbd")
    choice = choose_mariadb(os.environ, is_usual_open=servers.is_mariadb_open(), binary=found)
    if choice.why_none:
        pytest.skip(choice.why_none)
    if not choice.url:
        yield request.getfixturevalue("own_mariadb")
        return
    url = make_url(choice.url).set(drivername="mysql+pymysql")
    made = MariaDB(url, f" on {url.host}:{url.port or 3306}")
    yield made
    made.close()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sqlite") / "template.db"


def server_of(request: pytest.FixtureRequest) -> Server:
    """What makes databases of the kind that the fixture is asked for; told of in the end."""
    kind: str = request.param
    if kind == "sqlite":
        template = request.getfixturevalue("sqlite_template")
        server: Server = SQLite(request.getfixturevalue("tmp_path"), template)
    else:
        server = running_server(request, kind)
    note_used(request.node, kind, server.name)
    return server


def running_server(request: pytest.FixtureRequest, fixture: str) -> PostgreSQL | MariaDB:
    """The server of that fixture; a test that is left out for want of it is told of in the end."""
    try:
        server: PostgreSQL | MariaDB = request.getfixturevalue(fixture)
    except pytest.skip.Exception as reason:
        note_missing(request.node, fixture.removeprefix("own_"), str(reason))
        raise
    return server


@pytest.fixture(params=DATABASES)
def empty_database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """A database without a schema, once for each kind."""
    server = server_of(request)
    url = server.create()
    yield url
    server.drop(url)


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """A migrated database, once for each kind."""
    server = server_of(request)
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
    server = running_server(request, request.param)
    url = server.create()
    made = Database(url)
    yield made
    made.close()
    server.drop(url)
