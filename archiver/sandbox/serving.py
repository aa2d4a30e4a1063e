"""The thread that serves an ASGI application with uvicorn's HTTP protocol.

Not `uvicorn.Server`: it logs to the process's handlers and looks only ten times a second whether it should stop,
which a test suite with hundreds of sandboxes would feel. The protocol is uvicorn's all the same.
"""

import asyncio
import socket
from threading import Event, Thread
from typing import Any, cast

from starlette.types import ASGIApp
from uvicorn import Config
from uvicorn.server import ServerState

from archiver.sandbox.protocol import BreakableProtocol

# Longer than any test or demo, so that the server never closes an idle connection under a client's hands.
KEEP_ALIVE_S = 600


class ServingThread:
    """Serves `app` on `listener`, which it owns, from `start` to `stop`."""

    def __init__(self, app: ASGIApp, listener: socket.socket) -> None:
        self._listener = listener
        self._config = Config(
            cast("Any", app),
            http=BreakableProtocol,
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
        server = await self._loop.create_server(self._protocol, sock=self._listener)
        self._ready.set()
        await self._stopping.wait()
        server.close()
        await self._close_connections()
        await server.wait_closed()

    def _protocol(self) -> asyncio.Protocol:
        return BreakableProtocol(self._config, self._state, {})

    async def _close_connections(self) -> None:
        for task in list(self._state.tasks):
            task.cancel()
        await asyncio.gather(*self._state.tasks, return_exceptions=True)
        for connection in list(self._state.connections):
            cast("BreakableProtocol", connection).close(reset=False)
        while self._state.connections:  # each leaves in one of the next turns of the loop
            await asyncio.sleep(0)
