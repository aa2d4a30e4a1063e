"""How a reply reaches the client: whole or late; or spoilt on its way, which the application leaves to the proxy."""

import asyncio
from dataclasses import dataclass
from email.utils import formatdate

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from archiver.sandbox.serving.fault import Fault
from archiver.sandbox.serving.framing import fault_header
from archiver.sandbox.webapi.replies import Reply

PIECE_BYTES = 256 * 1024  # sent at a time, so that the server holds no second copy of a huge reply
_BODILESS = (204, 304)  # statuses for which HTTP allows no body


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
        if self.delivery.wait_s and await _client_leaves(self.delivery.wait_s, receive):
            return
        await send(_start(self.delivery))
        reply = self.delivery.reply
        body = b"" if reply.status in _BODILESS else reply.body
        for start in range(0, len(body), PIECE_BYTES):
            await send({"type": "http.response.body", "body": body[start : start + PIECE_BYTES], "more_body": True})
            await asyncio.sleep(0)  # lets uvicorn notice that the client is gone before the next piece
        await send({"type": "http.response.body"})


async def _client_leaves(wait_s: float, receive: Receive) -> bool:
    """Wait so long. Returns True as soon as the client is gone, so that nothing goes on for it."""
    try:
        async with asyncio.timeout(wait_s):
            while (await receive())["type"] != "http.disconnect":
                pass
    except TimeoutError:
        return False
    return True


def _start(delivery: Delivery) -> dict[str, object]:
    reply = delivery.reply
    headers = [
        ("Content-Type", reply.content_type),
        ("Content-Length", str(len(reply.body))),
        # Clients measure clock skew by it.
        ("Date", formatdate(usegmt=True)),
        *reply.headers,
    ]
    raw = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
    if delivery.fault is not None:
        raw.append(fault_header(delivery.fault))
    return {"type": "http.response.start", "status": reply.status, "headers": raw}
