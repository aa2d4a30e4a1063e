"""The thread that serves an ASGI application with uvicorn's HTTP protocol, behind the proxy that makes faults.

Not `uvicorn.Server`: it logs to the process's handlers and looks only ten times a second whether it should stop,
which a test suite with hundreds of sandboxes would feel. The protocol is uvicorn's all the same.
"""

import asyncio
import contextlib
import socket
from threading import Event, Thread
from typing import Any, cast

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from archiver.sandbox.serving.framing import NO_BODY_HEADER
from archiver.sandbox.serving.proxy import Proxy

# Longer than any test or demo, so that the server never closes an idle connection under a client's hands.
KEEP_ALIVE_S = 600


class ServingThread:
    """Serves `app` on `listener`, which it owns, from `start` to `stop`."""

    def __init__(self, app: ASGIApp, listener: socket.socket) -> None:
        self._listener = listener
        self._config = Config(
            cast("Any", _behind_proxy(app)),
            http=H11Protocol,
            ws="none",
            lifespan="off",
            interface="asgi3",
            log_config=None,  # leaves the process's logging alone
            proxy_headers=False,
            timeout_keep_alive=KEEP_ALIVE_S,
        )
        self._state = ServerState()
        self._ready = Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._thread = Thread(target=self._run, name="sandbox", daemon=True)

    def start(self) -> None:
        """Start the thread and wait until it accepts connections."""
        self._thread.start()
        self._ready.wait()

    def stop(self) -> None:
        """Close the listener and every connection, and wait for the thread to end."""
        if self._loop is not None and self._stopping is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        finally:
            self._listener.close()
            self._ready.set()  # also when starting failed, so that `start` never hangs

    async def _serve(self) -> None:
        self._config.load()
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        proxy = Proxy(self._protocol, self._listener)
        proxy.start()
        self._ready.set()
        await self._stopping.wait()
        await proxy.stop()
        await self._end_requests()

    def _protocol(self) -> asyncio.Protocol:
        protocol = H11Protocol(self._config, self._state, {})
        protocol.access_log = False
        return protocol

    async def _end_requests(self) -> None:
        # Connections first: uvicorn logs an error when a request ends without a reply and its client is still there.
        while self._state.connections:  # each leaves in one of the next turns of the loop
            for connection in list(self._state.connections):
                cast("H11Protocol", connection).transport.abort()
            await asyncio.sleep(0)
        for task in list(self._state.tasks):
            task.cancel()
        await asyncio.gather(*self._state.tasks, return_exceptions=True)


def _behind_proxy(app: ASGIApp) -> ASGIApp:
    """`app` as the proxy and its end need it.

    A client that left, and the end of the sandbox, are no errors to be logged; an answer to HEAD says that it is one,
    for the proxy sees replies only.
    """

    async def served(scope: Scope, receive: Receive, send: Send) -> None:
        with contextlib.suppress(asyncio.CancelledError, ClientDisconnect):
            await app(scope, receive, _marked(send) if scope["method"] == "HEAD" else send)

    return served


def _marked(send: Send) -> Send:
    async def marked(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message["headers"], (NO_BODY_HEADER, b"yes")]}
        await send(message)

    return marked
