"""What each kind of oddity does to a reply: one small pure function per kind.

A new misbehaviour is a name in `oddities.Kind` and a function here.
"""

from collections.abc import Callable

from archiver.sandbox.delivery import Delivery
from archiver.sandbox.oddities import Oddity
from archiver.sandbox.replies import Reply, agent_error, json_reply

Answer = Callable[[], Reply]  # makes the reply that a healthy server would send

LOGIN_PAGE = (
    b"<!DOCTYPE html>\n<html><head><title>Sign in</title></head>"
    b'<body><form method="post"><input name="username"><input name="password" type="password"></form>'
    b"</body></html>\n"
)


def misbehave(oddity: Oddity, answer: Answer) -> Delivery:
    """How a request that `oddity` hit is answered."""
    return RULES[oddity.kind](oddity, answer)


def _status(oddity: Oddity, _answer: Answer) -> Delivery:
    reply = agent_error("The sandbox was told to fail.", f"Status {oddity.status}.", oddity.status)
    if oddity.retry_after is None:
        return Delivery(reply=reply)
    headers = (("Retry-After", oddity.retry_after),)
    return Delivery(reply=Reply(status=reply.status, body=reply.body, headers=headers))


def _null(_failure: Oddity, _answer: Answer) -> Delivery:
    return Delivery(reply=json_reply(None))


def _error_object(oddity: Oddity, _answer: Answer) -> Delivery:
    return Delivery(reply=agent_error(oddity.message, "The sandbox was told to fail."))


def _html(_failure: Oddity, _answer: Answer) -> Delivery:
    return Delivery(reply=Reply(body=LOGIN_PAGE, content_type="text/html; charset=utf-8"))


def _empty(_failure: Oddity, _answer: Answer) -> Delivery:
    return Delivery(reply=json_reply([]))


def _cut(_failure: Oddity, answer: Answer) -> Delivery:
    reply = answer()
    return Delivery(reply=reply, cut_after=len(reply.body) // 2)


def _reset(_failure: Oddity, _answer: Answer) -> Delivery:
    return Delivery(reply=None)


def _slow(oddity: Oddity, answer: Answer) -> Delivery:
    return Delivery(reply=answer(), wait_s=oddity.seconds)


def _drip(oddity: Oddity, answer: Answer) -> Delivery:
    return Delivery(reply=answer(), piece_bytes=oddity.piece_bytes, pause_s=oddity.seconds)


def _redirect(oddity: Oddity, _answer: Answer) -> Delivery:
    return Delivery(reply=Reply(status=302, headers=(("Location", oddity.location),)))


def _huge(oddity: Oddity, _answer: Answer) -> Delivery:
    # Legal JSON that holds nothing: a client without a limit reads an empty array, no invented message.
    size = max(int(oddity.megabytes * 1_000_000), 2)
    return Delivery(reply=Reply(body=b"[" + b" " * (size - 2) + b"]"))


RULES: dict[str, Callable[[Oddity, Answer], Delivery]] = {
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
