"""What stands at the edge of a type, a calendar or a header is answered or refused, never failed at."""

import json
import socket
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import pytest
import urllib3
from hypothesis import given
from hypothesis import strategies as st

from archiver.sandbox import Oddity, Sandbox
from archiver.sandbox.chats.dates import time_format
from archiver.sandbox.chats.wire import MESSAGE_PROPERTIES, UTC_WITH_SUFFIX, message_row
from archiver.sandbox.webapi.endpoints import WebApi
from archiver.sandbox.webapi.operation import OPERATIONS
from tests.sandbox.conftest import Client

FIRST, LAST = "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"
ZONES = ("UTC", "US-HI", "US-NY", "NO", "AU-ACT")
LONG_ID = "9" * 5000


def status_for_host(sandbox: Sandbox, host: str, path: str) -> int:
    """A request written by hand, since a client would refuse such a Host."""
    address = urlsplit(sandbox.url)
    with socket.create_connection((str(address.hostname), address.port or 0), timeout=10) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        return int(connection.makefile("rb").readline().split()[1])


@pytest.mark.parametrize(
    ("posted", "header", "written"),
    [
        (FIRST, "UTC, includeTZOffset", "0001-01-01T00:00:00Z"),
        (FIRST, "NO, includeTZOffset", "0001-01-01T01:00:00+01:00"),
        (FIRST, "US-NY, includeTZOffset", "0001-01-01T00:00:00-05:00"),
        (FIRST, "US-NY", "0001-01-01T00:00:00"),
        ("0001-01-01T00:00:00+05:00", "UTC, includeTZOffset", "0001-01-01T00:00:00Z"),
        ("0001-01-01T03:00:00Z", "US-NY", "0001-01-01T00:00:00"),
        (LAST, "UTC, includeTZOffset", "9999-12-31T23:59:59Z"),
        (LAST, "NO, includeTZOffset", "9999-12-31T23:59:59+01:00"),
        (LAST, "US-NY, includeTZOffset", "9999-12-31T18:59:59-05:00"),
        ("9999-12-31T23:59:59-05:00", "UTC, includeTZOffset", "9999-12-31T23:59:59Z"),
    ],
)
def test_the_ends_of_the_calendar_are_written_in_every_zone(
    client: Client, posted: str, header: str, written: str
) -> None:
    client.control("POST", "/chat-sessions", json={"when_requested": posted, "when_ended": posted})
    client.control("POST", "/messages", json={"chat_session_id": 1, "when_posted": posted})
    options: dict[str, Any] = {"headers": {"SO-TimeZone": header}}
    assert client.get_chat_messages(1, **options).json()[0]["WhenPosted"] == written
    entity = client.get("/ChatSession/1", **options).json()
    assert {entity[name] for name in ("WhenRequested", "WhenEnded", "WhenIdle")} == {written}
    assert client.get("/ChatSession?$orderBy=whenRequested", **options).json()["value"][0]["whenEnded"] == written


@given(at=st.datetimes(timezones=st.just(UTC)).filter(lambda at: 1 < at.year < 9999), name=st.sampled_from(ZONES))
def test_a_time_away_from_the_ends_of_the_calendar_keeps_its_instant(at: datetime, name: str) -> None:
    text = time_format(f"{name}, includeTZOffset", UTC).text(at)
    assert datetime.fromisoformat(text) == at


@pytest.mark.parametrize("field", ["retry_after", "location"])
@pytest.mark.parametrize("value", ["später €", " 5 ", "5\t", "5\r\nX: y", "5\n", "a\x00b", "\x7f", "\xa05", "\ud800"])
def test_what_no_header_can_hold_is_refused_with_a_sentence(client: Client, field: str, value: str) -> None:
    reply = client.control("POST", "/oddities", data=json.dumps({"kind": "status", field: value}))
    assert reply.status_code == 400
    assert reply.json()["error"].startswith(f"{field} must be visible Latin-1 characters")
    values: dict[str, Any] = {"kind": "status", field: value}
    with pytest.raises(ValueError, match=field):
        Oddity(**values)


@pytest.mark.parametrize("value", ["", "5", "später", "Wed, 21 Oct 2026 07:28:00 GMT", "-1", "a  b", "ÿ"])
def test_what_a_header_can_hold_arrives_as_it_was_given(sandbox: Sandbox, client: Client, value: str) -> None:
    client.control("POST", "/oddities", json={"kind": "too_many_requests", "retry_after": value, "times": 1})
    assert client.get_chat_messages(1).headers["Retry-After"] == value
    client.control("POST", "/oddities", json={"kind": "redirect", "location": value, "operation": "GetChatMessages"})
    with urllib3.PoolManager() as http:  # requests fails at a Location that isn't UTF-8
        headers = {"Authorization": "Basic YXJjaGl2ZTpzYW5kYm94"}
        url = f"{sandbox.base_url}/v1/Agents/Chat/GetChatMessages"
        reply = http.request("POST", url, body=b'{"ChatSessionId": 1}', headers=headers, redirect=False)
    assert (reply.status, reply.headers["Location"]) == (302, value)


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"operation": "Nope"}, 'There is no operation "Nope"; the nearest is "'),
        (
            {"operation": "GetChatMessage"},
            'There is no operation "GetChatMessage"; the nearest is "GetChatMessages".',
        ),
        ({"property_name": "Nope"}, 'There is no property "Nope"; the nearest is "'),
        ({"property_name": "author"}, 'There is no property "author"; the nearest is "Author".'),
    ],
)
@pytest.mark.parametrize("kind", ["null_property", "all"])
def test_an_unknown_name_is_refused_with_the_nearest(client: Client, kind: str, values: dict, says: str) -> None:
    reply = client.control("POST", "/oddities", json={"kind": kind, **values})
    assert reply.status_code == 400
    assert reply.json()["error"].startswith(says)
    assert client.control("GET", "/oddities").json() == {"oddities": []}


def test_the_known_names_are_those_that_are_served(sandbox: Sandbox) -> None:
    sandbox.tenant.post(sandbox.tenant.open_chat_session())
    assert {each.name for each in WebApi(sandbox.tenant).operations()} == set(OPERATIONS)
    assert tuple(message_row(sandbox.tenant.all_messages()[0], UTC_WITH_SUFFIX)) == MESSAGE_PROPERTIES


def test_an_oddity_for_what_is_not_served_hits_it(client: Client) -> None:
    assert client.control("POST", "/oddities", json={"kind": "status", "operation": "Unknown", "status": 503}).ok
    assert client.get("/Contact/1").status_code == 503


@pytest.mark.parametrize(
    "path", [f"/ChatSession/{LONG_ID}", f"/ChatSession/{LONG_ID}/Messages", f"/ChatTopic/{LONG_ID}"]
)
def test_an_id_of_thousands_of_digits_is_not_found(client: Client, path: str) -> None:
    reply = client.get(path)
    assert (reply.status_code, reply.json()["ErrorType"]) == (404, "SoNotFoundException")


@pytest.mark.parametrize("path", ["/chat-sessions/", "/messages/", "/oddities/"])
def test_control_does_not_find_an_id_of_thousands_of_digits(client: Client, path: str) -> None:
    assert client.control("DELETE", path + LONG_ID).status_code == 404
    reply = client.control("GET", f"/truth?chat_session_id={LONG_ID}")
    assert (reply.status_code, reply.json()["error"]) == (
        400,
        "chat_session_id must be a number of at most 18 digits.",
    )


@pytest.mark.parametrize("host", ["[::::", "a]b[", "[::::]", "a:x", "a:99999", "a/b"])
@pytest.mark.parametrize("path", ["/SuperOffice/api/v1/ChatSession", "/api/state/Cust12345", "/control/", "/control"])
def test_a_host_that_is_none_gets_a_400(sandbox: Sandbox, host: str, path: str) -> None:
    assert status_for_host(sandbox, host, path) == 400


@pytest.mark.parametrize("host", ["sandbox", "127.0.0.1:80", "[::1]:80", "a.example", ""])
def test_any_other_host_is_served(sandbox: Sandbox, host: str) -> None:
    assert status_for_host(sandbox, host, "/control/") == 200


@pytest.mark.parametrize("levels", [101, 900, 100_000])
def test_json_of_too_many_levels_is_refused(sandbox: Sandbox, client: Client, levels: int) -> None:
    sandbox.tenant.post(sandbox.tenant.open_chat_session())
    deep = '{"message":' + "[" * levels + "]" * levels + "}"
    for method, path in [("POST", "/messages"), ("PATCH", "/messages/1"), ("POST", "/oddities"), ("POST", "/live")]:
        reply = client.control(method, path, data=deep)
        assert (reply.status_code, reply.json()["error"]) == (400, "The JSON has more than 100 levels.")


@pytest.mark.parametrize("message", [["a", ["<b>"]], 10**30, {"an": "object"}, True, 1.5, "\ud800"])
@pytest.mark.parametrize("html", [False, True])
def test_a_transcript_shows_what_is_no_text_too(client: Client, message: object, html: bool) -> None:
    client.control("POST", "/chat-sessions")
    client.control("POST", "/messages", json={"chat_session_id": 1})
    edit = json.dumps({"message": message, "author": None})
    assert client.control("PATCH", "/messages/1", data=edit).ok
    agent = client.post("/Agents/Chat/GetChatTranscript", json={"ChatSessionId": 1, "Html": html})
    rest = client.post(f"/ChatSession/1/Transcript?html={html}")
    shown = message if isinstance(message, str) else json.dumps(message, separators=(",", ":"))
    if html:
        shown = shown.replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
    assert agent.status_code == rest.status_code == 200
    assert agent.json() == rest.json() == (f"<p><b></b>: {shown}</p>\n" if html else f": {shown}\n")
