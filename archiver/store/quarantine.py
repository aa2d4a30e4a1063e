"""What could not be stored as a row, kept whole with the reason, each once. How an item ends is in resolving.py."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, bindparam, func, insert, select, update

from archiver.model import ChatMessage, Quarantined, as_row
from archiver.store import tables
from archiver.store.ledger import CONFLICT

AT_ONCE = 400
"""Items in one statement: with two parameters each, under every database's limit of them."""
_KEPT = ("chat_session_id", "chat_message_id", "kind", "reason", "payload")


@dataclass(frozen=True, kw_only=True)
class QuarantineItem:
    """A row of `quarantine`, without what it holds."""

    id: int
    chat_session_id: int
    """The chat session that was asked for."""
    chat_message_id: int | None
    """None: it could not be read, or it is a whole reply."""
    kind: str
    """undecodable, or conflict."""
    reason: str
    payload_bytes: int
    quarantined_at: datetime
    resolved_at: datetime | None

    @property
    def is_conflict(self) -> bool:
        """Whether it is kept because another message has its id: nothing that the source says resolves that."""
        return self.kind == CONFLICT


def from_conflict(message: ChatMessage, asked_for: int) -> Quarantined:
    """A message that may not overwrite the one stored under its key; `asked_for`: the chat session of the call."""
    return Quarantined(
        kind="conflict",
        chat_session_id=asked_for,
        chat_message_id=message.chat_message_id,
        reason="another message is stored under this id",
        payload=as_row(message),
        is_own=message.chat_session_id == asked_for,
    )


def save_quarantined(
    connection: Connection, source_id: int, run_id: int, items: Sequence[Quarantined], now: datetime
) -> None:
    """Keep what is not yet in quarantine; what was resolved and comes again is open again."""
    by_key = {(item.chat_session_id, hashlib.sha256(item.payload.encode()).hexdigest()): item for item in items}
    ours = {"source_id": source_id, "run_id": run_id, "quarantined_at": now}
    keys = list(by_key)
    for at in range(0, len(keys), AT_ONCE):
        some = keys[at : at + AT_ONCE]
        kept = _load_kept(connection, source_id, some)
        new = [
            {**ours, "digest": key[1], **{name: getattr(by_key[key], name) for name in _KEPT}}
            for key in some
            if key not in kept
        ]
        if new:
            connection.execute(insert(tables.quarantine), new)
        _reopen(connection, [(row, by_key[key]) for key, row in kept.items()])


def _load_kept(
    connection: Connection, source_id: int, keys: Sequence[tuple[int, str]]
) -> dict[tuple[int, str], RowMapping]:
    """The rows that have these chat sessions and digests."""
    table = tables.quarantine
    query = select(table.c.id, table.c.chat_session_id, table.c.digest, table.c.kind, table.c.resolved_at).where(
        table.c.source_id == source_id,
        table.c.chat_session_id.in_({chat_session_id for chat_session_id, _ in keys}),
        table.c.digest.in_([digest for _, digest in keys]),
    )
    asked = set(keys)
    rows = {(row["chat_session_id"], row["digest"]): row for row in connection.execute(query).mappings()}
    return {key: row for key, row in rows.items() if key in asked}


def _reopen(connection: Connection, again: Iterable[tuple[RowMapping, Quarantined]]) -> None:
    """Of rows that came again, open those that were resolved or are now a conflict; a conflict stays one."""
    table = tables.quarantine
    changed = [
        {"key": row["id"], "new_kind": item.kind, "new_reason": item.reason}
        for row, item in again
        if row["resolved_at"] is not None or (item.kind == CONFLICT and row["kind"] != CONFLICT)
    ]
    if changed:
        opened = update(table).where(table.c.id == bindparam("key"))
        opened = opened.values(resolved_at=None, kind=bindparam("new_kind"), reason=bindparam("new_reason"))
        connection.execute(opened, changed)


def mark_resolved(connection: Connection, items: Sequence[QuarantineItem], now: datetime) -> None:
    table = tables.quarantine
    for at in range(0, len(items), AT_ONCE):
        ids = [item.id for item in items[at : at + AT_ONCE]]
        connection.execute(update(table).where(table.c.id.in_(ids)).values(resolved_at=now))


def load_to_reread(connection: Connection, source_id: int) -> list[int]:
    """The chat sessions that have an open item which reading them whole may resolve, ascending."""
    table = tables.quarantine
    query = select(table.c.chat_session_id).distinct().where(*_is_open(source_id), table.c.kind != CONFLICT)
    return sorted(connection.execute(query).scalars())


def load_items(connection: Connection, source_id: int, *, with_resolved: bool = False) -> list[QuarantineItem]:
    """What is in quarantine and open, or all that ever was; oldest first."""
    where = (tables.quarantine.c.source_id == source_id,) if with_resolved else _is_open(source_id)
    return _items(connection, _query().where(*where))


def load_open_of(
    connection: Connection, source_id: int, chat_session_ids: Iterable[int]
) -> dict[int, list[QuarantineItem]]:
    """The open items of each of these chat sessions that has some."""
    keys = list(chat_session_ids)
    found: dict[int, list[QuarantineItem]] = {}
    if connection.execute(select(tables.quarantine.c.id).where(*_is_open(source_id)).limit(1)).first() is None:
        return found  # nearly always
    for at in range(0, len(keys), AT_ONCE):
        where = (*_is_open(source_id), tables.quarantine.c.chat_session_id.in_(keys[at : at + AT_ONCE]))
        for item in _items(connection, _query().where(*where)):
            found.setdefault(item.chat_session_id, []).append(item)
    return found


def load_payload(connection: Connection, item_id: int) -> str | None:
    """What an item holds, as ASCII JSON: chat text, for whoever asks for it. None: there is no such item."""
    table = tables.quarantine
    payload: str | None = connection.execute(select(table.c.payload).where(table.c.id == item_id)).scalar()
    return payload


def _is_open(source_id: int) -> tuple[Any, ...]:
    table = tables.quarantine
    return (table.c.source_id == source_id, table.c.resolved_at.is_(None))


def _query() -> Select[Any]:
    table = tables.quarantine
    names = ("id", "chat_session_id", "chat_message_id", "kind", "reason", "quarantined_at", "resolved_at")
    size = func.char_length(table.c.payload).label("payload_bytes")  # ASCII: a letter is a byte
    return select(*(table.c[name] for name in names), size).order_by(table.c.id)


def _items(connection: Connection, query: Select[Any]) -> list[QuarantineItem]:
    return [QuarantineItem(**row) for row in connection.execute(query).mappings()]
