"""One pass: a walk over the due chat sessions of one source, and its row in the ledger.

Threads fetch, the caller's thread writes; batches span chat sessions (keeping.py).
"""

import logging
import random
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial

from archiver.config.settings import SourceSettings
from archiver.errors import (
    ArchiverError,
    DecisionNeeded,
    Interrupted,
    SourceError,
    SourceUnavailable,
    StoreError,
    StoreUnavailable,
)
from archiver.store.database import Database
from archiver.store.ledger import Outcome
from archiver.store.state import load_sound
from archiver.store.visit import Visit
from archiver.superoffice.client import SuperOfficeClient
from archiver.sync.batch import AHEAD, weight
from archiver.sync.canary import CanaryWatch
from archiver.sync.doubts import Doubts
from archiver.sync.fetchers import Fetchers
from archiver.sync.guard import still_asking
from archiver.sync.keeping import Keeper
from archiver.sync.load import Load
from archiver.sync.opening import OpenedPass, open_pass, require_archived
from archiver.sync.order import PassOrder, PassResult, Progress
from archiver.sync.plan import Due
from archiver.sync.turn import PATIENCE, taking_turn
from archiver.sync.visit import visit_chat_session
from archiver.sync.workers import Crew, WorkerPool

logger = logging.getLogger(__name__)

Visited = tuple[Due, Visit | None, SourceError | None]
"""None in place of a visit: it was a bystander."""

STOP_GRACE_S = 10.0
"""How long a stop waits for the calls under way; what comes later is fetched again next time."""
_POLL_S = 0.2
"""How soon the writer notices a stop, an old batch or a lease to renew."""


def run_pass(
    database: Database,
    client: SuperOfficeClient,
    source: SourceSettings,
    order: PassOrder,
    pool: WorkerPool,
    stop: threading.Event,
    report: Callable[[Progress], None] = lambda _: None,
    patience: timedelta = PATIENCE,
) -> PassResult:
    """Make one pass and note it in the ledger.

    Args:
        pool: gives the threads that fetch, up to the source's `limits.concurrency`; waited for.
        stop: commits what was fetched and ends the pass as interrupted.
        patience: how long to wait for another archiver; see PATIENCE.
    Returns: how it ended; whatever fails is in `error`, so that the next source has its turn.
    """
    result: PassResult | None = None
    try:
        if order.is_dry:
            require_archived(database, source)
        with pool.join(stop) as crew, taking_turn(database, source, stop, patience) as lease:
            result = _Pass(
                database, client, source, order, open_pass(database, lease, order), crew, stop, report
            ).run()
            if isinstance(result.error, StoreUnavailable):
                raise result.error  # the turn then ends without asking the database again
    except Interrupted as stopped:
        return PassResult(source=source.name, outcome="interrupted", error=stopped)
    except ArchiverError as failed:  # the ledger itself could not be written, or it is told by the result
        return result or PassResult(source=source.name, outcome="failed", error=failed)
    return result


class _Pass:
    """The state of one pass while it runs; used by the writing thread alone, but for `_visit`."""

    def __init__(
        self,
        database: Database,
        client: SuperOfficeClient,
        source: SourceSettings,
        order: PassOrder,
        opened: OpenedPass,
        crew: Crew,
        stop: threading.Event,
        report: Callable[[Progress], None],
    ) -> None:
        self._database, self._client, self._source, self._order = database, client, source, order
        self._lease, self._run_id, self._route, self._walk = opened.lease, opened.run_id, opened.route, opened.walk
        self._is_asking = opened.is_asking
        self._crew, self._stop, self._report = crew, stop, report
        self._keeper = Keeper(database, client, source.name, opened, order)
        self._canary = CanaryWatch(database, client, source, order, opened, stop)
        self._doubts = Doubts(self._walk, self._find_bystander)
        self._log("pass_started", "a pass begins", logging.DEBUG, chat_sessions=len(opened.route.first))

    def run(self) -> PassResult:
        error: ArchiverError | None = None
        try:
            self._route.met.update(self._canary.look())
            self._visit_all()
            if self._is_asking:
                raise still_asking()
        # A database that just failed is not waited for again, and what a person has to look at first is not stored.
        except (StoreError, DecisionNeeded) as failed:
            error = failed
        except ArchiverError as failed:
            error = failed
            try:
                self._keeper.commit_the_rest()  # what was fetched before
            except DecisionNeeded as asked:
                error = asked
            except StoreError:
                pass
        self._canary.tell_of_shifts()
        outcome = self._outcome(error)
        try:
            # After StoreUnavailable there is no use in it; the next pass marks the row as abandoned.
            if not isinstance(error, StoreUnavailable):
                self._keeper.close(outcome, error)
        except StoreError as failed:
            outcome, error = "failed", error or failed
        self._log("pass_finished", "a pass ended", outcome=outcome, **vars(self._keeper.counts))
        return PassResult(
            source=self._source.name,
            outcome=outcome,
            counts=self._keeper.counts,
            error=error,
            resumed_at=self._route.resumed_at,
            run_id=self._run_id,
        )

    def _outcome(self, error: ArchiverError | None) -> Outcome:
        if isinstance(error, Interrupted):
            return "interrupted"
        if error:
            return "failed"
        return "partial" if self._keeper.counts.chat_sessions_failed or self._route.postponed else "complete"

    def _visit_all(self) -> None:
        self._visit_what_is_left()
        self._doubts.check(is_last=True)
        self._clear_doubts()
        self._visit_what_is_left()  # those that are tried again, and no thread was left to take them
        self._clear_doubts()
        self._keeper.commit_the_rest()
        self._canary.look_into_conflicts()

    def _clear_doubts(self) -> None:
        for visit in self._doubts.clear():
            self._keeper.keep(visit)

    def _find_bystander(self) -> int:
        """A chat session that answered in an earlier pass; any that is chosen where there is none."""
        sound = self._database.read(partial(load_sound, source_id=self._lease.source_id))
        first, last = random.choice(self._order.chosen.ranges)  # noqa: S311 - guards nothing
        return random.choice(sound) if sound else random.randint(first, last)  # noqa: S311

    def _visit(self, due: Due, halt: threading.Event) -> Iterator[Visited]:
        if due.is_bystander:
            is_answering = self._client.is_answering(due.chat_session_id, halt)
            yield due, None, None if is_answering else SourceUnavailable()
            return
        for visit, error in visit_chat_session(self._client, due, halt):
            yield due, visit, error

    def _fetchers(self) -> Fetchers[Due, Visited]:
        return Fetchers(
            self._walk,
            self._visit,
            crew=self._crew,
            most=self._source.limits.concurrency,
            name=self._source.name,
            ahead=AHEAD,
            weigh=lambda visited: weight(visited[1]),
            load=Load(),
        )

    def _visit_what_is_left(self) -> None:
        with self._fetchers() as fetchers:
            while not fetchers.are_done:
                if self._stop.is_set():
                    self._drain(fetchers)
                    raise Interrupted
                for visited in fetchers.take(_POLL_S):
                    self._take(*visited)
                    self._doubts.check()
                self._tell()
                fetchers.widen()
                self._keeper.commit_if_due()
                self._canary.look_into_conflicts()

    def _drain(self, fetchers: Fetchers[Due, Visited]) -> None:
        """Commit what comes from the calls that are under way when a stop is asked for."""
        fetchers.halt()
        ends_at = time.monotonic() + STOP_GRACE_S
        while not fetchers.are_done and time.monotonic() < ends_at:
            for visited in fetchers.take(_POLL_S):
                self._take(*visited)
        self._keeper.commit_the_rest()

    def _take(self, due: Due, visit: Visit | None, error: SourceError | None) -> None:
        if visit is None:
            certain = self._doubts.take_bystander(is_answered=error is None)
        else:
            certain = self._doubts.take(due, visit, error)
        for each in certain:
            self._keeper.keep(each)

    def _tell(self) -> None:
        counts = replace(self._keeper.counts)
        walk = self._walk
        self._report(Progress(source=self._source.name, chosen=len(self._route), passed=walk.passed, counts=counts))

    def _log(self, event: str, text: str, level: int = logging.INFO, /, **facts: object) -> None:
        about = {"event": event, "source": self._source.name, "run_id": self._run_id, "kind": self._order.kind}
        logger.log(level, text, extra=about | facts)
