"""GetChatSessionEntity, its REST twin and the OData list."""

from datetime import UTC, datetime, timedelta

import pytest

from archiver.sandbox import Sandbox
from tests.sandbox.conftest import Client

AT = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


def entity_of(client: Client, chat_session_id: int) -> dict[str, object] | None:
    reply = client.post(f"/Agents/Chat/GetChatSessionEntity?chatSessionEntityId={chat_session_id}")
    assert reply.status_code == 200
    entity: dict[str, object] | None = reply.json()
    return entity


def test_select_nulls_what_is_not_selected(sandbox: Sandbox, client: Client) -> None:
    chat_session_id = sandbox.tenant.open_chat_session(customer_name="Alice Morgan")
    sandbox.tenant.post(chat_session_id, special_type="ClosedByUser")  # so that WhenFetched stands still
    entity = entity_of(client, chat_session_id)
    assert entity is not None
    kept = {"ChatSessionId": chat_session_id, "CustomerName": "Alice Morgan"}
    query = f"chatSessionEntityId={chat_session_id}&$select=chatsessionid,CustomerName"
    assert client.post(f"/Agents/Chat/GetChatSessionEntity?{query}").json() == {**dict.fromkeys(entity), **kept}


def test_the_entity_follows_the_chat(sandbox: Sandbox, client: Client) -> None:
    chat_session_id = sandbox.tenant.open_chat_session(
        agent="Kim Larsen", customer_name="Alice Morgan", when_requested=AT
    )
    sandbox.tenant.post(chat_session_id, type="ToUser", message="Hello?", when_posted=AT)
    sandbox.tenant.post(chat_session_id, type="ToCustomer", message="Yes!", when_posted=AT + timedelta(minutes=1))
    ended = AT + timedelta(minutes=2)
    sandbox.tenant.post(chat_session_id, type="Special", special_type="ClosedByUser", when_posted=ended)
    entity = entity_of(client, chat_session_id)
    assert entity is not None
    expected = {
        "ChatSessionId": chat_session_id,
        "Status": "Finished",
        "FirstMessage": "Hello?",
        "LastMessage": "Yes!",
        "WhenRequested": "2026-03-02T08:00:00Z",
        "WhenStarted": "2026-03-02T08:01:00Z",
        "WhenEnded": "2026-03-02T08:02:00Z",
        "WhenIdle": "2026-03-02T08:02:00Z",
        "CustomerName": "Alice Morgan",
        "SessionKey": "SANDBOX-SESSION-KEY-00000001",
        "Person": None,
    }
    assert {name: entity[name] for name in expected} == expected


def test_a_reopened_chat_session_has_no_end(sandbox: Sandbox, client: Client) -> None:
    chat_session_id = sandbox.tenant.open_chat_session()
    sandbox.tenant.post(chat_session_id, type="Special", special_type="ClosedByIdle")
    sandbox.tenant.post(chat_session_id, type="Special", special_type="ReopenedByCustomer")
    entity = entity_of(client, chat_session_id)
    assert entity is not None
    assert (entity["Status"], entity["WhenEnded"]) == ("CustomerLast", "0001-01-01T00:00:00Z")


def test_a_missing_entity_is_null_for_the_agent_and_404_for_rest(sandbox: Sandbox, client: Client) -> None:
    chat_session_id = sandbox.tenant.open_chat_session()
    sandbox.tenant.delete_chat_session(chat_session_id)
    assert entity_of(client, chat_session_id) is None
    reply = client.get(f"/ChatSession/{chat_session_id}")
    assert (reply.status_code, reply.json()["ErrorType"]) == (404, "SoNotFoundException")


def test_the_rest_entity_adds_links(sandbox: Sandbox, client: Client) -> None:
    chat_session_id = sandbox.tenant.open_chat_session()
    sandbox.tenant.post(chat_session_id, special_type="ClosedByUser")  # so that WhenFetched stands still
    entity = entity_of(client, chat_session_id)
    assert entity is not None
    assert client.get(f"/ChatSession/{chat_session_id}").json() == {**entity, "_Links": {}}


@pytest.mark.parametrize(("query", "status"), [("", 200), ("?chatSessionEntityId=x", 400)])
def test_a_bad_entity_parameter_gets_an_error_object(client: Client, query: str, status: int) -> None:
    reply = client.post(f"/Agents/Chat/GetChatSessionEntity{query}")
    assert (reply.status_code, set(reply.json())) == (status, {"Message", "MessageDetail"})


def listed(client: Client, **options: str) -> list[int]:
    reply = client.get("/ChatSession", params={f"${name}": value for name, value in options.items()})
    assert reply.status_code == 200
    return [row["chatSessionId"] for row in reply.json()["value"]]


def test_the_list_filters_orders_and_cuts(sandbox: Sandbox, client: Client) -> None:
    for day in range(5):
        sandbox.tenant.open_chat_session(when_requested=AT + timedelta(days=day))
    assert listed(client) == [1, 2, 3, 4, 5]
    assert listed(client, filter="chatSessionId gt 1", orderBy="chatSessionId asc", top="2") == [2, 3]
    assert listed(client, filter="chatSessionId ge 2 and chatSessionId lt 4") == [2, 3]
    assert listed(client, filter="chatSessionId le 2", orderBy="chatSessionId desc") == [2, 1]
    window = "whenRequested afterTime '2026-03-03T08:00:00' and whenRequested beforeTime '2026-03-06T08:00:00'"
    assert listed(client, filter=window) == [3, 4]


def test_the_list_filters_by_several_columns(sandbox: Sandbox, client: Client) -> None:
    for topic_id, agent in ((1, "Kim Larsen"), (2, "Kim O'Hara"), (2, "Ada Berg")):
        sandbox.tenant.open_chat_session(topic_id=topic_id, agent=agent, person_id=topic_id, customer_name=agent)
    sandbox.tenant.post(3, special_type="ClosedByUser", when_posted=AT)
    assert listed(client, filter="chatTopic/chatTopicId = 2 and associate/fullName begins 'Kim'") == [2]
    assert listed(client, filter="associate/fullName is 'Kim O\\'Hara' or chatSessionId in (3, 9)") == [2, 3]
    assert listed(client, filter="(chatSessionId eq 1 or chatSessionId eq 2) and personId oneOf (2,3)") == [2]
    assert listed(client, filter="whenEnded dateTime '2026-03-02T08:00:00'") == [3]
    assert listed(client, filter="chatSessionId between (2, 3) and person/fullName notContains 'O'") == [3]


def test_a_time_in_a_filter_is_in_the_zone_of_the_reply(sandbox: Sandbox, client: Client) -> None:
    sandbox.tenant.open_chat_session(when_requested=AT)
    client.http.headers["SO-TimeZone"] = "NO"
    assert listed(client, filter="whenRequested dateTime '2026-03-02T09:00:00'") == [1]
    assert listed(client, filter="whenRequested afterTime '0001-01-01T00:00:00'") == [1]


def test_the_list_orders_by_several_keys(sandbox: Sandbox, client: Client) -> None:
    for topic_id, topic_name in ((1, "Sales"), (2, "Support"), (1, "Sales")):
        sandbox.tenant.open_chat_session(topic_id=topic_id, topic_name=topic_name)
    sandbox.tenant.post(2, special_type="ClosedByUser", when_posted=AT)
    assert listed(client, orderBy="chatTopic/name desc, chatSessionId desc") == [2, 3, 1]
    assert listed(client, orderBy="CHATTOPIC/NAME, chatSessionId desc") == [3, 1, 2]
    assert listed(client, orderBy="whenEnded desc") == [2, 1, 3]  # an unset time is the lowest


def test_the_archive_endpoint_is_the_same_list(sandbox: Sandbox, client: Client) -> None:
    sandbox.tenant.open_chat_session()
    assert client.get("/Archive/ChatSession").json()["value"] == client.get("/ChatSession").json()["value"]


def test_the_primary_key_may_be_a_text(sandbox: Sandbox, client: Client) -> None:
    sandbox.tenant.open_chat_session()
    sandbox.oddities.add("text_primary_key", times=1)
    pages = [client.get("/ChatSession").json()["value"] for _ in range(2)]
    assert [(row["PrimaryKey"], row["chatSessionId"]) for (row,) in pages] == [("1", 1), (1, 1)]


def test_json_safe_names_have_no_slash(sandbox: Sandbox, client: Client) -> None:
    sandbox.tenant.open_chat_session(topic_name="Sales")
    page = client.get("/ChatSession", params={"$select": "chatTopic/name", "$jsonSafe": "true"}).json()
    assert page["value"] == [{"PrimaryKey": 1, "EntityName": "chat", "chatTopic_name": "Sales"}]


def test_a_list_row_holds_the_columns_asked_for(sandbox: Sandbox, client: Client) -> None:
    sandbox.tenant.open_chat_session(topic_name="Support", when_requested=AT)
    reply = client.get("/ChatSession", params={"$select": "chatSessionId,chatTopic/name,whenRequested"}).json()
    assert reply["odata.nextLink"] is None
    assert reply["value"] == [
        {
            "PrimaryKey": 1,
            "EntityName": "chat",
            "chatSessionId": 1,
            "chatTopic/name": "Support",
            "whenRequested": "2026-03-02T08:00:00Z",
        }
    ]


def test_the_next_link_leads_through_the_list(sandbox: Sandbox, client: Client) -> None:
    for _ in range(5):
        sandbox.tenant.open_chat_session()
    page = client.get("/ChatSession", params={"$top": "2"}).json()
    found = [row["PrimaryKey"] for row in page["value"]]
    while page["odata.nextLink"]:
        page = client.http.get(page["odata.nextLink"], timeout=10).json()
        found += [row["PrimaryKey"] for row in page["value"]]
    assert found == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    "query",
    [
        "$filter=status eq 7",
        "$orderBy=rating",
        "$orderBy=chatSessionId upwards",
        "$top=x",
        "$top=-1",
        "$skip=99999999999",
        "$select=secret",
        "$mode=Full",
        "$format=XML",
        "$entities=contact",
        "$expand=chatTopic",
    ],
)
def test_an_unsupported_list_query_is_400(client: Client, query: str) -> None:
    reply = client.get(f"/ChatSession?{query}")
    assert (reply.status_code, reply.json()["Error"]) == (400, True)


def test_the_user_sees_every_chat_session_and_channel(sandbox: Sandbox, client: Client) -> None:
    for topic_id, topic_name in ((7, "Sales"), (8, "Support"), (7, "Sales")):
        sandbox.tenant.post(sandbox.tenant.open_chat_session(topic_id=topic_id, topic_name=topic_name))
    agent, rest = client.post("/Agents/Chat/ChatSessionsForUser"), client.get("/ChatSession/ForCurrentUser")
    assert [each["ChatSessionId"] for each in agent.json()] == [1, 2, 3]
    assert [each["ChatSessionId"] for each in rest.json()] == [1, 2, 3]
    topics = client.post("/Agents/Chat/ChatTopicsForUser").json()
    assert [(each["ChatTopicId"], each["Name"]) for each in topics] == [(7, "Sales"), (8, "Support")]
    assert client.get("/ChatTopic/ForCurrentUser").json() == topics
    assert client.post("/Agents/Chat/GetChatTopicEntity?chatTopicEntityId=8").json() == topics[1]
    assert client.get("/ChatTopic/8").json() == {**topics[1], "_Links": {}}
    assert [each["chatSessionId"] for each in client.get("/ChatTopic/7/Sessions").json()["value"]] == [1, 3]


def test_a_missing_channel_is_null_for_the_agent_and_404_for_rest(client: Client) -> None:
    assert client.post("/Agents/Chat/GetChatTopicEntity?chatTopicEntityId=8").json() is None
    for path in ("/ChatTopic/8", "/ChatTopic/8/Sessions"):
        reply = client.get(path)
        assert (reply.status_code, reply.json()["ErrorType"]) == (404, "SoNotFoundException")
