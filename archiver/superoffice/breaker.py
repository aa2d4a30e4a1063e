"""A circuit breaker per source, shared by its threads: after repeated failures, one probe at a time.

Hundreds of calls into a source that is down help nobody, least of all the source. From the failure on that opens the
breaker, one call at a time is let through as a probe, at growing distances, until one is answered. Whether a pass is
given up is not decided here. The idea is Michael Nygard's (Release It!, "Circuit Breaker").
"""

import threading
import time
from collections.abc import Callable
from types import TracebackType

from archiver.errors import Interrupted, RateLimited, RetriableSourceError, SourceError

FAILURES = 10
"""So many attempts in a row, of any calls, open it: more than one chat session that fails for good makes alone."""
FIRST_DISTANCE_S = 1.0
LONGEST_DISTANCE_S = 5.0
"""Between two probes; each is twice as long as the one before. Kept short, since the probes may be of the few chat
sessions that fail for good, and then everybody waits for the next one."""
_LOOK_S = 0.1
"""How soon a waiting call notices that a probe was answered."""


class CircuitBreaker:
    """Closed while calls are answered; open after a row of failures."""

    def __init__(
        self,
        *,
        failures: int = FAILURES,
        longest_distance_s: float = LONGEST_DISTANCE_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._failures_to_open, self._longest_distance_s, self._clock = failures, longest_distance_s, clock
        self._lock = threading.Lock()
        self._failures = 0
        self._is_probing = False
        self._next_probe_at = 0.0

    @property
    def failures(self) -> int:
        """How many attempts failed since the last answer."""
        return self._failures

    @property
    def is_open(self) -> bool:
        return self._failures >= self._failures_to_open

    def attempt(self, stop: threading.Event, *, is_telling: bool = True) -> "_Attempt":
        """For a `with` block: wait until a call may be made; what the block raises says how it went.

        A RetriableSourceError is a failure, but for RateLimited, which says that the source is there and nothing of
        how it fares. Any other SourceError is an answer, if not the one hoped for.

        Args:
            is_telling: whether a failure says anything of the source.
        Raises: Interrupted.
        """
        return _Attempt(self, stop, is_telling)

    def begin(self, stop: threading.Event) -> bool:
        """Wait until a call may be made.

        Returns: whether it is a probe. Raises: Interrupted.
        """
        return self.is_open and self._wait(stop)

    def end(self, error: BaseException | None, *, is_probe: bool, is_telling: bool) -> None:
        """Note how the call went."""
        if error is None:
            self._note_answer()
        elif isinstance(error, RetriableSourceError):
            if not isinstance(error, RateLimited) and (is_telling or is_probe):
                self._note_failure()
        elif isinstance(error, SourceError):
            self._note_answer()
        if is_probe:
            self._is_probing = False

    def _wait(self, stop: threading.Event) -> bool:
        """Returns: whether the call is a probe."""
        while True:
            with self._lock:
                if not self.is_open:
                    return False
                wait_s = self._next_probe_at - self._clock()
                if wait_s <= 0 and not self._is_probing:
                    self._is_probing = True
                    return True
            if stop.wait(min(max(wait_s, 0.0), _LOOK_S) or _LOOK_S):
                raise Interrupted

    def _note_failure(self) -> None:
        with self._lock:
            self._failures += 1
            beyond = min(self._failures - self._failures_to_open, 32)
            if beyond >= 0:
                distance_s = min(FIRST_DISTANCE_S * 2**beyond, self._longest_distance_s)
                self._next_probe_at = self._clock() + distance_s

    def _note_answer(self) -> None:
        if self._failures:
            with self._lock:
                self._failures = 0


class _Attempt:
    """A class, since a generator would cost each call more than all else that is done here."""

    __slots__ = ("_breaker", "_is_probe", "_is_telling", "_stop")

    def __init__(self, breaker: CircuitBreaker, stop: threading.Event, is_telling: bool) -> None:
        self._breaker, self._stop, self._is_telling = breaker, stop, is_telling

    def __enter__(self) -> None:
        self._is_probe = self._breaker.begin(self._stop)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        self._breaker.end(error, is_probe=self._is_probe, is_telling=self._is_telling)
