"""What we know of each chat session: its cursor and how its visits went."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, bindparam, func, or_, select, update

from archiver.ranges import IdRanges
from archiver.store import tables
from archiver.store.database import insert_rows
from archiver.store.keyset import among

State = Literal["new", "open", "quiet", "settled", "absent", "gone"]


@dataclass(frozen=True, kw_only=True)
class ChatSessionState:
    """A row of `chat_session_state`, as far as a visit changes it."""

    chat_session_id: int
    last_message_id: int = 0
    """The cursor: no message at or below it that the source returned is neither stored nor quarantined."""
    state: State = "new"
    """new: nobody wrote yet; open: has messages; quiet: read in full since it went quiet, and something was found;
    settled: nothing was; absent: the source has no such id; gone: it had."""
    last_activity_at: datetime | None = None
    settled_at: datetime | None = None
    """When it was last found settled that was not settled before."""
    failures: int = 0
    """Visits that failed in a row."""
    last_error: str | None = None
    retry_at: datetime | None = None
    """Not before is it worth asking again; None unless its last visit failed."""
    missing_since: datetime | None = None
    """Since when the source returns nothing of it and does not know its entity; None while it does."""


StateChange = tuple[ChatSessionState | None, ChatSessionState]
"""What was loaded (None: no row yet) and what it is to be."""

_COLUMNS = [tables.chat_session_state.c[name] for name in ChatSessionState.__dataclass_fields__]


def load_states(connection: Connection, source_id: int, ids: Sequence[int]) -> dict[int, ChatSessionState]:
    """The states of those of the chat sessions that were ever visited.

    Args:
        ids: at most a thousand.
    """
    if not ids:
        return {}
    state = tables.chat_session_state
    chosen = state.c.source_id == source_id, among(state.c.chat_session_id, ids)
    rows = connection.execute(select(*_COLUMNS).where(*chosen)).mappings()
    wanted = set(ids)
    return {row["chat_session_id"]: ChatSessionState(**row) for row in rows if row["chat_session_id"] in wanted}


def load_visited_count(connection: Connection, source_id: int, ids: IdRanges) -> int:
    """How many of the chat sessions were ever visited."""
    state = tables.chat_session_state
    counts = select(func.count()).where(state.c.source_id == source_id)
    return sum(
        connection.execute(counts.where(state.c.chat_session_id.between(*ends))).scalar_one() for ends in ids.ranges
    )


def load_highest_known(connection: Connection, source_id: int) -> int:
    """The highest chat session id that the source is known to have; 0 for none.

    An id that was never visited but in vain is not known.
    """
    state = tables.chat_session_state
    proven = or_(state.c.last_message_id > 0, state.c.failures == 0)
    query = select(func.max(state.c.chat_session_id)).where(state.c.source_id == source_id, state.c.state != "absent")
    query = query.where(proven)
    return connection.execute(query).scalar() or 0


def load_failing(connection: Connection, source_id: int) -> list[tuple[int, datetime | None]]:
    """The chat sessions whose last visit failed, with their `retry_at`; those that failed less often first."""
    state = tables.chat_session_state
    query = select(state.c.chat_session_id, state.c.retry_at)
    query = query.where(state.c.source_id == source_id, state.c.failures > 0)
    rows = connection.execute(query.order_by(state.c.failures, state.c.chat_session_id))
    return [(row.chat_session_id, row.retry_at) for row in rows]


def load_sound(connection: Connection, source_id: int) -> list[int]:
    """Some chat sessions, at most 20, that answered when they were visited last and had messages; the newest ones."""
    state = tables.chat_session_state
    query = select(state.c.chat_session_id)
    query = query.where(state.c.source_id == source_id, state.c.state.in_(("open", "quiet", "settled")))
    query = query.where(state.c.failures == 0).order_by(state.c.chat_session_id.desc()).limit(20)
    return list(connection.execute(query).scalars())


def save_states(connection: Connection, source_id: int, changes: Sequence[StateChange]) -> None:
    """Write states that changed.

    The caller holds the lease, so nobody else has written in between.
    """
    state = tables.chat_session_state
    made = [(source_id, 0, *vars(now).values()) for before, now in changes if before is None]
    insert_rows(connection, state, ("source_id", "floor_message_id", *ChatSessionState.__dataclass_fields__), made)
    changed = [{f"new_{name}": value for name, value in vars(now).items()} for before, now in changes if before]
    if changed:
        connection.execute(
            update(state)
            .where(state.c.source_id == source_id, state.c.chat_session_id == bindparam("new_chat_session_id"))
            .values({name: bindparam(f"new_{name}") for name in ChatSessionState.__dataclass_fields__}),
            changed,
        )
