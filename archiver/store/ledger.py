"""The ledger: one row a pass, and the errors that were met."""

import hashlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import ColumnElement, Connection, insert, select, update

from archiver.ranges import IdRanges
from archiver.store import tables

Kind = Literal["backfill", "incremental", "reconcile"]
Outcome = Literal["complete", "partial", "failed", "interrupted"]

CONFLICT = "conflict"
"""The kind of a failure in which another message came under a known id."""
UNDECODABLE = "undecodable"
"""The kind of a failure in which rows came that could not be read."""
REWOUND = "source_rewound"
"""The kind of the failure that freezes a source: open, no pass goes on of itself."""
TIMES_SHIFTED = "times_shifted"
"""The kind of a notice, no failure: a pass goes through all the same, and it stays open."""
SEAL_BROKEN = "seal_broken"
"""The kind of a failure in which sealed rows turn out to be other than they were sealed: no pass did that."""
_KEPT_OPEN = (CONFLICT, UNDECODABLE, SEAL_BROKEN)
"""Kinds that a visit without news is no answer to: what they are about is in quarantine, or in the archive itself."""

_AT_ONCE = 400
"""Chat sessions in one statement, each of them a parameter: well under every database's limit."""
_CUT = ("interrupted", "abandoned", "failed")
_SELECTION_LENGTH = 1000
"""Longer selections are kept as their digest: enough to know the same one again."""


@dataclass(kw_only=True)
class RunCounts:
    """What a pass has done so far. The first seven are columns of `sync_run`."""

    chat_sessions_visited: int = 0
    chat_sessions_failed: int = 0
    requests: int = 0
    retries: int = 0
    messages_added: int = 0
    messages_changed: int = 0
    messages_gone: int = 0
    messages_compared: int = 0
    """Messages that full visits read again."""
    messages_revised: int = 0
    """Of those changed, the ones whose earlier content was kept."""
    messages_missing: int = 0
    """Missed for the first time: gone once that is confirmed."""
    chat_sessions_gone: int = 0
    chat_sessions_sealed: int = 0

    def as_columns(self) -> dict[str, int]:
        """The part that the ledger keeps."""
        return {name: value for name, value in vars(self).items() if name in tables.sync_run.c}


@dataclass(frozen=True, kw_only=True)
class Failure:
    """What went wrong with one chat session, or with the whole pass."""

    chat_session_id: int | None
    kind: str
    detail: str
    """A sentence that holds no chat text."""


def start_run(
    connection: Connection,
    source_id: int,
    kind: Kind,
    selection: IdRanges,
    now: datetime,
    *,
    walked_to: int | None = None,
) -> int:
    """Open a ledger row, and close those that a dead process left running; the caller holds the lease."""
    run = tables.sync_run
    connection.execute(
        update(run)
        .where(run.c.source_id == source_id, run.c.outcome == "running")
        .values(outcome="abandoned", finished_at=now)
    )
    values = {"source_id": source_id, "kind": kind, "started_at": now, "outcome": "running", "walked_to": walked_to}
    statement = insert(run).values(**values, selection=_fingerprint(selection), **RunCounts().as_columns())
    key = connection.execute(statement).inserted_primary_key
    assert key is not None
    return int(key[0])


def update_run(connection: Connection, run_id: int, counts: RunCounts, walked_to: int | None) -> None:
    run = tables.sync_run
    connection.execute(update(run).where(run.c.id == run_id).values(walked_to=walked_to, **counts.as_columns()))


def finish_run(connection: Connection, run_id: int, outcome: Outcome, error: str | None, now: datetime) -> None:
    run = tables.sync_run
    connection.execute(update(run).where(run.c.id == run_id).values(outcome=outcome, error=error, finished_at=now))


def load_cut_position(connection: Connection, source_id: int, selection: IdRanges) -> int:
    """Where the last backfill of the same selection was cut; 0 when it was not, or when there was none."""
    run = tables.sync_run
    row = connection.execute(
        select(run.c.outcome, run.c.walked_to)
        .where(run.c.source_id == source_id, run.c.kind == "backfill", run.c.selection == _fingerprint(selection))
        .order_by(run.c.id.desc())
        .limit(1)
    ).first()
    # "running" too: a killed process leaves it so until the next pass begins.
    return row.walked_to or 0 if row and row.outcome in (*_CUT, "running") else 0


def load_last_pass_start(connection: Connection, source_id: int) -> datetime | None:
    """When the last incremental pass that went through began."""
    run = tables.sync_run
    started_at: datetime | None = connection.execute(
        select(run.c.started_at)
        .where(run.c.source_id == source_id, run.c.kind == "incremental")
        .where(run.c.outcome.in_(("complete", "partial")))
        .order_by(run.c.id.desc())
        .limit(1)
    ).scalar()
    return started_at


def save_failure(connection: Connection, source_id: int, run_id: int, failure: Failure, now: datetime) -> None:
    """Note an error: one open row for each chat session and kind."""
    error = tables.sync_error
    seen_again = connection.execute(
        update(error)
        .where(error.c.source_id == source_id, error.c.resolved_at.is_(None), error.c.kind == failure.kind)
        .where(error.c.chat_session_id.is_not_distinct_from(failure.chat_session_id))
        .values(run_id=run_id, detail=failure.detail, last_seen_at=now, count=error.c.count + 1)
    )
    if seen_again.rowcount == 0:
        values = {"source_id": source_id, "run_id": run_id, "first_seen_at": now, "last_seen_at": now, "count": 1}
        connection.execute(insert(error).values(values | vars(failure)))


def resolve_failures(connection: Connection, source_id: int, chat_session_ids: Iterable[int], now: datetime) -> None:
    """Mark the open errors of chat sessions that could be visited again as resolved.

    What is about the quarantine stays open: that the source says nothing new is no answer to it.
    """
    is_answered = tables.sync_error.c.kind.not_in(_KEPT_OPEN)
    _resolve_where(is_answered, connection, source_id, chat_session_ids, now)


def resolve_undecodable(
    connection: Connection, source_id: int, chat_session_ids: Iterable[int], now: datetime
) -> None:
    """Mark the open errors about rows that could not be read as resolved: nothing of theirs is left in quarantine."""
    is_unread = tables.sync_error.c.kind == UNDECODABLE
    _resolve_where(is_unread, connection, source_id, chat_session_ids, now)


def _resolve_where(
    condition: ColumnElement[bool],
    connection: Connection,
    source_id: int,
    chat_session_ids: Iterable[int],
    now: datetime,
) -> None:
    error, keys = tables.sync_error, list(chat_session_ids)
    for at in range(0, len(keys), _AT_ONCE):
        connection.execute(
            update(error)
            .where(error.c.source_id == source_id, error.c.resolved_at.is_(None), condition)
            .where(error.c.chat_session_id.in_(keys[at : at + _AT_ONCE]))
            .values(resolved_at=now)
        )


def resolve_pass_failures(
    connection: Connection, source_id: int, now: datetime, *, but: Collection[str] = ()
) -> None:
    """Mark the open errors that met whole passes as resolved, but for some kinds: a pass went through."""
    error = tables.sync_error
    connection.execute(
        update(error)
        .where(error.c.source_id == source_id, error.c.resolved_at.is_(None), error.c.chat_session_id.is_(None))
        .where(error.c.kind.not_in([TIMES_SHIFTED, *but]))
        .values(resolved_at=now)
    )


def resolve_of_pass(connection: Connection, source_id: int, kind: str, now: datetime) -> None:
    """Mark the open error of that kind that met whole passes as resolved; mostly there is none."""
    error = tables.sync_error
    connection.execute(
        update(error)
        .where(error.c.source_id == source_id, error.c.resolved_at.is_(None), error.c.chat_session_id.is_(None))
        .where(error.c.kind == kind)
        .values(resolved_at=now)
    )


def load_of_pass(connection: Connection, source_id: int, kind: str) -> str | None:
    """What the open error of that kind says that met whole passes; None: there is none."""
    error = tables.sync_error
    detail: str | None = connection.execute(
        select(error.c.detail)
        .where(error.c.source_id == source_id, error.c.resolved_at.is_(None), error.c.chat_session_id.is_(None))
        .where(error.c.kind == kind)
        .limit(1)
    ).scalar()
    return detail


def _fingerprint(selection: IdRanges) -> str:
    shown = str(selection)
    return shown if len(shown) <= _SELECTION_LENGTH else hashlib.sha256(shown.encode()).hexdigest()
