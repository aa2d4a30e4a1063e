"""Tickets that live for six hours after their last use.

Source: SuperOffice reference, credential management: six hours, sliding; an expired ticket can't be renewed, signing
in again gives another. How a system user signs in for one is not simulated: `issue` stands for the whole exchange.
"""

from collections.abc import Callable
from threading import Lock
from time import monotonic

LIFE_S = 6 * 60 * 60


class Tickets:
    """The tickets that were given out. Safe to use from several threads."""

    def __init__(self, first: str, *, clock: Callable[[], float] = monotonic) -> None:
        """`first` is valid from now on; `clock` says seconds."""
        self._lock = Lock()
        self._clock = clock
        self._name = first
        self._issued = 1
        self._expires_at = {first: clock() + LIFE_S}

    def issue(self) -> str:
        """A new ticket; the others stay what they are."""
        with self._lock:
            self._issued += 1
            ticket = f"{self._name}-{self._issued}"
            self._expires_at[ticket] = self._clock() + LIFE_S
            return ticket

    def use(self, ticket: str) -> bool:
        """Whether the ticket is valid; each use starts its six hours anew."""
        with self._lock:
            now = self._clock()
            if self._expires_at.get(ticket, now) <= now:
                return False
            self._expires_at[ticket] = now + LIFE_S
            return True

    def expire_all(self) -> None:
        """Let every ticket that was given out so far expire now."""
        with self._lock:
            self._expires_at.clear()
