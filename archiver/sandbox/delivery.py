"""How a reply reaches the client: whole, late, in drops, in part, or not at all."""

import asyncio
from dataclasses import dataclass
from email.utils import formatdate

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from archiver.sandbox.fault import Fault
from archiver.sandbox.protocol import closer
from archiver.sandbox.replies import Reply


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """A reply and the way it is sent."""

    reply: Reply
    wait_s: float = 0.0  # before the first byte
    fault: Fault | None = None  # how it is spoilt on its way


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
        fault, reply = delivery.fault, delivery.reply
        if fault and fault.kind == "silence":
            await asyncio.Event().wait()
        if fault and fault.kind == "reset_before":
            closer(scope)(reset=True)
            return
        await send(_start(reply))
        if fault and fault.kind in ("reset_during", "short_body"):
            half = reply.body[: len(reply.body) // 2]
            await send({"type": "http.response.body", "body": half, "more_body": True})
            closer(scope)(reset=fault.kind == "reset_during")
            return
        await _send_body(reply.body, fault, send)
        if fault and fault.kind == "reset_after":
            closer(scope)(reset=True)


async def _send_body(body: bytes, fault: Fault | None, send: Send) -> None:
    size = fault.piece_bytes if fault and fault.kind == "drip" else max(len(body), 1)
    for start in range(0, len(body), size):
        if start:
            await asyncio.sleep(fault.pause_s if fault else 0)
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
