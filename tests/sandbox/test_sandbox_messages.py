"""GetChatMessages and its REST twin."""

from datetime import UTC, datetime

import pytest

from archiver.sandbox import Sandbox
from tests.sandbox.conftest import Client

AT = datetime(2026, 3, 2, 8, 15, 30, tzinfo=UTC)
AGENT_CALL = "/Agents/Chat/GetChatMessages"


def test_a_message_has_the_nine_properties(sandbox: Sandbox, client: Client) -> None:
    chat_session_id = sandbox.tenant.open_chat_session()
    sandbox.tenant.post(chat_session_id, type="ToUser", message='Hi "you" \\ שלום 🙂', author="Kim", when_posted=AT)
    reply = client.get_chat_messages(chat_session_id)
    assert reply.headers["Content-Type"] == "application/json; charset=utf-8"
    assert reply.json() == [
        {
            "ChatMessageId": 1,
            "ChatSessionId": chat_session_id,
            "Type": "ToUser",
            "Message": 'Hi "you" \\ שלום 🙂',
            "Author": "Kim",
            "ReadByCustomer": 0,
            "SpecialType": "None",
            "SpecialParam": "",
            "WhenPosted": "2026-03-02T08:15:30Z",
        }
    ]


def test_message_ids_grow_over_all_chat_sessions(sandbox: Sandbox, client: Client) -> None:
    first, second = sandbox.tenant.open_chat_session(), sandbox.tenant.open_chat_session()
    for chat_session_id in (first, second, first):
        sandbox.tenant.post(chat_session_id)
    assert [row["ChatMessageId"] for row in client.get_chat_messages(first).json()] == [1, 3]
    assert [row["ChatMessageId"] for row in client.get_chat_messages(second).json()] == [2]


def test_after_is_exclusive(sandbox: Sandbox, client: Client) -> None:
    chat_session_id = sandbox.tenant.open_chat_session()
    _, second, third = (sandbox.tenant.post(chat_session_id) for _ in range(3))
    assert [row["ChatMessageId"] for row in client.get_chat_messages(chat_session_id, second).json()] == [third]
    assert client.get_chat_messages(chat_session_id, third).json() == []


def test_a_late_commit_shows_a_lower_id_in_its_place(sandbox: Sandbox, client: Client) -> None:
    chat_session_id = sandbox.tenant.open_chat_session()
    sandbox.tenant.post(chat_session_id, chat_message_id=9)
    sandbox.tenant.post(chat_session_id, chat_message_id=8)
    sandbox.tenant.post(chat_session_id)
    assert [row["ChatMessageId"] for row in client.get_chat_messages(chat_session_id).json()] == [8, 9, 10]


def test_request_keys_are_case_blind(sandbox: Sandbox, client: Client) -> None:
    chat_session_id = sandbox.tenant.open_chat_session()
    first, second = sandbox.tenant.post(chat_session_id), sandbox.tenant.post(chat_session_id)
    reply = client.post(AGENT_CALL, json={"chatSessionId": chat_session_id, "after": first})
    assert [row["ChatMessageId"] for row in reply.json()] == [second]


def test_an_edit_may_set_anything(sandbox: Sandbox, client: Client) -> None:
    chat_session_id = sandbox.tenant.open_chat_session()
    first = sandbox.tenant.post(chat_session_id, when_posted=AT)
    odd = {"when_posted": "0001-01-01T00:00:00.0000001", "chat_session_id": 99, "type": None, "Colour": ["red"]}
    before = client.get_chat_messages(chat_session_id).json()[0]
    sandbox.tenant.edit(first, **odd)
    assert client.get_chat_messages(chat_session_id).json() == [
        {
            **before,
            "WhenPosted": "0001-01-01T00:00:00.0000001",
            "ChatSessionId": 99,
            "Type": None,
            "Colour": ["red"],
        }
    ]


def test_a_deleted_message_is_not_sent(sandbox: Sandbox, client: Client) -> None:
    chat_session_id = sandbox.tenant.open_chat_session()
    first, second = sandbox.tenant.post(chat_session_id), sandbox.tenant.post(chat_session_id)
    sandbox.tenant.delete_message(first)
    assert [row["ChatMessageId"] for row in client.get_chat_messages(chat_session_id).json()] == [second]


@pytest.mark.parametrize(("setting", "reply"), [("[]", "[]"), ("null", "null")])
def test_an_unknown_chat_session_gets_what_is_configured(setting: str, reply: str) -> None:
    with Sandbox.empty(unknown_chat_session=setting) as sandbox:
        client = Client(sandbox)
        with client.http:
            assert client.get_chat_messages(7).text == reply


def test_a_missing_parameter_is_an_error_object_with_status_200(client: Client) -> None:
    reply = client.post(AGENT_CALL, json={"After": 0})
    assert (reply.status_code, set(reply.json())) == (200, {"Message", "MessageDetail"})


@pytest.mark.parametrize(
    "body", ["", "[1]", '{"ChatSessionId": ', '{"ChatSessionId": "x"}', '{"ChatSessionId": 3000000000}']
)
def test_an_unparsable_request_is_400(client: Client, body: str) -> None:
    reply = client.post(AGENT_CALL, data=body)
    assert (reply.status_code, set(reply.json())) == (400, {"Message", "MessageDetail"})


def test_the_rest_twin_sends_the_same_rows(sandbox: Sandbox, client: Client) -> None:
    chat_session_id = sandbox.tenant.open_chat_session()
    first, _ = sandbox.tenant.post(chat_session_id), sandbox.tenant.post(chat_session_id)
    path = f"/ChatSession/{chat_session_id}/Messages"
    assert client.get(path).json() == client.get_chat_messages(chat_session_id).json()
    assert client.get(f"{path}?after={first}").json() == client.get_chat_messages(chat_session_id, first).json()


def test_the_rest_twin_says_404_for_a_missing_chat_session(client: Client) -> None:
    reply = client.get("/ChatSession/7/Messages")
    assert (reply.status_code, reply.json()) == (
        404,
        {
            "Error": True,
            "ErrorType": "SoNotFoundException",
            "ErrorMessage": "There is no chat session 7.",
            "ErrorSource": "Sandbox",
        },
    )


@pytest.mark.parametrize(
    ("header", "posted"),
    [
        ("UTC, includeTZOffset", "2026-03-02T08:15:30Z"),
        ("utc,includetzoffset", "2026-03-02T08:15:30Z"),
        ("NO, includeTZOffset", "2026-03-02T09:15:30+01:00"),
        ("US-NY", "2026-03-02T03:15:30"),
        (None, "2026-03-02T09:15:30"),
    ],
)
def test_times_follow_the_time_zone_header(sandbox: Sandbox, client: Client, header: str | None, posted: str) -> None:
    chat_session_id = sandbox.tenant.open_chat_session()
    sandbox.tenant.post(chat_session_id, when_posted=AT)
    reply = client.get_chat_messages(chat_session_id, headers={"SO-TimeZone": header})
    assert reply.json()[0]["WhenPosted"] == posted
