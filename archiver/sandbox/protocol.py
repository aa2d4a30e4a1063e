"""uvicorn's HTTP protocol with one thing more: a reply may be broken off.

ASGI has no way to close a connection early, and an application that just stops makes uvicorn log an error. So each
request's scope carries an extension that closes the connection and tells uvicorn that the client is gone.
"""

import asyncio
import contextlib
import socket
import struct
from typing import Any, Protocol, cast

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

EXTENSION = "archiver.sandbox.close"


class Closer(Protocol):
    """Closes the connection of one request."""

    def __call__(self, *, reset: bool) -> None:
        """With `reset` at once and with a TCP reset; otherwise after what was sent went out."""


def closer(scope: Scope) -> Closer:
    """The closer of the request that `scope` describes."""
    return cast("Closer", scope["extensions"][EXTENSION])


class BreakableProtocol(H11Protocol):
    """H11Protocol that offers `Closer` to the application, and is quiet when it is cancelled at shutdown."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.access_log = False
        app = cast("ASGIApp", self.app)

        async def breakable(scope: Scope, receive: Receive, send: Send) -> None:
            scope["extensions"] = {EXTENSION: self.close}
            try:
                await app(scope, receive, send)
            except asyncio.CancelledError:
                self.close(reset=True)

        self.app = cast("Any", breakable)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Send each write at once."""
        super().connection_made(transport)
        # asyncio does so only for sockets made with an explicit protocol number; without it, a head and a body
        # written one after the other wait 40 ms for the client's delayed acknowledgement (measured).
        connection = transport.get_extra_info("socket")
        with contextlib.suppress(OSError):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def close(self, *, reset: bool) -> None:
        """Close this connection; see `Closer`."""
        if self.cycle is not None:
            self.cycle.disconnected = True  # or uvicorn would log an unfinished response
        if not reset:
            self.transport.close()
            return
        connection = self.transport.get_extra_info("socket")
        if connection is not None:
            # Lingering for zero seconds makes the kernel send RST in place of FIN. The connection may be gone.
            with contextlib.suppress(OSError):
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()
