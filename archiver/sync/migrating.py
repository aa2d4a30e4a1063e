"""`migrate` beside running passes: the schema of an archive changes while nobody writes it."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from functools import partial

from sqlalchemy import Connection

from archiver.errors import LeaseHeld, StoreError
from archiver.store.database import Database
from archiver.store.lease import RENEW_EVERY, Lease, renew_leases
from archiver.store.schema import CURRENT_REVISION, load_revision, migrate
from archiver.store.sources import load_source_names
from archiver.sync.turn import PATIENCE, holding_leases


def migrate_in_turn(
    database: Database, stop: threading.Event, patience: timedelta = PATIENCE
) -> tuple[str | None, str]:
    """Bring the schema up to date; where that changes an archive, under the lease of every source.

    Returns: (the revision before, the revision now).
    Raises: LeaseHeld when a pass is at work beyond our patience; Interrupted; SchemaOutOfDate; StoreError.
    """
    if load_revision(database) in (None, CURRENT_REVISION):
        return migrate(database)
    with database.reading() as connection:
        sources = load_source_names(connection)
    with (
        holding_leases(database, sources, stop, patience, any_schema=True) as leases,
        _keeping_alive(database, leases),
    ):
        return migrate(database, partial(_prove_alone, leases=leases))


def _prove_alone(connection: Connection, leases: Sequence[Lease]) -> None:
    """Raises: LeaseLost; LeaseHeld when a source was added while we waited for the others."""
    renew_leases(connection, leases)
    if load_source_names(connection).keys() != {lease.source_id for lease in leases}:
        raise LeaseHeld("a source was added meanwhile", hint="run archiver migrate again")


@contextmanager
def _keeping_alive(database: Database, leases: Sequence[Lease]) -> Iterator[None]:
    """Renew leases while the block works, where its statements commit one by one.

    Elsewhere its transaction has renewed them, and keeps their rows locked until it ends.
    """
    if database.has_transactional_ddl or not leases:
        yield
        return
    done = threading.Event()

    def renew() -> None:
        while not done.wait(RENEW_EVERY.total_seconds()):
            with suppress(StoreError):  # a pass that takes over finds another schema and ends
                database.write(partial(renew_leases, leases=leases))

    thread = threading.Thread(target=renew, name="leases", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
