"""What the archive holds and how its passes went, for `status` and the demo."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, func, select

from archiver.store import tables
from archiver.store.holder import shown

RUNS_SHOWN = 5
ERRORS_SHOWN = 10


@dataclass(frozen=True, kw_only=True)
class SourceOverview:
    """One source, as far as a person wants to know at a glance. Times are aware UTC."""

    name: str
    epoch: int
    chat_sessions: dict[str, int]
    """How many, by state."""
    failing: int
    """Chat sessions whose last visit failed."""
    messages: int
    newest_message_at: datetime | None
    complete_until: datetime | None
    """When the last pass began that left nothing out: what was posted before is in the archive; None: none has."""
    quarantined: int
    lease_holder: str | None
    runs: list[dict[str, Any]]
    """The last few, newest first, by the ledger's column names."""
    open_error_count: int
    errors: list[dict[str, Any]]
    """The open ones seen last, by the column names of `sync_error`."""

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def load_overviews(connection: Connection) -> list[SourceOverview]:
    """Every source of the archive, by name and epoch."""
    source = tables.source
    rows = connection.execute(select(source).order_by(source.c.name, source.c.epoch))
    return [_overview(connection, row) for row in rows.mappings()]


def load_message_count(connection: Connection, source_id: int) -> tuple[int, int]:
    """How many messages a source has in the archive, and how many chat sessions they are in."""
    message = tables.chat_message
    counts = select(func.count(), func.count(message.c.chat_session_id.distinct()))
    row = connection.execute(counts.where(message.c.source_id == source_id)).one()
    return row[0], row[1]


def _overview(connection: Connection, source: RowMapping) -> SourceOverview:
    key = source["id"]
    state, message, run = tables.chat_session_state, tables.chat_message, tables.sync_run
    error, quarantine, lease = tables.sync_error, tables.quarantine, tables.lease
    by_state = select(state.c.state, func.count()).where(state.c.source_id == key).group_by(state.c.state)
    runs = select(run).where(run.c.source_id == key).order_by(run.c.id.desc()).limit(RUNS_SHOWN)
    open_errors = (error.c.source_id == key, error.c.resolved_at.is_(None))
    errors = select(error).where(*open_errors).order_by(error.c.last_seen_at.desc()).limit(ERRORS_SHOWN)

    def scalar(what: Any, *where: Any) -> Any:
        return connection.execute(select(what).where(*where)).scalar()

    return SourceOverview(
        name=source["name"],
        epoch=source["epoch"],
        chat_sessions={name: count for name, count in connection.execute(by_state)},  # noqa: C416 - rows, not pairs
        failing=scalar(func.count(), state.c.source_id == key, state.c.failures > 0),
        messages=scalar(func.count(), message.c.source_id == key),
        newest_message_at=scalar(func.max(message.c.when_posted), message.c.source_id == key),
        complete_until=scalar(
            func.max(run.c.started_at),
            run.c.source_id == key,
            run.c.outcome == "complete",
            run.c.kind == "incremental",
        ),
        quarantined=scalar(func.count(), quarantine.c.source_id == key),
        lease_holder=shown(scalar(lease.c.holder, lease.c.source_id == key) or "") or None,
        runs=[dict(row) for row in connection.execute(runs).mappings()],
        open_error_count=scalar(func.count(), *open_errors),
        errors=[dict(row) for row in connection.execute(errors).mappings()],
    )
