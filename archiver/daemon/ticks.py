"""What a tick of the schedule does: a pass for each source, and none for a while for one that does not want us."""

import logging
import threading
import time
from collections.abc import Callable, Sequence

from archiver.config.settings import SourceSettings
from archiver.errors import AuthenticationFailed, SourceOnHold
from archiver.sync.order import PassResult

logger = logging.getLogger(__name__)

FIRST_REST_S = 60.0
LONGEST_REST_S = 3600.0
"""How long a source is left alone that refused our credentials; twice as long each time, since some servers lock an
account that is tried too often."""


class Ticks:
    """Makes the passes of each tick, one source after the other."""

    def __init__(
        self,
        sources: Sequence[SourceSettings],
        make_pass: Callable[[SourceSettings], PassResult],
        stop: threading.Event,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sources, self._make_pass, self._stop, self._clock = sources, make_pass, stop, clock
        self._refusals: dict[str, int] = {}
        self._rests_until: dict[str, float] = {}

    def __call__(self) -> None:
        for source in self._sources:
            if self._stop.is_set():
                return
            if self._clock() >= self._rests_until.get(source.name, 0.0):
                self._take_in(self._make_pass(source))

    def _take_in(self, result: PassResult) -> None:
        if isinstance(result.error, AuthenticationFailed):
            refusals = self._refusals[result.source] = self._refusals.get(result.source, 0) + 1
            self._let_rest(result.source, min(FIRST_REST_S * 2 ** (refusals - 1), LONGEST_REST_S))
        else:
            self._refusals.pop(result.source, None)
        if isinstance(result.error, SourceOnHold) and result.error.retry_after_s:
            self._let_rest(result.source, result.error.retry_after_s)
        if result.outcome == "failed" and result.error:
            facts = {"event": "pass_failed", "source": result.source, "kind": result.error.kind}
            logger.error("the pass failed", extra={**facts, "detail": str(result.error), "hint": result.error.hint})

    def _let_rest(self, source: str, rest_s: float) -> None:
        self._rests_until[source] = self._clock() + rest_s
        facts = {"event": "source_rests", "source": source, "wait_s": round(rest_s)}
        logger.error("the source is left alone for a while", extra=facts)
