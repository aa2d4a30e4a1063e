"""What a tick of the schedule does: a pass for each source, and none for a while for one that refuses us."""

import logging
import threading
import time
from collections.abc import Callable, Sequence

from archiver.config.settings import SourceSettings
from archiver.errors import AuthenticationFailed
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
            rest_s = min(FIRST_REST_S * 2 ** (refusals - 1), LONGEST_REST_S)
            self._rests_until[result.source] = self._clock() + rest_s
            facts = {"event": "source_rests", "source": result.source, "wait_s": rest_s}
            logger.error("the source refuses our credentials and is left alone", extra=facts)
        else:
            self._refusals.pop(result.source, None)
        if result.outcome == "failed" and result.error:
            facts = {"event": "pass_failed", "source": result.source, "kind": result.error.kind}
            logger.error("the pass failed", extra={**facts, "detail": str(result.error), "hint": result.error.hint})
