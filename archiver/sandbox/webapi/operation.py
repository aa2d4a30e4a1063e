"""One SuperOffice call as the sandbox sees it: what came in, and the named operation that answers it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from archiver.sandbox.webapi.replies import Refusal, Reply, agent_error, rest_error

OPERATIONS = (
    "GetChatMessages",
    "GetChatSessionEntity",
    "GetChatTranscript",
    "ChatSessionsForUser",
    "GetChatTopicEntity",
    "ChatTopicsForUser",
    "ListChatSessions",
    "RestChatSession",
    "RestChatMessages",
    "RestChatTranscript",
    "RestChatSessionsForUser",
    "RestChatTopic",
    "RestChatTopicSessions",
    "RestChatTopicsForUser",
)
"""The names of all that is served."""

UNKNOWN = "Unknown"
"""Whatever else is asked for."""

INT32 = range(-(2**31), 2**31)


@dataclass(frozen=True, kw_only=True)
class Call:
    """A request, read to its end."""

    url: str  # without the query
    query: Mapping[str, str]  # decoded; names in lower case, since the server binds them case-blind
    headers: Mapping[str, str]  # lower-case names
    body: bytes
    path_id: int | None  # the id in a REST path


@dataclass(frozen=True, kw_only=True)
class Operation:
    """A named call; the name is what oddities and the request log use."""

    name: str
    method: str
    path: str  # below the root path, in Starlette's notation
    chat_session_id: Callable[[Call], int]  # raises Refusal when the request names none
    answer: Callable[[Call], Reply]  # raises Refusal


def body_int(call: Call, name: str, default: int | None = None) -> int:
    """An int32 property of a JSON object body, its name case-blind; of several the last counts.

    Raises: Refusal (400 for what can't be parsed; 200 with an error object for a missing one without default).
    Source: SuperOffice reference, agents WebAPI.
    """
    value = _body_value(call, name, default)
    if not isinstance(value, int) or isinstance(value, bool) or value not in INT32:
        raise Refusal(agent_error("The request is invalid.", f"{name} isn't an int32.", 400))
    return value


def body_bool(call: Call, name: str) -> bool:
    """A boolean property of a JSON object body. Raises: Refusal, as `body_int`."""
    value = _body_value(call, name, None)
    if not isinstance(value, bool):
        raise Refusal(agent_error("The request is invalid.", f"{name} isn't a boolean.", 400))
    return value


def query_int(call: Call, name: str) -> int:
    """An int32 query parameter of an agent call. Raises: Refusal, as `body_int`."""
    if name.lower() not in call.query:
        raise _missing(name)
    value = _int32(call.query[name.lower()])
    if value is None:
        raise Refusal(agent_error("The request is invalid.", f"{name} isn't an int32.", 400))
    return value


def rest_query_int(call: Call, name: str, default: int) -> int:
    """An optional int32 query parameter of a REST call. Raises: Refusal (400)."""
    if name.lower() not in call.query:
        return default
    value = _int32(call.query[name.lower()])
    if value is None:
        raise Refusal(bad_rest_request(f"{name} isn't an int32."))
    return value


def rest_query_bool(call: Call, name: str) -> bool:
    """An optional boolean query parameter of a REST call, false when left out. Raises: Refusal (400)."""
    text = call.query.get(name.lower(), "false").lower()
    if text not in ("true", "false"):
        raise Refusal(bad_rest_request(f"{name} isn't a boolean."))
    return text == "true"


def path_id(call: Call) -> int:
    """The id in a REST path; the router lets only digits through."""
    return call.path_id or 0


def bad_rest_request(sentence: str) -> Reply:
    """400 with REST's error object. The reference shows that object for 404 only; its type's name is ours."""
    return rest_error("BadRequest", sentence, 400)


def _body_value(call: Call, name: str, default: object) -> object:
    try:
        values = msgspec.json.decode(call.body, type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Refusal(agent_error("The request is invalid.", "The body isn't a JSON object.", 400)) from error
    found = {key.lower(): each for key, each in values.items()}
    if name.lower() not in found and default is None:
        raise _missing(name)
    return found.get(name.lower(), default)


def _int32(text: str) -> int | None:
    try:
        value = int(text)
    except ValueError:
        return None
    return value if value in INT32 else None


def _missing(name: str) -> Refusal:
    return Refusal(agent_error("The request is invalid.", f"The parameter {name} is missing."))
