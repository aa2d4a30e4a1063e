"""What was in quarantine, stored at last, since today's code can read it."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import replace

from sqlalchemy import Connection

from archiver.model import ChatMessage
from archiver.store.compare import Verdict, compare
from archiver.store.healing import QuarantineItem
from archiver.store.lease import Lease, renew_lease
from archiver.store.ledger import UNDECODABLE, RunCounts, resolve_failures, update_run
from archiver.store.messages import load_stored, save_messages
from archiver.store.quarantine import settle
from archiver.store.state import load_states, save_states
from archiver.store.visit import Visit, after_visit

_NOTHING_NEW = (Verdict.SAME, Verdict.READ_MARK, Verdict.ERASED)


def save_replayed(
    transaction: AbstractContextManager[Connection],
    lease: Lease,
    run_id: int,
    item: QuarantineItem,
    messages: Sequence[ChatMessage],
    counts: RunCounts,
) -> RunCounts | None:
    """Store what an open item holds and settle it, or do nothing when the archive says something else under an id.

    The archive may have learnt newer things since: only the source can tell which is right. No cursor moves; this was
    no visit.

    Returns: the run's counts with what was stored; None: the item stays open.
    Raises: LeaseLost before anything was written; StoreError.
    """
    with transaction as connection:
        now = renew_lease(connection, lease)
        stored = load_stored(connection, lease.source_id, [message.chat_message_id for message in messages])
        known = [message for message in messages if message.chat_message_id in stored]
        if any(compare(stored[message.chat_message_id], message) not in _NOTHING_NEW for message in known):
            return None
        new = [message for message in messages if message.chat_message_id not in stored]
        saved = save_messages(connection, lease.source_id, run_id, new, now, likely_new=True)
        done = settle(connection, lease.source_id, [item], now)
        states = load_states(connection, lease.source_id, done)
        healed = [state for state in states.values() if state.last_error == UNDECODABLE]
        resolve_failures(connection, lease.source_id, [state.chat_session_id for state in healed], now)
        recovered = [Visit(chat_session_id=state.chat_session_id, before=state) for state in healed]
        save_states(connection, lease.source_id, [(visit.before, after_visit(visit, at=now)) for visit in recovered])
        counts = replace(counts, messages_added=counts.messages_added + saved.added)
        update_run(connection, run_id, counts, None)
    return counts
