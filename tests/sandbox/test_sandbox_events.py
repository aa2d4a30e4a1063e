"""Oddities that change the tenant itself, before the request that they hit is answered."""

from datetime import UTC, datetime

import pytest

from archiver.sandbox import Sandbox
from archiver.sandbox.oddities.events import EVENTS
from tests.sandbox.conftest import Client

AT = datetime(2026, 3, 2, 8, 15, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def chats(sandbox: Sandbox) -> None:
    """Chat session 1, over, with messages 1 to 4; chat session 2, open, with 5."""
    sandbox.tenant.open_chat_session(customer_name="Kim", agent="Ada Berg")
    for text in ("Hello", "How can I help?", "Never mind"):
        sandbox.tenant.post(1, message=text, type="ToUser", when_posted=AT)
    sandbox.tenant.post(1, type="Special", special_type="ClosedByCustomer", when_posted=AT)
    sandbox.tenant.post(sandbox.tenant.open_chat_session(), message="Elsewhere", when_posted=AT)


def ids(client: Client, chat_session_id: int) -> list[int]:
    return [row["ChatMessageId"] for row in client.get_chat_messages(chat_session_id).json()]


def test_a_reopened_chat_session_says_so_and_is_open_again(sandbox: Sandbox, client: Client) -> None:
    sandbox.oddities.add("reopened")
    last = client.get_chat_messages(1).json()[-1]
    assert (last["ChatMessageId"], last["Type"], last["SpecialType"]) == (6, "Special", "ReopenedByCustomer")
    assert client.get("/ChatSession/1").json()["Status"] == "CustomerLast"
    assert client.control("GET", "/truth?chat_session_id=1").json()[-1] == last


def test_a_reset_chat_session_is_back_in_the_queue_with_its_messages(sandbox: Sandbox, client: Client) -> None:
    sandbox.oddities.add("session_reset")
    entity = client.get("/ChatSession/1").json()
    assert (entity["Status"], entity["User"]) == ("InQueue", None)
    assert (entity["WhenStarted"], entity["WhenEnded"]) == ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z")
    assert ids(client, 1) == [1, 2, 3, 4]


def test_read_turns_every_read_mark_on(sandbox: Sandbox, client: Client) -> None:
    sandbox.oddities.add("read")
    assert [row["ReadByCustomer"] for row in client.get_chat_messages(1).json()] == [1, 1, 1, 1]
    assert [row["ReadByCustomer"] for row in client.get_chat_messages(2).json()] == [0]


def test_an_edit_changes_one_text(sandbox: Sandbox, client: Client) -> None:
    before = sandbox.tenant.rows(1)
    sandbox.oddities.add("edited")
    rows = client.get_chat_messages(1).json()
    (changed,) = [(new, old) for new, old in zip(rows, before, strict=True) if new != old]
    assert changed[0] == {**changed[1], "Message": f"{changed[1]['Message']} (edited)"}
    assert sandbox.tenant.rows(1) == rows


def test_a_deleted_message_is_missing(sandbox: Sandbox, client: Client) -> None:
    sandbox.oddities.add("deleted_message")
    left = ids(client, 1)
    assert len(left) == 3 < len({1, 2, 3, 4} | {*left}) == 4
    assert ids(client, 1) == left


def test_a_deleted_chat_session_is_unknown_with_all_its_messages(sandbox: Sandbox, client: Client) -> None:
    sandbox.oddities.add("deleted")
    assert client.get_chat_messages(1).json() == []
    assert client.get("/ChatSession/1").status_code == 404
    assert ids(client, 2) == [5]


def test_a_late_commit_shows_the_lower_id_after_the_higher_one(sandbox: Sandbox, client: Client) -> None:
    sandbox.oddities.add("late_commit")
    assert [ids(client, 2) for _ in range(3)] == [[5, 7], [5, 6, 7], [5, 6, 7]]
    assert sandbox.tenant.post(2) == 8


def test_a_restored_backup_lacks_the_newest_and_gives_their_ids_again(sandbox: Sandbox, client: Client) -> None:
    sandbox.oddities.add("restored", messages=2)
    assert ids(client, 1) == [1, 2, 3]
    assert client.get("/ChatSession/2").status_code == 404  # it held nothing else
    assert (sandbox.tenant.open_chat_session(), sandbox.tenant.post(1)) == (2, 4)


def test_a_late_commit_does_not_survive_a_restored_backup(sandbox: Sandbox) -> None:
    sandbox.tenant.commit_late(1)
    sandbox.tenant.restore_backup(1)
    assert [sandbox.tenant.post(1), sandbox.tenant.post(1), sandbox.tenant.commit_late(1)] == [7, 8, 10]


def test_restoring_more_than_there_is_leaves_an_empty_tenant(sandbox: Sandbox) -> None:
    sandbox.tenant.restore_backup(99)
    assert (sandbox.tenant.chat_sessions(), sandbox.tenant.all_messages()) == ([], [])
    assert (sandbox.tenant.open_chat_session(), sandbox.tenant.post(1)) == (1, 1)


@pytest.mark.parametrize("kind", EVENTS)
def test_an_event_needs_a_chat_session_that_exists(sandbox: Sandbox, client: Client, kind: str) -> None:
    before = sandbox.tenant.rows()
    sandbox.oddities.add(kind)
    assert client.get_chat_messages(9).json() == []
    assert client.get("/ChatSession").ok
    assert (sandbox.tenant.rows(), len(sandbox.oddities.all())) == (before, 1)


def test_an_event_that_finds_nothing_to_do_is_not_used_up(sandbox: Sandbox, client: Client) -> None:
    sandbox.oddities.add("reopened", chat_session_id=2)
    ids(client, 2)
    sandbox.tenant.post(2, type="Special", special_type="ClosedByIdle")
    assert sandbox.oddities.all()
    ids(client, 2)
    assert not sandbox.oddities.all()


def test_an_event_happens_once_unless_its_times_or_probability_is_given(sandbox: Sandbox, client: Client) -> None:
    sandbox.oddities.add("edited", chat_session_id=2, probability=1)
    sandbox.oddities.add("edited", chat_session_id=1)
    for _ in range(3):
        client.get_chat_messages(1)
        client.get_chat_messages(2)
    texts = [str(row["Message"]) for row in sandbox.tenant.rows()]
    assert "".join(texts[:4]).count("(edited)") == 1
    assert texts[4] == "Elsewhere (edited) (edited) (edited)"


def test_events_come_before_the_reply_and_the_rows(sandbox: Sandbox, client: Client) -> None:
    sandbox.oddities.add("duplicate_rows", chat_session_id=2)
    sandbox.oddities.add("edited", chat_session_id=2)
    assert [row["Message"] for row in client.get_chat_messages(2).json()] == ["Elsewhere (edited)"] * 2
    sandbox.oddities.add("null")
    sandbox.oddities.add("deleted", chat_session_id=2)
    assert client.get_chat_messages(2).json() is None
    assert sandbox.tenant.chat_session(2) is None
