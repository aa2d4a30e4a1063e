"""A source in a migrated database, its lease held and a run open."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from sqlalchemy import ClauseElement, Dialect, Engine, event
from sqlalchemy.dialects import mssql, oracle
from sqlalchemy.exc import CompileError
from sqlalchemy.sql.util import find_tables

from archiver.model import ChatMessage
from archiver.ranges import IdRanges
from archiver.store import tables
from archiver.store.database import Database
from archiver.store.lease import Lease, acquire_lease, renew_lease
from archiver.store.ledger import RunCounts, start_run
from archiver.store.sources import ensure_source
from archiver.store.state import load_states
from archiver.store.visit import Visit
from archiver.store.writer import save_batch

OTHERS: tuple[Dialect, ...] = (mssql.dialect(), oracle.dialect())  # type: ignore[no-untyped-call]
OURS = set(tables.metadata.tables.values())


@dataclass(frozen=True)
class OpenRun:
    database: Database
    lease: Lease
    run_id: int

    def save(self, *messages: ChatMessage) -> RunCounts:
        """Store messages as one visit to each chat session they name."""
        ids = sorted({message.chat_session_id for message in messages})
        with self.database.reading() as connection:
            states = load_states(connection, self.lease.source_id, ids)
        visits = [
            Visit(
                chat_session_id=key,
                before=states.get(key),
                messages=[message for message in messages if message.chat_session_id == key],
            )
            for key in ids
        ]
        return self.database.write(lambda c: save_batch(c, self.lease, self.run_id, visits, RunCounts(), None))


def open_run_in(database: Database, name: str = "acme") -> OpenRun:
    with database.writing() as connection:
        lease = acquire_lease(connection, ensure_source(connection, name, "https://crm.example.com"))
        now = renew_lease(connection, lease)
        run_id = start_run(connection, lease.source_id, "incremental", IdRanges.of("1-10"), now)
    return OpenRun(database, lease, run_id)


@pytest.fixture(params=[False, True], ids=["", "plain"])
def database(database_url: str, request: pytest.FixtureRequest) -> Iterator[Database]:
    """A migrated database, as it is and with the plain path forced, which is what any other dialect gets."""
    made = Database(database_url, plain=request.param)
    yield made
    made.close()


@pytest.fixture(autouse=True, scope="session")
def _compiled_for_others() -> Iterator[None]:
    """Every statement that these tests execute compiles for the databases that no test has a server of."""

    def compile_for_others(_connection: object, statement: object, *_: object) -> None:
        if isinstance(statement, ClauseElement) and set(find_tables(statement)) & OURS:
            for dialect in OTHERS:
                try:
                    statement.compile(dialect=dialect)
                except CompileError:
                    raise AssertionError(f"{dialect.name} can't say: {statement}") from None

    event.listen(Engine, "before_execute", compile_for_others)
    yield
    event.remove(Engine, "before_execute", compile_for_others)


@pytest.fixture
def open_run(database: Database) -> OpenRun:
    return open_run_in(database)


@pytest.fixture
def other_run(database: Database, open_run: OpenRun) -> Callable[[], OpenRun]:
    """Makes a run of another source in the same archive."""
    return lambda: open_run_in(database, "globex")
