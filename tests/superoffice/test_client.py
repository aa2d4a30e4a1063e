"""The request that arrives, and the answer that comes back."""

import base64
import gc
import threading
import tracemalloc
from datetime import UTC, datetime
from pathlib import Path

import pytest

from archiver.errors import ConfigError, NullReply, UndecodableReply, UnexpectedReply
from archiver.model import ChatMessage
from archiver.sandbox import Sandbox
from archiver.superoffice.client import SuperOfficeClient
from archiver.superoffice.endpoint import api_root
from tests.superoffice.conftest import APP_TOKEN, CHAT_TEXT, PASSWORD, ClientMaker, RawServer, Serve
from tests.superoffice.test_same_judgement import client_of, http

POSTED_AT = datetime(2026, 3, 2, 8, 15, 30, tzinfo=UTC)


def headers_sent(sandbox: Sandbox) -> dict[str, str]:
    return dict(sandbox.requests.all()[-1].headers)


def test_the_messages_after_an_id_come_back(
    sandbox: Sandbox, make_client: ClientMaker, stop: threading.Event
) -> None:
    sandbox.tenant.post(1, type="ToUser", message="Hei 👋", author="Åse", when_posted=POSTED_AT)
    reply = make_client().fetch_messages(1, 1, stop)
    assert reply.quarantined == []
    assert reply.messages == [
        ChatMessage(
            chat_message_id=2,
            chat_session_id=1,
            type="ToUser",
            message="Hei 👋",
            author="Åse",
            read_by_customer=0,
            special_type="None",
            special_param="",
            when_posted=POSTED_AT,
        )
    ]


def test_who_hung_up_calls_again(make_client: ClientMaker, stop: threading.Event) -> None:
    client = make_client()
    first = client.fetch_messages(1, 0, stop)
    client.hang_up()
    assert client.fetch_messages(1, 0, stop) == first


def test_after_0_asks_for_the_whole_chat_session(make_client: ClientMaker, stop: threading.Event) -> None:
    assert [each.message for each in make_client().fetch_messages(1, 0, stop).messages] == [CHAT_TEXT * 20]


def test_the_request_is_the_documented_one(sandbox: Sandbox, make_client: ClientMaker, stop: threading.Event) -> None:
    make_client().fetch_messages(1, 41, stop)
    (request,) = sandbox.requests.all()
    sent = (request.method, request.path, request.query, request.body)
    assert sent == ("POST", "/SuperOffice/api/v1/Agents/Chat/GetChatMessages", "", '{"ChatSessionId":1,"After":41}')


def test_the_headers_are_these_and_no_others(
    sandbox: Sandbox, make_client: ClientMaker, stop: threading.Event
) -> None:
    make_client().fetch_messages(1, 0, stop)
    headers = headers_sent(sandbox)
    for transport_header in ("host", "content-length", "user-agent"):
        del headers[transport_header]
    assert headers == {
        "authorization": "Basic " + base64.b64encode(f"archive:{PASSWORD}".encode()).decode(),
        "accept": "application/json",
        "accept-encoding": "gzip, deflate",
        "content-type": "application/json; charset=utf-8",
        "so-timezone": "UTC, includeTZOffset",
        "so-apptoken": APP_TOKEN,
    }


@pytest.mark.parametrize(
    ("scheme", "token", "header"),
    [("ticket", "7T:sandbox", "SOTicket 7T:sandbox"), ("bearer", "8A:sandbox", "Bearer 8A:sandbox")],
)
def test_a_token_goes_as_it_is(
    sandbox: Sandbox, make_client: ClientMaker, stop: threading.Event, scheme: str, token: str, header: str
) -> None:
    make_client(auth={"scheme": scheme, "token": token}).fetch_messages(1, 0, stop)
    assert headers_sent(sandbox)["authorization"] == header


def test_a_language_goes_only_when_configured(
    sandbox: Sandbox, make_client: ClientMaker, stop: threading.Event
) -> None:
    make_client(request={"language": "nb-NO"}).fetch_messages(1, 0, stop)
    headers = headers_sent(sandbox)
    assert (headers["so-language"], headers["so-culture"], headers.get("so-apptoken")) == ("nb-NO", "nb-NO", None)


@pytest.mark.parametrize("token", ["two\nlines", "arrow→", "", " ", "nul\0"])
def test_a_token_that_no_header_can_carry_is_refused_without_quoting_it(make_client: ClientMaker, token: str) -> None:
    with pytest.raises(ConfigError) as caught:
        make_client(auth={"scheme": "bearer", "token": token})
    expected = "the value for the Authorization header is empty or holds what no header can carry"
    assert str(caught.value) == expected


def test_neither_netrc_nor_proxy_variables_are_read(
    sandbox: Sandbox,
    make_client: ClientMaker,
    stop: threading.Event,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login other password wrong\n")
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    make_client().fetch_messages(1, 0, stop)
    basic = headers_sent(sandbox)["authorization"].removeprefix("Basic ")
    assert base64.b64decode(basic).decode() == f"archive:{PASSWORD}"


@pytest.mark.parametrize("end", ["", "/", "/api", "/api/", "/api/v1", "/api/v1/", "/API/V1"])
def test_the_address_may_end_in_api_or_v1_or_neither(end: str) -> None:
    root = api_root(f"https://crm.example.com/SuperOffice{end}")
    assert root.lower() == "https://crm.example.com/superoffice/api/v1"


def test_an_address_without_api_reaches_it(sandbox: Sandbox, make_client: ClientMaker, stop: threading.Event) -> None:
    make_client(base_url=f"{sandbox.url}/SuperOffice").fetch_messages(1, 0, stop)
    assert sandbox.requests.all()[0].path == "/SuperOffice/api/v1/Agents/Chat/GetChatMessages"


def test_requests_are_counted(sandbox: Sandbox, make_client: ClientMaker, stop: threading.Event) -> None:
    client = make_client()
    for _ in range(3):
        client.fetch_messages(1, 0, stop)
    assert (client.request_count, client.retry_count, len(sandbox.requests.all())) == (3, 0, 3)


def test_many_threads_share_a_client(make_client: ClientMaker, stop: threading.Event) -> None:
    client = make_client()
    counts: list[int] = []
    threads = [
        threading.Thread(target=lambda: counts.append(len(client.fetch_messages(1, 0, stop).messages)))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (counts, client.request_count) == ([1] * 8, 8)


def test_a_client_made_closed_still_answers_and_keeps_no_connection(
    make_client: ClientMaker, stop: threading.Event
) -> None:
    client = make_client()
    client.close()
    assert len(client.fetch_messages(1, 0, stop).messages) == 1


def test_a_chat_session_that_exists_is_found(
    sandbox: Sandbox, make_client: ClientMaker, stop: threading.Event
) -> None:
    assert make_client().chat_session_exists(1, stop)
    (request,) = sandbox.requests.all()
    sent = (request.method, request.path, request.query, request.body)
    path = "/SuperOffice/api/v1/Agents/Chat/GetChatSessionEntity"
    assert sent == ("POST", path, "chatSessionEntityId=1", "")


def test_a_chat_session_whose_entity_is_null_is_missing(make_client: ClientMaker, stop: threading.Event) -> None:
    assert not make_client().chat_session_exists(7, stop)


def test_an_error_object_does_not_say_whether_a_chat_session_exists(
    sandbox: Sandbox, make_client: ClientMaker, stop: threading.Event
) -> None:
    sandbox.oddities.add("error_object", message=CHAT_TEXT)
    with pytest.raises(UnexpectedReply, match=r"is not that chat session$"):
        make_client().chat_session_exists(1, stop)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b'{"ChatSessionId":2}', "is not that chat session"),
        (b"[]", "is not that chat session"),
        (b"{", "is no JSON"),
        (b"[" * 100_000, "is no JSON"),
        (b"\xff", "is no JSON"),
    ],
)
def test_what_is_no_entity_says_nothing(
    make_client: ClientMaker, serve: Serve, stop: threading.Event, body: bytes, says: str
) -> None:
    server = serve(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
    client = make_client(base_url=f"http://127.0.0.1:{server.port}")
    with pytest.raises(UnexpectedReply) as caught:
        client.chat_session_exists(1, stop)
    assert str(caught.value) == f"the reply to GetChatSessionEntity {says}"


def test_null_and_empty_are_different_answers(
    sandbox: Sandbox, make_client: ClientMaker, stop: threading.Event
) -> None:
    sandbox.oddities.add("null", times=1)
    sandbox.oddities.add("empty", times=1)
    client: SuperOfficeClient = make_client()
    with pytest.raises(NullReply, match=r"^The source answered null, which may be a failed call$"):
        client.fetch_messages(1, 0, stop)
    assert client.fetch_messages(1, 0, stop).messages == []


def test_replies_that_fail_are_not_held_until_garbage_is_looked_for(stop: threading.Event) -> None:
    size = 1_000_000
    bad = http(b"x" * size, b"Content-Type: application/json")
    with RawServer([[bad]] * 5) as server, client_of(server) as client:
        gc.disable()
        tracemalloc.start()
        try:
            for _ in range(5):
                with pytest.raises(UndecodableReply):
                    client.fetch_messages(1, 0, stop, is_second_try=True)
            held, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
            gc.enable()
    assert held < size
