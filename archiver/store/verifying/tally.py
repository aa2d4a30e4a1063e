"""Messages summed up so that two sides can be compared, in whatever order they come. Pure.

A tally is their number and the sum, modulo 2**256, of the SHA-256 of each one's canonical record (transcript.py): a
few bytes for any number of messages, the same in any order, another one as soon as a content differs. It finds
differences between two honest sides; it is no seal, since a sum can be aimed at by whoever may choose many messages.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from msgspec.structs import asdict

from archiver.model import ChatMessage
from archiver.store.sealing.transcript import message_records

_MODULUS = 2**256

Day = date | None
"""The UTC day on which a message was posted; None: it has no time."""


@dataclass(kw_only=True)
class Tally:
    """So many messages, and what they say."""

    count: int = 0
    total: int = 0
    """The sum of the hashes."""

    def add(self, hashed: int) -> None:
        """Count a message, by its `hash_of`."""
        self.count += 1
        self.total = (self.total + hashed) % _MODULUS

    def merge(self, other: "Tally") -> None:
        self.count += other.count
        self.total = (self.total + other.total) % _MODULUS

    @property
    def digest(self) -> str:
        """The sum in hexadecimal, 64 digits."""
        return f"{self.total:064x}"


@dataclass(kw_only=True)
class Sides:
    """The same messages at the source and in the archive."""

    there: Tally = field(default_factory=Tally)
    here: Tally = field(default_factory=Tally)

    @property
    def are_same(self) -> bool:
        return self.there == self.here

    def merge(self, other: "Sides") -> None:
        self.there.merge(other.there)
        self.here.merge(other.here)


class DayTallies:
    """Both sides, by the day on which messages were posted."""

    def __init__(self) -> None:
        self._days: defaultdict[Day, Sides] = defaultdict(Sides)

    def add_there(self, message: ChatMessage) -> None:
        self._days[day_of(message.when_posted)].there.add(hash_of(message))

    def add_here(self, message: ChatMessage) -> None:
        self._days[day_of(message.when_posted)].here.add(hash_of(message))

    def add_same(self, message: ChatMessage) -> None:
        """Count a message that both sides have with the same content."""
        sides, hashed = self._days[day_of(message.when_posted)], hash_of(message)
        sides.there.add(hashed)
        sides.here.add(hashed)

    def merge(self, other: "DayTallies") -> None:
        for day, sides in other._days.items():
            self._days[day].merge(sides)

    def __iter__(self) -> Iterator[tuple[Day, Sides]]:
        """Day by day; the messages without a time come last."""
        return iter(sorted(self._days.items(), key=lambda item: (item[0] is None, item[0] or date.max)))

    @property
    def differing(self) -> list[tuple[Day, Sides]]:
        """The days on which the two sides are not the same."""
        return [(day, sides) for day, sides in self if not sides.are_same]

    @property
    def overall(self) -> Sides:
        total = Sides()
        for sides in self._days.values():
            total.merge(sides)
        return total


def hash_of(message: ChatMessage) -> int:
    """The SHA-256 of a message's canonical record, without its earlier contents."""
    return int.from_bytes(hashlib.sha256(records_of(message)).digest())


def records_of(message: ChatMessage) -> bytes:
    """What a message says in its canonical form, without its earlier contents."""
    return message_records(asdict(message))


def day_of(when_posted: datetime | None) -> Day:
    return when_posted.astimezone(UTC).date() if when_posted else None
