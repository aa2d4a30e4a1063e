"""A source in a migrated database, its lease held and a run open."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pytest

from archiver.config.settings import SettleSettings
from archiver.model import ChatMessage
from archiver.ranges import IdRanges
from archiver.store.database import Database
from archiver.store.lease import Lease, acquire_lease, renew_lease
from archiver.store.ledger import RunCounts, start_run
from archiver.store.sources import ensure_source
from archiver.store.state import load_states
from archiver.store.visit import Visit
from archiver.store.writer import save_batch


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
        return self.save_visits(visits)

    def save_visits(
        self, visits: Sequence[Visit], *, walked_to: int | None = None, settle: SettleSettings | None = None
    ) -> RunCounts:
        """Store a batch of visits in a transaction of its own."""
        lease, run_id, rules = self.lease, self.run_id, settle or SettleSettings()
        return self.database.write(lambda c: save_batch(c, lease, run_id, visits, RunCounts(), walked_to, rules))


def open_run_in(database: Database, name: str = "acme") -> OpenRun:
    with database.writing() as connection:
        lease = acquire_lease(connection, ensure_source(connection, name, "https://crm.example.com"))
        now = renew_lease(connection, lease)
        run_id = start_run(connection, lease.source_id, "incremental", IdRanges.of("1-10"), now)
    return OpenRun(database, lease, run_id)


@pytest.fixture
def open_run(database: Database) -> OpenRun:
    return open_run_in(database)


@pytest.fixture
def other_run(database: Database, open_run: OpenRun) -> Callable[[], OpenRun]:
    """Makes a run of another source in the same archive."""
    return lambda: open_run_in(database, "globex")
