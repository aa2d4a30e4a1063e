"""Sets of chat session ids, against Python's own sets."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.ranges import MAX_ID, IdRanges

SMALL = st.integers(1, 40)
PAIRS = st.tuples(SMALL, SMALL).map(lambda pair: (min(pair), max(pair)))
PARTS = st.lists(SMALL | SMALL.map(str) | PAIRS | PAIRS.map(lambda pair: f"{pair[0]} - {pair[1]}"), max_size=8)
RANGES = PARTS.map(lambda parts: IdRanges.of(*parts))


def ids_of(parts: list[int | str | tuple[int, int]]) -> set[int]:
    ids: set[int] = set()
    for part in parts:
        first, *last = part if isinstance(part, tuple) else map(int, str(part).split("-"))
        ids.update(range(first, (last or [first])[0] + 1))
    return ids


@given(PARTS)
def test_ranges_hold_the_ids_of_their_parts(parts: list[int | str | tuple[int, int]]) -> None:
    ranges, ids = IdRanges.of(*parts), ids_of(parts)
    assert list(ranges) == sorted(ids)
    assert (len(ranges), bool(ranges)) == (len(ids), bool(ids))
    assert {each for each in range(-1, 45) if each in ranges} == ids


@given(RANGES)
def test_ranges_are_ascending_and_never_touch(ranges: IdRanges) -> None:
    assert all(first <= last for first, last in ranges.ranges)
    assert all(before[1] + 1 < after[0] for before, after in zip(ranges.ranges, ranges.ranges[1:], strict=False))


@given(RANGES)
def test_the_text_of_ranges_gives_them_back(ranges: IdRanges) -> None:
    assert IdRanges.of(*filter(None, str(ranges).split(","))) == ranges


@given(RANGES, RANGES)
def test_minus_leaves_what_the_other_has_not(ranges: IdRanges, other: IdRanges) -> None:
    assert ranges.minus(other) == IdRanges.of(*(set(ranges) - set(other)))


@given(RANGES, st.integers(-2, 45))
def test_above_leaves_the_greater_ids(ranges: IdRanges, floor: int) -> None:
    assert ranges.above(floor) == IdRanges.of(*(each for each in ranges if each > floor))


@given(RANGES, st.integers(1, 10))
def test_pages_hold_every_id_once_and_are_full_but_for_the_last(ranges: IdRanges, size: int) -> None:
    pages = list(ranges.pages(size))
    assert [each for page in pages for each in page] == list(ranges)
    assert all(len(page) == size for page in pages[:-1])


def test_all_ids_cost_no_more_than_one() -> None:
    ranges = IdRanges.of(f"1-{MAX_ID}").minus(IdRanges.of(5))
    assert (ranges.ranges, len(ranges), MAX_ID in ranges) == (((1, 4), (6, MAX_ID)), MAX_ID - 1, True)


@pytest.mark.parametrize(
    ("part", "says"),
    [
        ("", "'' is neither an id such as 606 nor a range such as 1000-1999"),
        ("1-", "'1-' is neither an id such as 606 nor a range such as 1000-1999"),
        ("-1", "'-1' is neither an id such as 606 nor a range such as 1000-1999"),
        ("1,2", "'1,2' is neither an id such as 606 nor a range such as 1000-1999"),
        (True, "True is neither an id such as 606 nor a range such as 1000-1999"),
        (1.0, "1.0 is neither an id such as 606 nor a range such as 1000-1999"),
        ("9-3", "the range 9-3 runs backwards; write 3-9"),
        (0, f"chat session ids run from 1 to {MAX_ID}, so 0 can't be one"),
        (-5, f"chat session ids run from 1 to {MAX_ID}, so -5 can't be one"),
        (MAX_ID + 1, f"chat session ids run from 1 to {MAX_ID}, so {MAX_ID + 1} can't be one"),
        ("0-7", f"chat session ids run from 1 to {MAX_ID}, so '0-7' can't be one"),
    ],
)
def test_what_is_no_id_gets_a_sentence(part: int | str, says: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(says)}$"):
        IdRanges.of(part)
