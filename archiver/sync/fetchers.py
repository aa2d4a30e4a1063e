"""The threads that visit, and hand over what they bring to the one writer."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import Generic, Self, TypeVar

from archiver.errors import Interrupted
from archiver.sync.handover import Handover
from archiver.sync.load import Load
from archiver.sync.workers import Crew

T = TypeVar("T")
R = TypeVar("R")

LEAVE_S = 1.0
"""How long those in a call are waited for; what they bring is fetched again next time."""
_WIDEN_EVERY_S = 0.02
"""How soon it is seen that the threads are too few."""


class Fetchers(Generic[T, R]):
    """Runs `fetch` over `work` in some threads; results come out of `take`, in no order but that of their thread.

    One thread begins and pauses after its first result: wrong credentials are to be tried once, not once a thread.
    After that `widen` lets it go on and others begin, while they are of use and the pool has permits for them; a
    thread leaves between two pieces of work when another pass waits for its permit.
    Whatever a thread raises is raised by `take`. Leaving the `with` block stops the threads; those that are in a
    call for longer than LEAVE_S are left behind, and end when it does.
    """

    def __init__(
        self,
        work: Iterator[T],
        fetch: Callable[[T, threading.Event], Iterable[R]],
        *,
        crew: Crew,
        most: int,
        name: str,
        ahead: int,
        weigh: Callable[[R], int],
        load: Load,
    ) -> None:
        """Begin no thread yet.

        Args:
            fetch: gives one result of a piece of work, or several.
            most: threads at once, whatever the pool has free.
            ahead: what may wait for the writer, as `weigh` counts.
            load: says whether another thread would be of use.
        """
        self._work, self._fetch, self._crew, self._most, self._name = work, fetch, crew, most, name
        self._work_lock = threading.Lock()
        self._is_exhausted = False
        self._handover: Handover[R | BaseException | None] = Handover(
            ahead, lambda each: 0 if each is None or isinstance(each, BaseException) else weigh(each)
        )
        """None is what a thread leaves with."""
        self._halt = threading.Event()
        self._may_go_on = threading.Event()
        self._threads: set[threading.Thread] = set()
        self._has_result = False
        self._error: BaseException | None = None
        self._load = load
        self._begun = 0
        self._running = 0

    def __enter__(self) -> Self:
        self._begin_thread()
        return self

    def widen(self) -> None:
        """While the writer waits for results, use the permits that are free; to be called again and again.

        Threads come by doubling, and hide latency; once the process keeps a core busy they would only fight for the
        interpreter. None is added before the first result was taken.
        """
        if not self._has_result or self._halt.is_set():
            return
        self._may_go_on.set()
        wanted = min(2 * self._running, self._most) if self._handover.is_starved and self._load.is_light() else 0
        while self._running < wanted and not self._is_exhausted and self._begin_thread():
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
        self._handover.close()
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
        return self._running == 0 and self._error is None

    def take(self, timeout_s: float) -> list[R]:
        """The results that have come together; none when none came in time or all are done."""
        if self._error:
            error, self._error = self._error, None
            raise error
        results: list[R] = []
        is_widening = self._has_result and self._running < self._most and not self._is_exhausted
        for each in self._handover.take(min(timeout_s, _WIDEN_EVERY_S) if is_widening else timeout_s):
            if each is None:
                self._running -= 1
            elif isinstance(each, BaseException):
                self._error = self._error or each  # raised once the results before it were taken
            else:
                results.append(each)
        self._has_result = self._has_result or bool(results)
        if self._error and not results:
            return self.take(0)
        return results

    def _run(self) -> None:
        is_counted = True
        try:
            while is_counted and (item := self._next()) is not None:
                last: R | None = None
                for result in self._fetch(item, self._halt):
                    if last is not None:
                        self._handover.put(last)
                    last = result
                # Before the handover, which may have no room: who waits for a permit does not wait for our writer.
                is_counted = not self._crew.yield_thread()
                if last is not None:
                    self._handover.put(last, at_once=not self._may_go_on.is_set())
                self._may_go_on.wait()
        except Interrupted:
            pass
        except BaseException as error:  # noqa: BLE001 - it is raised by take, in the writer's thread
            self._handover.put(error, at_once=True)
        if is_counted:
            self._crew.end_thread()
        self._handover.put(None, at_once=True)

    def _next(self) -> T | None:
        with self._work_lock:
            if self._halt.is_set():
                return None
            item = next(self._work, None)
            self._is_exhausted = item is None
            return item
