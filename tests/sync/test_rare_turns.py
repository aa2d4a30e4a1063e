"""Rare turns of what a full visit brings: nothing wrong is believed, and nothing is missed for good."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import update

from archiver.config.settings import SettleSettings
from archiver.errors import SuspiciousChanges
from archiver.sandbox import Sandbox
from archiver.store import tables
from archiver.store.state import ChatSessionState
from archiver.sync.visit_plan import Window, how_to_visit, visit_plan
from tests.support import Archive

Chat = Callable[..., int]
AT_ONCE = 'after = "0.001s"\nconfirm_after = "0.001s"'
NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


def message(archive: Archive, key: int) -> dict[str, Any]:
    (row,) = [row for row in archive.table("chat_message") if row["chat_message_id"] == key]
    return row


def test_a_chat_session_whose_last_message_lies_ahead_of_the_clock_is_asked_all_the_same() -> None:
    state = ChatSessionState(
        chat_session_id=7, last_message_id=5, state="open", last_activity_at=NOW + timedelta(days=365)
    )
    window = Window(since=NOW - timedelta(minutes=1), now=NOW)
    assert how_to_visit(7, state, "incremental", window, visit_plan(SettleSettings())) == "incremental"


def test_a_message_that_is_missing_is_noted_though_another_one_conflicts(
    archive: Archive, chat: Chat, sandbox: Sandbox
) -> None:
    archive.configure(settle=AT_ONCE, include="1-3")
    key = chat("Hello", "How can I help?", "Never mind")
    other = chat("a", "b")
    archive.run("backfill")
    archive.run("reconcile")
    with archive.database.writing() as connection:
        connection.execute(
            update(tables.chat_message)
            .where(tables.chat_message.c.chat_message_id == 3)
            .values(chat_session_id=other)
        )
    sandbox.tenant.delete_message(2)
    for _ in range(2):
        result = archive.run("reconcile", ids=str(key), is_accepted=True)
        assert result.outcome == "partial", result
    assert message(archive, 2)["gone_at"] is not None


def test_a_message_that_is_missing_is_noted_beside_one_that_was_erased_here_and_comes_all_the_same(
    archive: Archive, chat: Chat, sandbox: Sandbox
) -> None:
    archive.configure(settle=AT_ONCE, include="1-3")
    key = chat("Hello", "How can I help?", "Never mind")
    archive.run("backfill")
    archive.run("reconcile")
    with archive.database.writing() as connection:
        connection.execute(
            update(tables.chat_message)
            .where(tables.chat_message.c.chat_message_id == 3)
            .values(erased_at=NOW, message=None)
        )
    sandbox.tenant.delete_message(2)
    archive.run("reconcile", ids=str(key))
    archive.run("reconcile", ids=str(key))
    assert message(archive, 2)["gone_at"] is not None


def test_the_pass_that_stops_and_asks_has_stored_what_is_new(archive: Archive, chat: Chat, sandbox: Sandbox) -> None:
    archive.configure(settle=AT_ONCE + '\nagain = ["0.0001s"]', include="1-3")
    chat(*[f"m{n}" for n in range(12)])
    archive.run("backfill")
    archive.run()
    for n in range(1, 13):
        sandbox.tenant.edit(n, message=f"other {n}")
    archive.configure(settle='after = "3s"\nconfirm_after = "0.001s"\nagain = ["0.0001s"]', include="1-3")
    with archive.database.writing() as connection:
        connection.execute(update(tables.chat_session_state).values(last_activity_at=NOW))
    chat("new")
    result = archive.run()
    assert isinstance(result.error, SuspiciousChanges), result
    assert 13 in {row["chat_message_id"] for row in archive.table("chat_message")}


def test_a_pass_whose_credentials_are_refused_in_its_middle_asks_about_what_came_before_that(
    archive: Archive, chat: Chat, sandbox: Sandbox
) -> None:
    archive.configure(settle=AT_ONCE, include="1-13", attempts=1)
    chat(*[f"m{n}" for n in range(12)])
    for _ in range(12):
        chat("x")
    archive.run("backfill")
    for n in range(1, 13):
        sandbox.tenant.edit(n, message=f"other {n}")
    for n in range(2, 14):
        sandbox.oddities.add("status", status=401, chat_session_id=n, operation="GetChatMessages")
    result = archive.run("reconcile", threads=1)
    assert isinstance(result.error, SuspiciousChanges), result
    assert archive.table("sync_run")[-1]["outcome"] == "failed"
    assert "suspicious_changes" in {e["kind"] for e in archive.table("sync_error")}


def test_what_is_new_goes_on_to_be_archived_while_a_pass_asks_whatever_is_in_quarantine(
    archive: Archive, chat: Chat, sandbox: Sandbox
) -> None:
    archive.configure(settle=AT_ONCE, include="1-13")
    chat(*[f"m{n}" for n in range(12)])
    sandbox.oddities.add("missing_property", chat_session_id=1, property_name="ChatMessageId", probability=0.1)
    second = chat("x")
    archive.run("backfill")
    assert archive.table("quarantine")
    sandbox.oddities.clear()
    for n in range(1, 13):
        sandbox.tenant.edit(n, message=f"other {n}")
    archive.run()
    new = sandbox.tenant.post(second, message="new")
    archive.run()
    result = archive.run()
    assert isinstance(result.error, SuspiciousChanges), result
    assert new in {row["chat_message_id"] for row in archive.table("chat_message")}


def test_what_was_settled_is_not_sealed_while_a_message_is_missing_though_after_grew(
    archive: Archive, chat: Chat, sandbox: Sandbox
) -> None:
    archive.configure(settle=AT_ONCE, include="1-3")
    chat("Hello", "How can I help?", "Never mind")
    archive.run("backfill")
    archive.run("reconcile")
    archive.configure(settle='after = "30000d"\nconfirm_after = "1h"', include="1-3")
    sandbox.tenant.edit(1, message="Ha")
    archive.run("reconcile")
    sandbox.tenant.delete_message(2)
    archive.run("reconcile")
    assert [s["kind"] for s in archive.table("seal")] == ["sealed", "changed"]


def test_a_chat_session_that_failed_before_the_clock_was_set_back_is_tried_again(
    archive: Archive, chat: Chat, sandbox: Sandbox
) -> None:
    archive.configure(include="1-3", attempts=1)
    key = chat("Hello")
    broken = sandbox.oddities.add("status", chat_session_id=key)
    chat("Hi")
    archive.run()
    sandbox.oddities.clear(broken)
    assert archive.run(spares_failing=True).outcome == "partial"
    next_year = datetime.now(UTC) + timedelta(days=365)
    with archive.database.writing() as connection:
        connection.execute(update(tables.chat_session_state).values(retry_at=next_year))
    assert archive.run(spares_failing=True).outcome == "complete"
    assert archive.rows() == archive.truth()
