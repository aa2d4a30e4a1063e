"""Which differences of times are one shift of all of them."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import asdict, replace

from archiver.model import ChatMessage, ascii_json
from archiver.store.compare import Verdict, compare
from archiver.store.shifts import Pair, find_shifts, is_span, with_stored_time

HOUR = timedelta(hours=1)
SPANS = st.integers(-104, 104).filter(bool).map(lambda quarters: quarters * timedelta(minutes=15))
TIMES = st.datetimes(datetime(2000, 1, 1), datetime(2040, 1, 1)).map(lambda when: when.replace(tzinfo=UTC))  # noqa: DTZ001
ZONES = st.integers(-12 * 4, 14 * 4).map(lambda quarters: timezone(quarters * timedelta(minutes=15)))


def message(key: int, when: datetime | None, **values: Any) -> ChatMessage:
    fields: dict[str, Any] = {
        "type": "ToUser",
        "message": "Hello",
        "author": "Kim",
        "read_by_customer": 0,
        "special_type": "None",
    }
    return ChatMessage(
        chat_message_id=key,
        **{"chat_session_id": 7, **fields, "special_param": "", "when_posted": when, "extra": None} | values,
    )


def row(stored: ChatMessage) -> dict[str, Any]:
    return asdict(stored) | {"erased_at": None}


def moved(stored: list[ChatMessage], by: timedelta) -> list[Pair]:
    return [(row(each), replace(each, when_posted=each.when_posted and each.when_posted + by)) for each in stored]


@given(st.lists(TIMES, min_size=2, max_size=6), st.lists(TIMES, max_size=3), SPANS)
def test_a_chat_session_whose_archived_times_moved_alike_tells_the_shift_whatever_came_later(
    before: list[datetime], later: list[datetime], span: timedelta
) -> None:
    messages = [message(key, when) for key, when in enumerate([*before, *later])]
    split = len(before)
    assert find_shifts([*moved(messages[:split], span), *moved(messages[split:], timedelta(0))]) == {span}


@given(TIMES, TIMES, SPANS)
def test_what_is_told_leaves_nothing_to_revise(first: datetime, second: datetime, span: timedelta) -> None:
    pairs = moved([message(1, first), message(2, second)], span)
    assert [compare(stored, with_stored_time(stored, fetched)) for stored, fetched in pairs] == [Verdict.SAME] * 2
    edited = replace(pairs[0][1], message="edited", read_by_customer=1)
    back = with_stored_time(pairs[0][0], edited)
    assert (back.when_posted, compare(pairs[0][0], back)) == (first, Verdict.EDIT)
    read = with_stored_time(pairs[0][0], replace(pairs[0][1], read_by_customer=1))
    assert compare(pairs[0][0], read) is Verdict.READ_MARK


@given(TIMES, ZONES, ZONES)
def test_the_same_local_time_taken_for_two_zones_lies_a_span_apart(
    when: datetime, one: timezone, two: timezone
) -> None:
    apart = when.replace(tzinfo=one) - when.replace(tzinfo=two)
    assert is_span(apart) == (one.utcoffset(None) != two.utcoffset(None))


NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
ONE, TWO, THREE = (message(key, NOON + key * timedelta(minutes=1)) for key in (1, 2, 3))


@pytest.mark.parametrize(
    "pairs",
    [
        [],
        moved([ONE], HOUR),
        moved([ONE, TWO], timedelta(0)),
        moved([ONE, TWO], timedelta(minutes=7)),
        moved([ONE, TWO], timedelta(hours=27)),
        moved([ONE], HOUR) + moved([TWO], 2 * HOUR),
        moved([ONE], timedelta(0)) + moved([TWO, THREE], HOUR),
        moved([ONE, THREE], HOUR) + moved([TWO], timedelta(0)),
        moved([ONE], HOUR) + moved([replace(TWO, chat_session_id=8)], HOUR),
        [*moved([ONE], HOUR), (row(TWO), replace(TWO, when_posted=NOON, message="edited"))],
        moved([ONE], HOUR) + moved([replace(TWO, when_posted=None)], HOUR),
        [
            (row(each) | {"erased_at": NOON}, fetched)
            for each, (_, fetched) in zip((ONE, TWO), moved([ONE, TWO], HOUR), strict=True)
        ],
    ],
    ids=[
        "nothing came",
        "one alone",
        "none moved",
        "no zone's offset",
        "farther than zones are apart",
        "by different spans",
        "an older one did not",
        "one between did not",
        "in two chat sessions",
        "one was edited too",
        "one has no time",
        "they are erased",
    ],
)
def test_what_may_be_edits_tells_no_shift(pairs: list[Pair]) -> None:
    assert find_shifts(pairs) == set()


def test_neighbours_that_were_edited_as_well_do_not_hide_a_shift() -> None:
    pairs = [
        *moved([ONE, TWO], HOUR),
        (row(THREE), replace(THREE, when_posted=(THREE.when_posted or NOON) + HOUR, message="!")),
    ]
    assert find_shifts(pairs) == {HOUR}


def test_the_spelling_of_a_time_goes_with_the_time() -> None:
    stored = replace(ONE, extra=ascii_json({"WhenPosted": "2026-03-02T12:01:00", "Colour": 1}))
    fetched = replace(
        ONE, when_posted=NOON + HOUR, extra=ascii_json({"WhenPosted": "2026-03-02T13:01:00", "Colour": 2})
    )
    assert with_stored_time(row(stored), fetched).extra == ascii_json(
        {"WhenPosted": "2026-03-02T12:01:00", "Colour": 2}
    )
    plain = replace(stored, extra=None)
    assert with_stored_time(row(plain), replace(fetched, extra=ascii_json({"WhenPosted": "x"}))).extra is None
    assert with_stored_time(row(stored), replace(fetched, extra=None)).extra == ascii_json(
        {"WhenPosted": "2026-03-02T12:01:00"}
    )
