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


@pytest.mark.parametrize(
    "body",
    [
        '{"ChatSessionId": 1, "After": 1}',
        '{"chatSessionId": 1, "after": 1}',  # as the vendor's TypeScript client posts them
        '{"CHATSESSIONID": 1, "aFTER": 1}',
        '{"After": 0, "ChatSessionId": 9, "after": 1, "chatSessionId": 1}',  # of several the last counts
    ],
)
def test_request_keys_are_case_blind(sandbox: Sandbox, client: Client, body: str) -> None:
    chat_session_id = sandbox.tenant.open_chat_session()
    _, second = sandbox.tenant.post(chat_session_id), sandbox.tenant.post(chat_session_id)
    reply = client.post(AGENT_CALL, data=body)
    assert [row["ChatMessageId"] for row in reply.json()] == [second]


@pytest.mark.parametrize("select", ["Message,ChatMessageId", " message , CHATMESSAGEID,colour"])
def test_select_nulls_what_is_not_selected(sandbox: Sandbox, client: Client, select: str) -> None:
    chat_session_id = sandbox.tenant.open_chat_session()
    sandbox.tenant.post(chat_session_id, message="Hi", author="Kim")
    (row,) = client.get_chat_messages(chat_session_id).json()
    nulled = [{**dict.fromkeys(row), "ChatMessageId": 1, "Message": "Hi"}]
    assert client.get_chat_messages(chat_session_id, params={"$select": select}).json() == nulled
    assert client.get(f"/ChatSession/{chat_session_id}/Messages", params={"$SELECT": select}).json() == nulled


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        (None, "application/json; charset=utf-8"),
        ("*/*", "application/json; charset=utf-8"),
        ("application/json, text/plain, */*", "application/json; charset=utf-8"),
        ("application/*;q=0.1, text/json", "text/json; charset=utf-8"),
        ("Text/JSON; charset=utf-8", "text/json; charset=utf-8"),
        ("application/xml, application/json;q=0.2", "application/json; charset=utf-8"),
        ("application/json;q=0, text/*", "text/json; charset=utf-8"),
        ("application/json;q=nonsense", "application/json; charset=utf-8"),
    ],
)
def test_the_reply_has_the_type_that_accept_prefers(client: Client, accept: str | None, content_type: str) -> None:
    for reply in (
        client.get_chat_messages(7, headers={"Accept": accept}),
        client.get("/ChatSession/7", headers={"Accept": accept}),  # an error object too
    ):
        assert reply.headers["Content-Type"] == content_type


@pytest.mark.parametrize("accept", ["application/xml", "text/xml, text/html", "application/json;q=0"])
def test_what_is_not_served_is_not_acceptable(client: Client, accept: str) -> None:
    reply = client.get_chat_messages(7, headers={"Accept": accept})
    assert (reply.status_code, set(reply.json())) == (406, {"Message", "MessageDetail"})


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/json", 200),
        ("Text/Json; charset=utf-8", 200),
        ("application/xml", 415),
        ("application/x-www-form-urlencoded", 415),
    ],
)
def test_a_body_is_read_as_json_only(client: Client, content_type: str, status: int) -> None:
    reply = client.post(AGENT_CALL, data='{"ChatSessionId": 7}', headers={"Content-Type": content_type})
    assert reply.status_code == status


def test_the_type_of_a_missing_body_does_not_matter(sandbox: Sandbox, client: Client) -> None:
    sandbox.tenant.open_chat_session()
    path = "/Agents/Chat/GetChatSessionEntity?chatSessionEntityId=1"
    reply = client.post(path, headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert reply.json()["ChatSessionId"] == 1


def test_a_transcript_is_one_string(sandbox: Sandbox, client: Client) -> None:
    chat_session_id = sandbox.tenant.open_chat_session()
    sandbox.tenant.post(chat_session_id, type="ToUser", message="1 < 2?", author="Kim")
    sandbox.tenant.post(chat_session_id, type="Special", special_type="ClosedByUser")
    path, body = "/Agents/Chat/GetChatTranscript", {"ChatSessionId": chat_session_id}
    assert client.post(path, json={**body, "Html": False}).json() == "Kim: 1 < 2?\n"
    page = client.post(path, json={**body, "Html": True}).json()
    assert page == "<p><b>Kim</b>: 1 &lt; 2?</p>\n"
    assert client.post(f"/ChatSession/{chat_session_id}/Transcript?html=true").json() == page
    assert client.post(path, json={"ChatSessionId": 7, "Html": False}).json() is None
    assert client.post("/ChatSession/7/Transcript").status_code == 404


@pytest.mark.parametrize(
    ("body", "status"), [({"ChatSessionId": 7}, 200), ({"ChatSessionId": 7, "Html": "yes"}, 400)]
)
def test_a_bad_transcript_request_gets_an_error_object(client: Client, body: dict[str, object], status: int) -> None:
    reply = client.post("/Agents/Chat/GetChatTranscript", json=body)
    assert (reply.status_code, set(reply.json())) == (status, {"Message", "MessageDetail"})


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


def test_an_unknown_chat_session_gets_an_empty_array_or_null_when_so_switched_on(
    sandbox: Sandbox, client: Client
) -> None:
    assert client.get_chat_messages(7).text == "[]"
    sandbox.oddities.add("unknown_null")
    assert client.get_chat_messages(7).text == "null"


def test_a_lone_surrogate_is_sent_as_its_escape(sandbox: Sandbox, client: Client) -> None:
    chat_session_id = sandbox.tenant.open_chat_session()
    chat_message_id = sandbox.tenant.post(chat_session_id)
    escaped = rb'{"message":"\ud800 or \udfff, \ud83d\ude00"}'
    assert client.control("PATCH", f"/messages/{chat_message_id}", data=escaped).ok
    assert sandbox.tenant.rows()[0]["Message"] == "\ud800 or \udfff, \U0001f600"
    sent = [client.get_chat_messages(chat_session_id), client.control("GET", "/truth")]
    sandbox.oddities.add("extra_property")  # the row is read and written again
    sent.append(client.get_chat_messages(chat_session_id))
    for reply in sent:
        assert (reply.status_code, rb'"Message":"\ud800 or \udfff, ' in reply.content) == (200, True)
    assert sent[0].json() == sandbox.tenant.rows()


def test_a_missing_parameter_is_an_error_object_with_status_200(client: Client) -> None:
    reply = client.post(AGENT_CALL, json={"After": 0})
    assert (reply.status_code, set(reply.json())) == (200, {"Message", "MessageDetail"})


@pytest.mark.parametrize(
    "body",
    ["", "[1]", "[" * 100_000, '{"ChatSessionId": ', '{"ChatSessionId": "x"}', '{"ChatSessionId": 3000000000}'],
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
        ("1,includeTZOffset", "2026-03-02T08:15:30Z"),
        ("NO, includeTZOffset", "2026-03-02T09:15:30+01:00"),
        ("261, includeTZOffset", "2026-03-02T09:15:30+01:00"),
        ("AU-ACT,includeTZOffset", "2026-03-02T19:15:30+11:00"),
        ("US-NY", "2026-03-02T03:15:30"),
        ("460", "2026-03-02T03:15:30"),
        (None, "2026-03-02T09:15:30"),
        ("", "2026-03-02T09:15:30"),
        ("Nowhere", "2026-03-02T09:15:30"),
        ("Nowhere, includeTZOffset", "2026-03-02T09:15:30+01:00"),
        ("includeTZOffset", "2026-03-02T09:15:30+01:00"),  # the vendor's client may send the option alone
    ],
)
def test_times_follow_the_time_zone_header(sandbox: Sandbox, client: Client, header: str | None, posted: str) -> None:
    chat_session_id = sandbox.tenant.open_chat_session()
    sandbox.tenant.post(chat_session_id, when_posted=AT)
    reply = client.get_chat_messages(chat_session_id, headers={"SO-TimeZone": header})
    assert reply.json()[0]["WhenPosted"] == posted


def test_the_vendors_spelling_of_the_time_zone_header_is_read(sandbox: Sandbox, client: Client) -> None:
    chat_session_id = sandbox.tenant.open_chat_session()
    sandbox.tenant.post(chat_session_id, when_posted=AT)
    del client.http.headers["SO-TimeZone"]
    reply = client.get_chat_messages(chat_session_id, headers={"SO-Timezone": "utc,includeTZOffset"})
    assert reply.json()[0]["WhenPosted"] == "2026-03-02T08:15:30Z"


@pytest.mark.parametrize(
    ("header", "unset"),
    [
        (None, "0001-01-01T00:00:00"),
        ("UTC", "0001-01-01T00:00:00"),
        ("UTC, includeTZOffset", "0001-01-01T00:00:00Z"),
        ("includeTZOffset", "0001-01-01T01:00:00+01:00"),
        ("AU-ACT, includeTZOffset", "0001-01-01T10:00:00+10:00"),
        ("US-NY, includeTZOffset", "0001-01-01T00:00:00-05:00"),
    ],
)
def test_the_unset_date_is_spelled_by_the_header(
    sandbox: Sandbox, client: Client, header: str | None, unset: str
) -> None:
    sandbox.tenant.open_chat_session()
    entity = client.get("/ChatSession/1", headers={"SO-TimeZone": header}).json()
    assert entity["WhenEnded"] == unset
