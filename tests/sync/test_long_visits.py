"""Chat sessions so long that a visit comes in parts, each committed with the cursor that covers it."""

import threading
from collections.abc import Callable

import pytest
from sqlalchemy import Connection

from archiver.errors import StoreUnavailable
from archiver.model import Reply
from archiver.sandbox import Sandbox
from archiver.store import writer
from archiver.store.fitting import TOO_LARGE
from archiver.superoffice.client import SuperOfficeClient
from archiver.sync import keeping, visit
from archiver.sync.visit import PART_MESSAGES
from tests.support import Archive

Chat = Callable[..., int]

LONG = 2 * PART_MESSAGES + 100
MORE_THAN_A_PACKET = "x" * 17_000_000
"""MariaDB takes 16 MB at once unless told otherwise."""


@pytest.fixture
def long_chat(sandbox: Sandbox) -> int:
    """A chat session of so many messages that its reply comes in pieces."""
    chat_session_id = sandbox.tenant.open_chat_session()
    for number in range(LONG):
        sandbox.tenant.post(
            chat_session_id, message=f"message {number}, and enough words to make the reply a long one"
        )
    return chat_session_id


def commits(monkeypatch: pytest.MonkeyPatch, fails_at: int | None = None) -> list[int]:
    """The messages of each batch that is saved; the database goes away at one of them."""
    seen: list[int] = []

    def save(connection: Connection, **batch: object) -> object:
        visits = batch["visits"]
        assert isinstance(visits, list)
        if visits:
            seen.append(sum(len(visit.messages) for visit in visits))
        if len(seen) == fails_at:
            raise StoreUnavailable
        return writer.save_batch(connection, **batch)  # type: ignore[arg-type]

    monkeypatch.setattr(keeping, "save_batch", save)
    return seen


def test_a_long_chat_session_is_stored_in_parts_and_whole(
    archive: Archive, long_chat: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches = commits(monkeypatch)
    result = archive.run("backfill", ids=str(long_chat))
    assert (result.outcome, result.counts.chat_sessions_visited, result.counts.messages_added) == (
        "complete",
        1,
        LONG,
    )
    assert len(batches) > 1
    assert max(batches) <= PART_MESSAGES
    assert archive.rows() == archive.truth()
    assert archive.state(long_chat)["last_message_id"] == LONG


def test_a_pass_cut_between_two_parts_goes_on_after_the_last_that_was_committed(
    archive: Archive, long_chat: int, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        commits(patched, fails_at=2)
        assert archive.run("backfill", ids=str(long_chat)).outcome == "failed"
    cursor = archive.state(long_chat)["last_message_id"]
    assert 0 < cursor == len(archive.rows()) < LONG
    sandbox.requests.clear()
    assert archive.run("backfill", ids=str(long_chat)).outcome == "complete"
    _canary, first, *_ = sandbox.requests.all()
    assert first.body == f'{{"ChatSessionId":{long_chat},"After":{cursor}}}'
    assert archive.rows() == archive.truth()


def test_a_full_visit_in_parts_finds_an_edit_in_each_of_them(
    archive: Archive, long_chat: int, sandbox: Sandbox
) -> None:
    archive.run("backfill", ids=str(long_chat))
    for key in (1, PART_MESSAGES, LONG):
        sandbox.tenant.edit(key, message="edited")
    result = archive.run("reconcile", ids=str(long_chat))
    assert (result.outcome, result.counts.messages_changed) == ("complete", 3)
    assert archive.rows() == archive.truth()


def test_no_part_is_stored_beyond_a_message_that_the_database_can_not_take(
    archive: Archive, long_chat: int, sandbox: Sandbox
) -> None:
    too_large = PART_MESSAGES + 10
    sandbox.tenant.edit(too_large, message=MORE_THAN_A_PACKET)
    result = archive.run("backfill", ids=str(long_chat))
    assert result.counts.chat_sessions_visited == 1
    if archive.database.dialect != "mysql":
        assert (result.outcome, len(archive.rows())) == ("complete", LONG)
        return
    assert (result.outcome, result.counts.chat_sessions_failed) == ("partial", 1)
    assert [row["ChatMessageId"] for row in archive.rows()] == list(range(1, too_large))
    state = archive.state(long_chat)
    assert (state["last_message_id"], state["last_error"], state["failures"]) == (too_large - 1, TOO_LARGE, 1)


def test_a_rehearsed_full_visit_in_parts_counts_all_and_changes_nothing(
    archive: Archive, long_chat: int, sandbox: Sandbox
) -> None:
    archive.run("backfill", ids=str(long_chat))
    before = archive.rows()
    for key in (1, PART_MESSAGES, LONG):
        sandbox.tenant.edit(key, message="edited")
    result = archive.run("reconcile", ids=str(long_chat), is_dry=True)
    assert (result.outcome, result.counts.messages_changed) == ("complete", 3)
    assert archive.rows() == before


CAPPED, ROWS = 250, 100
"""Messages of a chat session whose source gives so many rows at once."""


@pytest.fixture
def capped_chat(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> int:
    """A chat session that is visited in several calls, and comes in as many parts."""
    monkeypatch.setattr(visit, "PART_MESSAGES", ROWS)
    chat_session_id = sandbox.tenant.open_chat_session()
    for number in range(CAPPED):
        sandbox.tenant.post(chat_session_id, message=str(number))
    sandbox.oddities.add("capped", rows=ROWS)
    return chat_session_id


def test_no_part_has_a_cursor_beyond_the_messages_that_came_with_a_row_for_the_quarantine(
    archive: Archive, capped_chat: int, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox.tenant.edit(2 * ROWS, ChatMessageId=2 * ROWS - 1)  # contradicts the one before, in the second reply
    with monkeypatch.context() as patched:
        commits(patched, fails_at=2)
        assert archive.run("backfill", ids=str(capped_chat)).outcome == "failed"
    assert archive.state(capped_chat)["last_message_id"] == len(archive.rows()) == ROWS


def test_a_full_visit_in_parts_resolves_nothing_that_came_again_in_an_earlier_one(
    archive: Archive, capped_chat: int, sandbox: Sandbox
) -> None:
    sandbox.tenant.edit(10, ChatMessageId=None)
    for _ in range(2):
        assert archive.run("reconcile", ids=str(capped_chat)).outcome == "partial"
    (item,) = archive.table("quarantine")
    assert item["resolved_at"] is None


def test_a_backfill_stopped_between_two_calls_for_a_chat_session_comes_back_to_it(
    archive: Archive, capped_chat: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop = threading.Event()
    ask = SuperOfficeClient.fetch_messages

    def stop_after_the_first(
        client: SuperOfficeClient, key: int, after: int, halt: threading.Event, **options: bool
    ) -> Reply:
        reply = ask(client, key, after, halt, **options)
        stop.set()
        assert halt.wait(30)
        return reply

    with monkeypatch.context() as patched:
        patched.setattr(SuperOfficeClient, "fetch_messages", stop_after_the_first)
        result = archive.run("backfill", ids=str(capped_chat), stop=stop)
        assert (result.outcome, result.counts.chat_sessions_visited) == ("interrupted", 0)
    assert len(archive.rows()) == ROWS
    assert archive.run("backfill", ids=str(capped_chat)).outcome == "complete"
    assert archive.rows() == archive.truth()
