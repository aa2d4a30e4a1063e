"""A token bucket per source, shared by its threads."""

import threading
import time
from collections.abc import Callable


class TokenBucket:
    """Lets through `rate` calls a second, and after a quiet time up to a second's worth at once.

    Kept as the one instant at which the next call is due (the "virtual scheduling" form of the leaky bucket, ITU-T
    I.371): it needs no refilling thread.
    """

    def __init__(self, rate: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        """`rate`: calls a second; 0 means no limit."""
        self._interval_s = 1 / rate if rate else 0.0
        self._burst_s = max(1.0 - self._interval_s, 0.0) if rate else 0.0
        self._clock = clock
        self._lock = threading.Lock()
        self._due_at = 0.0
        self._held_until = 0.0

    @property
    def is_free(self) -> bool:
        """Whether nobody has to wait, or to be counted."""
        return not self._interval_s and self._held_until <= self._clock()

    def take(self) -> float:
        """Reserve a call; returns the seconds to wait before making it."""
        with self._lock:
            now = self._clock()
            starts_at = max(now, self._due_at - self._burst_s, self._held_until)
            self._due_at = max(self._due_at, starts_at) + self._interval_s
            return starts_at - now

    def held_for(self) -> float:
        """Seconds for which the bucket lets nothing through; 0 or less when it does."""
        with self._lock:
            return self._held_until - self._clock()

    def hold(self, seconds: float) -> None:
        """Let nothing through for so long: the source asked everybody to wait."""
        with self._lock:
            self._held_until = max(self._held_until, self._clock() + seconds)
