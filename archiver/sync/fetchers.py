"""The threads that visit, and the bounded queue through which their visits reach the one writer."""

import queue
import threading
import time
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Generic, Self, TypeVar

from archiver.errors import Interrupted

T = TypeVar("T")
R = TypeVar("R")

QUEUED_PER_THREAD = 4
"""Results that may wait for the writer; enough to keep it busy, few enough to keep memory flat."""
LEAVE_S = 1.0
_POLL_S = 0.1
"""How soon a thread that waits for room in the queue notices that it shall leave."""


class Fetchers(Generic[T, R]):
    """Runs `fetch` over `work` in some threads; results come out of `get`, in no order.

    One thread begins and pauses after its first result; `widen` lets it and the others go on, once that result shows
    that they have something to gain.
    Whatever a thread raises is raised by `get`. Leaving the `with` block stops the threads; those that are in a
    call for longer than LEAVE_S are left behind, and end when it does.
    """

    def __init__(
        self,
        work: Iterator[T],
        fetch: Callable[[T, threading.Event], R],
        *,
        threads: int,
        name: str,
    ) -> None:
        self._work = work
        self._fetch = fetch
        self._work_lock = threading.Lock()
        self._results: queue.Queue[R | BaseException | None] = queue.Queue(threads * QUEUED_PER_THREAD)
        self._halt = threading.Event()
        self._may_go_on = threading.Event()
        self._is_abandoned = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, name=f"{name}-{number}", daemon=True) for number in range(threads)
        ]
        self._unstarted = list(self._threads)
        self._running = 0

    def __enter__(self) -> Self:
        self._start(1)
        return self

    def widen(self) -> None:
        """Let every thread work."""
        self._may_go_on.set()
        self._start(len(self._unstarted))

    def _start(self, count: int) -> None:
        for _ in range(count):
            thread = self._unstarted.pop()
            self._running += 1
            thread.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        self.halt()
        self._is_abandoned.set()
        ends_at = time.monotonic() + LEAVE_S
        for thread in self._threads:
            if thread not in self._unstarted:
                thread.join(max(ends_at - time.monotonic(), 0))

    def halt(self) -> None:
        """Ask the threads to leave after the call they are in; waits and pauses end at once."""
        self._halt.set()
        self._may_go_on.set()

    @property
    def are_done(self) -> bool:
        """True when every thread has left and every result was taken."""
        return self._running == 0

    def get(self, timeout_s: float) -> R | None:
        """The next result; None when none came in time or all are done."""
        try:
            result = self._results.get(timeout=timeout_s)
        except queue.Empty:
            return None
        if result is None:
            self._running -= 1
        elif isinstance(result, BaseException):
            raise result
        return result

    def _run(self) -> None:
        try:
            while (item := self._next()) is not None:
                self._put(self._fetch(item, self._halt))
                self._may_go_on.wait()
        except Interrupted:
            pass
        except BaseException as error:  # noqa: BLE001 - it is raised by get, in the writer's thread
            self._put(error)
        self._put(None)

    def _next(self) -> T | None:
        with self._work_lock:
            return None if self._halt.is_set() else next(self._work, None)

    def _put(self, result: R | BaseException | None) -> None:
        while True:
            try:
                return self._results.put(result, timeout=_POLL_S)
            except queue.Full:
                if self._is_abandoned.is_set():
                    return None
