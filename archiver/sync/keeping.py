"""What a pass brings, committed batch by batch: rows, cursors, the pass's counts and another life for its lease."""

import logging
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from sqlalchemy import Connection

from archiver.errors import ArchiverError
from archiver.store.database import Database
from archiver.store.lease import RENEW_EVERY, renew_lease
from archiver.store.ledger import (
    Failure,
    Outcome,
    RunCounts,
    finish_run,
    resolve_pass_failures,
    save_failure,
    update_run,
)
from archiver.store.noticed import note_times
from archiver.store.visit import Visit
from archiver.store.writer import save_batch
from archiver.superoffice.client import SuperOfficeClient
from archiver.sync.batch import Batch
from archiver.sync.guard import SUSPICIOUS, check_changes
from archiver.sync.opening import OpenedPass
from archiver.sync.order import PassOrder

logger = logging.getLogger(__name__)


class Keeper:
    """The writing side of one pass; used by the writing thread alone."""

    def __init__(
        self, database: Database, client: SuperOfficeClient, source: str, opened: OpenedPass, order: PassOrder
    ) -> None:
        """Of a dry run: count what would be written, and write nothing but the lease."""
        self._database, self._client, self._source, self._order = database, client, source, order
        self._lease, self._run_id, self._walk = opened.lease, opened.run_id, opened.walk
        self._noticed = opened.noticed
        self._requests_before, self._retries_before = client.request_count, client.retry_count
        self._batch = Batch()
        self._cut_short: set[int] = set()
        """Chat sessions whose visit goes on though a part of it could not be stored whole."""
        self._with_news: set[int] = set()
        """Chat sessions whose visit goes on, and a part of it brought something to store."""
        self._committed_at = time.monotonic()
        self.counts = RunCounts()

    def keep(self, visit: Visit) -> None:
        """Take in a visit, to be committed with its batch."""
        if visit.goes_on or visit.chat_session_id in self._cut_short:
            self._keep_part(visit)
            return
        if visit.chat_session_id in self._with_news:
            self._with_news.remove(visit.chat_session_id)
            visit = replace(visit, found_before=True)
        self.counts.chat_sessions_visited += 1
        if failure := visit.failure:
            self.counts.chat_sessions_failed += 1
            facts = {"event": "visit_failed", "source": self._source, "chat_session_id": visit.chat_session_id}
            logger.warning("a chat session failed", extra={**facts, "kind": failure.kind, "detail": failure.detail})
        if visit.has_news:
            if self._may_ask_about(visit) and not all(map(self._may_ask_about, self._batch.visits)):
                self._commit()  # what is new does not wait for an answer
            self._batch.add(visit)
        else:
            self._walk.done([visit.chat_session_id])

    def _may_ask_about(self, visit: Visit) -> bool:
        """Whether it read again what was archived, which the guard may ask about, beside what is new."""
        return self._order.kind == "incremental" and visit.is_whole

    def _keep_part(self, part: Visit) -> None:
        """Commit a part by itself; when it fails, drop those after it: no cursor passes what is not stored."""
        if part.chat_session_id not in self._cut_short:
            self._commit()
            before = self.counts
            self._batch.add(part)
            self._commit()
            if self.counts.chat_sessions_failed > before.chat_sessions_failed:
                self._cut_short.add(part.chat_session_id)
            if _stored(self.counts) > _stored(before):
                self._with_news.add(part.chat_session_id)
        elif not part.goes_on:
            self._cut_short.remove(part.chat_session_id)
            self.counts.chat_sessions_visited += 1
            self._walk.done([part.chat_session_id])

    def commit_if_due(self) -> None:
        """Commit a batch that is large or waits for long, and renew the lease in time."""
        if self._batch.is_due or time.monotonic() - self._committed_at >= RENEW_EVERY.total_seconds():
            self._commit()

    def _commit(self) -> None:
        """Commit the batch, the counts and, with them, another life for the lease.

        Raises: SuspiciousChanges, and nothing is committed.
        """
        visits = self._batch.visits
        ids = [visit.chat_session_id for visit in visits if not visit.goes_on]
        save = partial(
            save_batch,
            lease=self._lease,
            run_id=self._run_id,
            visits=visits,
            counts=self._count_calls(),
            walked_to=self._walk.mark(ids),
            settle=self._order.settle,
            noticed=self._noticed,
        )
        if self._order.is_dry:
            self._database.write(partial(renew_lease, lease=self._lease))
            self.counts = self._database.rehearse(save)
        else:
            self.counts = self._database.write(partial(self._guarded, save))
        self._walk.done(ids)
        self._batch.clear()
        self._committed_at = time.monotonic()

    def _guarded(self, save: Callable[[Connection], RunCounts], connection: Connection) -> RunCounts:
        counts = save(connection)
        if not self._order.is_accepted:
            check_changes(counts, self._order.settle)
        return counts

    def commit_the_rest(self) -> None:
        if self._batch.visits:
            self._commit()

    def close(self, outcome: Outcome, error: ArchiverError | None) -> None:
        """Close the ledger row. Raises: LeaseLost when it has become another's to close; StoreError."""
        source_id, counts = self._lease.source_id, self._count_calls()

        def finish(connection: Connection) -> None:
            now = renew_lease(connection, self._lease)
            why = None
            if outcome == "failed" and error:
                why = error.kind
                failure = Failure(chat_session_id=None, kind=why, detail=str(error))
                save_failure(connection, source_id, self._run_id, failure, now)
            elif outcome in ("complete", "partial"):
                resolve_pass_failures(connection, source_id, now, but=() if self._is_an_answer else (SUSPICIOUS,))
            note_times(connection, source_id, self._run_id, self._noticed, now)
            if not self._batch.visits:  # what could not be committed does not count
                update_run(connection, self._run_id, counts, self._walk.mark())
            finish_run(connection, self._run_id, outcome, why, now)

        if not self._order.is_dry:
            self._database.write(finish)

    @property
    def _is_an_answer(self) -> bool:
        """Whether a pass that went through answers one that has stopped and asked."""
        return self._order.is_accepted or (self._order.kind == "reconcile" and self._order.covers_all)

    def _count_calls(self) -> RunCounts:
        self.counts.requests = self._client.request_count - self._requests_before
        self.counts.retries = self._client.retry_count - self._retries_before
        return replace(self.counts)


def _stored(counts: RunCounts) -> int:
    return counts.messages_added + counts.messages_changed
