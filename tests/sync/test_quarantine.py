"""What can't be read: kept, tried again by code and by source, and resolved when it can."""

import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from sqlalchemy import insert

from archiver.errors import SourceUnreachable
from archiver.ranges import IdRanges
from archiver.sandbox import Sandbox
from archiver.store import tables
from archiver.superoffice.client import SuperOfficeClient
from archiver.sync.order import PassOrder
from archiver.sync.quarantine import EVERY_ID, RetryResult, retry_quarantine
from archiver.sync.workers import WorkerPool
from tests.support import Archive

Chat = Callable[..., int]
NO_JSON = msgspec.Raw(b'"Hello" and no JSON')
"""As a property's value it spoils the whole reply."""


def retry(archive: Archive, chosen: IdRanges = EVERY_ID) -> RetryResult:
    (source,) = archive.config.source
    client = SuperOfficeClient(source, archive.config.retry)
    order = PassOrder(kind="reconcile", chosen=chosen)
    try:
        pool, stop = WorkerPool(2), threading.Event()
        return retry_quarantine(archive.database, client, source, order, pool, stop, patience=timedelta(0))
    finally:
        client.close()


def came_of(result: RetryResult) -> tuple[int, int, int]:
    return result.replayed, result.reread, result.left


def stored(archive: Archive) -> list[int]:
    return [row["chat_message_id"] for row in archive.table("chat_message")]


def open_errors(archive: Archive) -> list[tuple[int, str]]:
    errors = archive.table("sync_error")
    return [(error["chat_session_id"], error["kind"]) for error in errors if error["resolved_at"] is None]


def put_in_quarantine(archive: Archive, payload: dict[str, object]) -> None:
    """As an older version would have left it, that could not read this."""
    row: dict[str, Any] = {"source_id": 1, "run_id": 1, "chat_session_id": 1, "chat_message_id": None}
    row |= {"reason": "odd", "payload": json.dumps(payload), "digest": "d" * 64}
    with archive.database.writing() as connection:
        connection.execute(insert(tables.quarantine).values(row | {"quarantined_at": datetime.now(UTC)}))


def wire_row(key: int, said: str) -> dict[str, object]:
    content = {"Type": "ToUser", "Message": said, "Author": "Kim", "ReadByCustomer": 0, "SpecialType": "None"}
    times = {"SpecialParam": "", "WhenPosted": "2026-11-02T08:00:00Z"}
    return {"ChatMessageId": key, "ChatSessionId": 1, **content, **times}


@pytest.fixture
def spoiled(archive: Archive, chat: Chat, sandbox: Sandbox) -> Archive:
    """An archive that could not read the second of three messages."""
    chat("one", "two", "three")
    sandbox.tenant.edit(2, ChatMessageId=None)
    assert archive.run(ids="1").outcome == "partial"
    assert (stored(archive), open_errors(archive)) == ([1, 3], [(1, "undecodable")])
    return archive


def test_the_error_stays_as_long_as_the_row_can_not_be_read(spoiled: Archive) -> None:
    for _ in range(2):
        assert spoiled.run("reconcile", ids="1").outcome == "partial"
    (error,) = spoiled.table("sync_error")
    assert (error["kind"], error["count"], error["resolved_at"]) == ("undecodable", 3, None)
    assert error["detail"] == "1 row could not be read and is in quarantine"
    assert len(spoiled.table("quarantine")) == 1


@pytest.mark.parametrize("kind", ["backfill", "reconcile"])
def test_any_pass_catches_up_what_the_source_has_mended(spoiled: Archive, sandbox: Sandbox, kind: Any) -> None:
    sandbox.tenant.edit(2, ChatMessageId=2)
    assert spoiled.run(kind, ids="1").outcome == "complete"
    assert (stored(spoiled), open_errors(spoiled), spoiled.state(1)["failures"]) == ([1, 2, 3], [], 0)
    (item,) = spoiled.table("quarantine")
    assert item["resolved_at"] is not None


def test_an_empty_answer_resolves_nothing_where_there_were_messages(spoiled: Archive, sandbox: Sandbox) -> None:
    sandbox.oddities.add("empty", operation="GetChatMessages")
    spoiled.run("reconcile", ids="1")
    assert spoiled.table("quarantine")[0]["resolved_at"] is None
    assert open_errors(spoiled) == [(1, "undecodable")]
    sandbox.oddities.clear()
    sandbox.tenant.edit(2, ChatMessageId=2)
    assert (
        spoiled.run("backfill", ids="1").outcome == "complete"
    )  # still visited in full, though it does not fail now
    assert stored(spoiled) == [1, 2, 3]


def test_rows_that_are_alike_are_counted_as_the_quarantine_keeps_them(
    archive: Archive, chat: Chat, sandbox: Sandbox
) -> None:
    chat("one", "two")
    sandbox.tenant.edit(1, ChatMessageId=None)
    sandbox.oddities.add("duplicate_rows")
    archive.run(ids="1")
    assert len(archive.table("quarantine")) == 1
    (error,) = archive.table("sync_error")
    assert error["detail"] == "1 row could not be read and is in quarantine"


def test_a_row_that_breaks_again_is_open_again_and_still_kept_once(spoiled: Archive, sandbox: Sandbox) -> None:
    sandbox.tenant.edit(2, ChatMessageId=2)
    spoiled.run("reconcile", ids="1")
    sandbox.tenant.edit(2, ChatMessageId=None)
    assert spoiled.run("reconcile", ids="1").outcome == "partial"
    (item,) = spoiled.table("quarantine")
    assert item["resolved_at"] is None


def test_a_reply_that_is_no_json_is_kept_whole_and_the_next_answer_resolves_it(
    archive: Archive, chat: Chat, sandbox: Sandbox
) -> None:
    chat("one")
    archive.run(ids="1")
    sandbox.tenant.post(1, message="two")
    sandbox.tenant.edit(2, Message=NO_JSON)
    for _ in range(2):
        assert archive.run("backfill", ids="1").outcome == "partial"
    assert open_errors(archive) == [(1, "undecodable_reply")]
    assert (stored(archive), archive.state(1)["last_message_id"]) == ([1], 1)
    items = archive.table("quarantine")
    assert all("no JSON" in item["payload"] for item in items)
    assert len(items) == 2  # the new rows alone, then the whole chat session
    sandbox.tenant.edit(2, Message="two")
    assert archive.run("backfill", ids="1").outcome == "complete"
    assert (stored(archive), open_errors(archive)) == ([1, 2], [])
    assert all(item["resolved_at"] for item in archive.table("quarantine"))


def test_a_broken_reply_about_a_hole_is_resolved_when_the_hole_answers(archive: Archive, sandbox: Sandbox) -> None:
    archive.sandbox.tenant.open_chat_session()
    sandbox.tenant.post(1, message="one")
    sandbox.tenant.edit(1, Message=NO_JSON)
    archive.run(ids="1")
    sandbox.tenant.delete_chat_session(1)
    assert archive.run("backfill", ids="1").outcome == "complete"
    assert archive.state(1)["state"] == "absent"
    assert archive.table("quarantine")[0]["resolved_at"] is not None


def test_a_retry_resolves_what_the_source_has_mended_and_nothing_before(spoiled: Archive, sandbox: Sandbox) -> None:
    assert came_of(retry(spoiled)) == (0, 0, 1)
    sandbox.tenant.edit(2, ChatMessageId=2)
    assert came_of(retry(spoiled)) == (0, 1, 0)
    assert (stored(spoiled), open_errors(spoiled)) == ([1, 2, 3], [])
    assert came_of(retry(spoiled)) == (0, 0, 0)


def test_what_today_s_code_can_read_is_replayed_without_asking_the_source(archive: Archive, chat: Chat) -> None:
    chat("one")
    archive.run(ids="1")
    put_in_quarantine(archive, wire_row(55, "found again"))
    archive.configure(base_url="http://127.0.0.1:9")
    assert came_of(retry(archive)) == (1, 0, 0)
    assert stored(archive) == [1, 55]
    assert archive.state(1)["last_message_id"] == 1  # it was no visit
    *_, run = archive.table("sync_run")
    counts = (run["kind"], run["outcome"], run["messages_added"], run["requests"])
    assert counts == ("reconcile", "complete", 1, 0)
    assert archive.table("chat_message")[1]["last_changed_run"] == run["id"]


def test_a_replay_that_leaves_nothing_ends_the_failure_of_its_chat_session(spoiled: Archive) -> None:
    with spoiled.database.writing() as connection:
        row = tables.quarantine
        connection.execute(row.update().values(payload=json.dumps(wire_row(2, "two"))))
    assert came_of(retry(spoiled)) == (1, 0, 0)
    assert (stored(spoiled), open_errors(spoiled)) == ([1, 2, 3], [])
    assert (spoiled.state(1)["failures"], spoiled.state(1)["last_error"]) == (0, None)


def test_a_replay_that_leaves_nothing_ends_an_earlier_failure_of_another_kind_too(
    archive: Archive, chat: Chat, sandbox: Sandbox
) -> None:
    chat("one")
    archive.run(ids="1")
    sandbox.tenant.post(1, message="two")
    sandbox.oddities.add("null")
    archive.run("backfill", ids="1")
    sandbox.oddities.clear()
    sandbox.tenant.edit(2, ChatMessageId=None)
    archive.run("backfill", ids="1")
    assert sorted(open_errors(archive)) == [(1, "null_reply"), (1, "undecodable")]
    with archive.database.writing() as connection:
        row = tables.quarantine
        connection.execute(row.update().values(payload=json.dumps(wire_row(2, "two"))))
    archive.configure(base_url="http://127.0.0.1:9")
    assert came_of(retry(archive)) == (1, 0, 0)
    assert (stored(archive), open_errors(archive), archive.state(1)["failures"]) == ([1, 2], [], 0)


def test_without_the_source_the_replay_is_made_and_the_rest_is_left(spoiled: Archive) -> None:
    put_in_quarantine(spoiled, wire_row(55, "found again"))
    spoiled.configure(base_url="http://127.0.0.1:9", attempts=1)
    result = retry(spoiled)
    assert came_of(result) == (1, 0, 1)
    assert isinstance(result.error, SourceUnreachable)


def test_a_replay_never_overwrites_what_is_archived(archive: Archive, chat: Chat) -> None:
    chat("one")
    archive.run(ids="1")
    put_in_quarantine(archive, wire_row(1, "an older content"))
    assert came_of(retry(archive)) == (0, 1, 0)  # resolved by the source, which says what is archived
    assert archive.table("chat_message_revision") == []
    assert archive.rows() == archive.truth()


def test_a_conflict_is_left_to_a_person(archive: Archive, chat: Chat, sandbox: Sandbox) -> None:
    chat("one", "two")
    archive.run(ids="1")
    sandbox.tenant.edit(1, message="another", author="Sam", when_posted=datetime(2031, 5, 4, tzinfo=UTC))
    sandbox.tenant.edit(2, ChatMessageId=None)
    archive.run("reconcile", ids="1", is_accepted=True)  # no backup was restored
    assert sorted(open_errors(archive)) == [(1, "conflict"), (1, "undecodable")]  # neither hides the other
    sandbox.tenant.edit(2, ChatMessageId=2)
    result = retry(archive)
    assert (came_of(result), result.conflicts) == ((0, 1, 1), 1)
    assert open_errors(archive) == [(1, "conflict")]
    assert archive.table("chat_message")[0]["message"] == "one"


def test_a_retry_asks_for_no_chat_session_but_the_chosen(archive: Archive, chat: Chat, sandbox: Sandbox) -> None:
    for key in (1, 2):
        chat("Hello")
        sandbox.tenant.edit(key, ChatMessageId=None)
    archive.run(ids="1-2")
    sandbox.requests.clear()
    assert came_of(retry(archive, IdRanges.of("1"))) == (0, 0, 1)
    assert {request.chat_session_id for request in sandbox.requests.all()} == {1}
