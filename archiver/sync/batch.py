"""Visits that wait to be committed together."""

import time
from collections.abc import Callable

from archiver.store.visit import Visit

MESSAGES = 2000
VISITS = 500
AGE_S = 1.0
"""A batch is due when it holds so many messages or visits, or when its first visit is so old: a killed process loses
what it fetched within that time at most, and fetches it again."""
AHEAD = 8_000
"""What may wait for the writer, by `weight`: so many messages, unless they are long. While it commits one batch the
next one comes together, and is as large as the database is slow: large transactions are cheaper by the row."""

_LETTERS = 2000
"""More than nearly all messages have."""


def weight(visit: Visit | None) -> int:
    """What a visit takes of memory: one for itself, one for each message, and one for each `_LETTERS` of text."""
    if visit is None:
        return 1
    letters = sum(len(message.message or "") for message in visit.messages)
    letters += sum(len(item.payload) for item in visit.quarantined)
    return 1 + len(visit.messages) + len(visit.quarantined) + letters // _LETTERS


class Batch:
    """What was fetched and is not yet committed; used by the writing thread alone."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._visits: list[Visit] = []
        self._messages = 0
        self._began_at = 0.0

    def add(self, visit: Visit) -> None:
        if not self._visits:
            self._began_at = self._clock()
        self._visits.append(visit)
        self._messages += len(visit.messages) + len(visit.quarantined)

    @property
    def is_due(self) -> bool:
        if not self._visits:
            return False
        is_large = self._messages >= MESSAGES or len(self._visits) >= VISITS
        return is_large or self._clock() - self._began_at >= AGE_S

    @property
    def visits(self) -> list[Visit]:
        return self._visits

    def clear(self) -> None:
        """Forget what was committed."""
        self._visits, self._messages = [], 0
