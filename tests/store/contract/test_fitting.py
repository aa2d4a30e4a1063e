"""What is larger than the database takes."""

from hypothesis import given
from hypothesis import strategies as st

from archiver.model import ChatMessage, Quarantined
from archiver.store.fitting import TOO_LARGE, cut_before
from archiver.store.visit import Visit, after_visit
from tests.store.conftest import OpenRun
from tests.store.test_after_visit import NOW, message, visit
from tests.support import dump

MORE_THAN_A_PACKET = 17_000_000
"""Letters: MariaDB takes 16 MB at once unless told otherwise."""


def odd(key: int | None) -> Quarantined:
    return Quarantined(chat_session_id=7, chat_message_id=key, reason="odd", payload="{}", is_own=True)


@given(st.lists(st.integers(1, 20), unique=True), st.lists(st.integers(1, 20), unique=True), st.data())
def test_no_cursor_passes_what_is_too_large(ids: list[int], odd_ids: list[int], data: st.DataObject) -> None:
    messages, quarantined = [message(key) for key in sorted(ids)], [odd(key) for key in odd_ids]
    whole = visit(*messages, quarantined=quarantined, is_whole=True)
    rows: list[ChatMessage | Quarantined] = [*messages, *quarantined, odd(None)]
    too_large = data.draw(st.lists(st.sampled_from(rows), min_size=1))
    left = cut_before(whole, too_large)
    assert not any(row in (*left.messages, *left.quarantined) for row in too_large)
    assert (left.failure.kind if left.failure else None, left.is_whole) == (TOO_LARGE, False)
    cursor = after_visit(left, at=NOW).last_message_id
    assert all(cursor < row.chat_message_id for row in too_large if row.chat_message_id)


def test_a_message_that_the_database_can_not_take_fails_its_chat_session_alone(open_run: OpenRun) -> None:
    texts = {1: "small", 2: "x" * MORE_THAN_A_PACKET, 3: "later"}
    large = [message(key, message=said) for key, said in texts.items()]
    visits = [visit(*large), Visit(chat_session_id=8, before=None, messages=[message(9, chat_session_id=8)])]
    counts = open_run.save_visits(visits)
    rows = dump(open_run.database)
    stored = [row["chat_message_id"] for row in rows["chat_message"]]
    cursors = {row["chat_session_id"]: row["last_message_id"] for row in rows["chat_session_state"]}
    if open_run.database.dialect != "mysql":
        assert (stored, cursors, counts.chat_sessions_failed) == ([1, 2, 3, 9], {7: 3, 8: 9}, 0)
        return
    assert (stored, cursors, counts.chat_sessions_failed) == ([1, 9], {7: 1, 8: 9}, 1)
    (error,) = rows["sync_error"]
    assert (error["kind"], error["chat_session_id"]) == (TOO_LARGE, 7)


def test_what_is_said_to_fit_fits(open_run: OpenRun) -> None:
    """However the driver spells it; where there is no limit, a large text is stored all the same."""
    said = "xä\\'\n\x1a\"" * 1_200_000  # 13 bytes each on their way
    visits = [visit(message(1, message=said))]
    counts = open_run.save_visits(visits)
    (row,) = dump(open_run.database)["chat_message"]
    assert (row["message"] == said, counts.chat_sessions_failed) == (True, 0)


def test_a_conflict_that_its_quarantine_can_not_take_fails_its_chat_session_alone(open_run: OpenRun) -> None:
    open_run.save(message(1, message="first"))
    other = message(1, chat_session_id=8, message="\u4e2d" * 3_000_000)  # 9 MB, and 21 MB as ASCII with escapes
    visits = [
        Visit(chat_session_id=8, before=None, messages=[other, message(2, chat_session_id=8)]),
        Visit(chat_session_id=9, before=None, messages=[message(9, chat_session_id=9)]),
    ]
    counts = open_run.save_visits(visits)
    rows = dump(open_run.database)
    cursors = {row["chat_session_id"]: row["last_message_id"] for row in rows["chat_session_state"]}
    kinds = [row["kind"] for row in rows["sync_error"]]
    is_kept = open_run.database.dialect != "mysql"
    assert cursors == {7: 1, 8: 2 if is_kept else 0, 9: 9}
    assert (kinds, len(rows["quarantine"])) == ((["conflict"], 1) if is_kept else ([TOO_LARGE], 0))
    assert (counts.chat_sessions_failed, len(rows["chat_message"])) == (1, 3)
