"""What the archive holds and how its passes went, for `status` and the demo."""

from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, and_, func, select

from archiver.store import tables
from archiver.store.holder import shown
from archiver.store.verifying.results import Verification, load_last_verifications

RUNS_SHOWN = 5


@dataclass(frozen=True, kw_only=True)
class ErrorGroup:
    """The open errors of one kind. Times are aware UTC."""

    kind: str
    is_of_the_pass: bool
    """Whether they met whole passes rather than chat sessions."""
    chat_sessions: int
    first_chat_session_id: int | None
    """The lowest one."""
    detail: str
    """The sentence of one of them."""
    first_seen_at: datetime
    last_seen_at: datetime
    count: int
    """How often they were seen, all together."""
    retry_at: datetime | None
    """When the first of them is asked again; None: by the next pass."""


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
    """Open items."""
    lease_holder: str | None
    runs: list[dict[str, Any]]
    """The last few, newest first, by the ledger's column names."""
    open_error_count: int
    errors: list["ErrorGroup"]
    """The open ones by kind, those seen last first."""
    verifications: list[Verification]
    """The last one against its seals and the last one against the source, the newest first."""

    @property
    def is_well(self) -> bool:
        """Whether nothing of it asks for a person: the last pass that could end left nothing out, nothing is open."""
        ended = next((run["outcome"] for run in self.runs if run["outcome"] not in ("running", "interrupted")), None)
        return (
            ended == "complete"
            and self.complete_until is not None
            and not (self.failing or self.quarantined or self.open_error_count)
            and not any(each.differences for each in self.verifications)
        )

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def load_overviews(connection: Connection, source_ids: Collection[int] | None = None) -> list[SourceOverview]:
    """Every source of the archive, or those named, by name and epoch."""
    source = tables.source
    rows = connection.execute(select(source).order_by(source.c.name, source.c.epoch)).mappings()
    return [_overview(connection, row) for row in rows if source_ids is None or row["id"] in source_ids]


def load_message_count(connection: Connection, source_id: int) -> tuple[int, int]:
    """How many messages a source has in the archive, and how many chat sessions they are in."""
    message = tables.chat_message
    counts = select(func.count(), func.count(message.c.chat_session_id.distinct()))
    row = connection.execute(counts.where(message.c.source_id == source_id)).one()
    return row[0], row[1]


def _overview(connection: Connection, source: RowMapping) -> SourceOverview:
    key = source["id"]
    state, message, run = tables.chat_session_state, tables.chat_message, tables.sync_run
    quarantine, lease = tables.quarantine, tables.lease
    by_state = select(state.c.state, func.count()).where(state.c.source_id == key).group_by(state.c.state)
    runs = select(run).where(run.c.source_id == key).order_by(run.c.id.desc()).limit(RUNS_SHOWN)
    errors = _error_groups(connection, key)

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
        quarantined=scalar(func.count(), quarantine.c.source_id == key, quarantine.c.resolved_at.is_(None)),
        lease_holder=shown(scalar(lease.c.holder, lease.c.source_id == key) or "") or None,
        runs=[dict(row) for row in connection.execute(runs).mappings()],
        open_error_count=sum(group.chat_sessions + group.is_of_the_pass for group in errors),
        errors=errors,
        verifications=load_last_verifications(connection, key),
    )


def _error_groups(connection: Connection, source_id: int) -> list[ErrorGroup]:
    """The open errors, counted by the database: hundreds of failing chat sessions are a few rows."""
    error, state = tables.sync_error, tables.chat_session_state
    is_of_the_pass = error.c.chat_session_id.is_(None).label("is_of_the_pass")
    groups = (
        select(
            error.c.kind,
            is_of_the_pass,
            func.count(error.c.chat_session_id).label("chat_sessions"),
            func.min(error.c.chat_session_id).label("first_chat_session_id"),
            func.max(error.c.id).label("example"),
            func.min(error.c.first_seen_at).label("first_seen_at"),
            func.max(error.c.last_seen_at).label("last_seen_at"),
            func.sum(error.c.count).label("count"),
            func.min(state.c.retry_at).label("retry_at"),
        )
        .outerjoin_from(
            error,
            state,
            and_(state.c.source_id == error.c.source_id, state.c.chat_session_id == error.c.chat_session_id),
        )
        .where(error.c.source_id == source_id, error.c.resolved_at.is_(None))
        .group_by(error.c.kind, is_of_the_pass)
    )
    rows = connection.execute(groups).mappings().all()
    examples = select(error.c.id, error.c.detail).where(error.c.id.in_([row["example"] for row in rows]))
    details = {row.id: row.detail for row in connection.execute(examples)}
    found = [ErrorGroup(**_without_example(row), detail=details[row["example"]]) for row in rows]
    return sorted(found, key=lambda group: (group.last_seen_at, group.kind), reverse=True)


def _without_example(row: RowMapping) -> dict[str, Any]:
    kept = {name: value for name, value in row.items() if name != "example"}
    return kept | {"is_of_the_pass": bool(row["is_of_the_pass"]), "count": int(row["count"])}
