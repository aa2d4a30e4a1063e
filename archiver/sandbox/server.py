"""A running sandbox: the simulated tenant behind a real HTTP server on a thread of its own.

A test tool: its control interface has no authentication, so it listens on loopback unless told otherwise.
"""

import socket
from types import TracebackType
from typing import Any, Self

from starlette.applications import Starlette
from starlette.types import ASGIApp

from archiver.sandbox.access.admission import Admission
from archiver.sandbox.access.online import OnlineTenant
from archiver.sandbox.access.tickets import Tickets
from archiver.sandbox.chats.live import LiveChats
from archiver.sandbox.chats.populate import populate
from archiver.sandbox.chats.tenant import Tenant
from archiver.sandbox.control import Control
from archiver.sandbox.gate import Gate
from archiver.sandbox.oddities.rules import Oddities
from archiver.sandbox.request_log import RequestLog
from archiver.sandbox.serving.addresses import with_readable_host
from archiver.sandbox.serving.thread import ServingThread
from archiver.sandbox.settings import SandboxSettings
from archiver.sandbox.webapi.endpoints import WebApi

ONSITE_ROOT_PATH = "/SuperOffice/api/v1"


class Sandbox:
    """A simulated SuperOffice tenant, to be used in a `with` block.

    The tenant is filled when the object is made and served inside the block. After the block `tenant`, `oddities`
    and `requests` can still be read; a sandbox isn't started twice.
    """

    def __init__(self, settings: SandboxSettings | None = None) -> None:
        self.settings = settings or SandboxSettings()
        self.tenant = Tenant()
        self.oddities = Oddities(self.settings.seed)
        self.requests = RequestLog()
        self.online = OnlineTenant(self.settings.context_identifier, host_name=self.settings.host_name)
        self.tickets = Tickets(self.settings.credentials.ticket, clock=self.settings.clock)
        unfinished = populate(
            self.tenant,
            seed=self.settings.seed,
            chat_sessions=self.settings.chat_sessions,
            messages_per_chat_session=self.settings.messages_per_chat_session,
            ends_at=self.settings.ends_at,
        )
        self.live = LiveChats(
            self.tenant,
            unfinished,
            seed=self.settings.seed,
            messages_per_chat_session=self.settings.messages_per_chat_session,
        )
        self._serving: ServingThread | None = None
        self._address = ("", 0)

    @classmethod
    def empty(cls, **settings: Any) -> Self:
        """A sandbox without chat sessions, for tests that post their own; takes the other settings."""
        return cls(SandboxSettings(chat_sessions=0, **settings))

    @property
    def url(self) -> str:
        """The server's root, as "http://127.0.0.1:40123"; the control interface is below /control/."""
        host, port = self._address
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    @property
    def base_url(self) -> str:
        """What a source's `base_url` is set to: an onsite installation's address, without /v1."""
        return f"{self.url}/SuperOffice/api"

    def __enter__(self) -> Self:
        """Start serving; once this returns, requests are answered.

        Raises: OSError (the address can't be bound).
        """
        listener = _listen(self.settings.host, self.settings.port)
        self._address = listener.getsockname()[:2]
        self._serving = ServingThread(self._app(), listener)
        self._serving.start()
        if self.settings.live_rate:
            self.live.start(self.settings.live_rate)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop the live chats and the server; connections still open are closed at once."""
        self.live.stop()
        if self._serving is not None:
            self._serving.stop()

    def _app(self) -> ASGIApp:
        operations = WebApi(self.tenant, time_zone=self.settings.time_zone).operations()
        gate = Gate(
            tenant=self.tenant,
            admission=Admission(credentials=self.settings.credentials, tickets=self.tickets, online=self.online),
            oddities=self.oddities,
            requests=self.requests,
            latency_s=self.settings.latency_s,
        )
        roots = dict.fromkeys((self.settings.root_path.rstrip("/"), ONSITE_ROOT_PATH, self.online.root_pattern))
        control = Control(self.tenant, self.oddities, self.requests, self.live, self.online, self.tickets)
        served = [route for root in roots for route in gate.routes(root, operations)]
        return with_readable_host(Starlette(routes=[*control.routes(), *self.online.routes(), *served]))


def _listen(host: str, port: int) -> socket.socket:
    # Bound here and not by the server, so that the port is known and nobody else can take it meanwhile.
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=1024)
