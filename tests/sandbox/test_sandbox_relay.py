"""The proxy between plain TCP servers and clients: what passes, who waits, who learns that the other left."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from archiver.sandbox.serving.fault import Fault
from archiver.sandbox.serving.framing import fault_header, read_head
from archiver.sandbox.serving.proxy import Proxy

PATIENCE_S = 30  # fails a test that would hang; none waits that long otherwise
MANY_BYTES = 64_000_000  # more than the buffers of the system hold


class Server(asyncio.Protocol):
    """A server of one connection, that sends the same whatever comes."""

    def __init__(self, reply: bytes, *, ends: bool = False, reads: bool = True) -> None:
        self.reply, self.ends, self.reads = reply, ends, reads
        self.transport: asyncio.Transport
        self.lost = asyncio.Event()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        if not self.reads:  # no more than this once; older Pythons don't heed it in `connection_made`
            self.transport.pause_reading()
        self.transport.write(self.reply * len(data))
        if self.ends:
            self.transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        self.lost.set()


Client = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def clients_of(*servers: Server) -> AsyncIterator[list[Client]]:
    """A client, through the proxy, of each of the servers."""
    listener = socket.create_server(("127.0.0.1", 0))
    remaining = iter(servers)
    proxy = Proxy(lambda: next(remaining), listener)
    proxy.start()
    try:
        async with asyncio.timeout(PATIENCE_S):
            yield [await asyncio.open_connection(*listener.getsockname()) for _ in servers]
    finally:
        await proxy.stop()
        for server in servers:
            server.transport.abort()
            await server.lost.wait()


def test_the_server_learns_that_a_client_left_in_a_drip() -> None:
    fault = Fault(kind="drip", piece_bytes=1, pause_s=3600.0)
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n%b: %b\r\n\r\n" % fault_header(fault)

    async def scenario() -> None:
        server = Server(head + b"unlimited")
        async with clients_of(server) as [(reader, writer)]:
            writer.write(b"?")
            assert await reader.readuntil(b"\r\n\r\nu") == b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nu"
            writer.close()
            await server.lost.wait()

    asyncio.run(scenario())


def test_silence_lets_the_server_go() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n%b: %b\r\n\r\n" % fault_header(Fault(kind="silence"))

    async def scenario() -> None:
        server = Server(head + b"unlimited")
        async with clients_of(server) as [(_, writer)]:
            writer.write(b"?")
            await server.lost.wait()
            writer.close()

    asyncio.run(scenario())


def test_who_sends_waits_for_who_reads() -> None:
    huge = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % MANY_BYTES + bytes(MANY_BYTES)

    async def scenario() -> None:
        sends, does_not_read = Server(huge), Server(b"", reads=False)
        answers = Server(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        async with clients_of(sends, does_not_read, answers) as clients:
            (_, idle), (_, busy), (reader, writer) = clients
            idle.write(b"?")
            busy.write(bytes(MANY_BYTES))
            # Far more turns of the loop than all the bytes would need if nobody stopped them.
            for _ in range(1000):
                writer.write(b"?")
                await reader.readuntil(b"\r\n\r\n")
            waiting = [each.get_write_buffer_size() for each in (sends.transport, busy.transport)]
            assert min(waiting) > 0
            idle.transport.abort()
            busy.transport.abort()
            writer.close()

    asyncio.run(scenario())


def test_a_request_that_comes_before_its_server_is_there_is_passed_on() -> None:
    """All of it is at the proxy's door before the proxy accepts the connection."""
    replies = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" * 3

    async def scenario() -> None:
        listener, server = socket.create_server(("127.0.0.1", 0)), Server(replies[: len(replies) // 3])
        proxy = Proxy(lambda: server, listener)
        with socket.create_connection(listener.getsockname()) as early:
            early.sendall(b"???")
            proxy.start()
            reader, writer = await asyncio.open_connection(sock=early)
            async with asyncio.timeout(PATIENCE_S):
                assert await reader.readexactly(len(replies)) == replies
            writer.close()
            await proxy.stop()

    asyncio.run(scenario())


def test_a_body_without_a_length_passes_to_the_end_of_the_connection() -> None:
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"

    async def scenario() -> None:
        async with clients_of(Server(chunked, ends=True)) as [(reader, writer)]:
            writer.write(b"?")
            assert await reader.read() == chunked
            writer.close()

    asyncio.run(scenario())


def test_a_head_is_read_whatever_the_case_and_order_of_its_headers() -> None:
    fault = Fault(kind="drip", piece_bytes=3, pause_s=0.5)
    name, value = fault_header(fault)
    lines = [b"HTTP/1.1 200 OK", name.upper() + b":" + value, b"CONTENT-length:  12", b"Date: x"]
    head = read_head(b"\r\n".join(lines) + b"\r\n\r\n")
    assert (head.fault, head.body_bytes) == (fault, 12)
    assert head.data == b"HTTP/1.1 200 OK\r\nCONTENT-length:  12\r\nDate: x\r\n\r\n"


def test_a_reply_that_can_have_no_body_has_none_whatever_its_headers_say() -> None:
    heads = [b"HTTP/1.1 %d x\r\nContent-Length: 12\r\n\r\n" % status for status in (100, 204, 304, 200)]
    assert [read_head(head).body_bytes for head in heads] == [0, 0, 0, 12]
