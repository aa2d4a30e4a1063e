"""Messages summed up on two sides."""

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from archiver.model import ChatMessage
from archiver.store.verifying.tally import DayTallies, Tally, hash_of

HELLO = ChatMessage(
    chat_message_id=1,
    chat_session_id=1,
    type="ToUser",
    message="Hello",
    author="Kim",
    read_by_customer=0,
    special_type="None",
    special_param="",
    when_posted=datetime(2026, 3, 2, 23, 30, tzinfo=UTC),
)
TIMES = st.none() | st.integers(0, 10**6).map(lambda s: datetime(2026, 3, 1, tzinfo=UTC) + timedelta(seconds=s))
CONTENTS = st.lists(st.tuples(st.text(max_size=3), TIMES), max_size=12)
CHANGES: list[dict[str, Any]] = [
    {"chat_message_id": 2},
    {"chat_session_id": 2},
    {"message": "hello"},
    {"message": None},
    {"author": ""},
    {"special_param": "1"},
    {"when_posted": HELLO.when_posted and HELLO.when_posted + timedelta(microseconds=1)},
    {"extra": '{"Mood":"odd"}'},
]


def messages_of(contents: list[tuple[str, datetime | None]]) -> list[ChatMessage]:
    return [
        replace(HELLO, chat_message_id=number, message=text, when_posted=at)
        for number, (text, at) in enumerate(contents)
    ]


def tally_of(messages: list[ChatMessage]) -> Tally:
    tally = Tally()
    for message in messages:
        tally.add(hash_of(message))
    return tally


@given(CONTENTS, st.randoms(use_true_random=False), st.integers(0, 12))
def test_neither_order_nor_how_it_was_cut_makes_a_difference(contents: Any, random: Any, cut: int) -> None:
    messages = messages_of(contents)
    shuffled = random.sample(messages, len(messages))
    merged = tally_of(shuffled[:cut])
    merged.merge(tally_of(shuffled[cut:]))
    assert merged == tally_of(messages)


@given(CONTENTS, st.sampled_from(CHANGES))
def test_any_change_of_any_message_is_seen(contents: Any, change: dict[str, Any]) -> None:
    others = [replace(each, chat_message_id=each.chat_message_id + 10) for each in messages_of(contents)]
    same, changed = tally_of([*others, HELLO]), tally_of([*others, replace(HELLO, **change)])
    assert same.count == changed.count
    assert same.digest != changed.digest


@given(CONTENTS)
def test_a_message_more_or_less_is_seen(contents: Any) -> None:
    messages = messages_of(contents)
    assert tally_of([*messages, HELLO]) != tally_of(messages)


def test_a_read_mark_is_no_change() -> None:
    assert tally_of([HELLO]) == tally_of([replace(HELLO, read_by_customer=1)])


def test_a_message_counts_on_its_utc_day_and_one_without_a_time_on_none() -> None:
    in_oslo = datetime(2026, 3, 3, 0, 30, tzinfo=timezone(timedelta(hours=1)))
    tallies = DayTallies()
    tallies.add_same(replace(HELLO, when_posted=in_oslo))
    tallies.add_there(replace(HELLO, chat_message_id=2, when_posted=None))
    tallies.add_here(replace(HELLO, chat_message_id=3, when_posted=datetime(2026, 3, 1, tzinfo=UTC)))
    counted = [(day, sides.there.count, sides.here.count) for day, sides in tallies]
    assert counted == [(date(2026, 3, 1), 0, 1), (date(2026, 3, 2), 1, 1), (None, 1, 0)]
    assert [day for day, _ in tallies.differing] == [date(2026, 3, 1), None]
    assert (tallies.overall.there.count, tallies.overall.here.count) == (2, 2)


@pytest.mark.parametrize("text", ["Hello", "Grüße", "\ud800", ""])
def test_a_digest_has_64_digits(text: str) -> None:
    assert len(tally_of([replace(HELLO, message=text)]).digest) == 64
