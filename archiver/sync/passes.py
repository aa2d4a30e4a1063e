"""One pass: a walk over the due chat sessions of one source, and its row in the ledger.

Threads fetch, the caller's thread writes. Batches span chat sessions and are committed when they are large or a
second old, so a killed process loses at most what it had fetched within that second, and fetches it again.
"""

import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta

from archiver.config.settings import SourceSettings
from archiver.errors import ArchiverError, Interrupted, LeaseHeld, SourceError, StoreError
from archiver.ranges import IdRanges
from archiver.store.database import Database
from archiver.store.lease import LEASE_LIFE, RENEW_EVERY, Lease, acquire_lease, release_lease, renew_lease
from archiver.store.ledger import (
    Failure,
    Kind,
    Outcome,
    RunCounts,
    finish_run,
    load_cut_position,
    load_last_pass_start,
    resolve_pass_failures,
    save_failure,
    start_run,
)
from archiver.store.sources import ensure_source
from archiver.store.state import load_failing
from archiver.store.writer import Visit, save_batch
from archiver.superoffice.client import SuperOfficeClient
from archiver.sync.fetchers import Fetchers
from archiver.sync.outlook import Outlook
from archiver.sync.plan import Due, Moment, load_frontier, walk_due
from archiver.sync.visit import visit_chat_session
from archiver.sync.walk import Walk

logger = logging.getLogger(__name__)

BATCH_MESSAGES = 2000
BATCH_VISITS = 500
BATCH_AGE_S = 1.0
"""A batch is committed when it holds so many messages or visits, or is so old."""
STOP_GRACE_S = 10.0
"""How long a stop waits for the calls under way; what comes later is fetched again next time."""
_POLL_S = 0.2
"""How soon the writer notices a stop, an old batch or a lease to renew."""


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far a pass is, for whoever watches."""

    source: str
    chosen: int
    """Chat sessions in the walk; those that are not due are passed over."""
    passed: int
    """Of these, how many are behind us."""
    counts: RunCounts


@dataclass(frozen=True, kw_only=True)
class PassResult:
    """How a pass ended."""

    source: str
    outcome: Outcome
    counts: RunCounts = field(default_factory=RunCounts)
    error: ArchiverError | None = None
    """Why it failed, or was interrupted."""
    resumed_at: int = 0
    """For a backfill that goes on where one was cut: the chat session it was cut at."""
    run_id: int | None = None
    """None: it did not even begin."""


@dataclass(frozen=True, kw_only=True)
class PassOrder:
    """What a pass is asked to do."""

    kind: Kind
    chosen: IdRanges
    threads: int


def run_pass(
    database: Database,
    client: SuperOfficeClient,
    source: SourceSettings,
    order: PassOrder,
    stop: threading.Event,
    report: Callable[[Progress], None] = lambda _: None,
    lease_wait: timedelta = LEASE_LIFE + timedelta(seconds=2),
) -> PassResult:
    """Make one pass and note it in the ledger.

    Args:
        stop: commits what was fetched and ends the pass as interrupted.
        lease_wait: how long to wait for another archiver; by default as long as a lease outlives a holder that died.
    Returns: how it ended; whatever fails is in `error`, so that the next source has its turn.
    """
    try:
        lease = _acquire(database, source, stop, lease_wait)
    except Interrupted as error:
        return PassResult(source=source.name, outcome="interrupted", error=error)
    except ArchiverError as error:
        return PassResult(source=source.name, outcome="failed", error=error)
    try:
        return _Pass(database, client, source, order, lease, stop, report).run()
    except ArchiverError as error:  # the ledger itself could not be written
        return PassResult(source=source.name, outcome="failed", error=error)
    finally:
        with suppress(StoreError), database.writing() as connection:
            release_lease(connection, lease)


def _acquire(database: Database, source: SourceSettings, stop: threading.Event, lease_wait: timedelta) -> Lease:
    """Take the source's lease, waiting while another archiver has it.

    Raises: LeaseHeld when its holder is alive and keeps it; Interrupted.
    """
    gives_up_at = time.monotonic() + lease_wait.total_seconds()
    with database.writing() as connection:
        source_id = ensure_source(connection, source.name, source.base_url)
    has_said_so = False
    while True:
        try:
            with database.writing() as connection:
                return acquire_lease(connection, source_id)
        except LeaseHeld as held:
            if time.monotonic() >= gives_up_at:
                raise
            if not has_said_so:
                logger.warning(
                    "waiting for another archiver",
                    extra={"event": "lease_wait", "source": source.name, "detail": str(held)},
                )
                has_said_so = True
        if stop.wait(1.0):
            raise Interrupted


class _Pass:
    """The state of one pass while it runs; used by the writing thread alone."""

    def __init__(
        self,
        database: Database,
        client: SuperOfficeClient,
        source: SourceSettings,
        order: PassOrder,
        lease: Lease,
        stop: threading.Event,
        report: Callable[[Progress], None],
    ) -> None:
        self._database, self._client, self._source, self._order = database, client, source, order
        self._lease, self._stop, self._report = lease, stop, report
        self._counts = RunCounts()
        self._requests_before, self._retries_before = client.request_count, client.retry_count
        self._batch: list[Visit] = []
        self._batch_messages = 0
        self._batch_began_at = 0.0
        self._committed_at = time.monotonic()
        self._outlook = Outlook()
        self._begin()

    def _begin(self) -> None:
        """Open the ledger row and lay out the walk."""
        source_id, kind, chosen = self._lease.source_id, self._order.kind, self._order.chosen
        self._resumed_at = 0
        with self._database.writing() as connection:
            now = renew_lease(connection, self._lease)
            since = load_last_pass_start(connection, source_id)
            failing = IdRanges()
            if kind == "backfill" and (cut_at := load_cut_position(connection, source_id, chosen)):
                self._resumed_at = cut_at
                failing = IdRanges.of(*load_failing(connection, source_id, cut_at))
            self._run_id = start_run(connection, source_id, kind, chosen, now)
        walked = chosen.above(self._resumed_at)
        retried = IdRanges.of(*(key for key in failing if key in chosen))
        chosen = IdRanges.of(*retried.ranges, *walked.ranges)
        frontier = load_frontier(self._database, source_id, chosen) if kind == "incremental" else frozenset[int]()
        moment = Moment(kind=kind, now=now, since=since, frontier=frontier)
        self._chosen = len(chosen)
        self._walk = Walk(walk_due(self._database, source_id, chosen, moment), starts_above=self._resumed_at)
        self._log("pass_started", "a pass begins", chat_sessions=len(chosen))

    def run(self) -> PassResult:
        error: ArchiverError | None = None
        try:
            self._visit_all()
        except ArchiverError as failed:
            error = failed
            with suppress(StoreError):  # what was fetched before the failure, where the database still takes it
                self._flush()
        outcome = self._outcome(error)
        try:
            self._finish(outcome, error)
        except StoreError as failed:
            outcome, error = "failed", error or failed
        self._log("pass_finished", "a pass ended", outcome=outcome, **vars(self._counts))
        return PassResult(
            source=self._source.name,
            outcome=outcome,
            counts=self._counts,
            error=error,
            resumed_at=self._resumed_at,
            run_id=self._run_id,
        )

    def _finish(self, outcome: Outcome, error: ArchiverError | None) -> None:
        """Close the ledger row. Raises: LeaseLost when it has become another's to close; StoreError."""
        with self._database.writing() as connection:
            now = renew_lease(connection, self._lease)
            if outcome == "failed" and error:
                failure = Failure(chat_session_id=None, kind=error.kind, detail=str(error))
                save_failure(connection, self._lease.source_id, self._run_id, failure, now)
            elif outcome in ("complete", "partial"):
                resolve_pass_failures(connection, self._lease.source_id, now)
            finish_run(connection, self._run_id, outcome, error.kind if error else None, now)

    def _outcome(self, error: ArchiverError | None) -> Outcome:
        if isinstance(error, Interrupted):
            return "interrupted"
        if error:
            return "failed"
        return "partial" if self._counts.chat_sessions_failed else "complete"

    def _visit_all(self) -> None:
        def visit(due: Due, halt: threading.Event) -> tuple[Visit, SourceError | None]:
            return visit_chat_session(self._client, due, halt)

        with Fetchers(self._walk, visit, threads=self._order.threads, name=self._source.name) as fetchers:
            while not fetchers.are_done:
                if self._stop.is_set():
                    self._drain(fetchers)
                    raise Interrupted
                if result := fetchers.get(_POLL_S):
                    self._take(*result)
                self._flush_when_due()
        self._flush()
        if self._outlook.is_hopeless(is_last=True) and self._outlook.last_error:
            raise self._outlook.last_error

    def _drain(self, fetchers: Fetchers[Due, tuple[Visit, SourceError | None]]) -> None:
        """Commit what comes from the calls that are under way when a stop is asked for."""
        fetchers.halt()
        ends_at = time.monotonic() + STOP_GRACE_S
        while not fetchers.are_done and time.monotonic() < ends_at:
            if result := fetchers.get(_POLL_S):
                self._take(*result)
        self._flush()

    def _take(self, visit: Visit, error: SourceError | None) -> None:
        self._counts.chat_sessions_visited += 1
        self._counts.chat_sessions_failed += visit.failure is not None
        if visit.has_news:
            if not self._batch:
                self._batch_began_at = time.monotonic()
            self._batch.append(visit)
            self._batch_messages += len(visit.messages)
        else:
            self._walk.done([visit.chat_session_id])
        self._tell()
        self._outlook.note(error)
        if error and self._outlook.is_hopeless():
            raise error

    def _flush_when_due(self) -> None:
        now = time.monotonic()
        is_full = self._batch_messages >= BATCH_MESSAGES or len(self._batch) >= BATCH_VISITS
        is_old = bool(self._batch) and now - self._batch_began_at >= BATCH_AGE_S
        if is_full or is_old or now - self._committed_at >= RENEW_EVERY.total_seconds():
            self._flush()

    def _flush(self) -> None:
        """Commit the batch, the counts and, with them, another life for the lease."""
        self._counts.requests = self._client.request_count - self._requests_before
        self._counts.retries = self._client.retry_count - self._retries_before
        ids = [visit.chat_session_id for visit in self._batch]
        self._counts = save_batch(
            self._database, self._lease, self._run_id, self._batch, self._counts, self._walk.mark(ids)
        )
        self._walk.done(ids)
        self._batch, self._batch_messages = [], 0
        self._committed_at = time.monotonic()
        self._tell()

    def _tell(self) -> None:
        counts = replace(self._counts)
        walk = self._walk
        self._report(Progress(source=self._source.name, chosen=self._chosen, passed=walk.passed, counts=counts))

    def _log(self, event: str, text: str, **facts: object) -> None:
        about = {"event": event, "source": self._source.name, "run_id": self._run_id, "kind": self._order.kind}
        logger.info(text, extra=about | facts)
