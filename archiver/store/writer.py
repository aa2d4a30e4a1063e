"""One transaction for a batch of visits: rows, revisions, quarantine, the cursors that cover them, the run's counts.

Either all of it is there after a crash or none of it, and then the same visits are made again.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from sqlalchemy import Connection

from archiver.model import ChatMessage, Undecodable
from archiver.ranges import MAX_ID
from archiver.store.database import Database
from archiver.store.lease import Lease, renew_lease
from archiver.store.ledger import Failure, RunCounts, resolve_failures, save_failure, update_run
from archiver.store.messages import save_messages
from archiver.store.quarantine import from_conflict, save_quarantined
from archiver.store.state import ChatSessionState, save_states


@dataclass(frozen=True, kw_only=True)
class Visit:
    """What one visit to a chat session brought: any mix of messages and a failure, or proof of absence."""

    chat_session_id: int
    before: ChatSessionState | None
    """Its state when the visit began; None: never visited."""
    messages: Sequence[ChatMessage] = field(default=())
    """Of this chat session mostly; a message counts for the chat session it names."""
    undecodable: Sequence[Undecodable] = field(default=())
    failure: Failure | None = None
    is_absent: bool = False
    """The source has no such chat session, and neither have we."""

    @property
    def has_news(self) -> bool:
        """Whether there may be something to store."""
        return bool(self.messages or self.undecodable) or after_visit(self, at=_ANY_TIME) != self.before


_ANY_TIME = datetime.max.replace(tzinfo=UTC)
"""Where no message came, no time is looked at."""


def after_visit(visit: Visit, *, at: datetime) -> ChatSessionState:
    """The state that a visit leaves behind. Pure.

    The cursor goes to the largest id returned for this chat session, and never back. An id beyond the API's int32
    does not move it, since no later call could name it.
    """
    before = visit.before or ChatSessionState(chat_session_id=visit.chat_session_id)
    if visit.failure:
        before = replace(before, failures=before.failures + 1, last_error=visit.failure.kind)
    else:
        before = replace(before, failures=0, last_error=None)
    own = [message for message in visit.messages if message.chat_session_id == visit.chat_session_id]
    ids = [message.chat_message_id for message in own]
    ids += [item.chat_message_id for item in visit.undecodable if item.chat_message_id is not None]
    cursor = max((key for key in ids if key <= MAX_ID), default=0)
    if visit.is_absent:
        return replace(before, state="absent")
    if cursor <= before.last_message_id:
        return before if visit.failure or before.state != "absent" else replace(before, state="new")
    return replace(before, last_message_id=cursor, state="open", last_activity_at=_last_activity(own, at))


def _last_activity(messages: Iterable[ChatMessage], at: datetime) -> datetime:
    """When somebody last wrote. Bots may set a message's time into the future, which is no activity yet."""
    return min(max((message.when_posted for message in messages if message.when_posted), default=at), at)


def save_batch(
    database: Database, lease: Lease, run_id: int, visits: Sequence[Visit], counts: RunCounts, walked_to: int | None
) -> RunCounts:
    """Commit a batch of visits, or nothing of it.

    Args:
        counts: the run's counts so far, these visits' own (but for what is stored) included.
    Returns: the counts with what was stored and found to conflict.
    Raises: LeaseLost when another archiver took over, before anything was written; StoreError.
    """
    counts = replace(counts)
    with database.writing() as connection:
        now = renew_lease(connection, lease)
        saved = save_messages(
            connection,
            lease.source_id,
            run_id,
            (message for visit in visits for message in visit.messages),
            now,
            likely_new=all(map(_is_likely_new, visits)),
        )
        visits, conflicting = _with_conflicts(visits, saved.conflicts)
        quarantined = [item for visit in visits for item in visit.undecodable]
        save_quarantined(connection, lease.source_id, run_id, quarantined, now)
        _save_outcomes(connection, lease.source_id, run_id, visits, now)
        counts.messages_added += saved.added
        counts.messages_changed += saved.changed
        counts.chat_sessions_failed += conflicting
        update_run(connection, run_id, counts, walked_to)
    return counts


def _is_likely_new(visit: Visit) -> bool:
    cursor = visit.before.last_message_id if visit.before else 0
    return not visit.messages or visit.messages[0].chat_message_id > cursor


def _with_conflicts(visits: Sequence[Visit], conflicts: Sequence[ChatMessage]) -> tuple[Sequence[Visit], int]:
    """The visits with conflicting messages set aside, and how many of them that makes fail."""
    if not conflicts:
        return visits, 0
    ours = set(map(id, conflicts))
    failed = 0
    judged = []
    for visit in visits:
        set_aside = [message for message in visit.messages if id(message) in ours]
        if set_aside:
            failed += visit.failure is None
            visit = replace(
                visit,
                undecodable=[*visit.undecodable, *map(from_conflict, set_aside)],
                failure=visit.failure or _conflict_failure(visit.chat_session_id, set_aside),
            )
        judged.append(visit)
    return judged, failed


def _conflict_failure(chat_session_id: int, messages: Sequence[ChatMessage]) -> Failure:
    ids = ", ".join(str(message.chat_message_id) for message in messages[:3])
    more = f" and {len(messages) - 3} more" if len(messages) > 3 else ""
    return Failure(
        chat_session_id=chat_session_id,
        kind="conflict",
        detail=f"message {ids}{more}: another message is archived under this id; the new one is in quarantine. "
        "Was the source restored from a backup?",
    )


def _save_outcomes(
    connection: Connection, source_id: int, run_id: int, visits: Sequence[Visit], now: datetime
) -> None:
    states = [(visit.before, after_visit(visit, at=now)) for visit in visits]
    save_states(connection, source_id, [(before, after) for before, after in states if before != after])
    for visit in visits:
        if visit.failure:
            save_failure(connection, source_id, run_id, visit.failure, now)
    recovered = [v.chat_session_id for v in visits if v.before and v.before.failures and not v.failure]
    if recovered:
        resolve_failures(connection, source_id, recovered, now)
