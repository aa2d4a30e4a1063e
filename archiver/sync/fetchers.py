"""The threads that visit, and the bounded queue through which their visits reach the one writer."""

import queue
import threading
import time
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Generic, Self, TypeVar

from archiver.errors import Interrupted
from archiver.sync.workers import Crew

T = TypeVar("T")
R = TypeVar("R")

QUEUED_PER_THREAD = 4
"""Results that may wait for the writer; enough to keep it busy, few enough to keep memory flat."""
LEAVE_S = 1.0
_POLL_S = 0.1
"""How soon a thread that waits for room in the queue notices that it shall leave."""


class Fetchers(Generic[T, R]):
    """Runs `fetch` over `work` in some threads; results come out of `get`, in no order.

    One thread begins and pauses after its first result: wrong credentials are to be tried once, not once a thread.
    After that `widen` lets it go on and others begin, as many as the pool has permits for; a thread leaves between
    two pieces of work when another pass waits for its permit.
    Whatever a thread raises is raised by `get`. Leaving the `with` block stops the threads; those that are in a
    call for longer than LEAVE_S are left behind, and end when it does.
    """

    def __init__(
        self,
        work: Iterator[T],
        fetch: Callable[[T, threading.Event], R],
        *,
        crew: Crew,
        most: int,
        name: str,
    ) -> None:
        """`most`: threads at once, whatever the pool has free."""
        self._work, self._fetch, self._crew, self._most, self._name = work, fetch, crew, most, name
        self._work_lock = threading.Lock()
        self._is_exhausted = False
        self._results: queue.Queue[R | BaseException | None] = queue.Queue(most * QUEUED_PER_THREAD)
        self._halt = threading.Event()
        self._may_go_on = threading.Event()
        self._is_abandoned = threading.Event()
        self._threads: set[threading.Thread] = set()
        self._has_result = False
        self._begun = 0
        self._running = 0

    def __enter__(self) -> Self:
        self._begin_thread()
        return self

    def widen(self) -> None:
        """Use the permits that are free now, once the first result was taken; to be called again and again."""
        if not self._has_result or self._halt.is_set():
            return
        self._may_go_on.set()
        while self._running < self._most and not self._is_exhausted and self._begin_thread():
            pass

    def _begin_thread(self) -> bool:
        if not self._crew.add_thread():
            return False
        thread = threading.Thread(target=self._run, name=f"{self._name}-{self._begun + 1}", daemon=True)
        try:
            thread.start()
        except RuntimeError:  # the system has no thread left for us
            self._crew.end_thread()
            if not self._running:
                raise
            return False
        self._begun += 1
        self._running += 1
        self._threads = {each for each in self._threads if each.is_alive()} | {thread}
        return True

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        self.halt()
        self._is_abandoned.set()
        ends_at = time.monotonic() + LEAVE_S
        for thread in self._threads:
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
        else:
            self._has_result = True
        return result

    def _run(self) -> None:
        is_counted = True
        try:
            while is_counted and (item := self._next()) is not None:
                result = self._fetch(item, self._halt)
                # Before the queue, which may be full: who waits for a permit does not wait for our writer.
                is_counted = not self._crew.yield_thread()
                self._put(result)
                self._may_go_on.wait()
        except Interrupted:
            pass
        except BaseException as error:  # noqa: BLE001 - it is raised by get, in the writer's thread
            self._put(error)
        if is_counted:
            self._crew.end_thread()
        self._put(None)

    def _next(self) -> T | None:
        with self._work_lock:
            if self._halt.is_set():
                return None
            item = next(self._work, None)
            self._is_exhausted = item is None
            return item

    def _put(self, result: R | BaseException | None) -> None:
        while True:
            try:
                return self._results.put(result, timeout=_POLL_S)
            except queue.Full:
                if self._is_abandoned.is_set():
                    return None
