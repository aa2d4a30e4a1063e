"""Credentials, addresses and the request log."""

from base64 import b64encode

import pytest
import requests

from archiver.sandbox import Credentials, Sandbox
from tests.sandbox.conftest import Client

CREDENTIALS = Credentials(
    username="ola", password="på:skudd", ticket="7T:x", token="8A:y", app_token="secret", cookie="s1", xsrf_token="x1"
)
BASIC = b64encode("ola:på:skudd".encode()).decode()


def status_with(headers: dict[str, str]) -> int:
    with Sandbox.empty(credentials=CREDENTIALS) as sandbox:
        url = f"{sandbox.base_url}/v1/ChatSession"
        return requests.get(url, headers=headers, timeout=10).status_code


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": f"Basic {BASIC}"},
        {"Authorization": "SOTicket 7T:x", "SO-AppToken": "secret"},
        {"Authorization": "soticket 7T:x", "SO-AppToken": "secret"},
        {"Authorization": "Bearer 8A:y"},
        {"Authorization": "Bearer 8A:y", "Cookie": "SandboxSession=another"},  # no XSRF value is asked for then
        {"Cookie": "a=b; SandboxSession=s1; XSRF-TOKEN=x1", "X-XSRF-TOKEN": "x1"},
    ],
)
def test_each_scheme_signs_in(headers: dict[str, str]) -> None:
    assert status_with(headers) == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Basic b2xhOnB3"},
        {"Authorization": "Basic %%%"},
        {"Authorization": "SOTicket 7T:x"},
        {"Authorization": "SOTicket 7T:x", "SO-AppToken": "other"},
        {"Authorization": "Bearer 7T:x"},
        {"Authorization": "Negotiate abc"},
        {"Cookie": "SandboxSession=s1"},
        {"Cookie": "SandboxSession=s1; XSRF-TOKEN=x1"},
        {"Cookie": "SandboxSession=s1", "X-XSRF-TOKEN": "x2"},
        {"Cookie": "SandboxSession=s2", "X-XSRF-TOKEN": "x1"},
        {"X-XSRF-TOKEN": "x1"},
        {"Authorization": "Bearer 7T:x", "Cookie": "SandboxSession=s1", "X-XSRF-TOKEN": "x1"},
    ],
)
def test_missing_or_wrong_credentials_get_401(headers: dict[str, str]) -> None:
    assert status_with(headers) == 401


def test_the_same_is_served_below_both_root_paths(sandbox: Sandbox, client: Client) -> None:
    sandbox.tenant.open_chat_session()
    plain = client.http.get(f"{sandbox.url}/api/v1/ChatSession", timeout=10).json()
    assert plain["value"] == client.get("/ChatSession").json()["value"]


def test_every_request_is_recorded(sandbox: Sandbox, client: Client) -> None:
    client.get_chat_messages(7, after=3)
    client.get("/ChatSession/8?a=b")
    client.get("/Nowhere")
    client.http.auth = None
    client.post("/Agents/Chat/GetChatMessages", data="{")
    recorded = sandbox.requests.all()
    assert [(each.method, each.operation, each.chat_session_id, each.status) for each in recorded] == [
        ("POST", "GetChatMessages", 7, 200),
        ("GET", "RestChatSession", 8, 404),
        ("GET", "Unknown", None, 404),
        ("POST", "GetChatMessages", None, 401),
    ]
    assert recorded[0].path == "/SuperOffice/api/v1/Agents/Chat/GetChatMessages"
    assert recorded[0].body == '{"ChatSessionId": 7, "After": 3}'
    assert recorded[0].headers["so-timezone"] == "UTC, includeTZOffset"
    assert recorded[1].query == "a=b"
    sandbox.requests.clear()
    assert sandbox.requests.all() == []
