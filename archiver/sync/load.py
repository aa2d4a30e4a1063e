"""How busy this process is."""

import time
from collections.abc import Callable

_BUSY = 0.75
"""Of one core: Python code runs on no more than that, however many threads there are."""
_WINDOW_S = 0.02
"""The shortest time that says something."""


class Load:
    """The share of a core that the process has used lately, all its threads together."""

    def __init__(
        self, *, clock: Callable[[], float] = time.monotonic, cpu_clock: Callable[[], float] = time.process_time
    ) -> None:
        self._clock, self._cpu_clock = clock, cpu_clock
        self._since_s, self._since_cpu_s = clock(), cpu_clock()
        self._is_light = True

    def is_light(self) -> bool:
        """Whether another thread would find the interpreter free; light until there is something to go by."""
        now_s, now_cpu_s = self._clock(), self._cpu_clock()
        if now_s - self._since_s >= _WINDOW_S:
            self._is_light = (now_cpu_s - self._since_cpu_s) / (now_s - self._since_s) < _BUSY
            self._since_s, self._since_cpu_s = now_s, now_cpu_s
        return self._is_light
