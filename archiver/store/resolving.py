"""How an item of the quarantine ends: resolved by a visit that brings what it held, or by a replay of what it holds.

Where the message's id is known, a visit resolves it when the source says it in a way that can be read. Where it is
not, as for a whole reply that was broken, a reading of the whole chat session does in which nothing was unreadable:
whatever the item held has then been read. A conflict is resolved by neither.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from archiver.model import ChatMessage
from archiver.store.compare import Verdict
from archiver.store.lease import Lease, renew_lease
from archiver.store.ledger import UNDECODABLE, RunCounts, resolve_failures, resolve_undecodable, update_run
from archiver.store.messages import judge, load_stored, save_messages
from archiver.store.quarantine import QuarantineItem, load_open_of, mark_resolved
from archiver.store.sealing.update import update_seals
from archiver.store.state import load_states, save_states
from archiver.store.visit import Visit, after_visit

_NOTHING_NEW = (Verdict.SAME, Verdict.READ_MARK, Verdict.ERASED)


def is_resolved(item: QuarantineItem, visit: Visit, conflicting: Collection[int]) -> bool:
    """Whether an open item of the visited chat session is resolved by the visit. Pure.

    Args:
        conflicting: ids of messages that the visit brought and that were not stored.
    """
    if item.is_conflict:
        return False
    key = item.chat_message_id
    if key is not None:
        if key in conflicting or any(odd.chat_message_id == key for odd in visit.quarantined):
            return False
        if any(message.chat_message_id == key for message in visit.messages):
            return True
    return visit.is_whole and not visit.quarantined and _is_believable(visit)


def _is_believable(visit: Visit) -> bool:
    """Whether a reading may be taken for all there is: an empty one may be a failed one, where there were messages.

    While the cursor is 0 that does no harm, since the next visit reads from the beginning too.
    """
    return bool(visit.messages) or visit.before is None or visit.before.last_message_id == 0


def resolve_by_visits(
    connection: Connection,
    source_id: int,
    visits: Sequence[Visit],
    conflicts: Mapping[int, Sequence[ChatMessage]],
    now: datetime,
) -> None:
    """Resolve what the visits resolve.

    Args:
        conflicts: messages that were not stored, by the place of their visit.
    """
    open_items = load_open_of(connection, source_id, {visit.chat_session_id for visit in visits})
    resolved = []
    for at, visit in enumerate(visits):
        conflicting = {message.chat_message_id for message in conflicts.get(at, ())}
        mine = open_items.get(visit.chat_session_id, ())
        resolved += [item for item in mine if is_resolved(item, visit, conflicting)]
    _resolve(connection, source_id, resolved, now)


def save_replayed(
    connection: Connection,
    lease: Lease,
    run_id: int,
    item: QuarantineItem,
    messages: Sequence[ChatMessage],
    counts: RunCounts,
) -> RunCounts | None:
    """Store what an open item holds and resolve it, or do nothing when the archive says something else under an id.

    The archive may have learnt newer things since: only the source can tell which is right. No cursor moves; this was
    no visit.

    Returns: the run's counts with what was stored; None: the item stays open.
    Raises: LeaseLost before anything was written.
    """
    now = renew_lease(connection, lease)
    stored = load_stored(connection, lease.source_id, [message.chat_message_id for message in messages])
    known = [message for message in messages if message.chat_message_id in stored]
    if any(judge(stored[message.chat_message_id], message) not in _NOTHING_NEW for message in known):
        return None
    new = [message for message in messages if message.chat_message_id not in stored]
    saved = save_messages(connection, lease.source_id, run_id, new, now, likely_new=True)
    update_seals(connection, lease.source_id, run_id, touched=saved.touched, confirmed=(), now=now)
    done = _resolve(connection, lease.source_id, [item], now)
    _end_failures(connection, lease.source_id, done, now)
    counts = replace(counts, messages_added=counts.messages_added + saved.added)
    update_run(connection, run_id, counts, None)
    return counts


def _resolve(connection: Connection, source_id: int, items: Sequence[QuarantineItem], now: datetime) -> list[int]:
    """Mark items as resolved, and the open errors of chat sessions that have none left but conflicts.

    Returns: those chat sessions.
    """
    if not items:
        return []
    mark_resolved(connection, items, now)
    chat_session_ids = {item.chat_session_id for item in items}
    left = load_open_of(connection, source_id, chat_session_ids)
    to_reread = {key for key, some in left.items() if not all(item.is_conflict for item in some)}
    done = sorted(chat_session_ids - to_reread)
    resolve_undecodable(connection, source_id, done, now)
    return done


def _end_failures(connection: Connection, source_id: int, chat_session_ids: Sequence[int], now: datetime) -> None:
    """Of chat sessions that have nothing left to read: those that failed for that alone fail no more."""
    states = load_states(connection, source_id, chat_session_ids)
    recovered = [state for state in states.values() if state.last_error == UNDECODABLE]
    resolve_failures(connection, source_id, [state.chat_session_id for state in recovered], now)
    visits = [Visit(chat_session_id=state.chat_session_id, before=state) for state in recovered]
    save_states(connection, source_id, [(visit.before, after_visit(visit, at=now)) for visit in visits])
