"""The order of a walk, and up to where all of it is done."""

import threading
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import replace

from archiver.sync.plan import Due


class Walk:
    """Hands out what is due to many threads, and keeps the mark below which everything is done or has failed."""

    def __init__(self, dues: Iterator[Due], *, starts_above: int = 0) -> None:
        self._dues = dues
        self._lock = threading.Lock()
        self._again: deque[Due] = deque()
        self._outstanding: set[int] = set()
        self._starts_above = starts_above
        self._last = 0
        self.passed = 0
        """How many steps are behind the one handed out last, those that were not due included."""

    def __iter__(self) -> Iterator[Due]:
        return self

    def __next__(self) -> Due:
        with self._lock:
            if self._again:
                return self._again.popleft()
            due = next(self._dues)
            if due.is_in_order:  # what failed, or is to be settled, is found again by that, wherever the mark is
                self._outstanding.add(due.chat_session_id)
                self._last = due.chat_session_id
            self.passed = due.position
            return due

    def again(self, due: Due) -> None:
        """Hand out once more, next, what failed for no fault of its own."""
        with self._lock:
            self._again.append(replace(due, is_second_try=True))

    def ask_first(self, bystander: Due) -> None:
        """Hand out a bystander before anything else."""
        with self._lock:
            self._again.appendleft(bystander)

    def done(self, chat_session_ids: Iterable[int]) -> None:
        with self._lock:
            self._outstanding.difference_update(chat_session_ids)

    def mark(self, finished: Iterable[int] = ()) -> int:
        """Every chat session up to this id is done, once `finished` are too."""
        with self._lock:
            left = self._outstanding.difference(finished)
            return max(min(left) - 1 if left else self._last, self._starts_above)
