"""The control interface over HTTP."""

from datetime import UTC, datetime

import pytest

from archiver.sandbox import Sandbox
from tests.sandbox.conftest import Client


def test_a_chat_is_opened_filled_edited_and_deleted(sandbox: Sandbox, client: Client) -> None:
    opened = client.control(
        "POST", "/chat-sessions", json={"customer_name": "Åse", "when_requested": "2026-01-01T00:00:00Z"}
    )
    assert opened.json() == {"chat_session_id": 1}
    message = {"chat_session_id": 1, "message": "Hei", "type": "ToUser", "when_posted": "2026-01-01T10:00:00+01:00"}
    assert client.control("POST", "/messages", json=message).json() == {"chat_message_id": 1}
    assert client.control("PATCH", "/messages/1", json={"message": "Hallo", "chat_message_id": 5}).ok
    row = client.control("GET", "/truth?chat_session_id=1").json()[0]
    assert (row["ChatMessageId"], row["Message"], row["WhenPosted"]) == (5, "Hallo", "2026-01-01T09:00:00Z")
    assert client.get_chat_messages(1).json() == client.control("GET", "/truth").json() == sandbox.tenant.rows()
    assert client.control("DELETE", "/messages/1").ok
    assert client.control("GET", "/truth").json() == []
    assert client.control("DELETE", "/chat-sessions/1").ok
    assert sandbox.tenant.chat_sessions() == []


def test_a_chat_session_is_edited(sandbox: Sandbox, client: Client) -> None:
    chat_session_id = sandbox.tenant.open_chat_session(contact_id=7)
    changes = {"status": "Deleted", "contact_id": 0, "when_ended": "2026-01-01T00:00:00Z", "Rank": "odd"}
    assert client.control("PATCH", f"/chat-sessions/{chat_session_id}", json=changes).ok
    entity = client.get(f"/ChatSession/{chat_session_id}").json()
    seen = (entity["Status"], entity["Contact"], entity["WhenEnded"], entity["Rank"])
    assert seen == ("Deleted", None, "2026-01-01T00:00:00Z", "odd")


def test_oddities_are_switched_on_and_off(client: Client) -> None:
    added = client.control("POST", "/oddities", json={"kind": "status", "status": 503, "times": 3})
    assert added.json() == {"id": 1}
    assert client.get_chat_messages(1).status_code == 503
    assert client.control("GET", "/oddities").json()["oddities"][0]["times"] == 2
    assert client.control("DELETE", "/oddities/1").ok
    assert client.get_chat_messages(1).status_code == 200
    client.control("POST", "/oddities", json={"kind": "null"})
    assert client.control("DELETE", "/oddities").ok
    assert client.control("GET", "/oddities").json() == {"oddities": []}


def test_all_oddities_are_switched_on_at_once_and_are_in_the_catalogue(client: Client) -> None:
    ids = client.control("POST", "/oddities", json={"kind": "all", "operation": "GetChatMessages"}).json()["ids"]
    in_force = client.control("GET", "/oddities").json()["oddities"]
    assert [(each["id"], each["operation"]) for each in in_force] == [(each, "GetChatMessages") for each in ids]
    catalogue = client.control("GET", "/oddities/catalogue").json()
    shares = {entry["name"]: entry["share"] for entry in catalogue["oddities"] if entry["share"] is not None}
    assert {each["kind"]: each["probability"] for each in in_force} == shares
    assert {entry["group"] for entry in catalogue["oddities"]} == {*catalogue["groups"]}


def test_requests_are_listed_and_forgotten(client: Client) -> None:
    client.get_chat_messages(4)
    (request,) = client.control("GET", "/requests").json()["requests"]
    assert (request["operation"], request["chat_session_id"], request["status"]) == ("GetChatMessages", 4, 200)
    assert client.control("DELETE", "/requests").ok
    assert client.control("GET", "/requests").json() == {"requests": []}


def test_the_summary_counts(client: Client) -> None:
    ids = client.control("POST", "/live", json={"events": 40}).json()["chat_message_ids"]
    client.get_chat_messages(1)
    summary = client.control("GET", "/summary").json()
    assert ids == list(range(1, 41))
    assert summary["messages"] == summary["highest_chat_message_id"] == 40
    assert summary["chat_sessions"] == summary["highest_chat_session_id"] > 1
    assert summary["requests"] == {"GetChatMessages": 1}


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "says"),
    [
        ("POST", "/messages", {"message": "x"}, 400, "chat_session_id"),
        ("POST", "/messages", {"chat_session_id": 1, "colour": "red"}, 400, "colour"),
        ("POST", "/messages", {"chat_session_id": 1, "when_posted": "2026-01-01T00:00:00"}, 400, "timezone"),
        ("POST", "/messages", {"chat_session_id": 1}, 404, "no chat session 1"),
        ("PATCH", "/messages/1", [], 400, "object"),
        ("DELETE", "/messages/1", None, 404, "no message 1"),
        ("POST", "/chat-sessions", {"colour": "red"}, 400, "colour"),
        ("POST", "/chat-sessions", {"when_requested": "2026-01-01T00:00:00"}, 400, "time zone"),
        ("POST", "/oddities", {"kind": "nul"}, 400, 'There is no kind "nul"; the nearest is "null".'),
        ("POST", "/oddities", {"kind": "all", "shares": 1}, 400, "no field `shares`"),
        (
            "POST",
            "/oddities",
            {"kind": "null", "session": 7},
            400,
            "field `session`; the nearest is `chat_session_id`.",
        ),
        ("POST", "/oddities", {"kind": "all", "probability": 2}, 400, "at most 1"),
        ("POST", "/oddities", {"kind": "null", "times": 0}, 400, "times must be at least 1"),
        ("POST", "/oddities", {"kind": "null", "times": "x"}, 400, "times"),
        ("POST", "/oddities", {}, 400, "kind"),
        ("DELETE", "/oddities/7", None, 404, "no oddity 7"),
        ("GET", "/truth?chat_session_id=x", None, 400, "must be a number"),
        ("POST", "/live", {"events": 0}, 400, "events"),
    ],
)
def test_bad_input_gets_one_sentence(
    client: Client, method: str, path: str, body: object, status: int, says: str
) -> None:
    reply = client.control(method, path, json=body)
    assert reply.status_code == status
    assert says in reply.json()["error"]
    assert reply.json()["error"].endswith(".")


def test_the_routes_are_listed(client: Client) -> None:
    routes = client.control("GET", "/").json()["routes"]
    assert "POST /control/live: make live events now" in routes


def test_a_backup_is_restored_by_a_number_of_messages_or_to_a_moment(sandbox: Sandbox, client: Client) -> None:
    for day in range(1, 5):
        posted_at = f"2026-03-0{day}T12:00:00Z"
        chat_session_id = sandbox.tenant.open_chat_session()
        for _ in range(2):
            message = {"chat_session_id": chat_session_id, "when_posted": posted_at}
            client.control("POST", "/messages", json=message)
    assert client.control("POST", "/restore", json={"messages": 1}).json() == {"messages_lost": 1}
    restored = client.control("POST", "/restore", json={"to": "2026-03-02T13:00:00+01:00"})
    assert restored.json() == {"messages_lost": 3}
    assert [each.chat_session_id for each in sandbox.tenant.chat_sessions()] == [1, 2]
    assert client.control("POST", "/restore", json={"to": "2027-01-01T00:00:00Z"}).json() == {"messages_lost": 0}
    assert len(sandbox.tenant.all_messages()) == 4
    assert client.control("POST", "/restore", json={"messages": 99}).json() == {"messages_lost": 4}


@pytest.mark.parametrize("body", [{}, {"messages": 0}, {"messages": 1, "to": "2026-03-02T00:00:00Z"}, {"to": "now"}])
def test_a_restore_that_says_too_little_or_too_much_loses_nothing(
    sandbox: Sandbox, client: Client, body: dict[str, object]
) -> None:
    sandbox.tenant.post(sandbox.tenant.open_chat_session())
    assert client.control("POST", "/restore", json=body).status_code == 400
    assert len(sandbox.tenant.all_messages()) == 1


def test_all_times_are_shifted_at_once_or_none(sandbox: Sandbox, client: Client) -> None:
    chat_session_id = sandbox.tenant.open_chat_session()
    for _ in range(3):
        message = {"chat_session_id": chat_session_id, "when_posted": "2026-03-01T12:00:00Z"}
        client.control("POST", "/messages", json=message)
    sandbox.tenant.edit(2, when_posted="0001-01-01T00:00:00")
    assert client.control("POST", "/shift", json={"minutes": -90}).ok
    times = ["2026-03-01T10:30:00Z", "0001-01-01T00:00:00", "2026-03-01T10:30:00Z"]
    assert [row["WhenPosted"] for row in client.control("GET", "/truth").json()] == times
    sandbox.tenant.edit(3, when_posted=datetime(9999, 12, 31, tzinfo=UTC))
    assert client.control("POST", "/shift", json={"minutes": 10_000}).status_code == 400
    assert client.control("GET", "/truth").json()[0]["WhenPosted"] == times[0]
