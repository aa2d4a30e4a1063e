"""Which archived messages tell whether a source went back: the newest ones of a few chat sessions."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, select

from archiver.ranges import MAX_ID, IdRanges
from archiver.store import tables
from archiver.store.keyset import among
from archiver.store.ledger import CONFLICT

CHAT_SESSIONS = 5
MESSAGES = 5
"""Of each of them. A restored backup loses the highest ids first, so these are the first to go."""
_PAGE = 500
"""Rows that are looked through for them at once, by the primary key from its end."""
_PAGES = 20
"""So many pages at most: one long chat session, or one that is not configured any more, must not hide the others."""


@dataclass(frozen=True, kw_only=True)
class Canary:
    """A chat session to ask for some of what is archived of it."""

    chat_session_id: int
    expected: tuple[int, ...]
    """ChatMessageIds, ascending, at least one."""


def load_canaries(
    connection: Connection, source_id: int, chosen: IdRanges, left_out: Collection[int]
) -> list[Canary]:
    """The newest messages of the chat sessions that have the highest ids.

    What is missing, gone or erased is not asked for, nor a chat session that is, or whose last visit failed.

    Args:
        chosen: the chat sessions that the configuration chooses. Others are not asked for: no pass reads them whole,
            so what they lost could never be marked as missing, and would freeze the source for good.
        left_out: ids of messages that tell nothing.
    """
    found: dict[int, list[int]] = {}
    below = MAX_ID + 1
    for _ in range(_PAGES):
        page = _load_newest(connection, source_id, below)
        for key, chat_session_id in page:
            if key not in left_out and chat_session_id in chosen:
                found.setdefault(chat_session_id, []).append(key)
        if len(page) < _PAGE or len(found) >= CHAT_SESSIONS:
            break
        below = page[-1][0]
    cursors = _load_sound_cursors(connection, source_id, found)
    # Above the cursor are only messages that came with those of another chat session.
    own = {key: [each for each in ids if each <= cursors.get(key, 0)][:MESSAGES] for key, ids in found.items()}
    canaries = [Canary(chat_session_id=key, expected=tuple(reversed(ids))) for key, ids in own.items() if ids]
    return canaries[:CHAT_SESSIONS]


def _load_newest(connection: Connection, source_id: int, below: int) -> list[tuple[int, int]]:
    """Ids, and those of their chat sessions, of messages that the source should return; the highest first."""
    message = tables.chat_message
    query = (
        select(message.c.chat_message_id, message.c.chat_session_id)
        .where(message.c.source_id == source_id, message.c.chat_message_id >= 1, message.c.chat_message_id < below)
        .where(message.c.missing_since.is_(None), message.c.gone_at.is_(None), message.c.erased_at.is_(None))
        .order_by(message.c.chat_message_id.desc())
        .limit(_PAGE)
    )
    return [(key, chat_session_id) for key, chat_session_id in connection.execute(query)]


def _load_sound_cursors(connection: Connection, source_id: int, chat_session_ids: Collection[int]) -> dict[int, int]:
    if not chat_session_ids:
        return {}
    state = tables.chat_session_state
    query = (
        select(state.c.chat_session_id, state.c.last_message_id)
        .where(state.c.source_id == source_id, among(state.c.chat_session_id, chat_session_ids))
        .where(state.c.state.not_in(("absent", "gone")), state.c.failures == 0, state.c.missing_since.is_(None))
    )
    return {row[0]: row[1] for row in connection.execute(query)}


def load_canaries_of(
    connection: Connection, source_id: int, excluded: IdRanges, message_ids: Iterable[int]
) -> list[Canary]:
    """The chat sessions that these messages are archived under, the highest ids first; a few at most."""
    message = tables.chat_message
    asked = sorted((key for key in message_ids if 1 <= key <= MAX_ID), reverse=True)[:CHAT_SESSIONS]
    if not asked:
        return []
    query = select(message.c.chat_message_id, message.c.chat_session_id)
    query = query.where(message.c.source_id == source_id, message.c.chat_message_id.in_(asked))
    rows = connection.execute(query.order_by(message.c.chat_message_id)).all()
    by_chat_session: dict[int, list[int]] = {}
    for key, chat_session_id in rows:
        if chat_session_id not in excluded and 1 <= chat_session_id <= MAX_ID:
            by_chat_session.setdefault(chat_session_id, []).append(key)
    return [Canary(chat_session_id=key, expected=tuple(ids)) for key, ids in by_chat_session.items()]


def load_conflicts(connection: Connection, source_id: int) -> set[int]:
    """The ids under which another message came, of which a person knows: their items are open in quarantine."""
    item = tables.quarantine
    query = select(item.c.chat_message_id).where(item.c.source_id == source_id, item.c.resolved_at.is_(None))
    query = query.where(item.c.kind == CONFLICT, item.c.chat_message_id.is_not(None))
    return set(connection.execute(query).scalars())
