"""The sandbox's replies as plain data, and the error objects that the reference documents."""

import json
from dataclasses import dataclass

import msgspec

JSON = "application/json; charset=utf-8"


@dataclass(frozen=True, kw_only=True)
class Reply:
    """An HTTP reply before it is sent."""

    status: int = 200
    body: bytes = b""
    content_type: str = JSON
    headers: tuple[tuple[str, str], ...] = ()


class Refusal(Exception):
    """The request can't be answered as asked; `reply` says so."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(f"refused with status {reply.status}")
        self.reply = reply


def to_json(value: object) -> bytes:
    """`value` as compact UTF-8 JSON; a lone surrogate, which UTF-8 can't hold, as its escape: \\ud800."""
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:
        text = json.dumps(msgspec.to_builtins(value), ensure_ascii=False, separators=(",", ":"))
        return text.encode(errors="backslashreplace")


def json_reply(value: object, status: int = 200) -> Reply:
    """`value` as JSON."""
    return Reply(status=status, body=to_json(value))


def agent_error(message: str, detail: str, status: int = 200) -> Reply:
    """What an agent sends instead of a result: 200 for invalid data, 400 for an unparsable request.

    Source: SuperOffice reference, agents WebAPI. That the 400 has the same two keys is inferred.
    """
    return json_reply({"Message": message, "MessageDetail": detail}, status)


def rest_error(error_type: str, message: str, status: int) -> Reply:
    """The error object of the REST side. Source: SuperOffice reference, REST WebAPI."""
    error = {"Error": True, "ErrorType": error_type, "ErrorMessage": message, "ErrorSource": "Sandbox"}
    return json_reply(error, status)


def not_found(message: str) -> Reply:
    """REST's 404. The agents answer 200 with `null` instead."""
    return rest_error("SoNotFoundException", message, 404)


def misdirected() -> Reply:
    """421. Source: SuperOffice reference, tenant status API, which quotes the text and not the body around it."""
    return json_reply({"Message": "Wrong subdomain used to access tenant."}, 421)


def unauthorized() -> Reply:
    """401. Source: SuperOffice reference, HTTP headers; the body isn't documented."""
    return json_reply({"Message": "Authorization has been denied for this request."}, 401)
