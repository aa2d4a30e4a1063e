"""Oddities to switch on, each over a real connection."""

import pytest
import requests

from archiver.sandbox import Oddities, Oddity, Sandbox
from archiver.sandbox.misbehaviour import RULES
from archiver.sandbox.oddities import KINDS
from tests.sandbox.conftest import Client


@pytest.fixture
def chat_session_id(sandbox: Sandbox) -> int:
    new_id = sandbox.tenant.open_chat_session()
    sandbox.tenant.post(new_id, message="x" * 200)
    return new_id


def test_every_kind_has_its_rule() -> None:
    assert tuple(RULES) == KINDS


def test_a_status_comes_with_retry_after(sandbox: Sandbox, client: Client, chat_session_id: int) -> None:
    sandbox.oddities.add("status", status=429, retry_after="7", times=1)
    reply = client.get_chat_messages(chat_session_id)
    assert (reply.status_code, reply.headers["Retry-After"]) == (429, "7")
    assert client.get_chat_messages(chat_session_id).status_code == 200


def test_null_and_empty_replace_the_rows(sandbox: Sandbox, client: Client, chat_session_id: int) -> None:
    sandbox.oddities.add("null", times=1)
    sandbox.oddities.add("empty", times=1)
    texts = [client.get_chat_messages(chat_session_id).text for _ in range(2)]
    assert texts == ["null", "[]"]


def test_an_error_object_has_status_200(sandbox: Sandbox, client: Client, chat_session_id: int) -> None:
    sandbox.oddities.add("error_object", message="No.")
    reply = client.get_chat_messages(chat_session_id)
    assert reply.status_code == 200
    assert reply.json() == {"Message": "No.", "MessageDetail": "The sandbox was told to fail."}


def test_a_login_page_has_status_200(sandbox: Sandbox, client: Client, chat_session_id: int) -> None:
    sandbox.oddities.add("html")
    reply = client.get_chat_messages(chat_session_id)
    assert (reply.status_code, reply.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert "<title>Sign in</title>" in reply.text


def test_a_cut_reply_ends_before_its_announced_length(
    sandbox: Sandbox, client: Client, chat_session_id: int, capfd: pytest.CaptureFixture[str]
) -> None:
    whole = client.get_chat_messages(chat_session_id)
    sandbox.oddities.add("cut", times=1)
    with client.get_chat_messages(chat_session_id, stream=True) as reply:
        assert reply.headers["Content-Length"] == str(len(whole.content))
        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            _ = reply.content
    assert client.get_chat_messages(chat_session_id).content == whole.content
    assert capfd.readouterr() == ("", "")


def test_a_reset_gives_no_reply(
    sandbox: Sandbox, client: Client, chat_session_id: int, capfd: pytest.CaptureFixture[str]
) -> None:
    sandbox.oddities.add("reset", times=1)
    with pytest.raises(requests.exceptions.ConnectionError):
        client.get_chat_messages(chat_session_id)
    assert sandbox.requests.all()[0].status is None
    assert client.get_chat_messages(chat_session_id).status_code == 200
    assert capfd.readouterr() == ("", "")


def test_a_slow_reply_outlasts_the_timeout(sandbox: Sandbox, client: Client, chat_session_id: int) -> None:
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
    sandbox.oddities.add("slow", seconds=0)
    assert client.get_chat_messages(chat_session_id).json() == sandbox.tenant.rows()


def test_a_dripping_reply_arrives_whole(sandbox: Sandbox, client: Client, chat_session_id: int) -> None:
    sandbox.oddities.add("drip", seconds=0, piece_bytes=3)
    assert client.get_chat_messages(chat_session_id).json() == sandbox.tenant.rows()


def test_a_redirect_names_its_location(sandbox: Sandbox, client: Client, chat_session_id: int) -> None:
    sandbox.oddities.add("redirect", location="https://example.com/login")
    reply = client.get_chat_messages(chat_session_id, allow_redirects=False)
    assert (reply.status_code, reply.headers["Location"]) == (302, "https://example.com/login")


def test_a_huge_reply_has_the_size_asked_for(sandbox: Sandbox, client: Client, chat_session_id: int) -> None:
    sandbox.oddities.add("huge", megabytes=3)
    reply = client.get_chat_messages(chat_session_id)
    assert (len(reply.content), reply.json()) == (3_000_000, [])


def test_a_failure_hits_only_what_it_names(sandbox: Sandbox, client: Client, chat_session_id: int) -> None:
    other = sandbox.tenant.open_chat_session()
    sandbox.oddities.add("status", operation="GetChatMessages", chat_session_id=chat_session_id)
    assert client.get_chat_messages(chat_session_id).status_code == 500
    assert client.get_chat_messages(other).status_code == 200
    assert client.get(f"/ChatSession/{chat_session_id}").status_code == 200


def test_times_count_down_and_clearing_ends_a_failure(sandbox: Sandbox, client: Client) -> None:
    counted = sandbox.oddities.add("null", times=2)
    endless = sandbox.oddities.add("status", status=503)
    statuses = [client.get_chat_messages(1).status_code for _ in range(2)]
    assert [each.id for each in sandbox.oddities.all()] == [endless]
    statuses.append(client.get_chat_messages(1).status_code)
    assert sandbox.oddities.clear(endless)
    assert not sandbox.oddities.clear(counted)
    statuses.append(client.get_chat_messages(1).status_code)
    assert statuses == [200, 200, 503, 200]


def test_a_request_that_is_not_signed_in_uses_no_failure_up(sandbox: Sandbox, client: Client) -> None:
    sandbox.oddities.add("null", times=1)
    client.http.auth = None
    assert client.get_chat_messages(1).status_code == 401
    assert [each.times for each in sandbox.oddities.all()] == [1]


def test_chances_are_the_same_for_the_same_seed() -> None:
    def draw(seed: int) -> list[bool]:
        oddities = Oddities(seed)
        oddities.add("null", probability=0.5)
        return [oddities.take("GetChatMessages", 1) is not None for _ in range(50)]

    assert draw(1) == draw(1) != draw(2)
    assert {True, False} == set(draw(1))


@pytest.mark.parametrize("wrong", [{"kind": "boom"}, {"times": 0}, {"probability": 0}, {"status": 42}])
def test_a_failure_out_of_bounds_is_refused(wrong: dict) -> None:
    with pytest.raises(ValueError, match="must be"):
        Oddity(**{"kind": "null", **wrong})
