"""The tenant as an online one: the state API, a tenant that moves, tickets that expire."""

import re
from typing import Any

import pytest
import requests

from archiver.sandbox import Sandbox
from archiver.sandbox.access.tickets import LIFE_S, Tickets
from tests.sandbox.conftest import Client


def state_of(sandbox: Sandbox, context_identifier: str = "Cust12345") -> dict[str, Any]:
    reply = requests.get(f"{sandbox.url}/api/state/{context_identifier}", timeout=10)  # no credentials
    assert reply.status_code == 200
    state: dict[str, Any] = reply.json()
    return state


def test_the_state_names_the_endpoint(sandbox: Sandbox, client: Client) -> None:
    state = state_of(sandbox)
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z", state.pop("ValidUntil"))
    assert state == {
        "ContextIdentifier": "Cust12345",
        "Endpoint": f"{sandbox.url}/online1/Cust12345",
        "State": "Running",
        "IsRunning": True,
        "Api": f"{sandbox.url}/online1/Cust12345/api",
        "Version": "Sandbox",
    }
    sandbox.tenant.open_chat_session()
    assert client.http.get(f"{state['Api']}/v1/ChatSession/1", timeout=10).json()["ChatSessionId"] == 1


def test_after_a_move_the_old_root_is_misdirected(sandbox: Sandbox, client: Client) -> None:
    sandbox.tenant.open_chat_session()
    old = state_of(sandbox)["Api"]
    assert client.control("PATCH", "/tenant", json={"node": "online2"}).json() == {
        "root_path": "/online2/Cust12345/api/v1"
    }
    client.http.auth = None  # the address is looked at before the credentials
    reply = client.http.get(f"{old}/v1/ChatSession/1", timeout=10)
    assert (reply.status_code, reply.json()) == (421, {"Message": "Wrong subdomain used to access tenant."})
    client.http.auth = ("archive", "sandbox")
    new = state_of(sandbox)["Api"]
    assert client.http.get(f"{new}/v1/ChatSession/1", timeout=10).status_code == 200
    assert [each.status for each in sandbox.requests.all()] == [421, 200]


@pytest.mark.parametrize(("state", "running"), [("OnlineMaintenance", True), ("OfflineMaintenance", False)])
def test_the_state_can_be_changed(sandbox: Sandbox, client: Client, state: str, running: bool) -> None:
    client.control("PATCH", "/tenant", json={"state": state})
    found = state_of(sandbox)
    assert (found["State"], found["IsRunning"]) == (state, running)


def test_another_tenant_is_unknown(sandbox: Sandbox) -> None:
    found = state_of(sandbox, "Cust99999")
    assert (found["State"], found["IsRunning"], found["Endpoint"], found["Api"]) == ("Unknown", False, None, None)


@pytest.mark.parametrize("change", [{"node": "a/b"}, {"node": ""}, {"state": "Asleep"}, {"colour": "red"}])
def test_a_bad_change_of_the_tenant_is_refused(sandbox: Sandbox, client: Client, change: dict[str, str]) -> None:
    before = sandbox.online.root_path
    assert client.control("PATCH", "/tenant", json=change).status_code == 400
    assert sandbox.online.root_path == before


def test_a_request_to_another_host_name_is_misdirected() -> None:
    with Sandbox.empty(host_name="crm.example.com") as sandbox, Client(sandbox).http as http:
        url = f"{sandbox.base_url}/v1/ChatSession"
        found = {
            host: http.get(url, headers={"Host": host}, timeout=10).status_code
            for host in ("crm.example.com", "CRM.example.com:8443", "crm2.example.com")
        }
        assert found == {"crm.example.com": 200, "CRM.example.com:8443": 200, "crm2.example.com": 421}


def test_a_ticket_lives_six_hours_after_its_last_use() -> None:
    now = [0.0]
    with Sandbox.empty(clock=lambda: now[0]) as sandbox:
        client = Client(sandbox)
        client.http.auth = None
        client.http.headers["Authorization"] = f"SOTicket {sandbox.settings.credentials.ticket}"
        with client.http:
            for hours in (0, 5, 10, 15.9):  # each use starts the six hours anew
                now[0] = hours * 3600
                assert client.get("/ChatSession").status_code == 200
            now[0] += LIFE_S
            assert client.get("/ChatSession").status_code == 401
            renewed = client.control("POST", "/tickets").json()["ticket"]
            assert client.get("/ChatSession").status_code == 401  # the expired one isn't renewed
            client.http.headers["Authorization"] = f"SOTicket {renewed}"
            assert client.get("/ChatSession").status_code == 200
            client.control("DELETE", "/tickets")
            assert client.get("/ChatSession").status_code == 401


def test_a_ticket_that_was_never_given_out_is_not_valid() -> None:
    tickets = Tickets("7T:first")
    assert not tickets.use("7T:first-2")
    assert tickets.use(tickets.issue())
