"""The visit plan: which chat sessions a pass visits, and how."""

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.config.settings import SettleSettings
from archiver.store.ledger import Kind
from archiver.store.state import ChatSessionState, State
from archiver.sync.visit_plan import HOLE_EVERY, How, Window, how_to_visit, visit_plan

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
A_MINUTE = Window(since=NOW - MINUTE, now=NOW)
ABSENT = ChatSessionState(chat_session_id=7, state="absent")
PLAN = visit_plan(SettleSettings())
ids = st.integers(min_value=1, max_value=2**31 - 1)


def chat(state: State, quiet_for: timedelta, chat_session_id: int = 7, now: datetime = NOW) -> ChatSessionState:
    return ChatSessionState(
        chat_session_id=chat_session_id, state=state, last_message_id=9, last_activity_at=now - quiet_for
    )


def how(
    state: ChatSessionState | None,
    window: Window = A_MINUTE,
    kind: Kind = "incremental",
    *,
    is_at_frontier: bool = False,
) -> How | None:
    key = state.chat_session_id if state else 7
    return how_to_visit(key, state, kind, window, PLAN, is_at_frontier=is_at_frontier)


def full_visits(state: ChatSessionState, starts: list[datetime]) -> int:
    return sum(how(state, Window(since=a, now=b)) == "full" for a, b in itertools.pairwise(starts))


def passes(start: datetime, end: datetime, every: timedelta) -> list[datetime]:
    return [start + number * every for number in range(int((end - start) / every) + 1)]


def test_the_table_says_how_quiet_how_often_and_how() -> None:
    settle = SettleSettings(after=HOUR, again=(MINUTE, 6 * HOUR, DAY))
    assert [(row.quiet_for, row.every, row.how) for row in visit_plan(settle)] == [
        (timedelta(0), None, "incremental"),
        (HOUR, MINUTE, "full"),
        (6 * HOUR, 6 * HOUR, "full"),
        (DAY, DAY, "full"),
    ]


def test_what_was_never_visited_is_due() -> None:
    assert how(None) == "incremental"


@pytest.mark.parametrize("state", ["new", "open", "quiet", "settled"])
def test_every_chat_session_that_exists_is_asked_for_what_is_new_by_every_pass(state: State) -> None:
    assert how(chat(state, 10 * MINUTE)) == "incremental"


def test_a_chat_session_that_has_just_become_quiet_is_read_in_full_once() -> None:
    began = NOW - 65 * MINUTE
    state = chat("open", 65 * MINUTE)
    starts = passes(began, NOW, MINUTE)
    assert full_visits(state, starts) >= 1
    assert how(state, Window(since=began + HOUR - MINUTE, now=began + HOUR)) == "full"
    assert how(chat("open", HOUR - MINUTE)) == "incremental"


@given(ids, st.sampled_from(["open", "quiet"]), st.integers(min_value=1, max_value=5000))
def test_what_is_not_settled_is_read_in_full_within_six_hours_however_old(
    key: int, state: State, quiet_days: int
) -> None:
    unsettled = chat(state, timedelta(days=quiet_days), key)
    assert full_visits(unsettled, passes(NOW - 6 * HOUR, NOW, 30 * MINUTE)) == 1


@given(ids)
def test_what_is_settled_is_read_again_at_growing_intervals(key: int) -> None:
    began = NOW - timedelta(days=400)
    state = chat("settled", timedelta(0), key, began)
    first_day = full_visits(state, passes(began + 2 * HOUR, began + DAY, 30 * MINUTE))
    first_week = full_visits(state, passes(began + DAY, began + 7 * DAY, 2 * HOUR))
    first_month = full_visits(state, passes(began + 7 * DAY, began + 30 * DAY, 6 * HOUR))
    later = full_visits(state, passes(began + 30 * DAY, began + 390 * DAY, 12 * HOUR))
    # One more or less than fits, where one interval ends and the next begins.
    assert 3 <= first_day <= 5
    assert 5 <= first_week <= 8
    assert 2 <= first_month <= 5
    assert 11 <= later <= 14


def test_settles_are_spread_so_that_no_pass_is_heavy() -> None:
    due = sum(how(chat("open", 100 * DAY, key)) == "full" for key in range(1, 36_001))
    assert 50 < due < 150  # 36,000 within six hours: 100 a minute


def test_what_is_missing_at_the_source_is_looked_for_again_soon_though_settled() -> None:
    missed = replace(chat("settled", 200 * DAY), missing_since=NOW - HOUR)
    assert full_visits(missed, passes(NOW - 6 * HOUR, NOW, 30 * MINUTE)) == 1


def test_a_chat_session_without_messages_is_never_settled() -> None:
    nobody_wrote = ChatSessionState(chat_session_id=7)
    assert how(nobody_wrote, Window(since=NOW - 100 * DAY, now=NOW)) == "incremental"


def test_the_first_pass_of_all_settles_nothing() -> None:
    assert how(chat("open", 100 * DAY), Window(since=None, now=NOW)) == "incremental"


def test_a_hole_in_the_frontier_is_due_every_pass() -> None:
    assert how(ABSENT, is_at_frontier=True) == "incremental"


def test_a_backfill_and_a_reconcile_visit_every_hole() -> None:
    assert how(ABSENT, kind="backfill") == "incremental"
    assert how(ABSENT, kind="reconcile") == "full"


def test_what_is_gone_is_asked_as_rarely_as_a_hole_and_in_full() -> None:
    day = Window(since=NOW - HOLE_EVERY, now=NOW)
    assert how(chat("gone", 100 * DAY), day) == "full"
    asked = [how(chat("gone", 100 * DAY, key)) for key in range(1, 1441)]
    assert set(asked) == {None, "full"}
    assert asked.count("full") < 10


@given(ids, st.lists(st.integers(min_value=60, max_value=100_000), min_size=1, max_size=200))
def test_each_hole_comes_round_once_a_day_however_the_passes_fall(key: int, pauses_s: list[int]) -> None:
    starts = [NOW + timedelta(seconds=elapsed) for elapsed in itertools.accumulate(pauses_s, initial=0)]
    days = 3
    starts = [start for start in starts if start < NOW + days * HOLE_EVERY] + [NOW + days * HOLE_EVERY]
    hole = replace(ABSENT, chat_session_id=key)
    asked = sum(how(hole, Window(since=since, now=now)) is not None for since, now in itertools.pairwise(starts))
    assert asked <= days
    longest = max(now - since for since, now in itertools.pairwise(starts))
    assert asked == days or longest > HOLE_EVERY


def test_holes_are_spread_over_the_day() -> None:
    an_hour = Window(since=NOW - HOUR, now=NOW)
    due = sum(how(replace(ABSENT, chat_session_id=key), an_hour) is not None for key in range(1, 24_001))
    assert 800 < due < 1200
