"""What the oddities that replace a reply, and the faults below HTTP, make of it: one small pure function each."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import cast

from archiver.sandbox.oddities.rules import Oddity
from archiver.sandbox.serving.delivery import Delivery
from archiver.sandbox.serving.fault import FAULT_KINDS, Fault, FaultKind
from archiver.sandbox.webapi.replies import Reply, agent_error, json_reply

Answer = Callable[[], Reply]  # makes the reply that would be sent otherwise
Rule = Callable[[Oddity, Answer], Delivery]

HTML = "text/html; charset=utf-8"
SIGN_IN_PAGE = (
    b"<!DOCTYPE html>\n<html><head><title>Sign in</title></head>"
    b'<body><form method="post"><input name="username"><input name="password" type="password"></form>'
    b"</body></html>\n"
)
MAINTENANCE_PAGE = (
    b"<!DOCTYPE html>\n<html><head><title>Maintenance</title></head>"
    b"<body><h1>We will be back soon</h1><p>The service is being upgraded.</p></body></html>\n"
)
NO_JSON = b"The service is busy. Please try again."

DETAIL = "The sandbox was told to fail."


def misbehave(oddity: Oddity, answer: Answer) -> Delivery:
    """How a request that `oddity` hit is answered."""
    return RULES[oddity.kind](oddity, answer)


def _status(oddity: Oddity, _answer: Answer) -> Delivery:
    return _refused(oddity, oddity.status)


def _too_many_requests(oddity: Oddity, _answer: Answer) -> Delivery:
    return _refused(oddity, 429)


def _service_unavailable(oddity: Oddity, _answer: Answer) -> Delivery:
    return _refused(oddity, 503)


def _refused(oddity: Oddity, status: int) -> Delivery:
    headers = () if oddity.retry_after is None else (("Retry-After", oddity.retry_after),)
    return Delivery(reply=replace(agent_error(oddity.message, DETAIL, status), headers=headers))


def _null(_oddity: Oddity, _answer: Answer) -> Delivery:
    return Delivery(reply=json_reply(None))


def _error_object(oddity: Oddity, _answer: Answer) -> Delivery:
    return Delivery(reply=agent_error(oddity.message, DETAIL))


def _sign_in_page(_oddity: Oddity, _answer: Answer) -> Delivery:
    return Delivery(reply=Reply(body=SIGN_IN_PAGE, content_type=HTML))


def _maintenance_page(_oddity: Oddity, _answer: Answer) -> Delivery:
    return Delivery(reply=Reply(body=MAINTENANCE_PAGE, content_type=HTML))


def _empty(_oddity: Oddity, _answer: Answer) -> Delivery:
    return Delivery(reply=json_reply([]))


def _wrong_content_type(_oddity: Oddity, answer: Answer) -> Delivery:
    return Delivery(reply=replace(answer(), content_type="text/plain; charset=utf-8"))


def _truncated_json(_oddity: Oddity, answer: Answer) -> Delivery:
    # By bytes: a letter may be cut in two, as a real server's buffer would.
    reply = answer()
    return Delivery(reply=replace(reply, body=reply.body[: len(reply.body) // 2]))


def _not_json(_oddity: Oddity, _answer: Answer) -> Delivery:
    return Delivery(reply=Reply(body=NO_JSON))


def _text_primary_key(_oddity: Oddity, answer: Answer) -> Delivery:
    reply = answer()
    page = json.loads(reply.body) if reply.status == 200 else None
    if not isinstance(page, dict) or "value" not in page:
        return Delivery(reply=reply)
    rows = [{**row, "PrimaryKey": str(row["PrimaryKey"])} for row in page["value"]]
    return Delivery(reply=replace(reply, body=json_reply({**page, "value": rows}).body))


def _slow(oddity: Oddity, answer: Answer) -> Delivery:
    return Delivery(reply=answer(), wait_s=oddity.seconds)


def _redirect(oddity: Oddity, _answer: Answer) -> Delivery:
    return Delivery(reply=Reply(status=302, headers=(("Location", oddity.location),)))


def _huge(oddity: Oddity, _answer: Answer) -> Delivery:
    # Legal JSON that holds nothing: a client without a limit reads an empty array, no invented message.
    size = max(int(oddity.megabytes * 1_000_000), 2)
    return Delivery(reply=Reply(body=b"[" + b" " * (size - 2) + b"]"))


def _fault(oddity: Oddity, answer: Answer) -> Delivery:
    kind = cast("FaultKind", oddity.kind)
    return Delivery(reply=answer(), fault=Fault(kind=kind, piece_bytes=oddity.piece_bytes, pause_s=oddity.seconds))


RULES: dict[str, Rule] = {
    "status": _status,
    "too_many_requests": _too_many_requests,
    "service_unavailable": _service_unavailable,
    "null": _null,
    "error_object": _error_object,
    "sign_in_page": _sign_in_page,
    "maintenance_page": _maintenance_page,
    "empty": _empty,
    "wrong_content_type": _wrong_content_type,
    "truncated_json": _truncated_json,
    "not_json": _not_json,
    "text_primary_key": _text_primary_key,
    "slow": _slow,
    "redirect": _redirect,
    "huge": _huge,
    "unknown_null": _null,
    "unknown_error_object": _error_object,
    **dict.fromkeys(FAULT_KINDS, _fault),
}
