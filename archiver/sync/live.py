"""`verify --live`: chosen chat sessions of one source read in full and compared with the archive.

It holds no lease and runs beside passes. So a difference counts only when a second reading, after all the first ones,
shows it too: what a pass was just storing, or what somebody was just writing, is none. All that it writes is its row
in `verification`.
"""

import logging
import threading
from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from random import SystemRandom

from sqlalchemy import Connection

from archiver.config.settings import SourceSettings
from archiver.errors import ArchiverError, Interrupted
from archiver.store.database import Database, database_now
from archiver.store.ledger import Failure, RunCounts
from archiver.store.schema import prove_current_revision
from archiver.store.sealing.log import load_head
from archiver.store.sources import load_source_id
from archiver.store.state import load_states
from archiver.store.verifying.holdings import load_known_ids
from archiver.store.verifying.results import Verification, save_verification
from archiver.store.verifying.scope import load_still_sealed_count
from archiver.store.verifying.tally import DayTallies
from archiver.superoffice.client import SuperOfficeClient
from archiver.sync.comparing import ChatSessionDifferences, Expected
from archiver.sync.fetchers import Fetchers
from archiver.sync.load import Load
from archiver.sync.order import PassOrder, Progress
from archiver.sync.outlook import Outlook
from archiver.sync.plan import PAGE, Due
from archiver.sync.readings import Compared, Reader
from archiver.sync.workers import Crew, WorkerPool

logger = logging.getLogger(__name__)

ALL = "all"
"""What a verification of everything is called."""
_POLL_S = 0.2
"""How soon a stop is noticed."""
_AHEAD = 1000
"""Chat sessions whose comparison may wait to be summed up."""
_CHANCE = SystemRandom()
"""For samples: nobody can know beforehand which chat sessions will be looked at."""


@dataclass(kw_only=True)
class LiveResult:
    """What came of the comparison of one source."""

    source: str
    source_id: int | None = None
    """None: nothing of it is archived."""
    scope: str = ""
    started_at: datetime | None = None
    finished_at: datetime | None = None
    """Aware UTC, by the database's clock; None: it did not come to its end."""
    chat_sessions: int = 0
    """Those that were compared, whole."""
    tallies: DayTallies = field(default_factory=DayTallies)
    expected: Counter[Expected] = field(default_factory=Counter)
    differing: list[ChatSessionDifferences] = field(default_factory=list)
    """Ascending by chat session."""
    failures: list[Failure] = field(default_factory=list)
    """The chat sessions that could not be compared, or not whole; ascending."""
    seal_head: str | None = None
    requests: int = 0
    error: ArchiverError | None = None
    """Why it did not come to its end."""

    @property
    def differences(self) -> int:
        return sum(each.count for each in self.differing)


def verify_live(
    database: Database,
    client: SuperOfficeClient,
    source: SourceSettings,
    order: PassOrder,
    pool: WorkerPool,
    stop: threading.Event,
    report: Callable[[Progress], None] = lambda _: None,
    *,
    sample: int | None = None,
    named: str = ALL,
) -> LiveResult:
    """Compare the chosen chat sessions that are known with the source, and note it in `verification`.

    Args:
        order: says which chat sessions; nothing else of it matters here.
        sample: compare so many of them, chosen at random among those with messages.
        named: how `verification` and the report call what was chosen.
    Returns: what came of it; whatever fails is in `error`, so that the next source has its turn.
    """
    result = LiveResult(source=source.name)
    try:
        with pool.join(stop) as crew:
            _Live(database, client, source, crew, stop, report, result).run(order, sample, named)
    except ArchiverError as failed:
        result.error = failed
    return result


class _Live:
    """The state of one comparison while it runs; used by the caller's thread alone, but for `_read`."""

    def __init__(
        self,
        database: Database,
        client: SuperOfficeClient,
        source: SourceSettings,
        crew: Crew,
        stop: threading.Event,
        report: Callable[[Progress], None],
        result: LiveResult,
    ) -> None:
        self._database, self._client, self._source, self._crew = database, client, source, crew
        self._stop, self._report, self.result = stop, report, result
        self._source_id = result.source_id = database.read(partial(_require_source, name=source.name))
        self._reader = Reader(database, client, self._source_id)
        self._outlook = Outlook()
        self._ids = array("q")
        self._differed: dict[int, ChatSessionDifferences] = {}
        """What the first reading found, of those that are to be read again."""
        self._failed: set[int] = set()
        """Those whose reading failed once, to be tried once more."""
        self._passed = self._messages = 0
        """Chat sessions and messages that are summed up."""
        self._requests_before = client.request_count

    def run(self, order: PassOrder, sample: int | None, named: str) -> None:
        result = self.result
        result.started_at = self._database.read(database_now)
        load = partial(load_known_ids, source_id=self._source_id, chosen=order.chosen)
        known = self._database.read(partial(load, with_messages=sample is not None))
        self._ids = _sampled(known, sample)
        result.scope = named
        if sample is not None:
            of_those = "" if named == ALL else f", of {named}"
            result.scope = f"a sample of {len(self._ids):,} of {len(known):,}{of_those}"
        again: Sequence[int] = self._ids
        while again:
            again = self._read_all(again)
        result.differing.sort(key=lambda each: each.chat_session_id)
        result.failures.sort(key=lambda each: each.chat_session_id or 0)
        result.requests = self._client.request_count - self._requests_before
        if result.failures:
            result.scope += f", but for {len(result.failures):,} that could not be compared whole"
        result.finished_at, result.seal_head = self._database.write(self._save)

    def _read_all(self, ids: Sequence[int]) -> list[int]:
        """Read and compare chat sessions. Returns: those to be read again, ascending."""
        again: list[int] = []
        with self._fetchers(ids) as fetchers:
            while not fetchers.are_done:
                if self._stop.is_set():
                    raise Interrupted
                for compared in fetchers.take(_POLL_S):
                    again += self._take(compared)
                self._tell()
                fetchers.widen()
        if self._stop.is_set():
            raise Interrupted
        self._outlook.check(is_last=True)
        return sorted(again)

    def _fetchers(self, ids: Sequence[int]) -> Fetchers[Due, Compared]:
        return Fetchers(
            self._dues(ids),
            self._read,
            crew=self._crew,
            most=self._source.limits.concurrency,
            name=self._source.name,
            ahead=_AHEAD,
            weigh=lambda _: 1,
            load=Load(),
        )

    def _dues(self, ids: Sequence[int]) -> Iterator[Due]:
        for page in _pages(ids):
            states = self._database.read(partial(load_states, source_id=self._source_id, ids=page))
            for key in page:
                if state := states.get(key):
                    is_second_try = key in self._failed
                    yield Due(chat_session_id=key, before=state, after=0, is_full=True, is_second_try=is_second_try)

    def _read(self, due: Due, halt: threading.Event) -> Iterator[Compared]:
        yield self._reader.read(due, self._differed.get(due.chat_session_id), halt)

    def _take(self, compared: Compared) -> list[int]:
        """Take in what a reading showed. Returns: the chat session, if it must be read again before that counts."""
        key = compared.due.chat_session_id
        self._weigh_up(compared)
        if compared.error:
            if key not in self._failed:
                self._failed.add(key)
                return [key]
            self._note_failure(compared)
            return []
        found = compared.reading.differences
        if found.count and key not in self._differed:
            self._differed[key] = found
            return [key]
        self._sum_up(compared, found)
        return []

    def _sum_up(self, compared: Compared, found: ChatSessionDifferences) -> None:
        """Take in the last reading of a chat session."""
        result = self.result
        self._differed.pop(found.chat_session_id, None)
        self._messages += compared.reading.tallies.overall.there.count
        result.tallies.merge(compared.reading.tallies)
        result.expected.update(compared.reading.expected)
        if found.count:
            result.differing.append(found)
        if compared.failure:
            self._note_failure(compared)
        else:
            result.chat_sessions += 1
            self._passed += 1

    def _note_failure(self, compared: Compared) -> None:
        self._passed += 1
        self._differed.pop(compared.due.chat_session_id, None)
        if failure := compared.failure:
            self.result.failures.append(failure)
            facts = {"event": "compare_failed", "source": self._source.name, **vars(failure)}
            logger.warning("a chat session could not be compared", extra=facts)

    def _weigh_up(self, compared: Compared) -> None:
        """Tell a source that answers nobody from chat sessions that fail. Raises: SourceError; give it up."""
        self._outlook.note(compared.error, is_second_try=compared.due.is_second_try)
        while self._outlook.wants_bystander and not self._stop.is_set():
            bystander = _CHANCE.choice(self._ids)
            self._outlook.note_bystander(is_answered=self._client.is_answering(bystander, self._stop))
        self._outlook.check()

    def _tell(self) -> None:
        counts = RunCounts(messages_compared=self._messages)
        self._report(Progress(source=self._source.name, chosen=len(self._ids), passed=self._passed, counts=counts))

    def _save(self, connection: Connection) -> tuple[datetime, str | None]:
        prove_current_revision(connection)
        result, now = self.result, database_now(connection)
        head = load_head(connection, self._source_id)
        assert result.started_at
        verification = Verification(
            source_id=self._source_id,
            kind="live",
            started_at=result.started_at,
            finished_at=now,
            scope=result.scope,
            chat_sessions=result.chat_sessions,
            messages=result.tallies.overall.there.count,
            sealed=load_still_sealed_count(connection, self._source_id),
            differences=result.differences,
            seal_head=head.hash if head else None,
        )
        save_verification(connection, verification)
        return now, verification.seal_head


def _require_source(connection: Connection, name: str) -> int:
    source_id = load_source_id(connection, name)
    if source_id is None:
        raise ArchiverError("nothing is archived yet, so there is nothing to compare", hint="archiver backfill")
    return source_id


def _sampled(known: "array[int]", sample: int | None) -> "array[int]":
    if sample is None or sample >= len(known):
        return known
    return array("q", sorted(_CHANCE.sample(known, sample)))


def _pages(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    for at in range(0, len(ids), PAGE):
        yield ids[at : at + PAGE]
