"""The tenant as an online one: a state API that says where it lives, and addresses that stop being right.

Where SuperOffice has subdomains (online2.superoffice.com), the sandbox has a first path part, since one server on
loopback has one name: `/online1/Cust12345/api/v1`. After a move the old one answers 421.
Source: SuperOffice reference, tenant status API. Choices where it is silent: an unknown tenant has the state
"Unknown", `ValidUntil` is a quarter of an hour away, and the state doesn't keep the API from answering.
"""

import re
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Literal, get_args
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from archiver.sandbox.webapi.operation import Call
from archiver.sandbox.webapi.replies import json_reply

State = Literal[
    "Unknown",
    "Provisioning",
    "Running",
    "Deleted",
    "Suspended",
    "OnlineMaintenance",
    "OfflineMaintenance",
    "ProvisioningFailed",
    "Deleting",
    "DeleteFailed",
    "MigrationPending",
]
RUNNING = ("Running", "OnlineMaintenance")
VALID_FOR = timedelta(minutes=15)


class OnlineTenant:
    """Where the tenant lives and how it is. Safe to use from several threads."""

    def __init__(self, context_identifier: str, *, host_name: str | None = None) -> None:
        """`host_name`: when given, the only name (without port) under which the tenant may be called."""
        self.context_identifier = context_identifier
        self._host_name = host_name
        self._lock = Lock()
        self._node = "online1"
        self._state: State = "Running"

    @property
    def root_path(self) -> str:
        """Below which the API is served for now, as "/online1/Cust12345/api/v1"."""
        return f"/{self._node}/{self.context_identifier}/api/v1"

    @property
    def root_pattern(self) -> str:
        """All root paths that the tenant may have, for the router; `misdirects` tells the right one."""
        return f"/{{node}}/{self.context_identifier}/api/v1"

    def change(self, *, node: str | None = None, state: State | None = None) -> None:
        """Move the tenant, or change its state. Raises: ValueError, with a sentence, and then changes nothing."""
        if node is not None and not re.fullmatch("[a-z][a-z0-9]*", node):
            raise ValueError("node must be lower-case letters and digits, as online2.")
        if state is not None and state not in get_args(State):
            raise ValueError(f"state must be one of {', '.join(get_args(State))}.")
        with self._lock:
            self._node, self._state = node or self._node, state or self._state

    def misdirects(self, call: Call) -> bool:
        """Whether the call came to an address that isn't the tenant's."""
        host = urlsplit("//" + call.headers.get("host", "")).hostname
        if self._host_name is not None and host != self._host_name.lower():
            return True
        _, node, context, *_ = [*urlsplit(call.url).path.split("/"), "", ""]
        return context == self.context_identifier and node != self._node

    def routes(self) -> list[Route]:
        """The state API, which asks for no credentials."""

        async def endpoint(request: Request) -> Response:
            root = str(request.base_url).rstrip("/")
            reply = json_reply(self.describe(request.path_params["id"], root, now=datetime.now(UTC)))
            return Response(reply.body, reply.status, headers={"Content-Type": reply.content_type})

        return [Route("/api/state/{id}", endpoint, methods=["GET"])]

    def describe(self, context_identifier: str, root: str, *, now: datetime) -> dict[str, object]:
        """The state API's reply for a tenant; `root` is the server's address as the client knows it."""
        known = context_identifier == self.context_identifier
        with self._lock:
            node, state = self._node, self._state if known else "Unknown"
        endpoint = f"{root}/{node}/{context_identifier}" if known else None
        return {
            "ContextIdentifier": context_identifier,
            "Endpoint": endpoint,
            "State": state,
            "IsRunning": state in RUNNING,
            "ValidUntil": f"{now.astimezone(UTC) + VALID_FOR:%Y-%m-%dT%H:%M:%S.%f}0Z",
            "Api": endpoint and f"{endpoint}/api",
            "Version": "Sandbox",
        }
