"""What the fetching threads have for the writer: a buffer bounded by what its contents weigh.

A queue that hands over one visit at a time wakes the writer for each, which then fights the fetching threads for the
interpreter. Here the writer takes all there is at once, and is woken when a good part of what may lie here has come
together, or when somebody has a reason not to wait.
"""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

R = TypeVar("R")

_WORTH_WAKING = 4
"""The writer is woken when the buffer is filled to one part in so many."""


class Handover(Generic[R]):
    """A buffer from many threads to one."""

    def __init__(self, capacity: int, weigh: Callable[[R], int]) -> None:
        """`capacity`: what may lie in the buffer at once, as `weigh` counts; a single item may weigh more."""
        self._capacity, self._weigh = capacity, weigh
        self._items: list[R] = []
        self._weight = 0
        self._is_worth_taking = False
        self._is_closed = False
        self.is_starved = True
        """Whether the writer found little when it came last."""
        lock = threading.Lock()
        self._has_room, self._is_filled = threading.Condition(lock), threading.Condition(lock)

    def put(self, item: R, *, at_once: bool = False) -> None:
        """Hand over an item, waiting for room; once the buffer is closed it is dropped.

        Args:
            at_once: wake the writer for it, and don't wait for room.
        """
        weight = self._weigh(item)
        with self._has_room:
            while self._items and self._weight + weight > self._capacity and not (at_once or self._is_closed):
                self._wake_writer()
                self._has_room.wait()
            if self._is_closed:
                return
            self._items.append(item)
            self._weight += weight
            if at_once or self._is_well_filled:
                self._wake_writer()

    def take(self, timeout_s: float) -> list[R]:
        """All there is, as soon as it is worth it; after the timeout whatever there is, maybe nothing."""
        with self._is_filled:
            self.is_starved = not self._is_well_filled
            if not self._is_worth_taking:
                self._is_filled.wait(timeout_s)
            items, self._items, self._weight = self._items, [], 0
            self._is_worth_taking = False
            self._has_room.notify_all()
            return items

    def close(self) -> None:
        """Take nothing more, and let those go that wait for room."""
        with self._has_room:
            self._is_closed = True
            self._has_room.notify_all()

    @property
    def _is_well_filled(self) -> bool:
        return self._weight * _WORTH_WAKING >= self._capacity

    def _wake_writer(self) -> None:
        self._is_worth_taking = True
        self._is_filled.notify()
