"""Sets of chat session ids, held as ranges: a million ids cost no more than one."""

import bisect
import itertools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

MAX_ID = 2**31 - 1
"""The largest id: int32 in the API everywhere."""

_TEXT = re.compile(r"(\d{1,10})(?:\s*-\s*(\d{1,10}))?")


@dataclass(frozen=True)
class IdRanges:
    """Ascending, disjoint, inclusive ranges of ids from 1 to MAX_ID."""

    ranges: tuple[tuple[int, int], ...] = ()

    @classmethod
    def of(cls, *parts: int | str | tuple[int, int]) -> "IdRanges":
        """Join ids, texts such as "606" and "1000-1999", and pairs (first, last).

        Raises: ValueError, with a sentence, for what is none of these.
        """
        return cls(tuple(_merged(_range_of(part) for part in parts)))

    def __bool__(self) -> bool:
        return bool(self.ranges)

    def __len__(self) -> int:
        return sum(last - first + 1 for first, last in self.ranges)

    def __iter__(self) -> Iterator[int]:
        """Every id, ascending."""
        for first, last in self.ranges:
            yield from range(first, last + 1)

    def __contains__(self, chat_session_id: int) -> bool:
        at = bisect.bisect_right(self.ranges, (chat_session_id, MAX_ID)) - 1
        return at >= 0 and self.ranges[at][0] <= chat_session_id <= self.ranges[at][1]

    def __str__(self) -> str:
        return ",".join(str(a) if a == b else f"{a}-{b}" for a, b in self.ranges)

    def minus(self, other: "IdRanges") -> "IdRanges":
        """The ids of this set that are not in the other."""
        left: list[tuple[int, int]] = []
        for first, last in self.ranges:
            for gone_first, gone_last in other.ranges:
                if gone_last < first or gone_first > last:
                    continue
                if gone_first > first:
                    left.append((first, gone_first - 1))
                first = gone_last + 1
            if first <= last:
                left.append((first, last))
        return IdRanges(tuple(left))

    def above(self, floor: int) -> "IdRanges":
        """The ids greater than `floor`."""
        return IdRanges(tuple((max(a, floor + 1), b) for a, b in self.ranges if b > floor))

    def pages(self, size: int) -> Iterator[list[int]]:
        """The ids, ascending, in lists of at most `size`."""
        ids = iter(self)
        while page := list(itertools.islice(ids, size)):
            yield page


def _range_of(part: int | str | tuple[int, int]) -> tuple[int, int]:
    if isinstance(part, tuple):
        first, last = part
    elif isinstance(part, int) and not isinstance(part, bool):
        first = last = part
    else:
        match = _TEXT.fullmatch(str(part).strip())
        if not match:
            raise ValueError(f"{part!r} is neither an id such as 606 nor a range such as 1000-1999")
        first, last = int(match[1]), int(match[2] or match[1])
    if first > last:
        raise ValueError(f"the range {first}-{last} runs backwards; write {last}-{first}")
    if not 1 <= first <= last <= MAX_ID:
        raise ValueError(f"chat session ids run from 1 to {MAX_ID}, so {part!r} can't be one")
    return first, last


def _merged(ranges: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    ordered = sorted(ranges)
    if not ordered:
        return
    first, last = ordered[0]
    for a, b in ordered[1:]:
        if a > last + 1:
            yield first, last
            first, last = a, b
        else:
            last = max(last, b)
    yield first, last
