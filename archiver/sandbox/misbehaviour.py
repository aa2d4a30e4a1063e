"""What each kind of failure does to a reply: one small pure function per kind.

A new misbehaviour is a name in `failures.Kind` and a function here.
"""

from collections.abc import Callable

from archiver.sandbox.delivery import Delivery
from archiver.sandbox.failures import Failure
from archiver.sandbox.replies import Reply, agent_error, json_reply

Answer = Callable[[], Reply]  # makes the reply that a healthy server would send

LOGIN_PAGE = (
    b"<!DOCTYPE html>\n<html><head><title>Sign in</title></head>"
    b'<body><form method="post"><input name="username"><input name="password" type="password"></form>'
    b"</body></html>\n"
)


def misbehave(failure: Failure, answer: Answer) -> Delivery:
    """How a request that `failure` hit is answered."""
    return RULES[failure.kind](failure, answer)


def _status(failure: Failure, _answer: Answer) -> Delivery:
    reply = agent_error("The sandbox was told to fail.", f"Status {failure.status}.", failure.status)
    if failure.retry_after is None:
        return Delivery(reply=reply)
    headers = (("Retry-After", failure.retry_after),)
    return Delivery(reply=Reply(status=reply.status, body=reply.body, headers=headers))


def _null(_failure: Failure, _answer: Answer) -> Delivery:
    return Delivery(reply=json_reply(None))


def _error_object(failure: Failure, _answer: Answer) -> Delivery:
    return Delivery(reply=agent_error(failure.message, "The sandbox was told to fail."))


def _html(_failure: Failure, _answer: Answer) -> Delivery:
    return Delivery(reply=Reply(body=LOGIN_PAGE, content_type="text/html; charset=utf-8"))


def _empty(_failure: Failure, _answer: Answer) -> Delivery:
    return Delivery(reply=json_reply([]))


def _cut(_failure: Failure, answer: Answer) -> Delivery:
    reply = answer()
    return Delivery(reply=reply, cut_after=len(reply.body) // 2)


def _reset(_failure: Failure, _answer: Answer) -> Delivery:
    return Delivery(reply=None)


def _slow(failure: Failure, answer: Answer) -> Delivery:
    return Delivery(reply=answer(), wait_s=failure.seconds)


def _drip(failure: Failure, answer: Answer) -> Delivery:
    return Delivery(reply=answer(), piece_bytes=failure.piece_bytes, pause_s=failure.seconds)


def _redirect(failure: Failure, _answer: Answer) -> Delivery:
    return Delivery(reply=Reply(status=302, headers=(("Location", failure.location),)))


def _huge(failure: Failure, _answer: Answer) -> Delivery:
    # Legal JSON that holds nothing: a client without a limit reads an empty array, no invented message.
    size = max(int(failure.megabytes * 1_000_000), 2)
    return Delivery(reply=Reply(body=b"[" + b" " * (size - 2) + b"]"))


RULES: dict[str, Callable[[Failure, Answer], Delivery]] = {
    "status": _status,
    "null": _null,
    "error_object": _error_object,
    "html": _html,
    "empty": _empty,
    "cut": _cut,
    "reset": _reset,
    "slow": _slow,
    "drip": _drip,
    "redirect": _redirect,
    "huge": _huge,
}
