"""Quiet chat sessions read in full: what was edited, came late, vanished or came back, on real databases."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from archiver.sandbox import Sandbox
from archiver.store import tables
from archiver.store.state import ChatSessionState
from tests.support import Archive, dump

Chat = Callable[..., int]

LONG_AGO = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
AT_ONCE = 'after = "0.001s"\nconfirm_after = "0.001s"'
"""Everything is quiet at once, and the second look confirms the first."""
LATER = 'after = "0.001s"\nconfirm_after = "1h"'


@pytest.fixture
def settled(archive: Archive, chat: Chat) -> int:
    """A chat session of three messages, archived and settled."""
    archive.configure(settle=AT_ONCE, include="1-3")
    key = chat("Hello", "How can I help?", "Never mind")
    archive.run("backfill")
    archive.run("reconcile")
    assert archive.state(key)["state"] == "settled"
    return key


def message(archive: Archive, key: int) -> dict[str, Any]:
    (row,) = [row for row in archive.table("chat_message") if row["chat_message_id"] == key]
    return row


def backdate(archive: Archive, **times: datetime) -> None:
    """Let the states say that it all happened at another time."""
    with archive.database.writing() as connection:
        connection.execute(update(tables.chat_session_state).values(**times))


def test_a_full_visit_that_finds_nothing_new_settles_and_the_next_writes_nothing(
    archive: Archive, settled: int
) -> None:
    assert archive.state(settled)["settled_at"] is not None
    before = dump(archive.database, without=("sync_run", "lease"))
    assert archive.run("reconcile").outcome == "complete"
    assert dump(archive.database, without=("sync_run", "lease")) == before


def test_an_edit_found_in_what_was_settled_is_a_revision_and_is_settled_anew_by_the_next_full_visit(
    archive: Archive, settled: int, sandbox: Sandbox
) -> None:
    sandbox.tenant.edit(2, message="How may I help?")
    assert archive.run("reconcile").counts.messages_revised == 1
    assert archive.state(settled)["state"] == "quiet"
    (revision,) = archive.table("chat_message_revision")
    assert (revision["chat_message_id"], revision["message"]) == (2, "How can I help?")
    archive.run("reconcile")
    assert archive.state(settled)["state"] == "settled"


def test_a_late_arrival_is_added(archive: Archive, chat: Chat, sandbox: Sandbox) -> None:
    archive.configure(settle=AT_ONCE, include="1-3")
    key = chat("Hello")
    sandbox.tenant.commit_late(key, message="visible at once")
    archive.run("backfill")
    sandbox.tenant.commit_late(key, message="visible late, under a lower id")
    assert archive.run().counts.messages_added == 0
    assert archive.run("reconcile").counts.messages_added == 1
    assert archive.rows() == archive.truth()


def test_one_missing_message_is_missed_first_and_gone_when_a_later_full_visit_agrees(
    archive: Archive, settled: int, sandbox: Sandbox
) -> None:
    sandbox.tenant.delete_message(2)
    first = archive.run("reconcile").counts
    assert (first.messages_missing, first.messages_gone) == (1, 0)
    row = message(archive, 2)
    assert row["missing_since"] is not None
    assert row["gone_at"] is None
    assert archive.state(settled)["state"] == "quiet"
    second = archive.run("reconcile").counts
    assert (second.messages_missing, second.messages_gone) == (0, 1)
    assert message(archive, 2)["gone_at"] > row["missing_since"]
    assert message(archive, 2)["message"] == "How can I help?"
    archive.run("reconcile")
    assert archive.state(settled)["state"] == "settled"


def test_a_second_full_visit_too_soon_after_the_first_proves_nothing(
    archive: Archive, settled: int, sandbox: Sandbox
) -> None:
    archive.configure(settle=LATER, include="1-3")
    sandbox.tenant.delete_message(2)
    for _ in range(2):
        archive.run("reconcile")
    assert message(archive, 2)["gone_at"] is None
    assert archive.state(settled)["state"] == "quiet"


def test_a_message_that_comes_again_loses_its_marks_and_keeps_its_history(
    archive: Archive, settled: int, sandbox: Sandbox
) -> None:
    sandbox.tenant.edit(2, message="How may I help?")
    archive.run("reconcile")
    lost = next(each for each in sandbox.tenant.messages(settled) if each.chat_message_id == 2)
    sandbox.tenant.delete_message(2)
    for _ in range(2):
        archive.run("reconcile")
    assert message(archive, 2)["gone_at"] is not None
    sandbox.tenant.post(
        settled,
        chat_message_id=2,
        type="ToCustomer",
        message=lost.message,
        author=lost.author,
        when_posted=lost.when_posted if isinstance(lost.when_posted, datetime) else None,
    )
    assert archive.run("reconcile").counts.messages_changed == 1
    row = message(archive, 2)
    assert (row["missing_since"], row["gone_at"], row["revision"]) == (None, None, 2)
    assert len(archive.table("chat_message_revision")) == 1


@pytest.mark.parametrize("oddity", ["null", "error_object", "sign_in_page", "truncated_json", "maintenance_page"])
def test_no_answer_tombstones_anything_however_often_it_comes(
    archive: Archive, settled: int, sandbox: Sandbox, oddity: str
) -> None:
    sandbox.oddities.add(oddity, operation="GetChatMessages")
    for _ in range(3):
        archive.run("reconcile")
    assert {row["missing_since"] for row in archive.table("chat_message")} == {None}
    assert archive.state(settled)["missing_since"] is None


def test_a_chat_session_whose_entity_is_missing_twice_is_gone_and_its_messages_stay_as_they_are(
    archive: Archive, settled: int, sandbox: Sandbox
) -> None:
    before = archive.table("chat_message")
    sandbox.tenant.delete_chat_session(settled)
    assert archive.run("reconcile").outcome == "complete"
    assert (archive.state(settled)["state"], archive.state(settled)["missing_since"] is None) == ("settled", False)
    result = archive.run("reconcile")
    assert (result.outcome, result.counts.chat_sessions_gone) == ("complete", 1)
    assert archive.state(settled)["state"] == "gone"
    assert archive.table("chat_message") == before


def test_a_chat_session_that_is_answered_with_null_fails_until_it_is_gone(
    archive: Archive, settled: int, sandbox: Sandbox
) -> None:
    sandbox.oddities.add("unknown_null")
    sandbox.tenant.delete_chat_session(settled)
    outcomes = [archive.run().outcome for _ in range(4)]
    assert outcomes == ["partial", "complete", "complete", "complete"]
    state = archive.state(settled)
    assert (state["state"], state["failures"], state["last_error"]) == ("gone", 0, None)
    assert not [row for row in archive.table("sync_error") if row["resolved_at"] is None]


def test_what_is_gone_is_not_visited_by_each_pass_and_comes_back_when_it_is_there_again(
    archive: Archive, settled: int, sandbox: Sandbox
) -> None:
    sandbox.tenant.delete_chat_session(settled)
    for _ in range(2):
        archive.run("reconcile")
    archive.run()
    sandbox.requests.clear()
    archive.run()
    assert settled not in {request.chat_session_id for request in sandbox.requests.all()}
    sandbox.tenant.open_chat_session(chat_session_id=settled)
    sandbox.tenant.post(settled, message="It was a restore after all")
    archive.run("reconcile", ids=str(settled))
    state = archive.state(settled)
    assert (state["state"], state["missing_since"]) == ("open", None)


def test_a_daemons_pass_settles_what_became_quiet_since_the_pass_before(
    archive: Archive, chat: Chat, sandbox: Sandbox
) -> None:
    archive.configure(settle='after = "1h"', include="1-3")
    key = chat("Hello")
    archive.run()
    backdate(archive, last_activity_at=datetime.now(UTC) - timedelta(hours=1, seconds=5))
    with archive.database.writing() as connection:
        connection.execute(update(tables.sync_run).values(started_at=datetime.now(UTC) - timedelta(minutes=1)))
    sandbox.tenant.edit(1, message="Hello!")
    assert archive.run().counts.messages_revised == 1
    assert archive.state(key)["state"] == "quiet"


def test_a_flip_of_the_read_mark_is_no_revision_unless_it_is_asked_for(
    archive: Archive, settled: int, sandbox: Sandbox
) -> None:
    sandbox.tenant.edit(1, read_by_customer=1)
    archive.run("reconcile")
    assert (message(archive, 1)["read_by_customer"], archive.table("chat_message_revision")) == (1, [])
    assert archive.state(settled)["state"] == "settled"
    archive.configure(settle=f"{AT_ONCE}\nkeep_read_marks = true", include="1-3")
    sandbox.tenant.edit(1, read_by_customer=0)
    counts = archive.run("reconcile").counts
    assert (counts.messages_changed, counts.messages_revised) == (1, 0)
    (revision,) = archive.table("chat_message_revision")
    assert (revision["read_by_customer"], message(archive, 1)["revision"]) == (1, 2)


def test_a_chat_session_nobody_has_been_quiet_in_is_not_settled_by_a_reconcile(archive: Archive, chat: Chat) -> None:
    key = chat("Hello")
    archive.run("backfill", ids="1")
    archive.run("reconcile", ids="1")
    assert archive.state(key)["state"] == "open"


def test_a_row_that_can_not_be_read_leaves_open_what_is_missing(
    archive: Archive, settled: int, sandbox: Sandbox
) -> None:
    sandbox.tenant.edit(1, ChatMessageId="who knows")
    assert archive.run("reconcile").outcome == "partial"
    assert {row["missing_since"] for row in archive.table("chat_message")} == {None}


@pytest.fixture
def long_chat(archive: Archive, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> int:
    """An archived chat session of 250 messages, which is visited in parts from now on."""
    monkeypatch.setattr("archiver.sync.visit.PART_MESSAGES", 100)
    archive.configure(settle=AT_ONCE, include="1-3")
    key = sandbox.tenant.open_chat_session()
    for number in range(250):
        sandbox.tenant.post(key, message=str(number))
    archive.run("backfill")
    sandbox.oddities.add("capped", rows=60)
    return key


def test_a_long_chat_session_in_parts_is_compared_as_a_whole(
    archive: Archive, long_chat: int, sandbox: Sandbox
) -> None:
    archive.run("reconcile")
    assert archive.state(long_chat)["state"] == "settled"
    sandbox.tenant.edit(10, message="edited, in the first part")
    for number in (20, 240):
        sandbox.tenant.delete_message(number)
    assert archive.run("reconcile").counts.messages_missing == 2
    assert archive.state(long_chat)["state"] == "quiet"
    assert archive.run("reconcile").counts.messages_gone == 2
    assert {row["chat_message_id"] for row in archive.table("chat_message") if row["gone_at"]} == {20, 240}


def test_an_edit_in_the_first_part_alone_leaves_a_long_chat_session_unsettled(
    archive: Archive, long_chat: int, sandbox: Sandbox
) -> None:
    sandbox.tenant.edit(10, message="edited, in the first part")
    archive.run("reconcile")
    assert archive.state(long_chat)["state"] == "quiet"


def test_a_dry_run_counts_what_is_missing_and_marks_nothing(archive: Archive, settled: int, sandbox: Sandbox) -> None:
    sandbox.tenant.delete_message(2)
    before = dump(archive.database, without=("lease",))
    assert archive.run("reconcile", is_dry=True).counts.messages_missing == 1
    assert dump(archive.database, without=("lease",)) == before


def test_a_pass_of_the_daemon_settles_no_more_than_it_may_and_the_rest_comes_round_again(
    archive: Archive, chat: Chat, sandbox: Sandbox
) -> None:
    archive.configure(settle=f'{AT_ONCE}\nagain = ["0.001s"]', include="1-20")
    for _ in range(20):
        chat("Hello")
    archive.run()
    settled = [archive.run(most_settles=8).counts.chat_sessions_sealed for _ in range(2)]
    assert 0 < settled[0] <= 8
    archive.run()
    assert {row["state"] for row in archive.table("chat_session_state")} == {"settled"}


def test_foreign_rows_alone_prove_nothing_of_a_chat_session(
    archive: Archive, settled: int, chat: Chat, sandbox: Sandbox
) -> None:
    other = chat("Somebody else's")
    archive.run("backfill")
    for message in sandbox.tenant.messages(settled):
        sandbox.tenant.delete_message(message.chat_message_id)
    moved = sandbox.tenant.messages(other)[0].chat_message_id
    sandbox.tenant.post(settled, message="Somebody else's", chat_message_id=100)
    sandbox.tenant.edit(100, ChatMessageId=moved, ChatSessionId=other)
    archive.run("reconcile", ids=str(settled), is_accepted=True)
    requested = [r.operation for r in sandbox.requests.all() if r.chat_session_id == settled]
    assert "GetChatSessionEntity" in requested[-3:]


def test_the_fields_of_a_state_are_columns() -> None:
    assert set(ChatSessionState.__dataclass_fields__) <= set(tables.chat_session_state.c.keys())
