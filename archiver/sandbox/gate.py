"""What every SuperOffice request passes: sign-in, the oddity rules, the answer, the request log, the pause.

Sign-in comes first, so `times` of an oddity counts requests of those who may call at all. Of the oddities events
come first; then the first reply or fault that strikes wins; into what is left go all row oddities together.
"""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from archiver.sandbox.access.admission import Admission
from archiver.sandbox.chats.tenant import Tenant, UnknownId
from archiver.sandbox.oddities.catalogue import CATALOGUE
from archiver.sandbox.oddities.events import plan
from archiver.sandbox.oddities.replies import misbehave
from archiver.sandbox.oddities.row_replies import AGENT, WITH_ROWS, Question, change_reply
from archiver.sandbox.oddities.rules import Oddities, Strike
from archiver.sandbox.request_log import RecordedRequest, RequestLog
from archiver.sandbox.serving.delivery import Delivery, DeliveryResponse
from archiver.sandbox.webapi.operation import UNKNOWN, Call, Operation
from archiver.sandbox.webapi.replies import Refusal, Reply, not_found

WITHOUT_REPLY = frozenset({"reset_before", "silence"})
"""The faults after which a client has seen no status."""


@dataclass(frozen=True, kw_only=True)
class Gate:
    """The way in to the operations."""

    tenant: Tenant
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
        strikes = self.oddities.draw(operation.name, chat_session_id)
        self._let_happen(strikes, chat_session_id)

        def answer() -> Reply:
            return self._answer_with_rows(operation, call, chat_session_id, strikes)

        for strike in strikes:
            if self._replaces(strike, operation, chat_session_id) and self.oddities.use(strike.oddity):
                return misbehave(strike.oddity, answer)
        return Delivery(reply=answer())

    def _let_happen(self, strikes: list[Strike], chat_session_id: int | None) -> None:
        """Let each event happen that finds something to do, in the catalogue's order."""
        order = list(CATALOGUE)
        events = (each for each in strikes if each.oddity.group == "events")
        for strike in sorted(events, key=lambda each: order.index(each.oddity.kind)):
            chat_session = None if chat_session_id is None else self.tenant.chat_session(chat_session_id)
            # A test or another request may delete what an event is about.
            with suppress(UnknownId):
                deed = None if chat_session is None else plan(self.tenant, chat_session, strike)
                if deed is not None and self.oddities.use(strike.oddity):
                    deed()

    def _replaces(self, strike: Strike, operation: Operation, chat_session_id: int | None) -> bool:
        if strike.oddity.group == "unknown":
            asks_for_messages = operation.name == AGENT and chat_session_id is not None
            return asks_for_messages and self.tenant.chat_session(chat_session_id or 0) is None
        return strike.oddity.group in ("replies", "faults")

    def _answer_with_rows(
        self, operation: Operation, call: Call, chat_session_id: int | None, strikes: list[Strike]
    ) -> Reply:
        chosen = [each.oddity for each in strikes if each.oddity.group == "rows"]
        if not chosen or operation.name not in WITH_ROWS or chat_session_id is None:
            return _answer(operation, call)
        question = Question(
            operation=operation.name,
            call=call,
            chat_session_id=chat_session_id,
            answer=lambda asked: _answer(operation, asked),
        )
        return change_reply(question, chosen, self.oddities, self.tenant)


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
        status=None if delivery.fault and delivery.fault.kind in WITHOUT_REPLY else delivery.reply.status,
    )


def _unknown_chat_session_id(call: Call) -> int:
    raise Refusal(_unknown_path(call))


def _unknown_path(_call: Call) -> Reply:
    return not_found("The sandbox doesn't serve this address.")


_UNKNOWN_OPERATION = Operation(
    name=UNKNOWN, method="*", path="/", chat_session_id=_unknown_chat_session_id, answer=_unknown_path
)
