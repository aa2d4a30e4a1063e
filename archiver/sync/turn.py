"""Waiting for one's turn: one archiver a source."""

import logging
import threading
import time
from datetime import timedelta

from archiver.config.settings import SourceSettings
from archiver.errors import Interrupted, LeaseHeld
from archiver.store.database import Database
from archiver.store.lease import Lease, acquire_lease
from archiver.store.sources import ensure_source

logger = logging.getLogger(__name__)

_ASK_EVERY_S = 1.0


def wait_for_turn(database: Database, source: SourceSettings, stop: threading.Event, patience: timedelta) -> Lease:
    """Take the source's lease, waiting while another archiver has it.

    Raises: LeaseHeld when its holder keeps it beyond our patience; Interrupted; StoreError.
    """
    gives_up_at = time.monotonic() + patience.total_seconds()
    with database.writing() as connection:
        source_id = ensure_source(connection, source.name, source.base_url)
    is_told = False
    while True:
        try:
            with database.writing() as connection:
                return acquire_lease(connection, source_id)
        except LeaseHeld as held:
            if time.monotonic() >= gives_up_at:
                raise
            if not is_told:
                facts = {"event": "lease_wait", "source": source.name, "detail": str(held)}
                logger.warning("waiting for another archiver", extra=facts)
                is_told = True
        if stop.wait(_ASK_EVERY_S):
            raise Interrupted
