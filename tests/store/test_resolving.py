"""Which items of the quarantine a visit resolves."""

from datetime import UTC, datetime

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from archiver.model import ChatMessage, Quarantined
from archiver.store.quarantine import QuarantineItem
from archiver.store.resolving import is_resolved
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
        kind="conflict" if is_conflict else "undecodable",
    )


def message(key: int) -> ChatMessage:
    return msgspec.structs.replace(HELD, chat_message_id=key)


def odd(key: int | None) -> Quarantined:
    return Quarantined(chat_session_id=7, chat_message_id=key, reason="odd", payload="{}", is_own=True)


def visit(*brought: ChatMessage | Quarantined, cursor: int = 41, is_whole: bool = True) -> Visit:
    return Visit(
        chat_session_id=7,
        before=ChatSessionState(chat_session_id=7, last_message_id=cursor),
        messages=[each for each in brought if isinstance(each, ChatMessage)],
        quarantined=[each for each in brought if isinstance(each, Quarantined)],
        is_whole=is_whole,
    )


def test_a_message_that_can_be_read_at_last_resolves_its_item_in_any_visit() -> None:
    assert is_resolved(item(2), visit(message(2), is_whole=False), ())
    assert is_resolved(item(2), visit(message(2), odd(3)), ())
    assert not is_resolved(item(2), visit(message(3), is_whole=False), ())


def test_an_item_without_an_id_is_resolved_by_a_whole_reading_in_which_all_could_be_read() -> None:
    assert is_resolved(item(None), visit(message(3)), ())
    assert not is_resolved(item(None), visit(message(3), is_whole=False), ())
    assert not is_resolved(item(None), visit(message(3), odd(4)), ())


def test_an_empty_reading_resolves_only_where_the_next_visit_reads_from_the_beginning_too() -> None:
    assert not is_resolved(item(None), visit(), ())
    assert is_resolved(item(None), visit(cursor=0), ())


@given(
    brought=st.lists(st.one_of(few_ids.map(message), (few_ids | st.none()).map(odd))),
    conflicting=st.sets(few_ids),
    key=few_ids | st.none(),
    is_whole=st.booleans(),
    cursor=st.sampled_from([0, 41]),
)
def test_what_is_still_unreadable_or_in_conflict_is_never_resolved(
    brought: list[ChatMessage | Quarantined], conflicting: set[int], key: int | None, is_whole: bool, cursor: int
) -> None:
    made = visit(*brought, cursor=cursor, is_whole=is_whole)
    assert not is_resolved(item(key, is_conflict=True), made, conflicting)
    if is_resolved(item(key), made, conflicting):
        assert key not in conflicting
        assert key not in {each.chat_message_id for each in made.quarantined}
        assert is_whole or key in {each.chat_message_id for each in made.messages}
