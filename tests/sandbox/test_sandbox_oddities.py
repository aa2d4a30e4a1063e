"""Oddities that are replies, over a real connection."""

import re
from typing import Any

import pytest
import requests

from archiver.sandbox import Oddities, Oddity, Sandbox
from archiver.sandbox.oddities.catalogue import CATALOGUE, Entry
from archiver.sandbox.oddities.events import EVENTS
from archiver.sandbox.oddities.replies import RULES, misbehave
from archiver.sandbox.oddities.rows import BY_REPLY, BY_ROW
from archiver.sandbox.serving.fault import FAULT_KINDS
from archiver.sandbox.webapi.replies import json_reply
from tests.sandbox.conftest import Client

ROWS_HELD = 120
NOT_OVER_HTTP = ("slow", *FAULT_KINDS)
"""What only time or the connection shows; each has tests of its own."""
TOLD = "The sandbox was told to fail."


@pytest.fixture
def chat_session_id(sandbox: Sandbox) -> int:
    new_id = sandbox.tenant.open_chat_session()
    sandbox.tenant.post(new_id, message="x" * 200)
    return new_id


def test_every_oddity_of_the_catalogue_is_done_by_one_function() -> None:
    assert sorted([*RULES, *BY_ROW, *BY_REPLY, *EVENTS]) == sorted(CATALOGUE)


@pytest.mark.parametrize("entry", CATALOGUE.values(), ids=lambda entry: entry.name)
def test_the_numbers_that_an_oddity_is_said_to_have_are_those_that_its_name_gives(entry: Entry) -> None:
    oddities = Oddities()
    oddities.add(entry.name)
    (given,) = oddities.all()
    said = {name: float(value) for name, value in re.findall(r"(\w+)=([\d.]*\d)", entry.does)}
    assert {name: getattr(given, name) for name in said} == said


def test_what_is_not_part_of_all_says_why() -> None:
    assert all((entry.share is None) == bool(entry.why_not) for entry in CATALOGUE.values())


def seen(client: Client, after: int) -> Any:
    """All that a client can see of two chat sessions, the second of which does not exist, and of the list."""
    replies = [client.get_chat_messages(each, after, allow_redirects=False) for each in (1, 3)]
    replies += [client.get("/ChatSession/1"), client.get("/ChatSession")]
    return [
        (each.status_code, each.headers["Content-Type"], each.headers.get("Location"), each.text) for each in replies
    ]


@pytest.mark.parametrize("kind", [kind for kind in CATALOGUE if kind not in NOT_OVER_HTTP])
def test_each_name_alone_changes_what_a_client_sees(sandbox: Sandbox, client: Client, kind: str) -> None:
    sandbox.tenant.open_chat_session()
    for _ in range(ROWS_HELD):
        sandbox.tenant.post(1, message="Hello", type="ToUser")
    sandbox.tenant.post(1, type="Special", special_type="ClosedByUser")
    sandbox.tenant.post(sandbox.tenant.open_chat_session(), message="Elsewhere")
    # WhenFetched is the moment of the request while a chat session is open.
    sandbox.tenant.edit_chat_session(1, WhenFetched="2026-03-02T08:15:30Z")
    before = seen(client, after=1)
    assert client.control("POST", "/oddities", json={"kind": kind}).ok
    assert seen(client, after=1) != before


@pytest.mark.parametrize(
    ("kind", "status", "retry_after"),
    [("status", 500, None), ("too_many_requests", 429, "1"), ("service_unavailable", 503, None)],
)
def test_a_status_has_retry_after_where_the_name_or_the_rule_says_so(
    sandbox: Sandbox, client: Client, chat_session_id: int, kind: str, status: int, retry_after: str | None
) -> None:
    sandbox.oddities.add(kind, times=1)
    sandbox.oddities.add(kind, retry_after="Tue, 03 Mar 2026 08:15:30 GMT", times=1)
    sandbox.oddities.add(kind, retry_after=None, times=1)
    replies = [client.get_chat_messages(chat_session_id) for _ in range(4)]
    assert [reply.status_code for reply in replies] == [status, status, status, 200]
    dates = [reply.headers.get("Retry-After") for reply in replies]
    assert dates == [retry_after, "Tue, 03 Mar 2026 08:15:30 GMT", None, None]
    assert replies[0].json() == {"Message": "Something went wrong.", "MessageDetail": TOLD}


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("null", "null"),
        ("empty", "[]"),
        ("error_object", f'{{"Message":"No.","MessageDetail":"{TOLD}"}}'),
        ("not_json", "The service is busy. Please try again."),
    ],
)
def test_a_failure_may_have_status_200_and_be_called_json(
    sandbox: Sandbox, client: Client, chat_session_id: int, kind: str, text: str
) -> None:
    sandbox.oddities.add(kind, message="No.")
    reply = client.get_chat_messages(chat_session_id)
    assert (reply.status_code, reply.headers["Content-Type"]) == (200, "application/json; charset=utf-8")
    assert reply.text == text


@pytest.mark.parametrize(("kind", "has_password"), [("sign_in_page", True), ("maintenance_page", False)])
def test_a_page_for_people_has_status_200(
    sandbox: Sandbox, client: Client, chat_session_id: int, kind: str, has_password: bool
) -> None:
    sandbox.oddities.add(kind)
    reply = client.get_chat_messages(chat_session_id)
    assert (reply.status_code, reply.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert reply.text.startswith("<!DOCTYPE html>")
    assert ('type="password"' in reply.text) == has_password


def test_a_wrong_content_type_labels_the_right_rows(sandbox: Sandbox, client: Client, chat_session_id: int) -> None:
    sandbox.oddities.add("wrong_content_type")
    reply = client.get_chat_messages(chat_session_id)
    assert reply.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert reply.json() == sandbox.tenant.rows()


def test_truncated_json_is_complete_by_its_length(sandbox: Sandbox, client: Client, chat_session_id: int) -> None:
    whole = client.get_chat_messages(chat_session_id).content
    sandbox.oddities.add("truncated_json")
    reply = client.get_chat_messages(chat_session_id)
    assert reply.content == whole[: len(whole) // 2]
    assert reply.headers["Content-Length"] == str(len(reply.content))


def test_a_slow_reply_outlasts_the_timeout(sandbox: Sandbox, chat_session_id: int) -> None:
    sandbox.oddities.add("slow", seconds=600)
    body = {"ChatSessionId": chat_session_id, "After": 0}
    with pytest.raises(requests.exceptions.ReadTimeout):
        requests.post(
            f"{sandbox.base_url}/v1/Agents/Chat/GetChatMessages",
            json=body,
            auth=("archive", "sandbox"),
            timeout=0.05,
        )


def test_a_slow_reply_is_the_normal_one(sandbox: Sandbox, client: Client, chat_session_id: int) -> None:
    sandbox.oddities.add("slow")
    assert sandbox.oddities.all()[0].seconds > 5
    sandbox.oddities.clear()
    sandbox.oddities.add("slow", seconds=0)
    assert client.get_chat_messages(chat_session_id).json() == sandbox.tenant.rows()


def test_a_redirect_names_its_location(sandbox: Sandbox, client: Client, chat_session_id: int) -> None:
    sandbox.oddities.add("redirect", location="https://example.com/login")
    reply = client.get_chat_messages(chat_session_id, allow_redirects=False)
    assert (reply.status_code, reply.headers["Location"]) == (302, "https://example.com/login")


def test_a_huge_reply_has_the_size_asked_for(sandbox: Sandbox, client: Client, chat_session_id: int) -> None:
    sandbox.oddities.add("huge", megabytes=3)
    reply = client.get_chat_messages(chat_session_id)
    assert (len(reply.content), reply.json()) == (3_000_000, [])


@pytest.mark.parametrize("kind", ["unknown_null", "unknown_error_object"])
def test_an_unknown_chat_session_alone_gets_what_is_switched_on(
    sandbox: Sandbox, client: Client, chat_session_id: int, kind: str
) -> None:
    sandbox.oddities.add(kind)
    unknown = chat_session_id + 1
    expected = {
        "unknown_null": None,
        "unknown_error_object": {"Message": "Something went wrong.", "MessageDetail": TOLD},
    }
    assert client.get_chat_messages(unknown).json() == expected[kind]
    assert client.get_chat_messages(chat_session_id).json() == sandbox.tenant.rows()
    assert client.get(f"/ChatSession/{unknown}").status_code == 404
    sandbox.oddities.clear()
    assert client.get_chat_messages(unknown).json() == []


@pytest.mark.parametrize("kind", FAULT_KINDS)
def test_a_fault_goes_with_the_normal_reply_and_its_own_numbers(kind: str) -> None:
    delivery = misbehave(Oddity(kind=kind, piece_bytes=3, seconds=0.5), lambda: json_reply([]))
    assert delivery.reply == json_reply([])
    assert delivery.fault
    assert (delivery.fault.kind, delivery.fault.piece_bytes, delivery.fault.pause_s) == (kind, 3, 0.5)


def test_a_short_body_ends_before_its_announced_length(
    sandbox: Sandbox, client: Client, chat_session_id: int, capfd: pytest.CaptureFixture[str]
) -> None:
    whole = client.get_chat_messages(chat_session_id)
    sandbox.oddities.add("short_body", times=1)
    with client.get_chat_messages(chat_session_id, stream=True) as reply:
        assert reply.headers["Content-Length"] == str(len(whole.content))
        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            _ = reply.content
    assert client.get_chat_messages(chat_session_id).content == whole.content
    assert capfd.readouterr() == ("", "")


def test_a_reset_before_gives_no_reply(
    sandbox: Sandbox, client: Client, chat_session_id: int, capfd: pytest.CaptureFixture[str]
) -> None:
    sandbox.oddities.add("reset_before", times=1)
    with pytest.raises(requests.exceptions.ConnectionError):
        client.get_chat_messages(chat_session_id)
    assert sandbox.requests.all()[0].status is None
    assert client.get_chat_messages(chat_session_id).status_code == 200
    assert capfd.readouterr() == ("", "")


def test_a_dripping_reply_arrives_whole(sandbox: Sandbox, client: Client, chat_session_id: int) -> None:
    sandbox.oddities.add("drip", seconds=0, piece_bytes=3)
    assert client.get_chat_messages(chat_session_id).json() == sandbox.tenant.rows()
