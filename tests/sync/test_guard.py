"""A pass that would revise or bury a suspicious share of what it read stops and asks."""

from collections.abc import Callable

import pytest

from archiver.config.settings import SettleSettings
from archiver.errors import ExitCode, SuspiciousChanges
from archiver.sandbox import Sandbox
from archiver.store.canaries import CHAT_SESSIONS
from archiver.store.ledger import RunCounts
from archiver.sync.guard import check_changes
from tests.support import Archive

Chat = Callable[..., int]

SETTINGS = 'after = "0.001s"\nconfirm_after = "0.001s"'
CHATS = 12
RULES = SettleSettings(suspicious_share=0.1, suspicious_from=10)


@pytest.mark.parametrize(
    ("counts", "is_suspicious"),
    [
        (RunCounts(messages_compared=9, messages_revised=9), False),
        (RunCounts(messages_compared=10, messages_revised=10), True),
        (RunCounts(messages_compared=100, messages_revised=10), False),
        (RunCounts(messages_compared=100, messages_revised=11), True),
        (RunCounts(messages_compared=0, messages_gone=10), True),
        (RunCounts(messages_compared=90, messages_gone=10), False),
        (RunCounts(messages_compared=80, messages_gone=20), True),
        (RunCounts(chat_sessions_visited=100, chat_sessions_gone=10), False),
        (RunCounts(chat_sessions_visited=100, chat_sessions_gone=11), True),
        (RunCounts(messages_compared=10, messages_changed=10), False),
    ],
)
def test_it_takes_many_and_a_large_share_of_them(counts: RunCounts, is_suspicious: bool) -> None:
    if is_suspicious:
        with pytest.raises(SuspiciousChanges):
            check_changes(counts, RULES)
    else:
        check_changes(counts, RULES)


@pytest.fixture
def chats(archive: Archive, chat: Chat) -> list[int]:
    """Chat sessions of two messages each, archived and settled."""
    archive.configure(settle=SETTINGS, include=f"1-{CHATS}")
    ids = [chat("Hello", "How can I help?") for _ in range(CHATS)]
    archive.run("backfill")
    archive.run("reconcile")
    return ids


def test_a_pass_that_would_revise_too_much_stores_none_of_it_and_asks(
    archive: Archive, chats: list[int], sandbox: Sandbox
) -> None:
    before = archive.table("chat_message")
    for message in sandbox.tenant.all_messages():
        sandbox.tenant.edit(message.chat_message_id, message=f"<p>{message.message}</p>")
    result = archive.run("reconcile")
    assert isinstance(result.error, SuspiciousChanges)
    assert (result.outcome, result.error.exit_code) == ("failed", ExitCode.DECISION_NEEDED)
    assert archive.table("chat_message") == before
    assert archive.table("chat_message_revision") == []
    assert archive.table("sync_run")[-1]["error"] == "suspicious_changes"
    assert archive.run("reconcile", is_accepted=True).counts.messages_revised == 2 * CHATS
    assert not [row for row in archive.table("sync_error") if row["resolved_at"] is None]


def test_a_pass_that_would_bury_too_many_messages_stops(archive: Archive, chats: list[int], sandbox: Sandbox) -> None:
    for message in sandbox.tenant.all_messages()[::2]:
        sandbox.tenant.delete_message(message.chat_message_id)
    assert archive.run("reconcile").counts.messages_missing == CHATS
    assert isinstance(archive.run("reconcile").error, SuspiciousChanges)
    assert {row["gone_at"] for row in archive.table("chat_message")} == {None}
    assert archive.run("reconcile", is_accepted=True).counts.messages_gone == CHATS


def test_a_pass_that_finds_too_many_chat_sessions_gone_stops(
    archive: Archive, chats: list[int], sandbox: Sandbox
) -> None:
    for key in chats:
        sandbox.tenant.delete_chat_session(key)
    archive.run("reconcile", is_accepted=True)
    assert isinstance(archive.run("reconcile").error, SuspiciousChanges)
    assert "gone" not in {row["state"] for row in archive.table("chat_session_state")}


def test_the_deletion_of_one_chat_session_is_ordinary(archive: Archive, chats: list[int], sandbox: Sandbox) -> None:
    sandbox.tenant.delete_chat_session(chats[0])
    for _ in range(2):
        assert archive.run("reconcile").outcome == "complete"
    assert archive.state(chats[0])["state"] == "gone"


def test_what_is_new_goes_on_to_be_stored_while_a_pass_asks_about_what_was_settled(
    archive: Archive, chats: list[int], sandbox: Sandbox
) -> None:
    always_due = f'{SETTINGS}\nagain = ["0.001s"]'
    archive.configure(settle=always_due, include=f"1-{CHATS}")
    archive.run()
    for message in sandbox.tenant.all_messages():
        sandbox.tenant.edit(message.chat_message_id, message="another text")
    assert isinstance(archive.run().error, SuspiciousChanges)
    new = sandbox.tenant.post(chats[0], message="new")
    result = archive.run()
    assert isinstance(result.error, SuspiciousChanges)
    assert result.counts.messages_added == 1
    assert new in {row["chat_message_id"] for row in archive.table("chat_message")}
    assert archive.table("chat_message_revision") == []
    assert archive.run(is_accepted=True).counts.messages_revised == 2 * CHATS
    assert archive.run().outcome == "complete"


def test_a_pass_over_something_else_is_no_answer(archive: Archive, chats: list[int], sandbox: Sandbox) -> None:
    for key in chats[:-CHAT_SESSIONS]:  # which the canary does not meet
        for message in sandbox.tenant.messages(key):
            sandbox.tenant.edit(message.chat_message_id, message="another text")
    assert isinstance(archive.run("reconcile").error, SuspiciousChanges)
    assert archive.run("reconcile", ids=str(chats[-1])).outcome == "complete"
    assert isinstance(archive.run().error, SuspiciousChanges)
    assert archive.run("reconcile", ids=str(chats[0]), is_accepted=True).outcome == "complete"
    assert not [row for row in archive.table("sync_error") if row["resolved_at"] is None]
