"""One transaction for a batch of visits: rows, revisions, quarantine, the cursors that cover them, the run's counts.

Either all of it is there after a crash or none of it, and then the same visits are made again.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from archiver.config.settings import SettleSettings
from archiver.model import ChatMessage
from archiver.store.fitting import fitting, fitting_conflicts
from archiver.store.lease import Lease, renew_lease
from archiver.store.ledger import CONFLICT, Failure, RunCounts, resolve_failures, save_failure, update_run
from archiver.store.messages import Saved, save_messages
from archiver.store.noticed import Noticed
from archiver.store.quarantine import from_conflict, save_quarantined
from archiver.store.resolving import resolve_by_visits
from archiver.store.sealing.update import update_seals
from archiver.store.state import StateChange, save_states
from archiver.store.vanishing import Vanished, mark_vanished
from archiver.store.visit import Visit, after_visit, confirm_gone


def save_batch(
    connection: Connection,
    lease: Lease,
    run_id: int,
    visits: Sequence[Visit],
    counts: RunCounts,
    walked_to: int | None,
    settle: SettleSettings,
    noticed: Noticed | None = None,
) -> RunCounts:
    """Store a batch of visits within the caller's transaction.

    Args:
        counts: the run's counts so far, these visits' own (but for what is stored) included.
        noticed: of the pass; takes in conflicts and shifted times.
    Returns: the counts with what was stored and found to conflict.
    Raises: LeaseLost when another archiver took over, before anything was written.
    """
    counts, noticed = replace(counts), noticed or Noticed()
    source_id = lease.source_id
    now = renew_lease(connection, lease)
    sound = _count_sound(visits)
    visits = [confirm_gone(visit, at=now, confirm_after=settle.confirm_after) for visit in visits]
    visits = fitting(connection, visits)
    saved = save_messages(
        connection,
        source_id,
        run_id,
        [message for visit in visits for message in visit.messages],
        now,
        likely_new=all(map(_is_likely_new, visits)),
        keep_read_marks=settle.keep_read_marks,
        noticed=noticed,
    )
    noticed.conflicts.update(message.chat_message_id for message in saved.conflicts)
    visits, conflicts = _set_aside(connection, source_id, run_id, visits, saved, now)
    counts.chat_sessions_failed += sound - _count_sound(visits)
    vanished = mark_vanished(connection, source_id, run_id, visits, now, settle.confirm_after)
    states = _states_after(visits, saved.touched | vanished.unconfirmed | vanished.changed, now, settle.after)
    _save_outcomes(connection, source_id, run_id, visits, states, conflicts, now)
    confirmed = _confirmed(visits, states)
    counts.chat_sessions_sealed += update_seals(
        connection, source_id, run_id, touched=saved.touched, confirmed=confirmed, now=now
    )
    _add_up(counts, saved, vanished, states)
    update_run(connection, run_id, counts, walked_to)
    return counts


def _set_aside(
    connection: Connection, source_id: int, run_id: int, visits: Sequence[Visit], saved: Saved, now: datetime
) -> tuple[list[Visit], list[Failure]]:
    """Put what could not be stored into quarantine, and resolve what is mended.

    Returns: the visits, those with conflicts as failures; and the conflicts, each noted beside what else failed.
    """
    fit, conflicts = fitting_conflicts(connection, visits, _conflicts_by_visit(visits, saved.conflicts))
    quarantined = [item for visit in fit for item in visit.quarantined]
    for at, found in conflicts.items():
        quarantined += [from_conflict(message, asked_for=fit[at].chat_session_id) for message in found]
    save_quarantined(connection, source_id, run_id, quarantined, now)
    resolve_by_visits(connection, source_id, fit, conflicts, now)
    failures = [_conflict_failure(fit[at].chat_session_id, found) for at, found in conflicts.items()]
    return [_failed_by(visit, conflicts.get(at)) for at, visit in enumerate(fit)], failures


def _add_up(counts: RunCounts, saved: Saved, vanished: Vanished, states: Sequence[StateChange]) -> None:
    counts.messages_added += saved.added
    counts.messages_changed += saved.changed
    counts.messages_revised += saved.revised
    counts.messages_compared += saved.compared
    counts.messages_missing += vanished.missing
    counts.messages_gone += vanished.gone
    counts.chat_sessions_gone += sum(
        after.state == "gone" and before is not None and before.state != "gone" for before, after in states
    )


def _confirmed(visits: Sequence[Visit], states: Sequence[StateChange]) -> list[int]:
    """The chat sessions that a whole reading found settled."""
    return [
        after.chat_session_id
        for visit, (_, after) in zip(visits, states, strict=True)
        if visit.is_whole and after.state == "settled"
    ]


def _states_after(
    visits: Sequence[Visit], changed: Collection[int], now: datetime, settle_after: timedelta
) -> list[StateChange]:
    """The states that visits found and leave behind; `changed`: chat sessions in which anything was found."""

    def found_nothing(visit: Visit) -> bool:
        return not (visit.failure or visit.found_before or visit.chat_session_id in changed)

    return [
        (
            visit.before,
            after_visit(visit, at=now, settle_after=settle_after, found_nothing=found_nothing(visit)),
        )
        for visit in visits
    ]


def _count_sound(visits: Sequence[Visit]) -> int:
    return sum(visit.failure is None for visit in visits)


def _is_likely_new(visit: Visit) -> bool:
    """Whether its messages, which ascend, all lie above the cursor."""
    cursor = visit.before.last_message_id if visit.before else 0
    return not visit.messages or visit.messages[0].chat_message_id > cursor


def _conflicts_by_visit(visits: Sequence[Visit], conflicts: Sequence[ChatMessage]) -> dict[int, list[ChatMessage]]:
    """The conflicting messages of each visit that brought some, by its place in the batch."""
    if not conflicts:
        return {}
    # By identity: of two messages that are alike in every field, one may be stored and the other a conflict.
    ours = set(map(id, conflicts))
    found = {at: [m for m in visit.messages if id(m) in ours] for at, visit in enumerate(visits)}
    return {at: messages for at, messages in found.items() if messages}


def _failed_by(visit: Visit, conflicts: list[ChatMessage] | None) -> Visit:
    if not conflicts or visit.failure:
        return visit
    return replace(visit, failure=_conflict_failure(visit.chat_session_id, conflicts))


def _conflict_failure(chat_session_id: int, messages: Sequence[ChatMessage]) -> Failure:
    ids = ", ".join(str(message.chat_message_id) for message in messages[:3])
    more = f" and {len(messages) - 3} more" if len(messages) > 3 else ""
    return Failure(
        chat_session_id=chat_session_id,
        kind=CONFLICT,
        detail=f"message {ids}{more}: another message is archived under this id; the new one is in quarantine. "
        "Was the source restored from a backup?",
    )


def _save_outcomes(
    connection: Connection,
    source_id: int,
    run_id: int,
    visits: Sequence[Visit],
    states: Sequence[StateChange],
    conflicts: Sequence[Failure],
    now: datetime,
) -> None:
    """States and errors. A conflict is noted beside whatever else a visit failed by."""
    save_states(connection, source_id, [(before, after) for before, after in states if before != after])
    failures = [visit.failure for visit in visits if visit.failure and visit.failure.kind != CONFLICT]
    for failure in [*failures, *conflicts]:
        save_failure(connection, source_id, run_id, failure, now)
    ended = [visit for visit in visits if not (visit.failure or visit.goes_on)]
    recovered = [visit.chat_session_id for visit in ended if visit.before and visit.before.failures]
    if recovered:
        resolve_failures(connection, source_id, recovered, now)
