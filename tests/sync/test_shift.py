"""A server upgrade that moves all times: a warning, and no storm of revisions."""

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from archiver.sandbox import Sandbox
from tests.support import Archive, dump
from tests.writes import note_writes

Chat = Callable[..., int]
HOUR = timedelta(hours=1)


@pytest.fixture
def filled(archive: Archive, chat: Chat) -> Archive:
    """Eight chat sessions, of which the canary asks for the last five; one of the others has a single message."""
    chat("alone")
    for _ in range(7):
        chat("Hello", "How can I help?")
    archive.configure(include="1-8")
    archive.run()
    return archive


def notice(archive: Archive) -> tuple[Any, ...]:
    """Of the only error: what it says and whether it is open."""
    (error,) = archive.table("sync_error")
    return error["kind"], error["chat_session_id"], error["resolved_at"] is None, error["count"]


@pytest.mark.parametrize("span", [HOUR, -2 * HOUR, timedelta(hours=5, minutes=45)])
def test_times_that_all_moved_are_a_warning_and_change_no_message(
    filled: Archive, sandbox: Sandbox, span: timedelta, caplog: pytest.LogCaptureFixture
) -> None:
    held = filled.table("chat_message")
    sandbox.tenant.shift_times(span)
    writes = note_writes(filled.database)
    with caplog.at_level(logging.WARNING):
        result = filled.run("reconcile")
    assert (result.outcome, result.counts.messages_changed) == ("complete", 0)
    assert filled.table("chat_message") == held
    assert not any("chat_message" in what for what in writes())
    assert notice(filled) == ("times_shifted", None, True, 1)
    (told,) = [record for record in caplog.records if record.__dict__.get("event") == "times_shifted"]
    assert told.__dict__["minutes"] == [span / timedelta(minutes=1)]


def test_what_was_edited_meanwhile_is_an_edit_with_the_stored_time(filled: Archive, sandbox: Sandbox) -> None:
    held = filled.table("chat_message")
    sandbox.tenant.shift_times(HOUR)
    sandbox.tenant.edit(2, message="edited")
    sandbox.tenant.edit(4, read_by_customer=1)
    result = filled.run("reconcile")
    assert result.counts.messages_changed == 2
    (revision,) = filled.table("chat_message_revision")
    assert (revision["chat_message_id"], revision["message"]) == (2, "Hello")
    now = filled.table("chat_message")
    assert [row["when_posted"] for row in now] == [row["when_posted"] for row in held]
    assert (now[1]["message"], now[1]["revision"], now[3]["read_by_customer"], now[3]["revision"]) == (
        "edited",
        2,
        1,
        1,
    )


def test_new_messages_are_stored_with_the_times_they_come_with(filled: Archive, chat: Chat, sandbox: Sandbox) -> None:
    chat("later", "later still")
    sandbox.tenant.post(3, message="later too")
    sandbox.tenant.shift_times(HOUR)
    truth = {row["ChatMessageId"]: row for row in filled.truth()}
    filled.configure(include="1-9")
    assert filled.run("reconcile").counts.messages_added == 3
    assert filled.rows()[-3:] == [truth[16], truth[17], truth[18]]
    assert filled.run("reconcile").counts.messages_changed == 0  # both kinds side by side


def test_a_visit_tells_a_shift_that_no_canary_could(archive: Archive, chat: Chat, sandbox: Sandbox) -> None:
    for _ in range(7):
        chat("Hello", "How can I help?")
    archive.run(ids="1-7")
    for key in (1, 2):
        posted_at = sandbox.tenant.messages(1)[key - 1].when_posted
        assert not isinstance(posted_at, str)
        sandbox.tenant.edit(key, when_posted=posted_at + HOUR)
    result = archive.run("reconcile", ids="1-7")
    assert (result.outcome, result.counts.messages_changed) == ("complete", 0)
    assert notice(archive)[0] == "times_shifted"


def test_times_that_were_edited_in_single_messages_are_edits(filled: Archive, sandbox: Sandbox) -> None:
    for key in (2, 5):
        posted_at = next(each for each in sandbox.tenant.all_messages() if each.chat_message_id == key).when_posted
        assert not isinstance(posted_at, str)
        sandbox.tenant.edit(key, when_posted=posted_at + HOUR)
    assert filled.run("reconcile").counts.messages_changed == 2
    assert len(filled.table("chat_message_revision")) == 2
    assert filled.rows() == filled.truth()
    assert filled.table("sync_error") == []


def test_the_notice_stays_open_until_the_newest_messages_come_with_their_stored_times(
    filled: Archive, sandbox: Sandbox
) -> None:
    sandbox.tenant.shift_times(HOUR)
    for seen in (1, 2):
        assert filled.run().outcome == "complete"
        assert notice(filled) == ("times_shifted", None, True, seen)
    sandbox.tenant.shift_times(-HOUR)
    assert filled.run().outcome == "complete"
    assert notice(filled) == ("times_shifted", None, False, 2)


def test_a_dry_run_writes_nothing_of_a_shift(filled: Archive, sandbox: Sandbox) -> None:
    sandbox.tenant.shift_times(HOUR)
    before = dump(filled.database, without=("lease",))
    assert filled.run("reconcile", is_dry=True).counts.messages_changed == 0
    assert dump(filled.database, without=("lease",)) == before
