"""Which kind of content a request brings and wants: the sandbox speaks JSON only.

The reference lists XML too, and form fields in requests. What the root element of an array would be is unknown, so
both are refused: 406 with a sentence for a reply that can't be given, 415 for a body that can't be read. That these
are the statuses is our choice.
Source: SuperOffice reference, HTTP headers, Accept and Content-Type.
"""

from collections.abc import Callable
from dataclasses import replace

from archiver.sandbox.webapi.operation import Call, Operation
from archiver.sandbox.webapi.replies import Refusal, Reply, agent_error

_JSON_TYPES = ("application/json", "text/json")


def negotiated(operation: Operation) -> Operation:
    """The same operation, answering in the type that `Accept` prefers and reading only JSON bodies."""
    return replace(operation, answer=_negotiated(operation.answer))


def _negotiated(answer: Callable[[Call], Reply]) -> Callable[[Call], Reply]:
    def wrapped(call: Call) -> Reply:
        accepted = accepted_type(call.headers.get("accept"))
        if accepted is None:
            return agent_error("Not acceptable.", "The sandbox answers application/json and text/json only.", 406)
        if call.body and not _is_json(call.headers.get("content-type")):
            return agent_error("Unsupported media type.", "The sandbox reads JSON bodies only.", 415)
        try:
            reply = answer(call)
        except Refusal as refusal:
            reply = refusal.reply
        return replace(reply, content_type=f"{accepted}; charset=utf-8")

    return wrapped


def accepted_type(header: str | None) -> str | None:
    """The JSON type that an `Accept` header likes best; None when it takes neither. No header takes anything."""
    if header is None or not header.strip():
        return _JSON_TYPES[0]
    qualities = {name: _quality(name, header) for name in _JSON_TYPES}
    best = max(_JSON_TYPES, key=lambda name: qualities[name])
    return best if qualities[best] > 0 else None


def _quality(media_type: str, header: str) -> float:
    """The q of the most exact range that covers the type; 0 when none does."""
    family = media_type.partition("/")[0] + "/*"
    ranges = dict(_ranges(header))
    for pattern in (media_type, family, "*/*"):
        if pattern in ranges:
            return ranges[pattern]
    return 0.0


def _ranges(header: str) -> list[tuple[str, float]]:
    found = []
    for part in header.lower().split(","):
        name, *parameters = (each.strip() for each in part.split(";"))
        quality = next((each[2:] for each in parameters if each.startswith("q=")), "1")
        found.append((name, _number(quality)))
    return found


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 1.0  # as if it weren't there


def _is_json(content_type: str | None) -> bool:
    # No Content-Type counts as JSON: with what else it would be read isn't documented.
    return content_type is None or content_type.partition(";")[0].strip().lower() in ("", *_JSON_TYPES)
