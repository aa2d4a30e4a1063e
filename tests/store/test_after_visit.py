"""Where the cursor goes."""

from datetime import UTC, datetime, timedelta

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from archiver.model import ChatMessage, Quarantined
from archiver.ranges import MAX_ID
from archiver.store.ledger import Failure
from archiver.store.state import ChatSessionState
from archiver.store.visit import LONGEST_PAUSE, Visit, after_visit, pause_after
from tests.store.test_compare import HELD

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
FAILURE = Failure(chat_session_id=7, kind="null_reply", detail="null")


def message(key: int, **changes: object) -> ChatMessage:
    return msgspec.structs.replace(HELD, chat_message_id=key, **changes)


def visit(*messages: ChatMessage, **changes: object) -> Visit:
    return Visit(chat_session_id=7, messages=messages, **{"before": None, **changes})  # type: ignore[arg-type]


keys = st.integers(min_value=1, max_value=2**40)


@given(
    st.lists(st.tuples(keys, st.sampled_from([7, 8]))),
    st.lists(st.tuples(keys | st.none(), st.booleans())),
    st.integers(min_value=0, max_value=MAX_ID),
    st.booleans(),
)
def test_a_cursor_goes_to_the_largest_id_returned_for_its_chat_session_and_never_back(
    rows: list[tuple[int, int]], odd: list[tuple[int | None, bool]], cursor: int, fails: bool
) -> None:
    before = ChatSessionState(chat_session_id=7, last_message_id=cursor, state="open" if cursor else "new")
    odd_rows = [
        Quarantined(chat_session_id=7, chat_message_id=key, reason="", payload="", is_own=own) for key, own in odd
    ]
    made = visit(
        *(message(key, chat_session_id=owner) for key, owner in rows),
        before=before,
        quarantined=odd_rows,
        failure=FAILURE if fails else None,
    )
    own = {key for key, owner in rows if owner == 7} | {key for key, is_own in odd if key and is_own}
    assert after_visit(made, at=NOW).last_message_id == max([cursor, *(key for key in own if key <= MAX_ID)])


def test_a_visit_that_finds_nothing_has_no_news() -> None:
    known = ChatSessionState(chat_session_id=7, last_message_id=41, state="open")
    assert not visit(before=known).has_news
    assert not visit(before=ChatSessionState(chat_session_id=7, state="absent"), is_absent=True).has_news


def test_a_first_visit_a_failure_and_a_recovery_are_news() -> None:
    known = ChatSessionState(chat_session_id=7, last_message_id=41, state="open")
    failing = ChatSessionState(chat_session_id=7, last_message_id=41, state="open", failures=2, last_error="x")
    assert visit().has_news
    assert visit(before=known, failure=FAILURE).has_news
    assert visit(before=failing).has_news
    assert after_visit(visit(before=failing), at=NOW) == known


def test_failures_are_counted_and_leave_the_rest_as_it_was() -> None:
    known = ChatSessionState(chat_session_id=7, last_message_id=41, state="open", failures=2, last_error="x")
    after = after_visit(visit(before=known, failure=FAILURE), at=NOW)
    assert (after.failures, after.last_error, after.last_message_id, after.state) == (3, "null_reply", 41, "open")


def test_the_last_activity_is_the_latest_post_but_never_in_the_future() -> None:
    past, future = NOW - timedelta(hours=2), NOW + timedelta(hours=2)
    assert after_visit(visit(message(1, when_posted=past)), at=NOW).last_activity_at == past
    assert after_visit(visit(message(1, when_posted=future)), at=NOW).last_activity_at == NOW
    assert after_visit(visit(message(1, when_posted=None)), at=NOW).last_activity_at == NOW


def test_an_absent_chat_session_that_appears_is_open() -> None:
    absent = ChatSessionState(chat_session_id=7, state="absent")
    assert after_visit(visit(message(1), before=absent), at=NOW).state == "open"
    assert after_visit(visit(before=absent), at=NOW).state == "new"


def test_each_further_failure_doubles_the_pause_up_to_an_hour() -> None:
    state, minutes = None, []
    for _ in range(8):
        state = after_visit(visit(before=state, failure=FAILURE), at=NOW)
        assert state.retry_at
        minutes.append((state.retry_at - NOW) / timedelta(minutes=1))
    assert minutes == [1, 2, 4, 8, 16, 32, 60, 60]
    assert pause_after(10**6) == LONGEST_PAUSE


def test_a_recovery_ends_the_pauses() -> None:
    failing = after_visit(visit(failure=FAILURE), at=NOW)
    assert after_visit(visit(before=failing), at=NOW).retry_at is None


def test_a_part_of_a_visit_that_goes_on_ends_no_row_of_failures() -> None:
    failing = ChatSessionState(chat_session_id=7, failures=2, last_error="null_reply", retry_at=NOW)
    part = after_visit(visit(message(41), before=failing, goes_on=True), at=NOW)
    assert (part.last_message_id, part.failures, part.retry_at) == (41, 2, NOW)
    assert after_visit(visit(message(42), before=part), at=NOW).failures == 0
