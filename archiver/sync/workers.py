"""One pool of fetching threads for all passes of a process, shared fairly.

A permit is the right of one thread to fetch. A pass begins with one, for which passes queue in the order they came,
and takes more while some are free and no pass waits for its first; as soon as one waits, a thread of a pass that has
more than one leaves after the visit it is in. So a slow source keeps one permit while others want theirs, and no
permit lies idle that a pass could use.

`Shares` is the rule, without threads or clocks; `WorkerPool` waits by it.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from archiver.errors import Interrupted

_POLL_S = 0.1
"""How soon a pass that waits for its first permit notices a stop."""


class Share:
    """What one pass has of the pool."""

    def __init__(self) -> None:
        self.is_in = False
        """Whether the pass is under way: then one permit is its own, whether or not a thread uses it now."""
        self.threads = 0
        """Its threads that fetch; some may outlive the pass, within a call that takes its time."""

    @property
    def held(self) -> int:
        return max(self.threads, int(self.is_in))


class Shares:
    """Who holds how many permits, and who waits in which order."""

    def __init__(self, permits: int) -> None:
        self.permits = permits
        self._holding: set[Share] = set()
        self._waiting: list[Share] = []

    @property
    def free(self) -> int:
        return self.permits - sum(share.held for share in self._holding)

    def ask(self, share: Share) -> None:
        """Queue up for a first permit; `is_in` says when it was given."""
        self._waiting.append(share)
        self._hand_out()

    def leave(self, share: Share) -> None:
        """Give back what no thread uses; one that waits, waits no more."""
        share.is_in = False
        if share in self._waiting:
            self._waiting.remove(share)
        self._hand_out()

    def add_thread(self, share: Share) -> bool:
        """Let another thread of a pass that is in fetch, if there is a permit for it."""
        needs_another = share.threads >= share.held
        if needs_another and (self._waiting or self.free <= 0):
            return False
        share.threads += 1
        return True

    def must_yield(self, share: Share) -> bool:
        """Whether one of its threads should leave, since others wait for what it has more than one of."""
        return bool(self._waiting) and share.held > 1

    def end_thread(self, share: Share) -> None:
        share.threads -= 1
        self._hand_out()

    def _hand_out(self) -> None:
        self._holding = {share for share in self._holding if share.held}
        while self._waiting and self.free > 0:
            first = self._waiting.pop(0)
            first.is_in = True
            self._holding.add(first)


class WorkerPool:
    """The permits of a process; used by many threads."""

    def __init__(self, permits: int) -> None:
        self.permits = permits
        self._shares = Shares(permits)
        self._changed = threading.Condition()

    @contextmanager
    def join(self, stop: threading.Event) -> Iterator["Crew"]:
        """Hold a permit within the block; wait for it in turn. Raises: Interrupted."""
        share = Share()
        try:
            self._wait_for_first(share, stop)
            yield Crew(share, self._shares, self._changed)
        finally:
            with self._changed:
                self._shares.leave(share)
                self._changed.notify_all()

    def _wait_for_first(self, share: Share, stop: threading.Event) -> None:
        with self._changed:
            self._shares.ask(share)
            while not share.is_in:
                if stop.is_set():
                    raise Interrupted
                self._changed.wait(_POLL_S)
        if stop.is_set():
            raise Interrupted


class Crew:
    """The threads of one pass, as the pool counts them."""

    def __init__(self, share: Share, shares: Shares, changed: threading.Condition) -> None:
        self._share, self._shares, self._changed = share, shares, changed

    def add_thread(self) -> bool:
        """Whether another thread may begin now; it has to say when it ends."""
        with self._changed:
            return self._shares.add_thread(self._share)

    def end_thread(self) -> None:
        with self._changed:
            self._shares.end_thread(self._share)
            self._changed.notify_all()

    def yield_thread(self) -> bool:
        """Whether a thread has to leave between two visits, since a pass waits; it is then counted as ended."""
        with self._changed:
            if not self._shares.must_yield(self._share):
                return False
            self._shares.end_thread(self._share)
            self._changed.notify_all()
            return True
