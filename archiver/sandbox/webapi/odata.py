"""`GET /ChatSession`: the OData list over the archive provider "ChatSession", as far as an archiver needs it.

Served: `$filter` (odata_filter.py) and `$select` on the columns of chat_columns.py, `$orderBy` with several keys,
`$top`, `$skip`, `$entities` and `$jsonSafe`; of `$mode`, `$format` and `$output` the default value. Anything else is
refused, so that a client can't rely on what was never tried.
Source: SuperOffice reference, ChatSession GetAll, OData search.
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from archiver.sandbox.chats.dates import TimeFormat
from archiver.sandbox.chats.records import ChatSession
from archiver.sandbox.webapi.chat_columns import COLUMNS
from archiver.sandbox.webapi.odata_filter import BadQuery, Column, column_named, parse_filter

# The default page size is undocumented; about 1000 is what the best-practice page suggests.
DEFAULT_TOP = 1000
MOST_ROWS = 2**31 - 1  # $top and $skip are int32

# The other query options, and the values (lower case) that change nothing in a Slim JSON reply.
_HARMLESS = {
    "$entities": ("", "chat"),
    "$mode": ("", "slim"),
    "$format": ("", "json"),
    "$output": ("", "logical"),
    "$jsonsafe": ("", "false", "true"),
    "$options": ("",),
    "$context": ("",),
}
_OPTIONS = {"$filter", "$orderby", "$select", "$top", "$skip", *_HARMLESS}


def list_chat_sessions(
    chat_sessions: list[ChatSession],
    query: Mapping[str, str],
    times: TimeFormat,
    *,
    url: str,
) -> dict[str, object]:
    """One page of the list.

    Args:
        chat_sessions: all that the list is about, ascending by id.
        query: option names in lower case ("$filter").
        url: of the list, for the links.
    Returns: the reply object; `odata.nextLink` is None on the last page (undocumented, so a choice).
    Raises: BadQuery.
    """
    _refuse_the_unknown(query)
    holds = parse_filter(query.get("$filter", ""), COLUMNS, times.parse_literal)
    found = _ordered([each for each in chat_sessions if holds(each)], query.get("$orderby", ""))
    top, skip = _count(query, "$top", DEFAULT_TOP), _count(query, "$skip", 0)
    names = _selected(query)
    next_query = urlencode({**query, "$top": top, "$skip": skip + top})
    page = [_row(each, names, times) for each in found[skip : skip + top]]
    return {
        "odata.metadata": f"{url}/$metadata",
        "odata.nextLink": f"{url}?{next_query}" if page and len(found) > skip + top else None,
        "value": page,
    }


def _refuse_the_unknown(query: Mapping[str, str]) -> None:
    for name, value in query.items():
        if name.startswith("$") and name not in _OPTIONS:
            raise BadQuery(f"{name} isn't served.")
        if name in _HARMLESS and value.strip().lower() not in _HARMLESS[name]:
            raise BadQuery(f"{name}: {value!r} isn't served.")


def _row(chat_session: ChatSession, names: dict[str, str], times: TimeFormat) -> dict[str, object]:
    row: dict[str, object] = {"PrimaryKey": chat_session.chat_session_id, "EntityName": "chat"}
    for shown, name in names.items():
        column = column_named(name, COLUMNS, "$select")
        value = column.value(chat_session)
        if column.kind == "datetime":
            row[shown] = times.text(value if isinstance(value, datetime) else None)
        else:
            row[shown] = value
    return row


def _selected(query: Mapping[str, str]) -> dict[str, str]:
    """Name in the reply -> column asked for, or all columns. Raises: BadQuery (no such column)."""
    names = [name.strip() for name in query.get("$select", "").split(",") if name.strip()] or list(COLUMNS)
    for name in names:
        column_named(name, COLUMNS, "$select")
    if query.get("$jsonsafe", "").strip().lower() == "true":
        return {re.sub(r"\W", "_", name): name for name in names}
    return {name: name for name in names}  # as asked, the slash included


def _ordered(chat_sessions: list[ChatSession], text: str) -> list[ChatSession]:
    """By the keys of `$orderBy`, the first one first; ties stay ascending by id, unset times come first."""
    for key in reversed([key.strip() for key in text.split(",") if key.strip()]):
        name, *direction = key.split()
        column = column_named(name, COLUMNS, "$orderBy")
        order = " ".join(direction).lower()
        if not column.orderable or order not in ("", "asc", "desc"):
            raise BadQuery(f"$orderBy: {key!r} isn't supported.")
        chat_sessions = sorted(chat_sessions, key=_sort_key(column), reverse=order == "desc")
    return chat_sessions


def _sort_key(column: Column[ChatSession]) -> Callable[[ChatSession], tuple[Any, ...]]:
    def key(chat_session: ChatSession) -> tuple[Any, ...]:
        value = column.value(chat_session)
        return () if value is None else (value,)

    return key


def _count(query: Mapping[str, str], name: str, default: int) -> int:
    text = query.get(name, str(default))
    if not re.fullmatch("[0-9]{1,10}", text) or int(text) > MOST_ROWS:
        raise BadQuery(f"{name}: {text!r} isn't a number from 0 to {MOST_ROWS}.")
    return int(text)
