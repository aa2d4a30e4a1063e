"""What the archive holds of a source, in the figures that a report to sign gives."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from archiver.store import tables
from archiver.store.sealing.log import Seal, load_head, load_seal_count
from archiver.store.sources import ArchivedSource
from archiver.store.verifying.results import Verification, load_last_verifications
from archiver.store.verifying.scope import ALL, load_sealed_count, load_still_sealed_count, load_unsealed_count


@dataclass(frozen=True, kw_only=True)
class Statement:
    """One source. Times are aware UTC."""

    source: ArchivedSource
    first_posted_at: datetime | None
    last_posted_at: datetime | None
    complete_until: datetime | None
    """When the last incremental pass began that left nothing out; None: none has."""
    chat_sessions: int
    """Those that are known; ids that the source does not know don't count."""
    with_messages: int
    gone: int
    """Chat sessions that the source deleted; what was archived of them stays."""
    sealed: int
    changed: int
    """Chat sessions that changed after they were sealed, and were not found complete since."""
    not_sealed: int
    """Chat sessions with messages and without a seal."""
    messages: int
    revisions: int
    tombstones: int
    erased: int
    quarantined: int
    """Open items."""
    open_errors: int
    seals: int
    """In the log."""
    head: Seal | None
    """The newest of them: its hash is the anchor."""
    verifications: tuple[Verification, ...]
    """The last one of each kind, the newest first."""


def load_statement(connection: Connection, source: ArchivedSource) -> Statement:
    message, state, run = tables.chat_message, tables.chat_session_state, tables.sync_run

    def scalar(table: Any, what: Any, *where: Any) -> Any:
        return connection.execute(select(what).where(table.c.source_id == source.id, *where)).scalar()

    def count(table: Any, *where: Any) -> int:
        return int(scalar(table, func.count(), *where))

    sealed = load_still_sealed_count(connection, source.id)
    is_complete = run.c.outcome == "complete", run.c.kind == "incremental"
    return Statement(
        source=source,
        first_posted_at=scalar(message, func.min(message.c.when_posted)),
        last_posted_at=scalar(message, func.max(message.c.when_posted)),
        complete_until=scalar(run, func.max(run.c.started_at), *is_complete),
        chat_sessions=count(state, state.c.state != "absent"),
        with_messages=scalar(message, func.count(message.c.chat_session_id.distinct())),
        gone=count(state, state.c.state == "gone"),
        sealed=sealed,
        changed=load_sealed_count(connection, source.id, ALL) - sealed,
        not_sealed=load_unsealed_count(connection, source.id, ALL),
        messages=count(message),
        revisions=count(tables.chat_message_revision),
        tombstones=count(message, message.c.gone_at.is_not(None)),
        erased=count(message, message.c.erased_at.is_not(None)),
        quarantined=count(tables.quarantine, tables.quarantine.c.resolved_at.is_(None)),
        open_errors=count(tables.sync_error, tables.sync_error.c.resolved_at.is_(None)),
        seals=load_seal_count(connection, source.id),
        head=load_head(connection, source.id),
        verifications=tuple(load_last_verifications(connection, source.id)),
    )
