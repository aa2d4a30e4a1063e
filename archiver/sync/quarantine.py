"""Another try at what is in quarantine: first by today's code, then by reading the chat sessions whole."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial

from sqlalchemy import Connection

from archiver.config.settings import SourceSettings
from archiver.errors import ArchiverError, Interrupted, SourceError
from archiver.model import ChatMessage
from archiver.ranges import MAX_ID, IdRanges
from archiver.store.database import Database
from archiver.store.lease import Lease, renew_lease
from archiver.store.ledger import RunCounts, finish_run, start_run
from archiver.store.quarantine import QuarantineItem, load_items, load_payload
from archiver.store.resolving import save_replayed
from archiver.store.sources import load_source_id
from archiver.superoffice.client import SuperOfficeClient
from archiver.superoffice.decode import decode_quarantined
from archiver.sync.order import PassOrder, Progress
from archiver.sync.passes import run_pass
from archiver.sync.turn import PATIENCE, taking_turn
from archiver.sync.workers import WorkerPool

EVERY_ID = IdRanges(((1, MAX_ID),))
"""To choose the items of every chat session."""


@dataclass(frozen=True, kw_only=True)
class RetryResult:
    """What came of another try."""

    source: str
    replayed: int = 0
    """Items that today's code could read."""
    reread: int = 0
    """Items that a full visit resolved."""
    left: int = 0
    """Items that are still open, new ones included."""
    conflicts: int = 0
    """How many of these are conflicts, which no reading resolves."""
    error: ArchiverError | None = None
    """Why the source could not be asked."""


def retry_quarantine(
    database: Database,
    client: SuperOfficeClient,
    source: SourceSettings,
    order: PassOrder,
    pool: WorkerPool,
    stop: threading.Event,
    report: Callable[[Progress], None] = lambda _: None,
    patience: timedelta = PATIENCE,
) -> RetryResult:
    """Replay the open items of the chosen chat sessions, then visit in full those that still have some.

    Each of the two is a run of its own in the ledger, when there is something to do.

    Args:
        order: a reconcile of the chat sessions whose items are meant.
    Returns: what came of it; whatever fails is in `error`, so that the next source has its turn.
    Raises: StoreError when not even the quarantine can be read.
    """
    before = _load_open(database, source, order.chosen)
    error: ArchiverError | None = None
    try:
        _replay(database, source, [item for item in before if not item.is_conflict], stop, patience)
    except ArchiverError as failed:
        error = failed
    to_reread = _load_open(database, source, order.chosen)
    # Chat sessions that the configuration excludes are not asked for, whatever is kept of them.
    ids = IdRanges.of(*(item.chat_session_id for item in to_reread if not item.is_conflict))
    to_visit = ids.minus(source.sessions.exclude)
    if to_visit and not error:
        visits = replace(order, chosen=to_visit)
        error = run_pass(database, client, source, visits, pool, stop, report, patience).error
    left = _load_open(database, source, order.chosen)
    before_ids, reread_ids, left_ids = ({item.id for item in items} for items in (before, to_reread, left))
    return RetryResult(
        source=source.name,
        replayed=len(before_ids - reread_ids),
        reread=len(before_ids & reread_ids - left_ids),
        left=len(left),
        conflicts=sum(item.is_conflict for item in left),
        error=error,
    )


def _load_open(database: Database, source: SourceSettings, chosen: IdRanges) -> list[QuarantineItem]:
    with database.reading() as connection:
        source_id = load_source_id(connection, source.name)
        items = load_items(connection, source_id) if source_id is not None else []
    return [item for item in items if item.chat_session_id in chosen]


def _replay(
    database: Database,
    source: SourceSettings,
    items: list[QuarantineItem],
    stop: threading.Event,
    patience: timedelta,
) -> None:
    """Store what today's code can read of open items; asks the source nothing."""
    if not items:
        return
    with taking_turn(database, source, stop, patience) as lease:
        _replay_under(lease, database, items, stop)
    if stop.is_set():
        raise Interrupted


def _replay_under(lease: Lease, database: Database, items: list[QuarantineItem], stop: threading.Event) -> None:
    run_id, counts = 0, RunCounts()
    for item in items:  # one at a time: each may be as large as a reply
        if stop.is_set():
            break
        if messages := _read_again(database, item):
            run_id = run_id or _start(lease, database, items)
            save = partial(save_replayed, lease=lease, run_id=run_id, item=item, messages=messages, counts=counts)
            counts = database.write(save) or counts

    def finish(connection: Connection) -> None:
        now = renew_lease(connection, lease)
        finish_run(connection, run_id, "interrupted" if stop.is_set() else "complete", None, now)

    if run_id:  # else nothing could be read, and there is nothing to note
        database.write(finish)


def _start(lease: Lease, database: Database, items: list[QuarantineItem]) -> int:
    selection = IdRanges.of(*(item.chat_session_id for item in items))

    def start(connection: Connection) -> int:
        return start_run(connection, lease.source_id, "reconcile", selection, renew_lease(connection, lease))

    return database.write(start)


def _read_again(database: Database, item: QuarantineItem) -> list[ChatMessage]:
    """The messages that an item holds; none when anything in it is still unreadable."""
    with database.reading() as connection:
        payload = load_payload(connection, item.id)
    if payload is None:
        return []
    try:
        reply = decode_quarantined(payload, item.chat_session_id)
    except SourceError:
        return []
    return [] if reply.quarantined else reply.messages
