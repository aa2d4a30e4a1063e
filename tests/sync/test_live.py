"""The archive compared with the source, message by message."""

import threading
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, insert, text, update

from archiver.errors import Interrupted, NullReply, SourceError
from archiver.sandbox import Sandbox
from archiver.store import tables
from archiver.superoffice.client import SuperOfficeClient
from archiver.sync import visit
from archiver.sync.comparing import Expected, How, Kind
from archiver.sync.live import LiveResult, verify_live
from archiver.sync.order import PassOrder, Progress
from archiver.sync.workers import WorkerPool
from tests.held import Gate, gate_before
from tests.support import Archive, dump

Chat = Callable[..., int]
CLIENT_ATTEMPTS = 3
AT = datetime(2026, 3, 2, 8, tzinfo=UTC)


def compare(
    archive: Archive,
    *,
    sample: int | None = None,
    stop: threading.Event | None = None,
    report: Callable[[Progress], None] = lambda _: None,
) -> LiveResult:
    (source,) = archive.config.source
    order = PassOrder(kind="reconcile", chosen=source.sessions.chosen)
    client = SuperOfficeClient(source, archive.config.retry)
    try:
        return verify_live(
            archive.database, client, source, order, WorkerPool(3), stop or threading.Event(), report, sample=sample
        )
    finally:
        client.close()


def differences(result: LiveResult) -> dict[int, dict[How, list[int]]]:
    assert result.error is None
    return {each.chat_session_id: {how: list(ids) for how, ids in each.found.items()} for each in result.differing}


def change(archive: Archive, chat_message_id: int, **values: Any) -> None:
    """By plain SQL, as nobody should."""
    message = tables.chat_message
    with archive.database.writing() as connection:
        connection.execute(update(message).where(message.c.chat_message_id == chat_message_id).values(**values))


def remove(archive: Archive, chat_message_id: int) -> None:
    message = tables.chat_message
    with archive.database.writing() as connection:
        connection.execute(delete(message).where(message.c.chat_message_id == chat_message_id))


def set_state(archive: Archive, chat_session_id: int, state: str) -> None:
    table = tables.chat_session_state
    with archive.database.writing() as connection:
        connection.execute(update(table).where(table.c.chat_session_id == chat_session_id).values(state=state))


def move(sandbox: Sandbox, chat_message_id: int, *, hours: int) -> None:
    (message,) = [each for each in sandbox.tenant.all_messages() if each.chat_message_id == chat_message_id]
    assert isinstance(message.when_posted, datetime)
    sandbox.tenant.edit(chat_message_id, when_posted=message.when_posted + timedelta(hours=hours))


@pytest.fixture
def archived(archive: Archive, chat: Chat) -> Archive:
    """Three chat sessions: messages 1 to 3, 4 and 5, 6 and 7."""
    chat("Hello", "How can I help?", "Thanks")
    chat("Hi", "Hello")
    chat("Ok", "Bye")
    archive.run()
    return archive


def test_an_archive_that_is_the_same_is_told_so_and_only_its_verification_is_written(archived: Archive) -> None:
    before = dump(archived.database, without=("verification",))
    result = compare(archived)
    assert dump(archived.database, without=("verification",)) == before
    assert (differences(result), result.failures, result.tallies.differing) == ({}, [], [])
    assert (result.chat_sessions, result.tallies.overall.there.count, result.requests) == (3, 7, 6)
    (row,) = archived.table("verification")
    assert (row["kind"], row["scope"], row["chat_sessions"], row["messages"]) == ("live", "all", 3, 7)
    assert (row["differences"], row["sealed"], row["seal_head"]) == (0, 0, None)
    assert row["started_at"] <= row["finished_at"] == result.finished_at


def test_a_believable_tenant_is_the_same(archive: Archive) -> None:
    with Sandbox() as full:
        archive.configure(base_url=full.base_url, include="1-300")
        archive.run()
        result = compare(archive)
        assert result.tallies.overall.there.count == len(full.tenant.rows())
    assert (differences(result), result.failures) == ({}, [])


def test_what_was_edited_there_is_named_with_what_differs(archived: Archive, sandbox: Sandbox) -> None:
    sandbox.tenant.edit(2, message="How may I help?")
    sandbox.tenant.edit(5, message="Hello!", author="Sam")
    result = compare(archived)
    assert differences(result) == {
        1: {How(kind=Kind.DIFFERENT, properties=("message",)): [2]},
        2: {How(kind=Kind.DIFFERENT, properties=("message", "author")): [5]},
    }
    assert [sides.there.count - sides.here.count for _, sides in result.tallies.differing] == [0]
    assert archived.table("verification")[0]["differences"] == 2


def test_a_read_mark_is_no_difference(archived: Archive, sandbox: Sandbox) -> None:
    sandbox.tenant.edit(2, read_by_customer=1)
    assert differences(compare(archived)) == {}


def test_what_was_deleted_there_is_missing_there_until_it_has_a_tombstone(
    archived: Archive, sandbox: Sandbox
) -> None:
    sandbox.tenant.delete_message(2)
    assert differences(compare(archived)) == {1: {How(kind=Kind.MISSING_THERE): [2]}}
    change(archived, 2, gone_at=AT)
    result = compare(archived)
    assert (differences(result), result.expected[Expected.GONE], result.tallies.differing) == ({}, 1, [])


def test_what_we_call_gone_and_is_returned_is_a_difference(archived: Archive) -> None:
    change(archived, 2, gone_at=AT)
    result = compare(archived)
    assert differences(result) == {1: {How(kind=Kind.RETURNED_AGAIN): [2]}}
    assert (result.tallies.overall.there.count, result.tallies.overall.here.count) == (7, 6)


def test_what_was_posted_late_there_is_missing_here_and_what_is_new_is_not(
    archived: Archive, sandbox: Sandbox
) -> None:
    remove(archived, 5)
    sandbox.tenant.delete_message(5)
    sandbox.tenant.post(1, message="late", when_posted=AT, chat_message_id=5)
    cursor = tables.chat_session_state
    with archived.database.writing() as connection:
        connection.execute(update(cursor).where(cursor.c.chat_session_id == 1).values(last_message_id=6))
    sandbox.tenant.post(1, message="new")
    result = compare(archived)
    assert differences(result) == {1: {How(kind=Kind.MISSING_HERE): [5]}}
    assert result.expected[Expected.NOT_YET] == 1
    (day,) = result.tallies.differing
    assert (day[0], day[1].there.count, day[1].here.count) == (date(2026, 3, 2), 1, 0)


def test_what_plain_sql_changed_removed_or_added_here_is_named(archived: Archive) -> None:
    change(archived, 1, message="Goodbye")
    remove(archived, 4)
    (row,) = [row for row in archived.table("chat_message") if row["chat_message_id"] == 7]
    with archived.database.writing() as connection:
        connection.execute(insert(tables.chat_message).values(**row | {"chat_message_id": 99}))
    assert differences(compare(archived)) == {
        1: {How(kind=Kind.DIFFERENT, properties=("message",)): [1]},
        2: {How(kind=Kind.MISSING_HERE): [4]},
        3: {How(kind=Kind.MISSING_THERE): [99]},
    }


def test_what_was_moved_here_to_another_chat_session_differs(archived: Archive) -> None:
    change(archived, 4, chat_session_id=3)
    assert differences(compare(archived)) == {
        2: {How(kind=Kind.DIFFERENT, properties=("chat_session_id",)): [4]},
        3: {How(kind=Kind.MISSING_THERE): [4]},
    }


def test_what_was_erased_and_what_lies_below_the_floor_is_expected(archived: Archive) -> None:
    change(archived, 1, message=None, erased_at=AT)
    remove(archived, 4)
    state = tables.chat_session_state
    with archived.database.writing() as connection:
        connection.execute(update(state).where(state.c.chat_session_id == 2).values(floor_message_id=4))
    result = compare(archived)
    assert differences(result) == {}
    assert (result.expected[Expected.ERASED], result.expected[Expected.BELOW_FLOOR]) == (1, 1)


@pytest.mark.parametrize("is_told_gone", [True, False])
def test_a_chat_session_deleted_there_is_expected_only_once_it_is_gone(
    archived: Archive, sandbox: Sandbox, is_told_gone: bool
) -> None:
    sandbox.tenant.delete_chat_session(2)
    if is_told_gone:
        set_state(archived, 2, "gone")
    result = compare(archived)
    assert differences(result) == ({} if is_told_gone else {2: {How(kind=Kind.MISSING_THERE): [4, 5]}})
    assert result.expected[Expected.GONE] == (2 if is_told_gone else 0)
    assert (result.failures, result.chat_sessions) == ([], 3)


def test_a_chat_session_that_we_call_gone_and_is_returned_is_a_difference(archived: Archive) -> None:
    set_state(archived, 2, "gone")
    assert differences(compare(archived)) == {2: {How(kind=Kind.RETURNED_AGAIN): [4, 5]}}


def test_a_chat_session_that_we_call_gone_and_is_there_without_its_messages_is_a_difference(
    archived: Archive, sandbox: Sandbox
) -> None:
    sandbox.tenant.delete_chat_session(2)
    sandbox.tenant.open_chat_session(chat_session_id=2)
    set_state(archived, 2, "gone")
    assert differences(compare(archived)) == {2: {How(kind=Kind.MISSING_THERE): [4, 5]}}


def test_a_uniform_shift_of_times_is_one_difference_a_chat_session(archived: Archive, sandbox: Sandbox) -> None:
    for message in sandbox.tenant.all_messages():
        if message.chat_session_id != 3:
            move(sandbox, message.chat_message_id, hours=1)
    result = compare(archived)
    assert [(each.chat_session_id, each.shifted_by, each.count) for each in result.differing] == [
        (1, timedelta(hours=1), 1),
        (2, timedelta(hours=1), 1),
    ]
    assert archived.table("verification")[0]["differences"] == 2


def test_times_that_moved_by_different_spans_are_told_one_by_one(archived: Archive, sandbox: Sandbox) -> None:
    move(sandbox, 4, hours=1)
    move(sandbox, 5, hours=2)
    result = compare(archived)
    assert [(each.shifted_by, each.count) for each in result.differing] == [(None, 2)]


@pytest.mark.parametrize(("oddity", "options"), [("null", {}), ("error_object", {}), ("status", {"status": 503})])
def test_a_chat_session_that_fails_is_no_difference_and_no_clean_bill(
    archived: Archive, sandbox: Sandbox, oddity: str, options: dict[str, int]
) -> None:
    sandbox.tenant.edit(1, message="Hello!")
    sandbox.oddities.add(oddity, chat_session_id=2, operation="GetChatMessages", **options)
    result = compare(archived)
    assert (list(differences(result)), result.chat_sessions) == ([1], 2)
    assert [failure.chat_session_id for failure in result.failures] == [2]
    assert archived.table("verification")[0]["scope"] == "all, but for 1 that could not be compared whole"


def test_a_chat_session_that_failed_once_is_asked_again(archived: Archive, sandbox: Sandbox) -> None:
    sandbox.oddities.add("null", chat_session_id=2, operation="GetChatMessages", times=1)
    result = compare(archived)
    assert (differences(result), result.failures, result.chat_sessions) == ({}, [], 3)


def test_what_can_be_read_beside_a_row_that_can_not_is_compared(archived: Archive, sandbox: Sandbox) -> None:
    sandbox.tenant.edit(1, ChatMessageId=None)
    sandbox.tenant.edit(2, message="changed")
    result = compare(archived)
    assert differences(result) == {1: {How(kind=Kind.DIFFERENT, properties=("message",)): [2]}}
    assert [failure.kind for failure in result.failures] == ["undecodable"]


def test_a_source_that_is_gone_altogether_fails_the_verification_and_leaves_no_row(archived: Archive) -> None:
    archived.configure(base_url="http://127.0.0.1:9", attempts=1)
    result = compare(archived)
    assert isinstance(result.error, SourceError)
    assert archived.table("verification") == []


def test_credentials_that_are_refused_end_it_after_one_call(archived: Archive, sandbox: Sandbox) -> None:
    archived.configure(password="wrong")
    sandbox.requests.clear()
    assert isinstance(compare(archived).error, SourceError)
    assert len(sandbox.requests.all()) <= 2


def test_a_source_that_answers_nobody_is_given_up(archive: Archive, chat: Chat, sandbox: Sandbox) -> None:
    for _ in range(50):
        chat("Hello")
    archive.run()
    sandbox.oddities.add("status", status=503)
    sandbox.requests.clear()
    assert isinstance(compare(archive).error, SourceError)
    assert len(sandbox.requests.all()) < 50 * CLIENT_ATTEMPTS


def held(archived: Archive, gate: Gate) -> tuple[threading.Thread, list[LiveResult]]:
    """A comparison whose calls wait at the gate, and where its result will be."""
    sandbox_url = archived.sandbox.base_url
    archived.configure(base_url=gate.base_url, include="1")
    config = archived.config
    archived.configure(base_url=sandbox_url, include="1")
    results: list[LiveResult] = []

    def work() -> None:
        (source,) = config.source
        client = SuperOfficeClient(source, config.retry)
        order = PassOrder(kind="reconcile", chosen=source.sessions.chosen)
        results.append(verify_live(archived.database, client, source, order, WorkerPool(1), threading.Event()))
        client.close()

    thread = threading.Thread(target=work)
    thread.start()
    return thread, results


FULL_VISIT_CALLS = 2


def test_what_a_pass_stores_between_two_readings_is_no_difference(archived: Archive, sandbox: Sandbox) -> None:
    sandbox.tenant.edit(2, message="edited")
    with gate_before(sandbox) as gate:
        thread, results = held(archived, gate)
        gate.let_pass(FULL_VISIT_CALLS)
        gate.wait_for(FULL_VISIT_CALLS + 1)  # the first reading is over, and showed the edit
        archived.run("reconcile")
        gate.open()
        thread.join()
    assert (differences(results[0]), results[0].tallies.overall.there.count) == ({}, 3)


def test_what_only_one_of_two_readings_shows_is_in_motion(archived: Archive, sandbox: Sandbox) -> None:
    sandbox.tenant.edit(2, message="edited")
    with gate_before(sandbox) as gate:
        thread, results = held(archived, gate)
        gate.let_pass(FULL_VISIT_CALLS)
        gate.wait_for(FULL_VISIT_CALLS + 1)
        sandbox.tenant.edit(3, message="edited too")
        gate.open()
        thread.join()
    assert differences(results[0]) == {1: {How(kind=Kind.DIFFERENT, properties=("message",)): [2]}}
    assert results[0].expected[Expected.IN_MOTION] == 1
    overall = results[0].tallies.overall
    assert (overall.there.count, overall.here.count) == (2, 2)


def test_a_long_chat_session_is_compared_part_by_part(
    archive: Archive, chat: Chat, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = sandbox.tenant.open_chat_session()
    for number in range(1500):
        sandbox.tenant.post(long, message=str(number))
    archive.run(ids="1")
    sandbox.tenant.edit(1200, message="edited")
    sandbox.tenant.delete_message(700)
    remove(archive, 3)
    monkeypatch.setattr(visit, "PART_MESSAGES", 100)
    result = compare(archive)
    assert differences(result) == {
        long: {
            How(kind=Kind.MISSING_HERE): [3],
            How(kind=Kind.DIFFERENT, properties=("message",)): [1200],
            How(kind=Kind.MISSING_THERE): [700],
        }
    }
    overall = result.tallies.overall
    assert (overall.there.count, overall.here.count) == (1499, 1499)


ODD_BUT_READABLE = (
    "any_order",
    "capped",
    "duplicate_rows",
    "extra_property",
    "inclusive_after",
    "null_property",
    "number_as_text",
    "read_as_bool",
    "time_in_future",
    "time_seven_digits",
    "time_without_suffix",
    "time_year_1",
    "unknown_enum",
)


@pytest.mark.parametrize("oddity", ODD_BUT_READABLE)
def test_a_server_that_is_odd_in_the_same_way_each_time_is_the_same(
    archive: Archive, chat: Chat, sandbox: Sandbox, oddity: str
) -> None:
    chat("Hello", "How can I help?", "Thanks")
    chat("Hi")
    sandbox.oddities.add(oddity)
    archive.run("backfill")
    result = compare(archive)
    assert (differences(result), result.failures, result.tallies.overall.there.count) == ({}, [], 4)


def test_a_stop_ends_it_and_leaves_no_row(archived: Archive) -> None:
    stop = threading.Event()
    result = compare(archived, stop=stop, report=lambda _: stop.set())
    assert isinstance(result.error, Interrupted)
    assert archived.table("verification") == []


def test_a_sample_is_so_many_chat_sessions_that_have_messages(archived: Archive, sandbox: Sandbox) -> None:
    sandbox.tenant.open_chat_session()
    archived.run()
    result = compare(archived, sample=2)
    assert (result.chat_sessions, result.scope) == (2, "a sample of 2 of 3")
    assert compare(archived, sample=10).chat_sessions == 3


def test_after_what_differs_was_reconciled_both_are_the_same_again(archive: Archive, chat: Chat) -> None:
    archive.configure(settle='after = "0.001s"\nconfirm_after = "0.001s"')
    chat("Hello", "How can I help?", "Thanks")
    chat("Hi", "Hello")
    archive.run()
    archive.sandbox.tenant.edit(1, message="edited")
    archive.sandbox.tenant.delete_message(2)
    archive.sandbox.tenant.delete_chat_session(2)
    assert [each.count for each in compare(archive).differing] == [2, 2]
    archive.run("reconcile")
    archive.run("reconcile")
    result = compare(archive)
    assert (differences(result), result.failures, result.expected[Expected.GONE]) == ({}, [], 3)
    overall = result.tallies.overall
    assert (overall.there.count, overall.here.count) == (2, 2)


def test_the_verification_tells_how_many_are_sealed_and_the_head_of_their_log(archive: Archive, chat: Chat) -> None:
    archive.configure(settle='after = "0.001s"')
    chat("Hello")
    chat("Hi")
    archive.run()
    archive.run("reconcile")
    head = archive.table("seal")[-1]["hash"]
    assert compare(archive).seal_head == head
    (row,) = archive.table("verification")
    assert (row["sealed"], row["seal_head"]) == (2, head)


def test_nothing_archived_is_nothing_to_compare(archive: Archive) -> None:
    result = compare(archive)
    assert "nothing is archived yet" in str(result.error)


def test_an_error_that_says_null_is_not_taken_for_absence(archived: Archive, sandbox: Sandbox) -> None:
    sandbox.oddities.add("null", chat_session_id=2, operation="GetChatMessages")
    (failure,) = compare(archived).failures
    assert failure.kind == NullReply().kind


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_time_that_is_none_is_a_difference_like_any_other(archived: Archive) -> None:
    with archived.database.writing() as connection:
        connection.execute(text("UPDATE chat_message SET when_posted = 'yesterday' WHERE chat_message_id = 1"))
    assert differences(compare(archived)) == {1: {How(kind=Kind.DIFFERENT, properties=("when_posted",)): [1]}}
