"""Calls on a connection that an earlier call has opened: the common case, which goes around `requests`."""

import logging
import ssl
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from archiver.errors import SourceError
from archiver.superoffice.client import SuperOfficeClient
from tests.superoffice.conftest import QUICK, ClientMaker, RawServer, Serve, Tunnel
from tests.superoffice.test_transport import OK

CHUNKED = (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: application/json\r\n\r\n2\r\n[]\r\n0\r\n\r\n"
)
ODD = b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\n[]"


def client_of(make_client: ClientMaker, server: RawServer) -> SuperOfficeClient:
    return make_client(base_url=f"http://127.0.0.1:{server.port}")


def calls(client: SuperOfficeClient, count: int) -> list[int]:
    return [len(client.fetch_messages(1, 0, threading.Event()).messages) for _ in range(count)]


Count = Callable[[], int]


@pytest.fixture
def by_requests(caplog: pytest.LogCaptureFixture) -> Count:
    """How many calls went through `requests` so far; urllib3, which it uses, logs each."""
    caplog.set_level(logging.DEBUG, logger="urllib3.connectionpool")
    return lambda: sum("HTTP/1" in record.getMessage() for record in caplog.records)


@pytest.mark.parametrize(
    ("reply", "through_requests"), [(OK, 1), (CHUNKED, 1), (ODD, 3)], ids=["plain", "chunked", "odd"]
)
def test_only_the_first_call_and_odd_replies_go_through_requests(
    make_client: ClientMaker,
    serve: Serve,
    by_requests: Count,
    reply: bytes,
    through_requests: int,
) -> None:
    server = serve(reply, reply, reply)
    assert calls(client_of(make_client, server), 3) == [0, 0, 0]
    assert (by_requests(), server.connection_count) == (through_requests, 1)


def test_the_sandbox_is_called_on_its_kept_connection(make_client: ClientMaker, by_requests: Count) -> None:
    assert calls(make_client(), 4) == [1] * 4
    assert by_requests() == 1


def test_both_ways_send_the_same_request(make_client: ClientMaker, serve: Serve) -> None:
    server = serve(OK, OK)
    client = client_of(make_client, server)
    calls(client, 2)
    first, second = (b"".join(server.request_lines).split(b"\r\n\r\n"))[:2]
    assert first.split(b"\r\n")[0] == second.split(b"\r\n")[0]
    assert sorted(first.split(b"\r\n")) == sorted(second.split(b"\r\n"))


def test_a_credential_that_was_read_anew_is_sent_from_then_on(
    make_client: ClientMaker, serve: Serve, tmp_path: Path
) -> None:
    secret = tmp_path / "token"
    secret.write_text("old")
    server = serve(OK, OK, b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n", OK, OK)
    auth = {"scheme": "bearer", "token": {"file": str(secret)}}
    client = make_client(QUICK, base_url=f"http://127.0.0.1:{server.port}", auth=auth)
    calls(client, 2)
    secret.write_text("new")
    calls(client, 2)
    sent = [line.split()[-1] for line in server.request_lines if line.startswith(b"Authorization:")]
    assert sent == [b"old", b"old", b"old", b"new", b"new"]


def test_another_operation_uses_the_same_connection(make_client: ClientMaker, serve: Serve) -> None:
    entity = b'HTTP/1.1 200 OK\r\nContent-Length: 19\r\n\r\n{"ChatSessionId":1}'
    server = serve(OK, entity, OK)
    client = client_of(make_client, server)
    calls(client, 1)
    assert client.chat_session_exists(1, threading.Event())
    calls(client, 1)
    assert server.connection_count == 1
    assert b"POST /api/v1/Agents/Chat/GetChatSessionEntity?chatSessionEntityId=1 HTTP/1.1\r\n" in server.request_lines


def gone_after(reply: bytes) -> Iterator[bytes]:
    yield reply
    raise ConnectionError


def test_a_connection_that_the_source_closed_is_noticed_before_the_next_call(
    make_client: ClientMaker, serve: Serve
) -> None:
    server = serve(OK, gone_after(OK), OK)
    client = client_of(make_client, server)
    calls(client, 2)
    assert server.hangups.acquire(timeout=10)
    calls(client, 1)
    assert (server.connection_count, client.request_count, client.retry_count) == (2, 3, 0)


@pytest.mark.parametrize("beyond", [b"\r\n", b"[]", OK.replace(b"[]", b'[{"ChatMessageId":666}]')], ids=range(3))
@pytest.mark.parametrize("reply", [OK, CHUNKED], ids=["plain", "chunked"])
def test_bytes_beyond_a_reply_are_never_taken_for_the_next_one(
    make_client: ClientMaker, serve: Serve, reply: bytes, beyond: bytes
) -> None:
    server = serve(OK, reply + beyond, OK)
    client = client_of(make_client, server)
    assert calls(client, 3) == [0, 0, 0]
    assert server.connection_count == 2


def test_a_reply_that_announces_its_connections_end_is_believed(make_client: ClientMaker, serve: Serve) -> None:
    last = OK.replace(b"\r\n", b"\r\nConnection: close\r\n", 1)
    server = serve(OK, gone_after(last), OK)
    client = client_of(make_client, server)
    calls(client, 3)
    assert (server.connection_count, client.retry_count) == (2, 0)


def test_a_connection_outlives_an_odd_reply(make_client: ClientMaker, serve: Serve) -> None:
    server = serve(OK, ODD, OK)
    calls(client_of(make_client, server), 3)
    assert server.connection_count == 1


def test_a_broken_call_leaves_nothing_for_the_next(make_client: ClientMaker, serve: Serve) -> None:
    cut = OK.replace(b"Content-Length: 2", b"Content-Length: 20")
    server = serve(OK, gone_after(cut), OK)
    client = client_of(make_client, server)
    calls(client, 1)
    with pytest.raises(SourceError, match=r"^the reply was cut off$"):
        calls(client, 1)
    assert calls(client, 1) == [0]
    assert server.connection_count == 2


def test_a_reply_that_comes_too_late_is_never_taken_for_the_next_one(make_client: ClientMaker, serve: Serve) -> None:
    was_given_up = threading.Event()

    def late() -> Iterator[bytes]:
        while not was_given_up.is_set():
            yield b""
        yield from [b""] * 10
        yield OK.replace(b"2\r\n\r\n[]", b"3\r\n\r\n[1]")

    server = serve(OK, late(), OK)
    limits = {"requests_per_second": 0, "read_timeout": "0.3s"}
    client = make_client(base_url=f"http://127.0.0.1:{server.port}", limits=limits)
    calls(client, 1)
    with pytest.raises(SourceError, match=r"^the source fell silent$"):
        calls(client, 1)
    was_given_up.set()
    assert client.fetch_messages(1, 0, threading.Event()).row_count == 0


def test_encrypted_calls_use_the_connection_again(
    make_client: ClientMaker,
    serve: Serve,
    tls: ssl.SSLContext,
    ca_file: Path,
    by_requests: Count,
) -> None:
    server = serve(OK, OK, CHUNKED, tls=tls)
    client = make_client(base_url=f"https://localhost:{server.port}", request={"ca_file": str(ca_file)})
    assert calls(client, 3) == [0, 0, 0]
    assert (by_requests(), server.connection_count) == (1, 1)


def test_a_tunnel_through_a_proxy_is_used_again(
    make_client: ClientMaker,
    serve: Serve,
    tls: ssl.SSLContext,
    ca_file: Path,
    tunnel: Tunnel,
    by_requests: Count,
) -> None:
    server = serve(OK, OK, gone_after(CHUNKED), OK, tls=tls)
    request = {"ca_file": str(ca_file), "proxy": tunnel.url}
    client = make_client(base_url=f"https://localhost:{server.port}", request=request)
    assert calls(client, 3) == [0, 0, 0]
    assert (by_requests(), tunnel.count) == (1, 1)
    assert tunnel.hangups.acquire(timeout=10)
    assert calls(client, 1) == [0]
    assert tunnel.count == 2


def test_a_proxy_without_a_tunnel_is_told_the_whole_address_each_time(
    make_client: ClientMaker, serve: Serve, by_requests: Count
) -> None:
    proxy = serve(OK, OK)
    request = {"proxy": f"http://kim:K3Y@127.0.0.1:{proxy.port}"}
    client = make_client(base_url="http://127.0.0.1:9/api", request=request)
    calls(client, 2)
    address = b"POST http://127.0.0.1:9/api/v1/Agents/Chat/GetChatMessages HTTP/1.1\r\n"
    assert [line for line in proxy.request_lines if b"POST" in line] == [address] * 2
    assert sum(b"Proxy-Authorization" in line for line in proxy.request_lines) == 2


def test_issuers_are_read_once_and_again_after_hanging_up(
    make_client: ClientMaker, serve: Serve, tls: ssl.SSLContext, ca_file: Path
) -> None:
    server = serve(gone_after(OK), OK, OK, tls=tls)
    client = make_client(base_url=f"https://localhost:{server.port}", request={"ca_file": str(ca_file)})
    calls(client, 1)
    assert server.hangups.acquire(timeout=10)
    ca_file.unlink()
    calls(client, 1)
    assert server.connection_count == 2
    client.hang_up()
    with pytest.raises(SourceError):
        calls(client, 1)


def test_a_connection_that_is_hung_up_while_it_is_used_is_not_used_again(
    make_client: ClientMaker, serve: Serve
) -> None:
    is_under_way, may_end = threading.Event(), threading.Event()

    def slowly() -> Iterator[bytes]:
        yield OK[:-1]
        is_under_way.set()
        may_end.wait(30)
        yield OK[-1:]

    server = serve(OK, slowly(), OK)
    client = client_of(make_client, server)
    calls(client, 1)
    with ThreadPoolExecutor(1) as other:
        call = other.submit(calls, client, 1)
        assert is_under_way.wait(30)
        client.hang_up()
        may_end.set()
        call.result(30)
    calls(client, 1)
    assert server.connection_count == 2
