"""How far a page reaches, and what to do with it: pure decisions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from archiver.store.backends.backend import Row
from archiver.store.keyset import Key

PAGE_ROWS = 1000
PAGE_CHARACTERS = 2_000_000
"""A message may have megabytes: a page ends before the row that would be too much, unless it is the first."""


@dataclass(frozen=True, kw_only=True)
class PageWork:
    """What makes the target's page like the origin's; whole rows of either."""

    delete: tuple[Row, ...] = ()
    """What the target has and the origin has no more: it was erased or purged there, on purpose, and a copy that
    kept it would undo that."""
    update: tuple[Row, ...] = ()
    insert: tuple[Row, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.rows)

    @property
    def rows(self) -> tuple[Row, ...]:
        return self.delete + self.update + self.insert

    def one_by_one(self) -> "list[PageWork]":
        """The same work, a row at a time."""
        return [
            *(PageWork(delete=(row,)) for row in self.delete),
            *(PageWork(update=(row,)) for row in self.update),
            *(PageWork(insert=(row,)) for row in self.insert),
        ]


def work_for(ours: Mapping[Key, Row], theirs: Mapping[Key, Row]) -> PageWork:
    """The work for one range of keys, all of whose rows are given: those of the origin and those of the target."""
    return PageWork(
        delete=tuple(row for key, row in theirs.items() if key not in ours),
        update=tuple(row for key, row in ours.items() if key in theirs and theirs[key] != row),
        insert=tuple(row for key, row in ours.items() if key not in theirs),
    )


def reach(
    sizes: Sequence[tuple[Key, int]], *, rows: int = PAGE_ROWS, characters: int = PAGE_CHARACTERS
) -> Key | None:
    """The last key of what fits into a page, one row at least; None when all that is left does.

    Args:
        sizes: key and characters of the next rows, ascending: one more than `rows` where there are that many.
    """
    total, last = 0, None
    for at, (key, size) in enumerate(sizes):
        total += size
        if last is not None and (at >= rows or total > characters):
            return last
        last = key
    return None


def nearer(ours: Key | None, theirs: Key | None) -> Key | None:
    """Where a page ends that fits on both sides; None: at the end of both."""
    return min((end for end in (ours, theirs) if end is not None), default=None)
