"""One's turn at a source, or at several: waited for, taken and given back; one archiver a source."""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from functools import partial

from sqlalchemy import Connection

from archiver.config.settings import SourceSettings
from archiver.errors import Interrupted, LeaseHeld, StoreError, StoreUnavailable
from archiver.store.database import Database
from archiver.store.lease import LEASE_LIFE, Lease, acquire_lease, forget_lease, release_lease, renew_leases
from archiver.store.schema import prove_current_revision
from archiver.store.sources import ensure_source, load_source_id

logger = logging.getLogger(__name__)

PATIENCE = LEASE_LIFE + timedelta(seconds=2)
"""How long to wait for another archiver: as long as a lease outlives a holder that died."""
_ASK_EVERY_S = 1.0


class SharedPatience:
    """PATIENCE once for all turns of a long-running process: a lease of the dead that it began with is outlived then.

    Whoever has a lease later is alive, and waiting would only keep a worker from other sources.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._until = clock() + PATIENCE.total_seconds()

    @property
    def left(self) -> timedelta:
        return timedelta(seconds=max(self._until - self._clock(), 0))


@contextmanager
def taking_turn(
    database: Database, source: SourceSettings, stop: threading.Event, patience: timedelta
) -> Iterator[Lease]:
    """Hold the source's lease within the block; its row is made when there is none. Raises: as `holding_leases`.

    Who waited for the lease of an epoch that has ended meanwhile goes on to the newest one: nothing is written in an
    earlier epoch any more. As long as we hold the newest one's lease, no other begins.
    """
    while True:
        source_id = database.write(partial(_find_source, source=source))
        with holding_leases(database, {source_id: source.name}, stop, patience) as (lease,):
            if database.read(partial(load_source_id, name=source.name)) == source_id:
                yield lease
                return


@contextmanager
def holding_leases(
    database: Database,
    sources: Mapping[int, str],
    stop: threading.Event,
    patience: timedelta,
    meanwhile: Callable[[], None] = lambda: None,
    *,
    any_schema: bool = False,
) -> Iterator[list[Lease]]:
    """Hold the leases of sources, which are there, within the block, and give them back however the block ends.

    After StoreUnavailable they are left to their end: a database that just failed would only take its time to fail
    again, and this process knows that it does not use the leases any more.

    Args:
        sources: their names by their ids; taken in this order.
        patience: how long to wait for each of them.
        meanwhile: called about once a second of waiting; those that are held already are kept alive anyway.
        any_schema: for `migrate`, which takes the leases of an older schema.
    Raises: SchemaOutOfDate when the schema was changed under us; LeaseHeld when a holder keeps one beyond our
        patience; Interrupted; StoreError.
    """
    take = acquire_lease if any_schema else _acquire_if_current
    held: list[Lease] = []
    is_reachable = True
    try:
        for source_id, name in sources.items():
            keep = _keeping(database, held, meanwhile)
            held.append(
                _wait_for_lease(database, partial(take, source_id=source_id, name=name), name, stop, patience, keep)
            )
        yield held
    except StoreUnavailable:
        is_reachable = False
        raise
    finally:
        for lease in held:
            forget_lease(lease)
        if is_reachable and held:
            with suppress(StoreError):
                database.write(partial(_release_all, leases=held))


def _find_source(connection: Connection, source: SourceSettings) -> int:
    prove_current_revision(connection)
    return ensure_source(connection, source.name, source.base_url)


def _acquire_if_current(connection: Connection, source_id: int, name: str) -> Lease:
    """Take the lease; not when the schema was changed, as by the `migrate` that we may have waited for."""
    prove_current_revision(connection)
    return acquire_lease(connection, source_id, name)


def _keeping(database: Database, held: Sequence[Lease], meanwhile: Callable[[], None]) -> Callable[[], None]:
    def keep() -> None:
        if held:
            database.write(partial(renew_leases, leases=held))
        meanwhile()

    return keep


def _release_all(connection: Connection, leases: Sequence[Lease]) -> None:
    for lease in leases:
        release_lease(connection, lease)


def _wait_for_lease(
    database: Database,
    take: Callable[[Connection], Lease],
    name: str,
    stop: threading.Event,
    patience: timedelta,
    meanwhile: Callable[[], None],
) -> Lease:
    """Take a source's lease, waiting while another archiver has it."""
    gives_up_at = time.monotonic() + patience.total_seconds()
    is_told = False
    while True:
        try:
            return database.write(take)
        except LeaseHeld as held:
            if time.monotonic() >= gives_up_at:
                raise
            if not is_told:
                facts = {"event": "lease_wait", "source": name, "detail": str(held)}
                logger.warning("waiting for another archiver", extra=facts)
                is_told = True
        if stop.wait(_ASK_EVERY_S):
            raise Interrupted
        meanwhile()
