"""`GET /ChatSession`: the OData list over the archive provider "ChatSession", as far as an archiver needs it.

Served: `$filter` with comparisons of chatSessionId and whenRequested joined by `and`, `$orderBy` of chatSessionId,
`$select`, `$top` and `$skip`. Anything else is refused, so that a client can't rely on what was never tried.
Source: SuperOffice reference, ChatSession GetAll, archive provider ChatSession, OData search.
"""

import operator
import re
from collections.abc import Callable, Mapping
from urllib.parse import urlencode

from archiver.sandbox.dates import TimeFormat
from archiver.sandbox.records import ChatSession

# The default page size is undocumented; about 1000 is what the best-practice page suggests.
DEFAULT_TOP = 1000

Condition = Callable[[ChatSession], bool]

_COLUMNS: dict[str, Callable[[ChatSession, TimeFormat], object]] = {
    "chatSessionId": lambda each, _: each.chat_session_id,
    "whenRequested": lambda each, times: times.text(each.when_requested),
    "whenStarted": lambda each, times: times.text(each.when_started),
    "whenEnded": lambda each, times: times.text(each.when_ended),
    "chatTopic/chatTopicId": lambda each, _: each.topic_id,
    "chatTopic/name": lambda each, _: each.topic_name,
    "firstMessage": lambda each, _: each.first_message,
    "lastMessage": lambda each, _: each.last_message,
}
_INT_CLAUSE = re.compile(r"chatSessionId\s+(eq|ne|gt|ge|lt|le)\s+(-?\d+)", re.IGNORECASE)
_TIME_CLAUSE = re.compile(r"whenRequested\s+(afterTime|beforeTime)\s+'([^']*)'", re.IGNORECASE)
_ORDER = re.compile(r"chatSessionId(?:\s+(asc|desc))?", re.IGNORECASE)
_COMPARISONS: dict[str, Callable[[int, int], bool]] = {
    name: getattr(operator, name) for name in ("eq", "ne", "gt", "ge", "lt", "le")
}


class BadQuery(ValueError):
    """A query option that the sandbox doesn't serve; says which."""


def list_chat_sessions(
    chat_sessions: list[ChatSession], query: Mapping[str, str], times: TimeFormat, *, url: str
) -> dict[str, object]:
    """One page of the list.

    Args:
        chat_sessions: all of the tenant, ascending by id.
        query: option names in lower case ("$filter").
        url: of the list, for the links.
    Returns: the reply object; `odata.nextLink` is None on the last page (undocumented, so a choice).
    Raises: BadQuery.
    """
    conditions = _conditions(query.get("$filter", ""), times)
    found = [each for each in chat_sessions if all(condition(each) for condition in conditions)]
    if _descending(query.get("$orderby", "")):
        found.reverse()
    top, skip = _count(query, "$top", DEFAULT_TOP), _count(query, "$skip", 0)
    columns = _selected(query.get("$select", ""))
    next_query = urlencode({**query, "$top": top, "$skip": skip + top})
    return {
        "odata.metadata": f"{url}/$metadata",
        "odata.nextLink": f"{url}?{next_query}" if len(found) > skip + top else None,
        "value": [_row(each, columns, times) for each in found[skip : skip + top]],
    }


def _row(chat_session: ChatSession, columns: list[str], times: TimeFormat) -> dict[str, object]:
    # Column names come back as asked, the slash included.
    return {
        "PrimaryKey": chat_session.chat_session_id,
        "EntityName": "chat",
        **{name: _COLUMNS[name](chat_session, times) for name in columns},
    }


def _conditions(text: str, times: TimeFormat) -> list[Condition]:
    if not text.strip():
        return []
    return [_condition(clause.strip(), times) for clause in re.split(r"\s+and\s+", text, flags=re.IGNORECASE)]


def _condition(clause: str, times: TimeFormat) -> Condition:
    if match := _INT_CLAUSE.fullmatch(clause):
        compare, number = _COMPARISONS[match[1].lower()], int(match[2])
        return lambda each: compare(each.chat_session_id, number)
    if match := _TIME_CLAUSE.fullmatch(clause):
        try:
            at = times.parse_literal(match[2])
        except ValueError as error:
            raise BadQuery(f"$filter: {match[2]!r} isn't a time.") from error
        if match[1].lower() == "aftertime":
            return lambda each: each.when_requested > at
        return lambda each: each.when_requested < at
    raise BadQuery(f"$filter: {clause!r} isn't supported.")


def _descending(text: str) -> bool:
    if not text.strip():
        return False
    match = _ORDER.fullmatch(text.strip())
    if match is None:
        raise BadQuery(f"$orderBy: {text!r} isn't supported.")
    return (match[1] or "asc").lower() == "desc"


def _count(query: Mapping[str, str], name: str, default: int) -> int:
    text = query.get(name, str(default))
    if not text.isdecimal():
        raise BadQuery(f"{name}: {text!r} isn't a number from 0.")
    return int(text)


def _selected(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",") if name.strip()] or list(_COLUMNS)
    for name in names:
        if name not in _COLUMNS:
            raise BadQuery(f"$select: there is no column {name!r}.")
    return names
