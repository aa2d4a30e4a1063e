"""What could not be stored as a row, kept whole with the reason, each once; it stays when it is settled."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, func, insert, select, update

from archiver.model import ChatMessage, Undecodable, as_row
from archiver.store import tables
from archiver.store.healing import QuarantineItem, is_settled
from archiver.store.ledger import resolve_undecodable
from archiver.store.visit import Visit

_KEPT = ("chat_session_id", "chat_message_id", "reason", "payload")
CONFLICT_REASON = "another message is stored under this id"


def from_conflict(message: ChatMessage, asked_for: int) -> Undecodable:
    """A message that may not overwrite the one stored under its key; `asked_for`: the chat session of the call."""
    return Undecodable(
        chat_session_id=asked_for,
        chat_message_id=message.chat_message_id,
        reason=CONFLICT_REASON,
        payload=as_row(message),
        is_own=message.chat_session_id == asked_for,
    )


def save_quarantined(
    connection: Connection, source_id: int, run_id: int, items: Sequence[Undecodable], now: datetime
) -> None:
    """Keep what is not yet in quarantine; what was settled and comes again is open again."""
    table = tables.quarantine
    by_key = {(item.chat_session_id, hashlib.sha256(item.payload.encode()).hexdigest()): item for item in items}
    for (chat_session_id, digest), item in by_key.items():  # rare: one by one is fast enough
        key = (table.c.source_id == source_id, table.c.chat_session_id == chat_session_id, table.c.digest == digest)
        kept = connection.execute(select(table.c.id, table.c.resolved_at).where(*key)).first()
        if kept is None:
            values = {"source_id": source_id, "run_id": run_id, "digest": digest, "quarantined_at": now}
            values |= {name: getattr(item, name) for name in _KEPT}
            connection.execute(insert(table).values(values))
        elif kept.resolved_at is not None:
            connection.execute(update(table).where(table.c.id == kept.id).values(resolved_at=None))


def settle_by_visits(
    connection: Connection,
    source_id: int,
    visits: Sequence[Visit],
    conflicts: Mapping[int, Sequence[ChatMessage]],
    now: datetime,
) -> None:
    """Settle what the visits settle.

    Args:
        conflicts: messages that were not stored, by the place of their visit.
    """
    open_items = _load_open_of(connection, source_id, {visit.chat_session_id for visit in visits})
    settled = []
    for at, visit in enumerate(visits):
        conflicting = {message.chat_message_id for message in conflicts.get(at, ())}
        mine = open_items.get(visit.chat_session_id, ())
        settled += [item for item in mine if is_settled(item, visit, conflicting)]
    settle(connection, source_id, settled, now)


def settle(connection: Connection, source_id: int, items: Sequence[QuarantineItem], now: datetime) -> list[int]:
    """Mark items as settled, and the open errors of chat sessions that have none left.

    Returns: those chat sessions.
    """
    if not items:
        return []
    table = tables.quarantine
    ids = [item.id for item in items]
    connection.execute(update(table).where(table.c.id.in_(ids)).values(resolved_at=now))
    chat_session_ids = {item.chat_session_id for item in items}
    left = _load_open_of(connection, source_id, chat_session_ids)
    still_unread = {key for key, some in left.items() if not all(item.is_conflict for item in some)}
    done = sorted(chat_session_ids - still_unread)
    resolve_undecodable(connection, source_id, done, now)
    return done


def load_unread(connection: Connection, source_id: int) -> list[int]:
    """The chat sessions of which something is in quarantine that reading them whole may settle, ascending."""
    table = tables.quarantine
    query = select(table.c.chat_session_id).distinct().where(*_is_open(source_id), table.c.reason != CONFLICT_REASON)
    return sorted(connection.execute(query).scalars())


def load_items(connection: Connection, source_id: int, *, with_settled: bool = False) -> list[QuarantineItem]:
    """What is in quarantine and open, or all that ever was; oldest first."""
    table = tables.quarantine
    where = (table.c.source_id == source_id,) if with_settled else _is_open(source_id)
    return _items(connection, _query().where(*where))


def load_payload(connection: Connection, item_id: int) -> str | None:
    """What an item holds, as ASCII JSON: chat text, for whoever asks for it. None: there is no such item."""
    table = tables.quarantine
    payload: str | None = connection.execute(select(table.c.payload).where(table.c.id == item_id)).scalar()
    return payload


def _load_open_of(
    connection: Connection, source_id: int, chat_session_ids: Iterable[int]
) -> dict[int, list[QuarantineItem]]:
    where = (*_is_open(source_id), tables.quarantine.c.chat_session_id.in_(list(chat_session_ids)))
    found: dict[int, list[QuarantineItem]] = {}
    for item in _items(connection, _query().where(*where)):
        found.setdefault(item.chat_session_id, []).append(item)
    return found


def _is_open(source_id: int) -> tuple[Any, ...]:
    table = tables.quarantine
    return (table.c.source_id == source_id, table.c.resolved_at.is_(None))


def _query() -> Select[Any]:
    table = tables.quarantine
    names = ("id", "chat_session_id", "chat_message_id", "reason", "quarantined_at", "resolved_at")
    size = func.length(table.c.payload).label("payload_bytes")  # ASCII: a letter is a byte
    return select(*(table.c[name] for name in names), size).order_by(table.c.id)


def _items(connection: Connection, query: Select[Any]) -> list[QuarantineItem]:
    return [_item(row) for row in connection.execute(query).mappings()]


def _item(row: RowMapping) -> QuarantineItem:
    return QuarantineItem(**row, is_conflict=row["reason"] == CONFLICT_REASON)
