"""The proxy in front of the sandbox: each fault as its description has it, and all else as the server sent it."""

import asyncio
import http.client
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from archiver.sandbox.serving.delivery import Delivery, DeliveryResponse
from archiver.sandbox.serving.fault import Fault, FaultKind
from archiver.sandbox.serving.thread import ServingThread
from archiver.sandbox.webapi.replies import Reply

BODY = bytes(range(97, 117)) * 10
NEVER_S = 3600.0  # a pause that no test outlives
PATIENCE_S = 30  # fails a test that would hang; none waits that long otherwise
MANY_BYTES = 64_000_000  # more than the buffers of the system hold


class Behind:
    """An application behind the proxy: each path has its delivery."""

    def __init__(self) -> None:
        self.deliveries = {"/": Delivery(reply=Reply(body=BODY))}
        self.never: set[str] = set()  # paths that the application never comes to an end with
        self.started, self.ended = threading.Semaphore(0), threading.Semaphore(0)
        listener = socket.create_server(("127.0.0.1", 0))
        self.address: tuple[str, int] = listener.getsockname()
        self.thread = ServingThread(self.app, listener)
        self._clients = ExitStack()

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.started.release()
        try:
            await Request(scope, receive).body()
            if scope["path"] in self.never:
                await asyncio.Event().wait()
            await DeliveryResponse(self.deliveries[scope["path"]])(scope, receive, send)
        finally:
            self.ended.release()

    def add(self, path: str, fault: Fault) -> None:
        self.deliveries[path] = Delivery(reply=Reply(body=BODY), fault=fault)

    def connect(self) -> socket.socket:
        return self._clients.enter_context(socket.create_connection(self.address, timeout=PATIENCE_S))

    def ask(self, path: str, method: str = "GET") -> socket.socket:
        client = self.connect()
        client.sendall(request(path, method))
        return client

    def stop(self) -> None:
        self.thread.stop()
        self._clients.close()


@pytest.fixture
def behind(caplog: pytest.LogCaptureFixture) -> Iterator[Behind]:
    made = Behind()
    made.thread.start()
    yield made
    made.stop()
    assert [*caplog.get_records("call"), *caplog.get_records("teardown")] == []  # no warning, no error


def request(path: str, method: str = "GET") -> bytes:
    return f"{method} {path} HTTP/1.1\r\nHost: sandbox\r\n\r\n".encode()


def receive(client: socket.socket, body_bytes: int) -> tuple[bytes, bytes]:
    """A head, and as much of what follows."""
    data = b""
    while b"\r\n\r\n" not in data or len(data.partition(b"\r\n\r\n")[2]) < body_bytes:
        piece = client.recv(1)
        assert piece, "the connection ended"
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    return head, body


def receive_rest(client: socket.socket) -> tuple[bytes, str]:
    """What comes until the connection ends, and how it ends."""
    data = b""
    try:
        while piece := client.recv(65536):
            data += piece
    except ConnectionResetError:
        return data, "reset"
    return data, "in order"


def receive_all(client: socket.socket) -> tuple[bytes, bytes, str]:
    """Head and body of what comes until the connection ends, and how it ends."""
    data, ending = receive_rest(client)
    head, _, body = data.partition(b"\r\n\r\n")
    return head, body, ending


@pytest.mark.parametrize(
    ("kind", "arrives", "ends"),
    [
        ("reset_during", BODY[:100], "reset"),
        ("reset_after", BODY, "reset"),
        ("short_body", BODY[:100], "in order"),
    ],
)
def test_a_spoilt_reply_announces_all_and_brings_its_part(
    behind: Behind, kind: FaultKind, arrives: bytes, ends: str
) -> None:
    behind.add("/spoilt", Fault(kind=kind))
    head, body, ending = receive_all(behind.ask("/spoilt"))
    assert (body, ending) == (arrives, ends)
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"content-length: 200" in head
    assert b"x-sandbox" not in head


def test_a_reset_before_the_reply_brings_nothing(behind: Behind) -> None:
    behind.add("/spoilt", Fault(kind="reset_before"))
    assert receive_all(behind.ask("/spoilt")) == (b"", b"", "reset")


def test_a_reset_in_a_large_reply_discards_nothing_that_was_sent(behind: Behind) -> None:
    reply = Reply(body=BODY * 50_000)
    behind.deliveries["/spoilt"] = Delivery(reply=reply, fault=Fault(kind="reset_after"))
    _, body, ending = receive_all(behind.ask("/spoilt"))
    assert (body == reply.body, ending) == (True, "reset")


def test_a_fault_hits_the_reply_it_is_meant_for_on_a_connection_in_use(behind: Behind) -> None:
    behind.add("/spoilt", Fault(kind="short_body"))
    client = http.client.HTTPConnection(*behind.address, timeout=PATIENCE_S)
    client.request("GET", "/")
    assert client.getresponse().read() == BODY
    client.request("GET", "/spoilt")
    with pytest.raises(http.client.IncompleteRead) as caught:
        client.getresponse().read()
    assert caught.value.partial == BODY[:100]
    client.close()


def test_a_drip_brings_its_head_and_one_piece_before_the_first_pause(behind: Behind) -> None:
    behind.add("/drip", Fault(kind="drip", piece_bytes=16, pause_s=NEVER_S))
    client = behind.ask("/drip")
    head, first = receive(client, 16)
    assert b"x-sandbox" not in head
    behind.thread.stop()
    assert (first, receive_rest(client)[0]) == (BODY[:16], b"")


def test_a_drip_brings_all_in_the_end_and_the_connection_goes_on(behind: Behind) -> None:
    behind.add("/drip", Fault(kind="drip", piece_bytes=7, pause_s=0))
    client = behind.ask("/drip")
    assert receive(client, len(BODY))[1] == BODY
    client.sendall(request("/"))
    assert receive(client, len(BODY))[1] == BODY


def test_silence_lasts_until_the_sandbox_ends_and_keeps_nobody_waiting(behind: Behind) -> None:
    behind.add("/silence", Fault(kind="silence"))
    silent = behind.ask("/silence")
    assert behind.ended.acquire(timeout=PATIENCE_S)
    silent.sendall(request("/"))  # what is said into the silence gets no answer either
    assert receive(behind.ask("/"), len(BODY))[1] == BODY
    behind.thread.stop()
    assert receive_rest(silent)[0] == b""


def test_a_client_in_a_drip_does_not_slow_another_down(behind: Behind) -> None:
    behind.add("/drip", Fault(kind="drip", piece_bytes=1, pause_s=NEVER_S))
    dripping, quick = behind.ask("/drip"), behind.connect()
    assert receive(dripping, 1)[1] == BODY[:1]
    for _ in range(20):
        quick.sendall(request("/"))
        assert receive(quick, len(BODY))[1] == BODY


def test_the_end_is_prompt_and_quiet_whatever_is_under_way(behind: Behind) -> None:
    behind.add("/silence", Fault(kind="silence"))
    behind.add("/drip", Fault(kind="drip", pause_s=NEVER_S))
    behind.deliveries["/slow"] = Delivery(reply=Reply(), wait_s=NEVER_S)
    behind.deliveries["/huge"] = Delivery(reply=Reply(body=bytes(MANY_BYTES)))
    behind.never.add("/never")
    clients = [behind.ask(path) for path in ("/silence", "/drip", "/slow", "/huge", "/never")]
    idle, halfway = behind.connect(), behind.connect()
    halfway.sendall(b"POST / HTTP/1.1\r\nHost: sandbox\r\nContent-Length: 10\r\n\r\nhalf")
    for _ in range(6):
        assert behind.started.acquire(timeout=PATIENCE_S)
    behind.thread.stop()
    for client in (*clients, idle, halfway):
        receive_rest(client)  # ends


def test_a_connection_carries_many_requests(behind: Behind) -> None:
    client = http.client.HTTPConnection(*behind.address, timeout=PATIENCE_S)
    client.connect()
    connection = client.sock
    for _ in range(300):
        client.request("POST", "/", body=BODY)
        assert client.getresponse().read() == BODY
    assert client.sock is connection
    client.close()


def test_replies_without_a_body_do_not_disturb_the_next(behind: Behind) -> None:
    for status in (204, 304):
        behind.deliveries[f"/{status}"] = Delivery(reply=Reply(status=status, body=BODY))
    behind.add("/spoilt", Fault(kind="short_body"))
    client = behind.ask("/", "HEAD")
    client.sendall(request("/204") + request("/304") + request("/", "HEAD") + request("/spoilt"))
    heads = [receive(client, 0)[0] for _ in range(4)]
    assert [head.split(b" ")[1] for head in heads] == [b"200", b"204", b"304", b"200"]
    assert not any(b"x-sandbox" in head for head in heads)
    assert receive_all(client)[1] == BODY[:100]


def test_an_interim_reply_passes_before_the_reply_itself(behind: Behind) -> None:
    behind.add("/spoilt", Fault(kind="short_body"))
    client = behind.connect()
    client.sendall(b"POST /spoilt HTTP/1.1\r\nHost: sandbox\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n")
    assert receive(client, 0)[0].startswith(b"HTTP/1.1 100 ")
    client.sendall(b"body")
    assert receive_all(client)[1] == BODY[:100]


def test_a_reply_of_20_mb_passes_unchanged(behind: Behind) -> None:
    behind.deliveries["/huge"] = Delivery(reply=Reply(body=BODY * 100_000))
    client = http.client.HTTPConnection(*behind.address, timeout=PATIENCE_S)
    client.request("GET", "/huge")
    assert client.getresponse().read() == BODY * 100_000
    client.close()


@pytest.mark.parametrize(
    "delivery",
    [Delivery(reply=Reply(), wait_s=NEVER_S), Delivery(reply=Reply(body=bytes(MANY_BYTES)))],
    ids=["slow", "huge"],
)
def test_nothing_goes_on_for_a_client_that_left(behind: Behind, delivery: Delivery) -> None:
    behind.deliveries["/left"] = delivery
    client = behind.ask("/left")
    assert behind.started.acquire(timeout=PATIENCE_S)
    client.close()
    assert behind.ended.acquire(timeout=PATIENCE_S)


def test_a_client_that_leaves_in_its_request_is_no_error(behind: Behind) -> None:
    client = behind.connect()
    client.sendall(b"POST / HTTP/1.1\r\nHost: sandbox\r\nContent-Length: 10\r\n\r\nhalf")
    assert behind.started.acquire(timeout=PATIENCE_S)
    client.close()
    assert behind.ended.acquire(timeout=PATIENCE_S)
