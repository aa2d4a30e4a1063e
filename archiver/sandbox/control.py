"""The control interface: what tests and the demo do to the tenant from outside, as JSON over HTTP.

It has no authentication, being part of a test tool. Each route is one call of the tenant, the oddities, the request
log or the live chats. What it doesn't understand gets a 400 with one sentence, an unknown id a 404.
"""

import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Annotated, Any, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from archiver.sandbox.access.online import OnlineTenant, State
from archiver.sandbox.access.tickets import Tickets
from archiver.sandbox.chats.live import LiveChats
from archiver.sandbox.chats.records import ChatSession, MessageType
from archiver.sandbox.chats.tenant import Tenant, UnknownId
from archiver.sandbox.oddities.catalogue import ALL, ENTRIES, GROUPS, nearest
from archiver.sandbox.oddities.rules import Oddities, Oddity
from archiver.sandbox.request_log import RequestLog
from archiver.sandbox.webapi.replies import JSON, to_json

AwareTime = Annotated[datetime, msgspec.Meta(tz=True)]
Handler = Callable[[Request], Awaitable[object]]
T = TypeVar("T")
Record = TypeVar("Record", ChatSession, Oddity)

MOST_LEVELS = 100  # of lists and objects in each other; some hundreds more end what reads or writes them
MOST_LIVE_EVENTS = 100_000  # per request, so that a slip of the finger doesn't fill the memory


class PostedMessage(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Body of POST /control/messages; the fields of `Tenant.post`."""

    chat_session_id: int
    type: MessageType = "ToCustomer"
    message: str = ""
    author: str = ""
    special_type: str = "None"
    special_param: str = ""
    when_posted: AwareTime | None = None
    read_by_customer: int = 0
    chat_message_id: int | None = None


class LiveEvents(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Body of POST /control/live."""

    events: Annotated[int, msgspec.Meta(ge=1, le=MOST_LIVE_EVENTS)] = 1


class Restore(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Body of POST /control/restore; one of the two."""

    messages: Annotated[int, msgspec.Meta(ge=1)] | None = None
    to: AwareTime | None = None


class Shift(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Body of POST /control/shift."""

    minutes: Annotated[int, msgspec.Meta(ge=-(10**6), le=10**6)]


class TenantChange(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Body of PATCH /control/tenant."""

    node: str | None = None
    state: State | None = None


class BadInput(ValueError):
    """A control request that can't be understood; says why."""


class Control:
    """The routes below /control/."""

    def __init__(
        self,
        tenant: Tenant,
        oddities: Oddities,
        requests: RequestLog,
        live: LiveChats,
        online: OnlineTenant,
        tickets: Tickets,
    ) -> None:
        self._tenant = tenant
        self._oddities = oddities
        self._requests = requests
        self._live = live
        self._online = online
        self._tickets = tickets

    def routes(self) -> list[Route]:
        """All routes, the list of them included."""
        table = self._table()
        lines = [f"{method} {path}: {meaning}" for method, path, _, meaning in table]

        async def list_routes(_request: Request) -> object:
            return {"routes": lines}

        known = [Route(path, _endpoint(handler), methods=[method]) for method, path, handler, _ in table]
        return [Route("/control/", _endpoint(list_routes), methods=["GET"]), *known]

    def _table(self) -> list[tuple[str, str, Handler, str]]:
        return [
            ("POST", "/control/chat-sessions", self._open, "open a chat session; returns its id"),
            ("PATCH", "/control/chat-sessions/{id:id}", self._edit_chat_session, "change any of its fields"),
            ("DELETE", "/control/chat-sessions/{id:id}", self._delete_chat_session, "remove it and its messages"),
            ("POST", "/control/messages", self._post, "post a message; returns its id"),
            ("PATCH", "/control/messages/{id:id}", self._edit, "change any of its fields, values as they are"),
            ("DELETE", "/control/messages/{id:id}", self._delete_message, "remove a message"),
            ("POST", "/control/oddities", self._add_oddities, "switch one on, or of kind all; returns ids"),
            ("GET", "/control/oddities", self._list_oddities, "the oddities in force"),
            ("GET", "/control/oddities/catalogue", self._catalogue, "all there are, and what they do"),
            ("DELETE", "/control/oddities", self._clear_oddities, "switch all oddities off"),
            ("DELETE", "/control/oddities/{id:id}", self._clear_oddity, "switch one oddity off"),
            ("GET", "/control/requests", self._list_requests, "the SuperOffice requests seen, oldest first"),
            ("DELETE", "/control/requests", self._clear_requests, "forget the requests seen"),
            ("GET", "/control/truth", self._truth, "all messages held; ?chat_session_id=N for one chat session"),
            ("GET", "/control/summary", self._summary, "counts, highest ids, requests by operation"),
            ("PATCH", "/control/tenant", self._change_tenant, "move it to another `node`, change its `state`"),
            ("POST", "/control/restore", self._restore, "lose the newest `messages`, or those posted after `to`"),
            ("POST", "/control/shift", self._shift, "move the times of all messages by so many `minutes`"),
            ("POST", "/control/tickets", self._issue_ticket, "give out a ticket, as signing in would; returns it"),
            ("DELETE", "/control/tickets", self._expire_tickets, "let all tickets expire"),
            ("POST", "/control/live", self._make_live_events, "make live events now"),
        ]

    async def _open(self, request: Request) -> object:
        values = _chat_session_fields(await _body(request, dict[str, Any]))
        return {"chat_session_id": self._tenant.open_chat_session(**values)}

    async def _edit_chat_session(self, request: Request) -> object:
        changes = await _body(request, dict[str, Any])
        # Fields keep their types; anything goes into a property named as on the wire (WhenIdle, Status, ...).
        odd = {name: value for name, value in changes.items() if name[:1].isupper()}
        known = {name: value for name, value in changes.items() if name not in odd}
        self._tenant.edit_chat_session(request.path_params["id"], **_chat_session_fields(known), **odd)
        return {}

    async def _delete_chat_session(self, request: Request) -> object:
        self._tenant.delete_chat_session(request.path_params["id"])
        return {}

    async def _post(self, request: Request) -> object:
        posted = msgspec.structs.asdict(await _body(request, PostedMessage))
        return {"chat_message_id": self._tenant.post(posted.pop("chat_session_id"), **posted)}

    async def _edit(self, request: Request) -> object:
        changes = await _body(request, dict[str, Any])
        self._tenant.edit(request.path_params["id"], **changes)
        return {}

    async def _delete_message(self, request: Request) -> object:
        self._tenant.delete_message(request.path_params["id"])
        return {}

    async def _add_oddities(self, request: Request) -> object:
        values = await _body(request, dict[str, Any])
        if values.get("kind") != ALL:
            _converted(values, Oddity)
            return {"id": self._oddities.add(**values)}
        _converted({**values, "kind": "null"}, Oddity)  # all but the kind is checked as for any other
        del values["kind"]
        return {"ids": self._oddities.add_all(**values)}

    async def _list_oddities(self, _request: Request) -> object:
        return {"oddities": self._oddities.all()}

    async def _catalogue(self, _request: Request) -> object:
        return {"groups": GROUPS, "oddities": ENTRIES}

    async def _clear_oddities(self, _request: Request) -> object:
        self._oddities.clear()
        return {}

    async def _clear_oddity(self, request: Request) -> object:
        oddity_id = request.path_params["id"]
        if not self._oddities.clear(oddity_id):
            raise UnknownId(f"There is no oddity {oddity_id}.")
        return {}

    async def _list_requests(self, _request: Request) -> object:
        return {"requests": self._requests.all()}

    async def _clear_requests(self, _request: Request) -> object:
        self._requests.clear()
        return {}

    async def _truth(self, request: Request) -> object:
        named = request.query_params.get("chat_session_id")
        if named is None:
            return self._tenant.rows()
        if not re.fullmatch("[0-9]{1,18}", named):
            raise BadInput("chat_session_id must be a number of at most 18 digits.")
        return self._tenant.rows(int(named))

    async def _summary(self, _request: Request) -> object:
        chat_sessions, messages = self._tenant.chat_sessions(), self._tenant.all_messages()
        return {
            "chat_sessions": len(chat_sessions),
            "messages": len(messages),
            "highest_chat_session_id": max((each.chat_session_id for each in chat_sessions), default=0),
            "highest_chat_message_id": max((each.chat_message_id for each in messages), default=0),
            "requests": self._requests.count_by_operation(),
        }

    async def _make_live_events(self, request: Request) -> object:
        wanted = await _body(request, LiveEvents)
        return {"chat_message_ids": [self._live.step() for _ in range(wanted.events)]}

    async def _change_tenant(self, request: Request) -> object:
        change = await _body(request, TenantChange)
        self._online.change(node=change.node, state=change.state)
        return {"root_path": self._online.root_path}

    async def _restore(self, request: Request) -> object:
        wanted = await _body(request, Restore)
        if (wanted.messages is None) == (wanted.to is None):
            raise BadInput("One of `messages` and `to` says what is lost.")
        if wanted.to is not None:
            return {"messages_lost": self._tenant.restore_backup_of(wanted.to)}
        return {"messages_lost": self._tenant.restore_backup(wanted.messages or 0)}

    async def _shift(self, request: Request) -> object:
        self._tenant.shift_times(timedelta(minutes=(await _body(request, Shift)).minutes))
        return {}

    async def _issue_ticket(self, _request: Request) -> object:
        return {"ticket": self._tickets.issue()}

    async def _expire_tickets(self, _request: Request) -> object:
        self._tickets.expire_all()
        return {}


def _endpoint(handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            value, status = await handler(request), 200
        except UnknownId as error:
            value, status = {"error": str(error)}, 404
        except (ValueError, TypeError, OverflowError) as error:
            value, status = {"error": str(error)}, 400
        return Response(to_json(value), status, headers={"Content-Type": JSON})

    return endpoint


async def _body(request: Request, expected: type[T]) -> T:
    # An empty body counts as an object without fields. msgspec's own decoder refuses lone surrogates.
    try:
        value = json.loads(await request.body() or b"{}")
        if _is_deeper(value, MOST_LEVELS):
            raise RecursionError  # as where the decoder itself gives up
        return msgspec.convert(value, type=expected)
    except RecursionError as error:
        raise BadInput(f"The JSON has more than {MOST_LEVELS} levels.") from error
    except (ValueError, msgspec.MsgspecError) as error:
        raise BadInput(f"{error}.") from error


def _is_deeper(value: object, levels: int) -> bool:
    if not isinstance(value, list | dict):
        return False
    inner = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(_is_deeper(each, levels - 1) for each in inner)


def _chat_session_fields(values: dict[str, Any]) -> dict[str, Any]:
    # Three fields have no default, since the tenant gives them; here they only let the others be checked.
    required = {"chat_session_id": 0, "session_key": "", "when_requested": "2000-01-01T00:00:00Z"}
    checked = _converted({**required, **values}, ChatSession)
    return {name: getattr(checked, name) for name in values}


def _converted(values: dict[str, Any], expected: type[Record]) -> Record:
    """`values` as a record, checked: names, types, and that every time has a zone."""
    names = {each.name for each in fields(expected)}
    for name in values:
        if name not in names:
            raise BadInput(f"There is no field `{name}`; the nearest is `{nearest(name, tuple(sorted(names)))}`.")
    try:
        record = msgspec.convert(values, expected)
    except msgspec.ValidationError as error:
        raise BadInput(f"{str(error).rstrip('.')}.") from error
    for name in values:
        value = getattr(record, name)
        if isinstance(value, datetime) and value.tzinfo is None:
            raise BadInput(f"`{name}` needs a time zone, such as Z.")
    return record
