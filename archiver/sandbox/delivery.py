"""How a reply reaches the client: whole, late, in drops, in part, or not at all."""

import asyncio
from dataclasses import dataclass
from email.utils import formatdate

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from archiver.sandbox.protocol import closer
from archiver.sandbox.replies import Reply


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """A reply and the way it is sent."""

    reply: Reply | None  # None: the connection is reset without a reply
    wait_s: float = 0.0  # before the first byte
    cut_after: int | None = None  # body bytes after which the connection is closed; None: all are sent
    piece_bytes: int | None = None  # body bytes sent at a time; None: all at once
    pause_s: float = 0.0  # between two pieces


class DeliveryResponse(Response):
    """Sends a `Delivery` as an ASGI response."""

    def __init__(self, delivery: Delivery) -> None:
        super().__init__()
        self.delivery = delivery

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  ASGI's signature
        """Wait, then send what there is to send."""
        delivery = self.delivery
        if delivery.wait_s:
            await asyncio.sleep(delivery.wait_s)
        if delivery.reply is None:
            closer(scope)(reset=True)
            return
        await send(_start(delivery.reply))
        body = delivery.reply.body
        if delivery.cut_after is not None:
            await send({"type": "http.response.body", "body": body[: delivery.cut_after], "more_body": True})
            closer(scope)(reset=False)
            return
        await _send_body(delivery, body, send)


async def _send_body(delivery: Delivery, body: bytes, send: Send) -> None:
    size = delivery.piece_bytes or max(len(body), 1)
    for start in range(0, len(body), size):
        if start:
            await asyncio.sleep(delivery.pause_s)
        await send({"type": "http.response.body", "body": body[start : start + size], "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


def _start(reply: Reply) -> dict[str, object]:
    headers = [
        ("Content-Type", reply.content_type),
        ("Content-Length", str(len(reply.body))),
        # Clients measure clock skew by it.
        ("Date", formatdate(usegmt=True)),
        *reply.headers,
    ]
    raw = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
    return {"type": "http.response.start", "status": reply.status, "headers": raw}
