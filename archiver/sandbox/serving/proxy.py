"""The TCP proxy in front of the HTTP server: it makes what an application can't, from a reset to a body cut short.

The application names the fault in a header of its reply, which the proxy takes out; so a fault always meets the very
request it is meant for. All other bytes pass as they are. Replies are told apart by Content-Length; from one without
it on, the connection is relayed as it is to its end. Memory is bounded in both directions: who sends waits for who
reads.
"""

import asyncio
import contextlib
import fcntl
import socket
import struct
import sys
import termios
from collections.abc import Callable

from archiver.sandbox.serving.fault import Fault
from archiver.sandbox.serving.framing import HEAD_END, read_head

PIECE_BYTES = 64 * 1024  # relayed at a time
LOOK_AGAIN_S = 0.01  # whether the client's machine has taken what was sent; on loopback the first look says yes


class Proxy:
    """Relays what `listener` accepts to a server protocol of its own per connection, made by `make_server`.

    It owns the listener, and accepts by itself: when asyncio's server is closed while a connection comes in, that one
    stays open and unanswered (seen with Python 3.11).
    """

    def __init__(self, make_server: Callable[[], asyncio.Protocol], listener: socket.socket) -> None:
        self._make_server = make_server
        self._listener = listener
        self._opening: set[asyncio.Task[None]] = set()
        self._connections: set[_Connection] = set()

    def start(self) -> None:
        """Accept connections from now on."""
        self._listener.setblocking(False)
        asyncio.get_running_loop().add_reader(self._listener, self._accept)

    async def stop(self) -> None:
        """Close the listener and every connection at once, whatever is under way there."""
        asyncio.get_running_loop().remove_reader(self._listener)
        self._listener.close()
        await asyncio.gather(*self._opening)
        while self._connections:
            for each in list(self._connections):
                each.abort()
            await asyncio.sleep(0)  # each leaves in one of the next turns of the loop

    def _accept(self) -> None:
        # The client may be gone already. With no file descriptor left, this comes back until there is one.
        with contextlib.suppress(OSError):
            client, _ = self._listener.accept()
            task = asyncio.get_running_loop().create_task(self._open(client))
            self._opening.add(task)
            task.add_done_callback(self._opening.discard)

    async def _open(self, client: socket.socket) -> None:
        await asyncio.get_running_loop().connect_accepted_socket(self._connection, client)

    def _connection(self) -> "_Connection":
        return _Connection(self._make_server, self._connections)


class _Connection(asyncio.Protocol):
    """One client's connection, and the way between it and its server."""

    def __init__(self, make_server: Callable[[], asyncio.Protocol], connections: "set[_Connection]") -> None:
        self._make_server = make_server
        self._connections = connections
        self._client: asyncio.Transport
        self._server: asyncio.Transport | None = None
        self._early = b""  # came before there was a server
        self._replies = asyncio.StreamReader(limit=PIECE_BYTES)
        self._writable = asyncio.Event()
        self._relaying: asyncio.Task[None]

    # The client's side.

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Have a server made; what the client sends meanwhile is kept."""
        self._client = transport
        transport.set_write_buffer_limits(high=0)  # so that "writable" means that the kernel has everything
        self._writable.set()
        # asyncio does so only for sockets made with an explicit protocol number; without it, a head and a body
        # written one after the other wait 40 ms for the client's delayed acknowledgement (measured).
        with contextlib.suppress(OSError):
            transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._connections.add(self)
        self._relaying = asyncio.get_running_loop().create_task(self._relay())

    def data_received(self, data: bytes) -> None:
        """Pass a request on, as it comes."""
        if self._server is None:
            # Paused here and not in `connection_made`: older Pythons (seen with 3.11.2) read after that call,
            # whatever it says. So at most one read is kept.
            self._early += data
            self._client.pause_reading()
        elif not self._server.is_closing():
            self._server.write(data)

    def pause_writing(self) -> None:
        """The client reads more slowly than the server writes."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """The client has caught up."""
        self._writable.set()

    def connection_lost(self, error: Exception | None) -> None:  # noqa: ARG002  asyncio's signature
        """The client is gone, or was sent away: nobody needs its server any more."""
        if self._server is not None:
            self._relaying.cancel()

    def abort(self) -> None:
        """Close the connection now."""
        self._client.abort()

    # The server's side.

    async def _relay(self) -> None:
        try:
            self._server = await self._connect()
            if not self._client.is_closing():
                self._client.resume_reading()
                self._server.write(self._early)  # after resuming, since it may make the client wait again
                self._early = b""
                await self._relay_replies()
        except (asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the server has closed the connection, or the client is gone
        finally:
            self._client.close()
            if self._server is not None:
                self._server.abort()
            self._connections.discard(self)

    async def _connect(self) -> asyncio.Transport:
        loop = asyncio.get_running_loop()
        ours, theirs = socket.socketpair()
        await loop.connect_accepted_socket(self._make_server, theirs)
        transport, _ = await loop.create_connection(lambda: _ServerSide(self._replies, self._client), sock=ours)
        return transport

    async def _relay_replies(self) -> None:
        goes_on = True
        while goes_on:
            head = read_head(await self._replies.readuntil(HEAD_END))
            if head.fault is None:
                await self._pass_on(head.data, head.body_bytes)
            else:
                goes_on = await self._spoil(head.fault, head.data, head.body_bytes or 0)

    async def _pass_on(self, head: bytes, body_bytes: int | None) -> None:
        # The head goes out with the first of the body: one packet less, for which the client would wake up.
        left = body_bytes
        while left is None or left > 0:
            data = await self._replies.read(PIECE_BYTES if left is None else min(left, PIECE_BYTES))
            if not data:
                break
            await self._send(head + data)
            head, left = b"", None if left is None else left - len(data)
        await self._send(head)
        if left != 0:
            raise asyncio.IncompleteReadError(b"", left)

    async def _send(self, data: bytes) -> None:
        self._client.write(data)
        await self._writable.wait()

    # The faults.

    async def _spoil(self, fault: Fault, head: bytes, body_bytes: int) -> bool:
        """Send a reply as `fault` has it. Returns whether the connection goes on."""
        match fault.kind:
            case "drip":
                await self._drip(head, body_bytes, fault)
                return True
            case "silence":
                await self._keep_silent()
            case "reset_before":
                await self._reset()
            case "reset_during":
                await self._pass_on(head, body_bytes // 2)
                await self._reset()
            case "reset_after":
                await self._pass_on(head, body_bytes)
                await self._reset()
            case "short_body":
                await self._pass_on(head, body_bytes // 2)
        return False

    async def _drip(self, head: bytes, body_bytes: int, fault: Fault) -> None:
        await self._send(head)
        for start in range(0, body_bytes, fault.piece_bytes):
            if start:
                await asyncio.sleep(fault.pause_s)
            await self._send(await self._replies.readexactly(min(fault.piece_bytes, body_bytes - start)))

    async def _keep_silent(self) -> None:
        if self._server is not None:
            self._server.abort()  # nobody will hear it
        await asyncio.Event().wait()  # until the client goes or the proxy stops: either cancels this

    async def _reset(self) -> None:
        connection = self._client.get_extra_info("socket")
        # A reset discards what is still on this side, so wait until the client's machine has taken all. There it may
        # still discard what the client hasn't read: Linux keeps it, other systems don't.
        while _unsent_bytes(connection):
            await asyncio.sleep(LOOK_AGAIN_S)
        # Lingering for zero seconds makes the kernel send RST in place of FIN. The connection may be gone.
        with contextlib.suppress(OSError):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._client.abort()


class _ServerSide(asyncio.Protocol):
    """What comes from the server, and its wish to get no more at the moment."""

    def __init__(self, replies: asyncio.StreamReader, client: asyncio.Transport) -> None:
        self._replies = replies
        self._client = client

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A reader that is full makes the server wait."""
        self._replies.set_transport(transport)

    def data_received(self, data: bytes) -> None:
        """Hand a reply to the relay."""
        self._replies.feed_data(data)

    def pause_writing(self) -> None:
        """The server reads more slowly than the client writes."""
        self._client.pause_reading()

    def resume_writing(self) -> None:
        """The server has caught up."""
        self._client.resume_reading()

    def connection_lost(self, error: Exception | None) -> None:  # noqa: ARG002  asyncio's signature
        """No reply comes any more. The client is read on all the same, or its leaving would go unnoticed."""
        self._replies.feed_eof()
        self._client.resume_reading()


def _unsent_bytes(connection: socket.socket) -> int:
    """What the other machine hasn't acknowledged yet; 0 where the system doesn't tell."""
    with contextlib.suppress(OSError):
        return int.from_bytes(fcntl.ioctl(connection.fileno(), termios.TIOCOUTQ, bytes(4)), sys.byteorder)
    return 0
