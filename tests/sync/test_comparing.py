"""One message at the source and in the archive: what the two are to each other."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from archiver.model import ChatMessage
from archiver.store.verifying.holdings import Held, Known
from archiver.sync.comparing import Expected, How, Kind, Reading, judge_not_returned, judge_returned

AT = datetime(2026, 3, 2, 8, tzinfo=UTC)
KNOWN = Known(cursor=20, floor=5, is_gone=False)
GONE = Known(cursor=20, floor=5, is_gone=True)


def message(key: int = 10, **changes: Any) -> ChatMessage:
    plain = ChatMessage(
        chat_message_id=key,
        chat_session_id=1,
        type="ToUser",
        message="Hello",
        author="Kim",
        read_by_customer=0,
        special_type="None",
        special_param="",
        when_posted=AT,
    )
    return replace(plain, **changes)


def held(key: int = 10, *, gone: bool = False, erased: bool = False, **changes: Any) -> Held:
    return Held(message=message(key, **changes), gone_at=AT if gone else None, erased_at=AT if erased else None)


@pytest.mark.parametrize(
    ("here", "known", "verdict"),
    [
        (held(), KNOWN, Expected.SAME),
        (held(read_by_customer=1), KNOWN, Expected.SAME),
        (held(extra='{"WhenPosted":"2026-03-02T09:00:00"}'), KNOWN, Expected.SAME),
        (None, KNOWN, How(kind=Kind.MISSING_HERE)),
        (None, Known(cursor=9, floor=0, is_gone=False), Expected.NOT_YET),
        (None, Known(cursor=20, floor=10, is_gone=False), Expected.BELOW_FLOOR),
        (held(gone=True), KNOWN, How(kind=Kind.RETURNED_AGAIN)),
        (held(), GONE, How(kind=Kind.RETURNED_AGAIN)),
        (held(erased=True, message=None), KNOWN, Expected.ERASED),
        (held(message="Hi", author=None), KNOWN, How(kind=Kind.DIFFERENT, properties=("message", "author"))),
        (held(when_posted=None), KNOWN, How(kind=Kind.DIFFERENT, properties=("when_posted",))),
        (held(extra='{"Mood":"odd"}'), KNOWN, How(kind=Kind.DIFFERENT, properties=("extra",))),
        (
            held(when_posted=AT - timedelta(hours=1)),
            KNOWN,
            How(kind=Kind.DIFFERENT, properties=("when_posted",), moved_by=timedelta(hours=1)),
        ),
        (
            held(when_posted=AT - timedelta(hours=1), message="Hi"),
            KNOWN,
            How(kind=Kind.DIFFERENT, properties=("message", "when_posted")),
        ),
    ],
)
def test_what_a_returned_message_is(here: Held | None, known: Known, verdict: How | Expected) -> None:
    assert judge_returned(message(), here, known) == verdict


@pytest.mark.parametrize(
    ("here", "known", "verdict"),
    [
        (held(), KNOWN, How(kind=Kind.MISSING_THERE)),
        (held(), GONE, Expected.GONE),
        (held(gone=True), KNOWN, Expected.GONE),
        (held(erased=True, gone=True), KNOWN, Expected.ERASED),
    ],
)
def test_what_a_message_is_that_was_not_returned(here: Held, known: Known, verdict: How | Expected) -> None:
    assert judge_not_returned(here, known) == verdict


KEYS = st.lists(st.integers(6, 20), unique=True)


@given(KEYS, KEYS, st.randoms(use_true_random=False))
def test_all_that_only_one_side_has_is_found_in_whatever_order_it_comes(
    there: list[int], here: list[int], random: Any
) -> None:
    rows = {key: held(key) for key in here}
    reading = Reading(1)
    for at in range(0, len(there), 4):
        part = [message(key) for key in there[at : at + 4]]
        reading.take_returned(part + random.sample(part, len(part)), rows, KNOWN)  # some servers repeat themselves
    reading.take_held(rows.values(), KNOWN)
    found = reading.differences
    assert found.ids(Kind.MISSING_HERE) == sorted(set(there) - set(here))
    assert found.ids(Kind.MISSING_THERE) == sorted(set(here) - set(there))
    assert reading.expected[Expected.SAME] == len(set(there) & set(here))
    overall = reading.tallies.overall
    assert (overall.there.count, overall.here.count) == (len(there), len(here))
    assert overall.are_same == (set(there) == set(here))


@given(KEYS, KEYS, KEYS)
def test_only_what_two_readings_show_is_a_difference(there: list[int], first: list[int], second: list[int]) -> None:
    def read(here: list[int], confirms: Any = None) -> Reading:
        reading, rows = Reading(1, confirms), {key: held(key) for key in here}
        reading.take_returned([message(key) for key in sorted(there)], rows, KNOWN)
        reading.take_held(rows.values(), KNOWN)
        return reading

    last = read(second, read(first).differences)
    assert last.differences.ids(Kind.MISSING_HERE) == sorted(set(there) - set(first) - set(second))
    assert last.differences.ids(Kind.MISSING_THERE) == sorted(set(first) & set(second) - set(there))
    overall = last.tallies.overall
    # What is in motion counts on neither side: a day differs only where a message is named.
    assert overall.there.count - overall.here.count == len(last.differences.ids(Kind.MISSING_HERE)) - len(
        last.differences.ids(Kind.MISSING_THERE)
    )


def test_a_message_of_another_chat_session_is_compared_and_counted_where_it_belongs() -> None:
    reading = Reading(1)
    foreign = [message(10, chat_session_id=2), message(11, chat_session_id=2)]
    reading.take_returned(foreign, {10: held(10, chat_session_id=2, message="Hi")}, KNOWN)
    found = reading.differences
    assert (found.ids(Kind.DIFFERENT), found.ids(Kind.MISSING_HERE)) == ([10], [11])
    assert reading.tallies.overall.there.count == 0


def test_one_message_whose_time_moved_is_no_shift() -> None:
    reading = Reading(1)
    reading.take_returned([message()], {10: held(when_posted=AT - timedelta(hours=1))}, KNOWN)
    assert (reading.differences.shifted_by, reading.differences.count) == (None, 1)
