"""Which chat sessions a pass visits."""

import itertools
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from archiver.store.ledger import Kind
from archiver.store.state import ChatSessionState
from archiver.sync.plan import ABSENT_EVERY, Frontier, PassView, is_due

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
ABSENT = ChatSessionState(chat_session_id=7, state="absent")
ids = st.integers(min_value=1, max_value=2**31 - 1)


def view(
    kind: Kind = "incremental",
    now: datetime = NOW,
    since: datetime | None = NOW - timedelta(minutes=1),
    frontier: Frontier = Frontier(),  # noqa: B008 - it is frozen
) -> PassView:
    return PassView(kind=kind, now=now, since=since, frontier=frontier)


def test_what_was_never_visited_is_due() -> None:
    assert is_due(7, None, view())


def test_every_chat_session_that_exists_is_due_every_pass() -> None:
    assert all(
        is_due(7, ChatSessionState(chat_session_id=7, state=state), view()) for state in ("new", "open", "quiet")
    )


def test_a_hole_in_the_frontier_is_due_every_pass() -> None:
    assert is_due(7, ABSENT, view(frontier=Frontier(above=frozenset([7]))))


def test_a_backfill_and_a_reconcile_visit_every_hole() -> None:
    assert is_due(7, ABSENT, view(kind="backfill"))
    assert is_due(7, ABSENT, view(kind="reconcile"))


@given(ids, st.lists(st.integers(min_value=60, max_value=100_000), min_size=1, max_size=200))
def test_each_hole_comes_round_once_a_day_however_the_passes_fall(chat_session_id: int, pauses_s: list[int]) -> None:
    starts = [NOW + timedelta(seconds=elapsed) for elapsed in itertools.accumulate(pauses_s, initial=0)]
    days = 3
    starts = [start for start in starts if start < NOW + days * ABSENT_EVERY] + [NOW + days * ABSENT_EVERY]
    asked = sum(
        is_due(chat_session_id, ABSENT, view(since=since, now=now)) for since, now in itertools.pairwise(starts)
    )
    assert asked <= days
    longest = max(now - since for since, now in itertools.pairwise(starts))
    assert asked == days or longest > ABSENT_EVERY


def test_holes_are_spread_over_the_day() -> None:
    an_hour = view(since=NOW - timedelta(hours=1))
    due = sum(is_due(key, ABSENT, an_hour) for key in range(1, 24_001))
    assert 800 < due < 1200
