"""What freezes a source: the evidence that it went back, what is none, and the ways on."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import update

from archiver.errors import AuthenticationFailed, ExitCode, SourceRewound
from archiver.sandbox import Sandbox
from archiver.store import tables
from archiver.store.canaries import CHAT_SESSIONS, MESSAGES
from archiver.sync.order import PassResult
from tests.support import Archive, dump
from tests.sync.test_passes import requests_for

Chat = Callable[..., int]
ANOTHER = {"message": "Quite another text", "author": "Sam", "when_posted": datetime(2031, 5, 4, tzinfo=UTC)}


def is_frozen(result: PassResult) -> bool:
    """Whether the pass ended as that of a frozen source does, and visited nothing."""
    if not isinstance(result.error, SourceRewound):
        return False
    assert (result.outcome, result.error.exit_code) == ("failed", ExitCode.DECISION_NEEDED)
    assert result.counts.chat_sessions_visited == 0
    return True


def open_errors(archive: Archive) -> list[tuple[Any, str]]:
    rows = archive.table("sync_error")
    return [(row["chat_session_id"], row["kind"]) for row in rows if row["resolved_at"] is None]


@pytest.fixture
def filled(archive: Archive, chat: Chat) -> Archive:
    """An archive of four chat sessions with three messages each."""
    for _ in range(4):
        chat("Hello", "How can I help?", "Bye")
    archive.configure(include="1-4")
    assert archive.run().outcome == "complete"
    return archive


def test_a_restored_backup_freezes_the_source_before_anything_is_visited_or_written(
    filled: Archive, chat: Chat, sandbox: Sandbox
) -> None:
    sandbox.tenant.restore_backup(12)
    chat("Who are you?", "Nobody")
    before = dump(filled.database, without=("sync_run", "sync_error", "lease"))
    result = filled.run()
    assert is_frozen(result)
    assert "message 1 of chat session 1 is another one now" not in str(result.error)  # Kim wrote both: no proof
    assert dump(filled.database, without=("sync_run", "sync_error", "lease")) == before
    assert open_errors(filled) == [(None, "source_rewound")]
    assert result.error
    assert "archiver source new-epoch acme" in result.error.hint
    assert "--accept" in result.error.hint
    (*_, run) = filled.table("sync_run")
    assert (run["outcome"], run["error"], run["requests"]) == ("failed", "source_rewound", 4)


def test_the_end_that_several_chat_sessions_lost_tells_a_restored_backup(archive: Archive, sandbox: Sandbox) -> None:
    first, second = sandbox.tenant.open_chat_session(), sandbox.tenant.open_chat_session()
    for _ in range(3):
        sandbox.tenant.post(first, author="Kim")
        sandbox.tenant.post(second, author="Ann")
    archive.run(ids="1-2")
    sandbox.tenant.restore_backup(3)
    result = archive.run(ids="1-2")
    assert is_frozen(result)
    assert str(result.error) == "the newest messages of chat sessions 1, 2 are not there any more, from message 5 on"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"chat_session_id": 3}, "message 12 of chat session 4 is another one now"),
        (ANOTHER, "message 12 of chat session 4 is another one now"),
    ],
)
def test_another_message_under_a_known_id_freezes_the_source(
    filled: Archive, sandbox: Sandbox, change: dict[str, Any], says: str
) -> None:
    held = filled.rows()
    sandbox.tenant.edit(12, **change)
    for kind in ("incremental", "backfill", "reconcile"):
        result = filled.run(kind)
        assert (is_frozen(result), str(result.error)) == (True, says)
    assert filled.rows() == held
    assert filled.table("quarantine") == []
    (error,) = filled.table("sync_error")
    assert (error["count"], error["detail"]) == (3, says)


def test_every_id_that_comes_is_looked_up_and_not_those_asked_for_alone(filled: Archive, sandbox: Sandbox) -> None:
    sandbox.tenant.post(4, message="new", author="Sam")
    sandbox.tenant.edit(13, ChatMessageId=2)  # an old id, under another chat session
    assert is_frozen(filled.run())


def deleted_message(sandbox: Sandbox) -> None:
    sandbox.tenant.delete_message(12)


def deleted_chat_session(sandbox: Sandbox) -> None:
    sandbox.tenant.delete_chat_session(4)


def lost_ends(sandbox: Sandbox) -> None:
    for key in (3, 12):  # with messages left above the first of them
        sandbox.tenant.delete_message(key)


def edited(sandbox: Sandbox) -> None:
    sandbox.tenant.edit(12, message="edited", read_by_customer=1)


def null(sandbox: Sandbox) -> None:
    sandbox.oddities.add("null", operation="GetChatMessages", times=4)


def error_object(sandbox: Sandbox) -> None:
    sandbox.oddities.add("error_object", times=4)


def unreadable(sandbox: Sandbox) -> None:
    sandbox.tenant.edit(12, SpecialType=["odd"], ReadByCustomer={})


@pytest.mark.parametrize(
    "change", [deleted_message, deleted_chat_session, lost_ends, edited, null, error_object, unreadable]
)
def test_what_has_another_cause_freezes_nothing(
    filled: Archive, sandbox: Sandbox, change: Callable[[Sandbox], None]
) -> None:
    change(sandbox)
    result = filled.run()
    assert result.outcome in ("complete", "partial")
    assert result.counts.chat_sessions_visited == 4
    assert (None, "source_rewound") not in open_errors(filled)


def rewrite(sandbox: Sandbox, *keys: int) -> None:
    for key in keys:
        changes = {name: value for name, value in ANOTHER.items() if name != "author"}
        sandbox.tenant.edit(key, **changes)


def test_ids_that_the_same_people_use_again_tell_a_restored_backup(filled: Archive, sandbox: Sandbox) -> None:
    rewrite(sandbox, *range(7, 13))
    held = filled.rows()
    assert is_frozen(filled.run())
    assert filled.rows() == held
    assert filled.run(is_accepted=True).outcome == "complete"
    assert filled.run().outcome == "complete"
    assert filled.rows() == filled.truth()


def test_one_chat_session_whose_end_was_rewritten_is_edited(filled: Archive, sandbox: Sandbox) -> None:
    rewrite(sandbox, 11, 12)
    assert filled.run().outcome == "complete"
    rewrite(sandbox, 6)  # below what is left of others
    assert filled.run().outcome == "complete"


def test_a_first_pass_reads_nothing_again(archive: Archive, chat: Chat, sandbox: Sandbox) -> None:
    chat("Hello")
    archive.run(ids="1")
    assert requests_for(sandbox) == [1]


def test_the_newest_messages_of_the_newest_chat_sessions_are_asked_for(
    archive: Archive, chat: Chat, sandbox: Sandbox
) -> None:
    for _ in range(8):
        chat(*["Hello"] * 8)
    archive.run(ids="1-8")
    sandbox.requests.clear()
    archive.run(ids="1")
    asked = [request.body for request in sandbox.requests.all()][:-1]
    newest = range(8, 8 - CHAT_SESSIONS, -1)
    assert asked == [f'{{"ChatSessionId":{key},"After":{8 * key - MESSAGES}}}' for key in newest]


def test_what_is_excluded_failing_missing_gone_or_erased_is_not_asked_for(
    archive: Archive, chat: Chat, sandbox: Sandbox
) -> None:
    for _ in range(8):
        chat("Hello")
    archive.run(ids="1-8")
    message, state, now = tables.chat_message, tables.chat_session_state, datetime.now(UTC)
    with archive.database.writing() as connection:
        for key, column in ((2, "missing_since"), (3, "gone_at"), (4, "erased_at")):
            connection.execute(update(message).where(message.c.chat_message_id == key).values({column: now}))
        for key, values in ((5, {"failures": 1}), (6, {"state": "gone"}), (7, {"missing_since": now})):
            connection.execute(update(state).where(state.c.chat_session_id == key).values(values))
    path = archive.config.folder / "config.toml"
    path.write_text(path.read_text().replace('include = ["1-50"]', 'include = ["1-50"]\nexclude = [8]'))
    (source,) = archive.configure_from(path).source
    assert 8 in source.sessions.exclude
    sandbox.requests.clear()
    archive.run(ids="40")
    assert requests_for(sandbox)[0] == 1
    assert {2, 3, 4, 5, 6, 7, 8}.isdisjoint(requests_for(sandbox))


def test_an_edit_that_the_canary_meets_is_stored_by_the_pass(filled: Archive, sandbox: Sandbox) -> None:
    newest = sandbox.tenant.all_messages()[-1].chat_message_id
    sandbox.tenant.edit(newest, message="edited")
    assert filled.run().counts.messages_revised == 1
    assert filled.rows() == filled.truth()


def test_an_edit_that_the_canary_meets_is_stored_by_a_pass_over_something_else_too(
    filled: Archive, sandbox: Sandbox
) -> None:
    newest = sandbox.tenant.all_messages()[-1]
    sandbox.tenant.edit(newest.chat_message_id, message="edited")
    others = next(key for key in (1, 2, 3, 4) if key != newest.chat_session_id)
    assert filled.run("backfill", ids=str(others)).counts.messages_revised == 1
    assert filled.rows() == filled.truth()


@pytest.mark.parametrize("oddity", [{"kind": "reset_before"}, {"kind": "status", "status": 503}])
def test_a_source_that_is_down_is_soon_left_to_the_pass(
    filled: Archive, sandbox: Sandbox, oddity: dict[str, Any]
) -> None:
    filled.configure(include="1-4", attempts=1)
    sandbox.oddities.add(**oddity)
    sandbox.requests.clear()
    filled.run(ids="1")
    assert requests_for(sandbox)[:3] == [4, 3, 1]  # two of four, then the walk


def test_credentials_that_are_refused_are_not_tried_with_every_canary(filled: Archive, sandbox: Sandbox) -> None:
    filled.configure(include="1-4", password="wrong")
    sandbox.requests.clear()
    result = filled.run()
    assert isinstance(result.error, AuthenticationFailed)
    assert len(sandbox.requests.all()) <= 4


def test_a_frozen_source_stays_so_until_the_canary_is_well_again(
    filled: Archive, chat: Chat, sandbox: Sandbox
) -> None:
    sandbox.oddities.add("empty", operation="GetChatMessages")
    assert is_frozen(filled.run())
    sandbox.oddities.clear()
    sandbox.oddities.add("error_object", chat_session_id=4)  # the others are well, but not all were heard
    result = filled.run()
    assert is_frozen(result)
    assert "the newest messages of chat sessions" in str(result.error)
    sandbox.oddities.clear()
    sandbox.tenant.post(1, message="new")
    assert filled.run().outcome == "complete"
    assert filled.rows() == filled.truth()
    assert open_errors(filled) == []


def test_a_dry_run_is_frozen_too_and_notes_nothing(filled: Archive, sandbox: Sandbox) -> None:
    sandbox.tenant.restore_backup(12)
    before = dump(filled.database, without=("lease",))
    assert is_frozen(filled.run("reconcile", is_dry=True))
    assert dump(filled.database, without=("lease",)) == before


def test_a_person_who_knows_that_it_was_no_restore_lets_the_pass_read_whole_what_was_lost(
    filled: Archive, sandbox: Sandbox
) -> None:
    for key in (3, 6, 9, 12):
        sandbox.tenant.delete_message(key)
    for key in (2, 5, 8, 11, 1, 4, 7, 10):
        sandbox.tenant.delete_message(key)
    assert is_frozen(filled.run())
    sandbox.requests.clear()
    result = filled.run(is_accepted=True)
    assert (result.outcome, result.counts.chat_sessions_visited) == ("complete", 4)
    walked = [request.body for request in sandbox.requests.all() if request.operation == "GetChatMessages"][4:]
    assert sorted(walked) == [f'{{"ChatSessionId":{key},"After":0}}' for key in range(1, 5)]
    assert open_errors(filled) == []
    assert len(filled.rows()) == 12


def test_a_conflict_that_a_person_accepted_freezes_nothing_any_more(filled: Archive, sandbox: Sandbox) -> None:
    sandbox.tenant.edit(12, **ANOTHER)
    assert is_frozen(filled.run())
    assert filled.run(is_accepted=True).outcome == "partial"
    (item,) = filled.table("quarantine")
    assert (item["chat_message_id"], item["kind"]) == (12, "conflict")
    for kind in ("incremental", "reconcile"):
        result = filled.run(kind)
        assert (result.error, result.counts.chat_sessions_visited) == (None, 4)
    assert open_errors(filled) == [(4, "conflict")]


def older(archive: Archive, chat: Chat) -> None:
    """More than the canary asks for, so that chat session 1 is none of it."""
    for _ in range(CHAT_SESSIONS + 1):
        chat("Hello", "Bye")
    archive.run(ids="1-6")


def test_a_conflict_in_the_middle_of_a_pass_freezes_the_source_when_the_archived_message_left_its_place(
    archive: Archive, chat: Chat, sandbox: Sandbox
) -> None:
    older(archive, chat)
    sandbox.tenant.delete_message(1)
    sandbox.tenant.edit(sandbox.tenant.messages(chat("an id is used again"))[0].chat_message_id, ChatMessageId=1)
    held = archive.rows()
    result = archive.run(ids="7")
    assert isinstance(result.error, SourceRewound)
    assert str(result.error) == "message 1 of chat session 1 is another one now"
    assert archive.rows() == held
    again = archive.run()
    assert is_frozen(again)  # though the newest messages are well
    assert archive.run(is_accepted=True).error is None


def test_a_conflict_whose_archived_message_is_still_in_its_place_is_its_chat_sessions_own_failure(
    archive: Archive, chat: Chat, sandbox: Sandbox
) -> None:
    older(archive, chat)
    sandbox.tenant.edit(sandbox.tenant.messages(chat("an id is used twice"))[0].chat_message_id, ChatMessageId=1)
    result = archive.run(ids="7")
    assert (result.outcome, result.error) == ("partial", None)
    assert open_errors(archive) == [(7, "conflict")]
    assert archive.run(ids="3").outcome == "complete"


def test_what_the_configuration_leaves_out_freezes_nothing_since_no_pass_could_read_it_whole(
    filled: Archive, sandbox: Sandbox
) -> None:
    filled.configure(include="1-2")
    for key in (9, 10, 11, 12):
        sandbox.tenant.delete_message(key)
    assert filled.run().outcome == "complete"


def test_a_message_that_moved_below_another_chat_sessions_cursor_freezes_nothing_once_accepted(
    archive: Archive, sandbox: Sandbox
) -> None:
    first, second = sandbox.tenant.open_chat_session(), sandbox.tenant.open_chat_session()
    for _ in range(3):
        sandbox.tenant.post(first, author="Kim")
        sandbox.tenant.post(second, author="Ann")
    archive.run(ids="1-2")
    sandbox.tenant.delete_message(4)
    sandbox.tenant.post(first, author="Ann", chat_message_id=4)
    assert is_frozen(archive.run(ids="1-2"))
    assert archive.run(ids="1-2", is_accepted=True).outcome == "partial"
    assert archive.run(ids="1-2").error is None


def test_one_long_chat_session_does_not_hide_the_others(archive: Archive, chat: Chat, sandbox: Sandbox) -> None:
    chat("Hello", "How can I help?", "Bye")
    chat("Hello", "How can I help?", "Bye")
    chat(*["Hello"] * 600)
    archive.run(ids="1-3")
    sandbox.tenant.restore_backup(601)
    assert is_frozen(archive.run(ids="1-3"))
