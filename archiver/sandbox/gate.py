"""What every SuperOffice request passes: sign-in, the oddity rules, the answer, the request log, the pause.

Sign-in comes first, so `times` of an oddity counts requests of those who may call at all.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from archiver.sandbox.admission import Admission
from archiver.sandbox.delivery import Delivery, DeliveryResponse
from archiver.sandbox.misbehaviour import misbehave
from archiver.sandbox.oddities import Oddities
from archiver.sandbox.operation import Call, Operation
from archiver.sandbox.replies import Refusal, Reply, not_found
from archiver.sandbox.request_log import RecordedRequest, RequestLog

UNKNOWN = "Unknown"


@dataclass(frozen=True, kw_only=True)
class Gate:
    """The way in to the operations."""

    admission: Admission
    oddities: Oddities
    requests: RequestLog
    latency_s: float = 0.0

    def routes(self, root_path: str, operations: list[Operation]) -> list[Route]:
        """The operations below `root_path`; whatever else is asked for there is recorded and gets a 404."""
        known = [Route(root_path + each.path, self._endpoint(each), methods=[each.method]) for each in operations]
        every_method = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]
        unknown = Route(root_path + "/{path:path}", self._endpoint(_UNKNOWN_OPERATION), methods=every_method)
        return [*known, unknown]

    def _endpoint(self, operation: Operation) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            call = await _read(request)
            chat_session_id = _chat_session_id(operation, call)
            delivery = self._deliver(operation, call, chat_session_id)
            # Recorded before it is sent: who has the reply in hand finds its request in the log.
            self.requests.record(_record(request, call, operation, chat_session_id, delivery))
            return DeliveryResponse(replace(delivery, wait_s=delivery.wait_s + self.latency_s))

        return endpoint

    def _deliver(self, operation: Operation, call: Call, chat_session_id: int | None) -> Delivery:
        refusal = self.admission.refusal(call)
        if refusal is not None:
            return Delivery(reply=refusal)
        oddity = self.oddities.take(operation.name, chat_session_id)
        if oddity is None:
            return Delivery(reply=_answer(operation, call))
        return misbehave(oddity, lambda: _answer(operation, call))


def _answer(operation: Operation, call: Call) -> Reply:
    try:
        return operation.answer(call)
    except Refusal as refusal:
        return refusal.reply


def _chat_session_id(operation: Operation, call: Call) -> int | None:
    try:
        return operation.chat_session_id(call)
    except Refusal:
        return None


async def _read(request: Request) -> Call:
    return Call(
        url=str(request.url.replace(query="")),
        query={name.lower(): value for name, value in request.query_params.items()},
        headers=dict(request.headers),
        body=await request.body(),
        path_id=request.path_params.get("id"),
    )


def _record(
    request: Request, call: Call, operation: Operation, chat_session_id: int | None, delivery: Delivery
) -> RecordedRequest:
    return RecordedRequest(
        method=request.method,
        path=request.url.path,
        query=request.url.query,
        headers=call.headers,
        body=call.body.decode(errors="replace"),
        operation=operation.name,
        chat_session_id=chat_session_id,
        status=None if delivery.reply is None else delivery.reply.status,
    )


def _unknown_chat_session_id(call: Call) -> int:
    raise Refusal(_unknown_path(call))


def _unknown_path(_call: Call) -> Reply:
    return not_found("The sandbox doesn't serve this address.")


_UNKNOWN_OPERATION = Operation(
    name=UNKNOWN, method="*", path="/", chat_session_id=_unknown_chat_session_id, answer=_unknown_path
)
