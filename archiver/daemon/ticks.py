"""What a tick of the schedule does: it hands in a pass for each source that is neither at work still nor at rest."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Self

from archiver.config.settings import SourceSettings
from archiver.daemon.rests import Rests
from archiver.errors import LeaseHeld
from archiver.sync.order import PassResult

logger = logging.getLogger(__name__)


class Ticks:
    """Makes the passes of each tick, a few at once; a tick waits for none of them.

    Leaving the `with` block waits for the passes under way, which end when a stop is asked for.
    """

    def __init__(
        self,
        sources: Sequence[SourceSettings],
        make_pass: Callable[[SourceSettings], PassResult],
        stop: threading.Event,
        *,
        at_once: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sources, self._make_pass, self._stop, self._clock = sources, make_pass, stop, clock
        self._passes = ThreadPoolExecutor(at_once, thread_name_prefix="pass")
        self._lock = threading.Condition()
        self._at_work: set[str] = set()
        """Handed in, and not ended yet."""
        self._rests = Rests()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        self._passes.shutdown(cancel_futures=True)

    def __call__(self) -> None:
        if self._stop.is_set():
            return
        with self._lock:
            still_at_work = len(self._at_work)
            ready = [source for source in self._sources if self._is_ready(source.name)]
        for source in ready:
            self._hand_in(source)
        if still_at_work:
            facts = {"event": "sources_passed_over", "count": still_at_work}
            logger.info("a tick passes over sources that are still at work or wait for a worker", extra=facts)

    def _hand_in(self, source: SourceSettings) -> None:
        with self._lock:
            self._at_work.add(source.name)
        try:
            self._passes.submit(self._work_on, source)
        except RuntimeError:  # the system has no thread left for us; the next tick tries again
            self._end(source)
            raise

    def _end(self, source: SourceSettings) -> None:
        with self._lock:
            self._at_work.discard(source.name)
            self._lock.notify_all()

    def wait(self, most: int = 0) -> None:
        """Until so many sources at most are at work or wait for a worker."""
        with self._lock:
            self._lock.wait_for(lambda: len(self._at_work) <= most)

    def _is_ready(self, source: str) -> bool:
        return source not in self._at_work and not self._rests.is_resting(source, self._clock())

    def _work_on(self, source: SourceSettings) -> None:
        try:
            if not self._stop.is_set():
                self._take_in(self._make_pass(source))
        except Exception as error:  # noqa: BLE001 - the others go on; its text may hold anything
            facts = {"event": "pass_broke", "source": source.name, "kind": type(error).__name__}
            logger.error("the pass broke off", extra=facts)
        finally:
            self._end(source)

    def _take_in(self, result: PassResult) -> None:
        if isinstance(result.error, LeaseHeld):
            facts = {"event": "source_taken", "source": result.source, "detail": str(result.error)}
            logger.info("another archiver has the source; a later tick asks again", extra=facts)
        elif result.outcome == "failed" and result.error:
            facts = {"event": "pass_failed", "source": result.source, "kind": result.error.kind}
            logger.error("the pass failed", extra={**facts, "detail": str(result.error), "hint": result.error.hint})
        with self._lock:
            rest_s = self._rests.note(result.source, result.error, self._clock())
        if rest_s:
            about = {"event": "source_rests", "source": result.source, "wait_s": round(rest_s)}
            logger.error("the source is left alone for a while", extra=about)
