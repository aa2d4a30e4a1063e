"""Which items of the quarantine a visit settles."""

from datetime import UTC, datetime

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from archiver.model import ChatMessage, Undecodable
from archiver.store.healing import QuarantineItem, is_settled
from archiver.store.state import ChatSessionState
from archiver.store.visit import Visit
from tests.store.test_compare import HELD

few_ids = st.integers(min_value=1, max_value=3)


def item(key: int | None, *, is_conflict: bool = False) -> QuarantineItem:
    return QuarantineItem(
        id=1,
        chat_session_id=7,
        chat_message_id=key,
        reason="odd",
        payload_bytes=2,
        quarantined_at=datetime(2026, 11, 23, tzinfo=UTC),
        resolved_at=None,
        is_conflict=is_conflict,
    )


def message(key: int) -> ChatMessage:
    return msgspec.structs.replace(HELD, chat_message_id=key)


def odd(key: int | None) -> Undecodable:
    return Undecodable(chat_session_id=7, chat_message_id=key, reason="odd", payload="{}", is_own=True)


def visit(*brought: ChatMessage | Undecodable, cursor: int = 41, is_whole: bool = True) -> Visit:
    return Visit(
        chat_session_id=7,
        before=ChatSessionState(chat_session_id=7, last_message_id=cursor),
        messages=[each for each in brought if isinstance(each, ChatMessage)],
        undecodable=[each for each in brought if isinstance(each, Undecodable)],
        is_whole=is_whole,
    )


def test_a_message_that_can_be_read_at_last_settles_its_item_in_any_visit() -> None:
    assert is_settled(item(2), visit(message(2), is_whole=False), ())
    assert is_settled(item(2), visit(message(2), odd(3)), ())
    assert not is_settled(item(2), visit(message(3), is_whole=False), ())


def test_an_item_without_an_id_is_settled_by_a_whole_reading_in_which_all_could_be_read() -> None:
    assert is_settled(item(None), visit(message(3)), ())
    assert not is_settled(item(None), visit(message(3), is_whole=False), ())
    assert not is_settled(item(None), visit(message(3), odd(4)), ())


def test_an_empty_reading_settles_only_where_the_next_visit_reads_from_the_beginning_too() -> None:
    assert not is_settled(item(None), visit(), ())
    assert is_settled(item(None), visit(cursor=0), ())


@given(
    brought=st.lists(st.one_of(few_ids.map(message), (few_ids | st.none()).map(odd))),
    conflicting=st.sets(few_ids),
    key=few_ids | st.none(),
    is_whole=st.booleans(),
    cursor=st.sampled_from([0, 41]),
)
def test_what_is_still_unreadable_or_in_conflict_is_never_settled(
    brought: list[ChatMessage | Undecodable], conflicting: set[int], key: int | None, is_whole: bool, cursor: int
) -> None:
    made = visit(*brought, cursor=cursor, is_whole=is_whole)
    assert not is_settled(item(key, is_conflict=True), made, conflicting)
    if is_settled(item(key), made, conflicting):
        assert key not in conflicting
        assert key not in {each.chat_message_id for each in made.undecodable}
        assert is_whole or key in {each.chat_message_id for each in made.messages}
