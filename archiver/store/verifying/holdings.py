"""What the archive holds of single chat sessions, as a comparison with the source asks for it."""

from array import array
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, null, select

from archiver.model import ChatMessage
from archiver.ranges import IdRanges
from archiver.store import tables
from archiver.store.keyset import among
from archiver.store.sealing.log import SPOILT

HELD_AT_ONCE = 500
"""Messages loaded by one query, well under every database's limit of parameters."""
_IDS_AT_ONCE = 5000
_TIMES = ("when_posted", "gone_at", "erased_at")
_COLUMNS = [tables.chat_message.c[name] for name in (*ChatMessage.__struct_fields__, "gone_at", "erased_at")]


@dataclass(frozen=True, kw_only=True)
class Known:
    """A chat session, as far as it says what the archive has to hold."""

    cursor: int
    """Whatever the source returned up to this message is stored, or in quarantine."""
    floor: int
    """Nothing at or below this message is stored again."""
    is_gone: bool
    """Whether the source is known to have deleted it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A message of the archive."""

    message: ChatMessage
    gone_at: datetime | None
    erased_at: datetime | None


def load_known(connection: Connection, source_id: int, chat_session_id: int) -> Known | None:
    """What is known of a chat session; None: nothing. To be loaded before its messages, which may become more."""
    state = tables.chat_session_state
    row = connection.execute(
        select(state.c.last_message_id, state.c.floor_message_id, state.c.state).where(
            state.c.source_id == source_id, state.c.chat_session_id == chat_session_id
        )
    ).first()
    if row is None:
        return None
    return Known(cursor=row.last_message_id, floor=row.floor_message_id, is_gone=row.state == "gone")


def load_held(connection: Connection, source_id: int, ids: Collection[int]) -> dict[int, Held]:
    """Those of the messages that are in the archive, by id, whichever chat session they are in.

    Args:
        ids: HELD_AT_ONCE at most.
    """
    if not ids:
        return {}
    message = tables.chat_message
    query = select(*_COLUMNS).where(message.c.source_id == source_id, among(message.c.chat_message_id, ids))
    asked = set(ids)
    return {row[0]: _held(row) for row in _rows(connection, query) if row[0] in asked}


def load_held_of(connection: Connection, source_id: int, chat_session_id: int, above: int | None) -> list[Held]:
    """The next messages of a chat session after an id, ascending; HELD_AT_ONCE at most. None: from the first on."""
    message = tables.chat_message
    query = select(*_COLUMNS).where(message.c.source_id == source_id, message.c.chat_session_id == chat_session_id)
    if above is not None:
        query = query.where(message.c.chat_message_id > above)
    return [_held(row) for row in _rows(connection, query.order_by(message.c.chat_message_id).limit(HELD_AT_ONCE))]


def load_known_ids(
    connection: Connection, source_id: int, chosen: IdRanges, *, with_messages: bool = False
) -> "array[int]":
    """The chosen chat sessions that are known, ascending; holes in a range are not.

    Args:
        with_messages: leave out those in which nobody wrote yet.
    """
    state = tables.chat_session_state
    query = select(state.c.chat_session_id).where(state.c.source_id == source_id, state.c.state != "absent")
    if with_messages:
        query = query.where(state.c.last_message_id > 0)
    query = query.order_by(state.c.chat_session_id).limit(_IDS_AT_ONCE)
    known = array("q")
    above = 0
    while page := list(connection.execute(query.where(state.c.chat_session_id > above)).scalars()):
        known.extend(_among_chosen(page, chosen))
        above = page[-1]
    return known


def _among_chosen(ids: Iterable[int], chosen: IdRanges) -> list[int]:
    return [chat_session_id for chat_session_id in ids if chat_session_id in chosen]


def _rows(connection: Connection, query: Select[Any]) -> Sequence[Row[Any]]:
    """The rows of a query; one with a time that is none, as SQLite lets others write, has no times at all."""
    try:
        return connection.execute(query).all()
    except SPOILT:
        ids = connection.execute(query.with_only_columns(tables.chat_message.c.chat_message_id)).scalars().all()
        return [_load_alone(connection, query, key) for key in ids]


def _load_alone(connection: Connection, query: Select[Any], chat_message_id: int) -> Row[Any]:
    its = query.where(tables.chat_message.c.chat_message_id == chat_message_id)
    try:
        return connection.execute(its).one()
    except SPOILT:
        columns = (null().label(each.name) if each.name in _TIMES else each for each in _COLUMNS)
        return connection.execute(its.with_only_columns(*columns)).one()


def _held(row: Row[Any]) -> Held:
    says = dict(zip(ChatMessage.__struct_fields__, row, strict=False))
    return Held(message=ChatMessage(**says), gone_at=row.gone_at, erased_at=row.erased_at)
