"""What could not be stored as a row, kept whole with the reason, each once."""

import hashlib
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, insert, select

from archiver.model import ChatMessage, Undecodable, as_row
from archiver.store import tables

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
    """Keep what is not yet in quarantine."""
    table = tables.quarantine
    by_key = {(item.chat_session_id, hashlib.sha256(item.payload.encode()).hexdigest()): item for item in items}
    for (chat_session_id, digest), item in by_key.items():  # rare: one by one is fast enough
        key = (table.c.source_id == source_id, table.c.chat_session_id == chat_session_id, table.c.digest == digest)
        if connection.execute(select(table.c.id).where(*key)).first() is None:
            values = {"source_id": source_id, "run_id": run_id, "digest": digest, "quarantined_at": now}
            values |= {name: getattr(item, name) for name in _KEPT}
            connection.execute(insert(table).values(values))
