"""What a whole reading of a chat session did not bring: missed the first time, gone when that is confirmed.

One missing message is no proof of a deletion, so a tombstone (`gone_at`) takes two full visits that agree, apart in
time. The row stays in any case. A message that comes again loses both marks (see messages.py).
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, or_, select, update

from archiver.store import tables
from archiver.store.keyset import above, among
from archiver.store.visit import Visit

_AT_ONCE = 400
"""Keys in one statement, well under every database's limit of parameters."""
_PAGE = 5000
"""Messages of a chat session looked through at once."""


@dataclass(kw_only=True)
class Vanished:
    """What was found missing."""

    missing: int = 0
    """Messages missed for the first time."""
    gone: int = 0
    """Messages whose tombstone was written."""
    unconfirmed: set[int] = field(default_factory=set)
    """Chat sessions with messages that are missing and not gone yet."""
    changed: set[int] = field(default_factory=set)
    """Chat sessions in which something was marked."""


def mark_vanished(
    connection: Connection,
    source_id: int,
    run_id: int,
    visits: Sequence[Visit],
    now: datetime,
    confirm_after: timedelta,
) -> Vanished:
    """Mark what whole visits did not bring; their messages are stored already.

    Args:
        confirm_after: how long after it was first missed a message has to be missing still.
    """
    found = Vanished()
    whole = {visit.chat_session_id: visit for visit in visits if visit.is_whole}
    for key, (held, missing) in _held(connection, source_id, whole).items():
        # All that came is stored by now, unless it conflicts: as many rows as came are those that came.
        if missing or held != len(whole[key].own_ids) or whole[key].failure:
            _look_through(connection, source_id, run_id, whole[key], now, confirm_after, found)
    return found


def _held(connection: Connection, source_id: int, chat_session_ids: Collection[int]) -> dict[int, tuple[int, int]]:
    """How many messages of each chat session are here and may come, and how many of them are missed.

    What was erased here may come as well, though nobody misses it if it does not.
    """
    message, keys = tables.chat_message, sorted(chat_session_ids)
    held: dict[int, tuple[int, int]] = {}
    for at in range(0, len(keys), _AT_ONCE):
        query = (
            select(message.c.chat_session_id, func.count(), func.count(message.c.missing_since))
            .where(message.c.source_id == source_id, among(message.c.chat_session_id, keys[at : at + _AT_ONCE]))
            .where(or_(message.c.gone_at.is_(None), message.c.erased_at.is_not(None)))
            .group_by(message.c.chat_session_id)
        )
        held |= {
            key: (count, missing) for key, count, missing in connection.execute(query) if key in chat_session_ids
        }
    return held


def _look_through(
    connection: Connection,
    source_id: int,
    run_id: int,
    visit: Visit,
    now: datetime,
    confirm_after: timedelta,
    found: Vanished,
) -> None:
    came = set(visit.own_ids)
    missed, gone = [], []
    for row in _expected(connection, source_id, visit.chat_session_id):
        if row.chat_message_id in came:
            continue
        if row.missing_since is None:
            missed.append(row.chat_message_id)
        elif now - row.missing_since >= confirm_after:
            gone.append(row.chat_message_id)
        else:
            found.unconfirmed.add(visit.chat_session_id)
    _mark(connection, source_id, run_id, missed, now, missing_since=now)
    _mark(connection, source_id, run_id, gone, now, gone_at=now)
    found.missing += len(missed)
    found.gone += len(gone)
    if missed:
        found.unconfirmed.add(visit.chat_session_id)
    if missed or gone:
        found.changed.add(visit.chat_session_id)


def _expected(connection: Connection, source_id: int, chat_session_id: int) -> Iterator[Any]:
    """Id and `missing_since` of the messages of a chat session that the source should return, ascending, by pages."""
    message, after = tables.chat_message, 0
    query = select(message.c.chat_message_id, message.c.missing_since)
    query = query.where(message.c.chat_session_id == chat_session_id, *_is_expected(source_id))
    query = query.order_by(message.c.chat_message_id).limit(_PAGE)
    while rows := connection.execute(query.where(above([message.c.chat_message_id], [after]))).all():
        yield from rows
        after = rows[-1].chat_message_id


def _is_expected(source_id: int) -> tuple[Any, ...]:
    message = tables.chat_message
    return message.c.source_id == source_id, message.c.gone_at.is_(None), message.c.erased_at.is_(None)


def _mark(
    connection: Connection, source_id: int, run_id: int, ids: Sequence[int], now: datetime, **marks: datetime
) -> None:
    message = tables.chat_message
    for at in range(0, len(ids), _AT_ONCE):
        connection.execute(
            update(message)
            .where(message.c.source_id == source_id, message.c.chat_message_id.in_(ids[at : at + _AT_ONCE]))
            .values(last_changed_at=now, last_changed_run=run_id, **marks)
        )
