"""One's turn at a source: waited for, taken and given back; one archiver a source."""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from functools import partial

from archiver.config.settings import SourceSettings
from archiver.errors import Interrupted, LeaseHeld, StoreError, StoreUnavailable
from archiver.store.database import Database
from archiver.store.lease import LEASE_LIFE, Lease, acquire_lease, forget_lease, release_lease
from archiver.store.sources import ensure_source

logger = logging.getLogger(__name__)

PATIENCE = LEASE_LIFE + timedelta(seconds=2)
"""How long to wait for another archiver: as long as a lease outlives a holder that died."""
_ASK_EVERY_S = 1.0


@contextmanager
def taking_turn(
    database: Database, source: SourceSettings, stop: threading.Event, patience: timedelta
) -> Iterator[Lease]:
    """Hold the source's lease within the block, and give it back however the block ends.

    After StoreUnavailable it is left to its end: a database that just failed would only take its time to fail again,
    and this process knows that it does not use the lease any more.

    Raises: what `wait_for_turn` raises.
    """
    lease = wait_for_turn(database, source, stop, patience)
    is_reachable = True
    try:
        yield lease
    except StoreUnavailable:
        is_reachable = False
        raise
    finally:
        forget_lease(lease)
        if is_reachable:
            with suppress(StoreError):
                database.write(partial(release_lease, lease=lease))


def wait_for_turn(database: Database, source: SourceSettings, stop: threading.Event, patience: timedelta) -> Lease:
    """Take the source's lease, waiting while another archiver has it.

    Raises: LeaseHeld when its holder keeps it beyond our patience; Interrupted; StoreError.
    """
    gives_up_at = time.monotonic() + patience.total_seconds()
    source_id = database.write(partial(ensure_source, name=source.name, base_url=source.base_url))
    is_told = False
    while True:
        try:
            return database.write(partial(acquire_lease, source_id=source_id))
        except LeaseHeld as held:
            if time.monotonic() >= gives_up_at:
                raise
            if not is_told:
                facts = {"event": "lease_wait", "source": source.name, "detail": str(held)}
                logger.warning("waiting for another archiver", extra=facts)
                is_told = True
        if stop.wait(_ASK_EVERY_S):
            raise Interrupted
