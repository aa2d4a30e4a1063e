"""Passes over a simulated tenant into real databases: the promises of the design, one by one."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from archiver.errors import LeaseHeld, LeaseLost
from archiver.sandbox import Sandbox
from archiver.store import tables
from archiver.store.canaries import CHAT_SESSIONS
from archiver.store.lease import acquire_lease, forget_lease
from archiver.store.sources import load_source_id
from archiver.sync.order import Progress
from archiver.sync.visit import FULL_REPLY_ROWS
from tests.support import Archive, dump, truth_of

Chat = Callable[..., int]


def requests_for(sandbox: Sandbox, operation: str = "GetChatMessages") -> list[int | None]:
    return [request.chat_session_id for request in sandbox.requests.all() if request.operation == operation]


def test_a_first_pass_stores_every_row_of_a_believable_tenant(archive: Archive) -> None:
    with Sandbox() as full:
        archive.configure(base_url=full.base_url, include="1-300")
        result = archive.run()
        truth = truth_of(full)
    assert result.outcome == "complete"
    assert archive.rows() == truth
    assert result.counts.messages_added == len(truth) > 3000


def test_a_pass_with_nothing_new_writes_only_to_the_ledger(archive: Archive, chat: Chat) -> None:
    chat("Hello", "How can I help?")
    chat("Hi")
    archive.run()
    archive.run()  # the first incremental pass after which holes are no longer all due
    before = dump(archive.database, without=("sync_run", "lease"))
    result = archive.run()
    assert result.outcome == "complete"
    assert dump(archive.database, without=("sync_run", "lease")) == before


def test_the_next_pass_asks_after_the_last_stored_message(archive: Archive, chat: Chat, sandbox: Sandbox) -> None:
    chat_session_id = chat("Hello", "How can I help?")
    archive.run(ids="1")
    sandbox.requests.clear()
    new = sandbox.tenant.post(chat_session_id, message="Are you there?")
    assert archive.run(ids="1").counts.messages_added == 1
    _canary, visit = [request.body for request in sandbox.requests.all()]
    assert visit == f'{{"ChatSessionId":1,"After":{new - 1}}}'
    assert archive.rows() == archive.truth()


def test_one_failing_chat_session_is_recorded_and_the_others_are_stored(
    archive: Archive, chat: Chat, sandbox: Sandbox
) -> None:
    for text in ("one", "two", "three"):
        chat(text)
    sandbox.oddities.add("status", status=503, chat_session_id=2)
    result = archive.run(ids="1-3")
    assert result.outcome == "partial"
    assert (result.counts.chat_sessions_visited, result.counts.chat_sessions_failed) == (3, 1)
    assert [row["Message"] for row in archive.rows()] == ["one", "three"]
    (error,) = archive.table("sync_error")
    assert (error["chat_session_id"], error["kind"], error["count"]) == (2, "source_unavailable", 1)
    assert archive.state(2)["failures"] == 1


def test_a_chat_session_that_failed_is_caught_up_and_its_error_resolved(
    archive: Archive, chat: Chat, sandbox: Sandbox
) -> None:
    chat("one")
    chat("two")
    sandbox.oddities.add("error_object", chat_session_id=2)
    archive.run(ids="1-2")
    archive.run(ids="1-2")
    sandbox.oddities.clear()
    assert archive.run(ids="1-2").outcome == "complete"
    assert archive.rows() == archive.truth()
    (error,) = archive.table("sync_error")
    assert error["count"] == 2
    assert error["resolved_at"] is not None
    assert (archive.state(2)["failures"], archive.state(2)["last_error"]) == (0, None)


@pytest.mark.parametrize("kind", ["null", "error_object", "sign_in_page", "short_body", "reset_before"])
def test_what_is_no_array_moves_no_cursor_and_ends_partial(
    archive: Archive, chat: Chat, sandbox: Sandbox, kind: str
) -> None:
    chat("Hello")
    chat("Hi")
    archive.run(ids="1-2")
    before = archive.state(1)
    sandbox.tenant.post(1, message="more")
    sandbox.oddities.add(kind, chat_session_id=1)
    assert archive.run(ids="1-2").outcome == "partial"
    after = archive.state(1)
    assert after["last_message_id"] == before["last_message_id"]
    assert after["state"] == "open"
    sandbox.oddities.clear()
    archive.run(ids="1-2")
    assert archive.rows() == archive.truth()


@pytest.mark.parametrize("oddities", [(), ("unknown_null",)])
def test_holes_are_absent_and_no_failure(archive: Archive, oddities: tuple[str, ...]) -> None:
    with Sandbox.empty() as tenant:
        for kind in oddities:
            tenant.oddities.add(kind)
        tenant.tenant.open_chat_session(chat_session_id=3)
        tenant.tenant.post(3, message="Hello")
        archive.configure(base_url=tenant.base_url, include="1-5")
        assert archive.run().outcome == "complete"
    assert [archive.state(key)["state"] for key in range(1, 6)] == ["absent", "absent", "open", "absent", "absent"]
    assert archive.table("sync_error") == []


def test_a_chat_session_without_messages_exists_and_is_new(archive: Archive, chat: Chat, sandbox: Sandbox) -> None:
    chat()
    assert archive.run(ids="1").outcome == "complete"
    assert archive.state(1)["state"] == "new"
    sandbox.requests.clear()
    archive.run(ids="1")
    assert requests_for(sandbox, "GetChatSessionEntity") == []


def test_a_null_where_we_hold_nothing_is_a_failure_when_the_entity_exists(
    archive: Archive, chat: Chat, sandbox: Sandbox
) -> None:
    chat("Hello")
    chat("Hi")
    sandbox.oddities.add("null", chat_session_id=1, operation="GetChatMessages", times=1)
    assert archive.run(ids="1-2").outcome == "partial"
    assert archive.state(1)["last_error"] == "null_reply"
    assert archive.run(ids="1-2").outcome == "complete"
    assert archive.rows() == archive.truth()


def test_a_new_chat_above_the_highest_known_is_found_by_the_next_pass(
    archive: Archive, chat: Chat, sandbox: Sandbox
) -> None:
    chat("Hello")
    archive.run()
    archive.run()
    chat("I am new here")
    sandbox.requests.clear()
    assert archive.run().counts.messages_added == 1
    canary, *visited = filter(None, requests_for(sandbox))
    assert (canary, sorted(visited)) == (1, list(range(1, 22)))  # the known one and the frontier
    assert archive.state(2)["state"] == "open"


def test_reconcile_finds_edits_and_keeps_the_earlier_content(archive: Archive, chat: Chat, sandbox: Sandbox) -> None:
    chat("Hello", "Your order ships tomorrow")
    archive.run(ids="1")
    sandbox.tenant.edit(2, message="Your order ships next week")
    result = archive.run("reconcile", ids="1")
    assert (result.outcome, result.counts.messages_changed) == ("complete", 1)
    assert archive.rows() == archive.truth()
    (revision,) = archive.table("chat_message_revision")
    assert (revision["revision"], revision["message"]) == (1, "Your order ships tomorrow")
    message = archive.table("chat_message")[1]
    assert (message["revision"], message["last_changed_run"]) == (2, result.run_id)


def test_reconcile_finds_a_lower_id_that_was_committed_late(archive: Archive, chat: Chat, sandbox: Sandbox) -> None:
    chat_session_id = sandbox.tenant.open_chat_session()
    sandbox.tenant.post(chat_session_id, message="second", chat_message_id=2)
    archive.run(ids="1")
    sandbox.tenant.post(chat_session_id, message="first", chat_message_id=1)
    assert archive.run(ids="1").counts.messages_added == 0
    assert archive.run("reconcile", ids="1").counts.messages_added == 1
    assert archive.rows() == archive.truth()


def test_a_read_mark_updates_the_row_and_keeps_no_revision(archive: Archive, chat: Chat, sandbox: Sandbox) -> None:
    chat("Hello")
    archive.run(ids="1")
    sandbox.tenant.edit(1, read_by_customer=1)
    assert archive.run("reconcile", ids="1").counts.messages_changed == 1
    assert archive.table("chat_message")[0]["read_by_customer"] == 1
    assert archive.table("chat_message")[0]["revision"] == 1
    assert archive.table("chat_message_revision") == []


def test_a_dry_reconcile_counts_what_it_would_change_and_writes_nothing(
    archive: Archive, chat: Chat, sandbox: Sandbox
) -> None:
    chat("Hello", "Hi")
    archive.run(ids="1")
    sandbox.tenant.edit(1, message="Hello!")
    sandbox.tenant.post(1, message="more")
    before = dump(archive.database, without=("lease",))
    result = archive.run("reconcile", ids="1", is_dry=True)
    assert (result.outcome, result.counts.messages_added, result.counts.messages_changed) == ("complete", 1, 1)
    assert dump(archive.database, without=("lease",)) == before


def test_a_second_reconcile_changes_nothing(archive: Archive, chat: Chat, sandbox: Sandbox) -> None:
    chat("Hello", "Hi")
    archive.run(ids="1")
    sandbox.tenant.edit(1, message="Hello!", read_by_customer=1)
    archive.run("reconcile", ids="1")
    before = dump(archive.database, without=("sync_run", "lease"))
    assert archive.run("reconcile", ids="1").counts.messages_changed == 0
    assert dump(archive.database, without=("sync_run", "lease")) == before


def test_another_message_under_a_known_id_overwrites_nothing(archive: Archive, chat: Chat, sandbox: Sandbox) -> None:
    chat("Hello", "Hi")
    archive.run(ids="1")
    held = archive.rows()
    restored = {"message": "Quite another text", "author": "Sam", "when_posted": datetime(2031, 5, 4, tzinfo=UTC)}
    sandbox.tenant.edit(1, **restored)
    sandbox.tenant.post(1, message="a neighbour")
    result = archive.run("reconcile", ids="1", is_accepted=True)  # without that, the source is frozen: test_canary.py
    assert result.outcome == "partial"
    assert archive.rows()[:2] == held
    assert archive.rows()[2]["Message"] == "a neighbour"
    (kept,) = archive.table("quarantine")
    assert (kept["chat_message_id"], "Quite another text" in kept["payload"]) == (1, True)
    archive.run("reconcile", ids="1")
    assert len(archive.table("quarantine")) == 1


def test_a_message_is_stored_under_the_chat_session_it_names(archive: Archive, chat: Chat, sandbox: Sandbox) -> None:
    chat("Hello", "I belong elsewhere")
    sandbox.tenant.edit(2, chat_session_id=77)
    assert archive.run(ids="1").outcome == "complete"
    assert [row["ChatSessionId"] for row in archive.rows()] == [1, 77]
    assert archive.state(1)["last_message_id"] == 1  # 77's message is no progress in 1
    assert archive.run(ids="1").counts.messages_added == 0


def test_what_can_not_be_stored_is_quarantined_alone_and_once(archive: Archive, chat: Chat, sandbox: Sandbox) -> None:
    chat("Hello", "odd", "Bye")
    sandbox.tenant.edit(2, ChatMessageId="two")
    assert archive.run(ids="1").outcome == "partial"
    archive.run("reconcile", ids="1")
    assert [row["Message"] for row in archive.rows()] == ["Hello", "Bye"]
    assert archive.state(1)["last_message_id"] == 3  # nothing is between the stored and the quarantined
    (kept,) = archive.table("quarantine")
    assert kept["reason"] == "ChatMessageId is no id"
    assert '"Message":"odd"' in kept["payload"]


def test_a_full_reply_is_asked_again_at_once(archive: Archive, sandbox: Sandbox) -> None:
    chat_session_id = sandbox.tenant.open_chat_session()
    for number in range(FULL_REPLY_ROWS):
        sandbox.tenant.post(chat_session_id, message=str(number))
    assert archive.run(ids="1").counts.messages_added == FULL_REPLY_ROWS
    assert requests_for(sandbox) == [1, 1]


def test_a_stop_commits_what_was_fetched_and_the_next_pass_completes_it(archive: Archive) -> None:
    stop = threading.Event()

    def stop_after_some(progress: Progress) -> None:
        if progress.counts.chat_sessions_visited >= 20:
            stop.set()

    with Sandbox() as full:
        archive.configure(base_url=full.base_url, include="1-300")
        result = archive.run("backfill", stop=stop, report=stop_after_some)
        assert result.outcome == "interrupted"
        assert 0 < len(archive.rows()) == result.counts.messages_added < len(full.tenant.rows())
        full.requests.clear()
        resumed = archive.run("backfill")
        assert (resumed.outcome, resumed.resumed_at) == ("complete", archive.table("sync_run")[0]["walked_to"])
        visited = list(filter(None, requests_for(full)))[CHAT_SESSIONS:]  # after the canary's calls
        assert min(visited) > resumed.resumed_at > 0
        truth = truth_of(full)
    assert archive.rows() == truth


def test_a_resumed_backfill_visits_again_what_had_failed(archive: Archive, chat: Chat, sandbox: Sandbox) -> None:
    stop = threading.Event()
    for text in ("one", "two", "three", "four", "five"):
        chat(text)
    sandbox.oddities.add("error_object", chat_session_id=1)

    def stop_at_three(progress: Progress) -> None:
        if progress.counts.chat_sessions_visited == 3:
            stop.set()

    archive.run("backfill", ids="1-5", threads=1, stop=stop, report=stop_at_three)
    sandbox.oddities.clear()
    assert archive.run("backfill", ids="1-5").outcome == "complete"
    assert archive.rows() == archive.truth()


def test_a_backfill_that_was_complete_starts_anew(archive: Archive, chat: Chat, sandbox: Sandbox) -> None:
    chat("Hello")
    archive.run("backfill", ids="1")
    sandbox.tenant.post(1, message="later")
    result = archive.run("backfill", ids="1")
    assert (result.resumed_at, result.counts.messages_added) == (0, 1)


def test_a_second_archiver_is_told_who_is_at_work(archive: Archive, chat: Chat) -> None:
    chat("Hello")
    archive.run(ids="1")
    with archive.database.writing() as connection:
        source_id = load_source_id(connection, "acme")
        assert source_id is not None
        acquire_lease(connection, source_id)
    result = archive.run(ids="1")
    assert isinstance(result.error, LeaseHeld)
    assert "is at work on this source" in str(result.error)


def test_an_archiver_that_lost_its_lease_writes_nothing_more(archive: Archive, chat: Chat) -> None:
    for _ in range(5):
        chat("Hello")
    before: list[object] = []

    def take_over(progress: Progress) -> None:
        if not before:
            with archive.database.writing() as connection:
                row = tables.lease
                connection.execute(update(row).values(fencing=row.c.fencing + 1, holder="elsewhere/1"))
            before.append(dump(archive.database))

    result = archive.run(ids="1-5", report=take_over)
    assert isinstance(result.error, LeaseLost)
    assert dump(archive.database) == before[0]


def test_a_lease_of_a_process_that_died_elsewhere_is_taken_when_it_expires(archive: Archive, chat: Chat) -> None:
    chat("Hello")
    archive.run(ids="1")
    with archive.database.writing() as connection:
        long_ago = datetime.now(UTC) - timedelta(hours=1)
        connection.execute(update(tables.lease).values(holder="elsewhere/1", expires_at=long_ago))
    assert archive.run(ids="1").outcome == "complete"


def test_a_run_left_open_by_a_dead_process_is_marked_abandoned(archive: Archive, chat: Chat) -> None:
    chat("Hello")
    archive.run(ids="1")
    with archive.database.writing() as connection:
        connection.execute(update(tables.sync_run).values(outcome="running", finished_at=None))
    archive.run(ids="1")
    assert [run["outcome"] for run in archive.table("sync_run")] == ["abandoned", "complete"]


def test_messages_posted_to_one_chat_while_others_are_read_all_arrive(archive: Archive) -> None:
    with Sandbox() as full:

        def type_on(_: Progress) -> None:
            full.tenant.post(7, message="still typing")

        archive.configure(base_url=full.base_url, include="1-400")
        for _ in range(5):
            archive.run(report=type_on)
        archive.run()
        truth = truth_of(full)
    assert archive.rows() == truth


def test_a_chat_session_that_was_passed_by_before_anybody_wrote_in_it_is_found(archive: Archive, chat: Chat) -> None:
    chat("one")
    archive.run()  # 2 and 3 are not there yet
    archive.sandbox.tenant.open_chat_session()
    chat("three")
    archive.run()
    for _ in range(30):  # the frontier moves away
        chat("more")
    archive.run()
    archive.sandbox.tenant.post(2, message="at last")
    archive.run()
    assert archive.rows() == archive.truth()


def test_a_hole_whose_first_visit_failed_is_absent_once_it_answers(
    archive: Archive, chat: Chat, sandbox: Sandbox
) -> None:
    chat("Hello")
    sandbox.oddities.add("status", status=500, chat_session_id=40)
    archive.run()
    assert archive.state(40)["last_error"] == "source_unavailable"
    sandbox.oddities.clear()
    chat("above the highest known, not above 40")
    archive.run()
    assert archive.rows() == archive.truth()
    assert archive.state(40)["state"] == "absent"


def test_a_full_reply_with_an_odd_row_is_asked_again_too(archive: Archive, sandbox: Sandbox) -> None:
    chat_session_id = sandbox.tenant.open_chat_session()
    for number in range(FULL_REPLY_ROWS):
        sandbox.tenant.post(chat_session_id, message=str(number))
    sandbox.tenant.edit(50, ChatSessionId="odd")
    archive.run(ids="1")
    assert requests_for(sandbox) == [1, 1]


def test_a_killed_resume_goes_on_where_it_was_cut(archive: Archive, chat: Chat) -> None:
    for _ in range(5):
        chat("Hello")
    archive.run("backfill", ids="1-5")
    with archive.database.writing() as connection:
        connection.execute(update(tables.sync_run).values(outcome="abandoned", walked_to=3))
    stop = threading.Event()
    stop.set()
    archive.run("backfill", ids="1-5", stop=stop)
    assert archive.run("backfill", ids="1-5").resumed_at >= 3


def test_a_lease_that_could_not_be_released_does_not_hold_up_its_own_process(archive: Archive, chat: Chat) -> None:
    chat("Hello")
    archive.run(ids="1")
    with archive.database.writing() as connection:
        (source_id,) = [row["id"] for row in archive.table("source")]
        forget_lease(acquire_lease(connection, source_id))
    assert archive.run(ids="1").outcome == "complete"


def test_many_that_fail_for_good_do_not_keep_others_from_a_second_try(
    archive: Archive, chat: Chat, sandbox: Sandbox
) -> None:
    for number in range(1, 31):
        chat(f"chat {number}")
    for chat_session_id in range(1, 26):
        sandbox.oddities.add("status", status=403, chat_session_id=chat_session_id)
    recovers = sandbox.oddities.add("status", status=403, chat_session_id=30)
    archive.configure(include="1-30")
    for _ in range(3):
        archive.run()
    sandbox.oddities.clear(recovers)
    assert archive.run().outcome == "partial"
    assert [row["ChatSessionId"] for row in archive.rows()] == [26, 27, 28, 29, 30]


def test_a_row_of_empty_chats_hides_no_later_one_for_long(archive: Archive, chat: Chat) -> None:
    chat("one")
    archive.configure(include="1-200")
    archive.run()
    for _ in range(21):
        chat()
    chat("I wrote")
    archive.run()
    archive.run()
    assert archive.rows() == archive.truth()


def test_a_contradiction_about_another_chat_session_moves_no_cursor(
    archive: Archive, chat: Chat, sandbox: Sandbox
) -> None:
    chat("Hello", "foreign", "foreign too")
    for key in (2, 3):
        sandbox.tenant.edit(key, ChatMessageId=100_000, chat_session_id=2)
    archive.run(ids="1")
    assert archive.state(1)["last_message_id"] == 1
    assert len(archive.table("quarantine")) == 1


def test_a_dry_run_of_what_was_never_archived_makes_no_row(archive: Archive) -> None:
    assert archive.run("reconcile", is_dry=True).outcome == "failed"
    assert all(rows == [] for rows in dump(archive.database).values())
