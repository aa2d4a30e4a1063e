"""Sources as rows: what the configuration names, in the epoch that is current, and what there is of each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, func, insert, select, update

from archiver.errors import ConfigError, LeaseLost
from archiver.store import tables
from archiver.store.database import database_now
from archiver.store.lease import Lease, renew_lease, renew_leases
from archiver.store.ledger import REWOUND, resolve_of_pass

FIRST_EPOCH = 1


@dataclass(frozen=True, kw_only=True)
class ArchivedSource:
    """A row of `source`."""

    id: int
    name: str
    epoch: int
    base_url: str | None
    created_at: datetime

    @property
    def label(self) -> str:
        """As commands take it."""
        return f"{self.name}@{self.epoch}"


@dataclass(frozen=True, kw_only=True)
class LastPass:
    """The newest row of a source in the ledger."""

    id: int
    kind: str
    started_at: datetime
    finished_at: datetime | None
    outcome: str


@dataclass(frozen=True, kw_only=True)
class SourceSummary:
    """A source and how much there is of it."""

    source: ArchivedSource
    chat_sessions: int
    """Those that exist at the source, or did: absent ids don't count."""
    messages: int
    last_pass: LastPass | None


def load_source_names(connection: Connection) -> dict[int, str]:
    """The names of all sources, by id and ascending; on a schema of any revision, since `migrate` asks too."""
    source = tables.source
    rows = connection.execute(select(source.c.id, source.c.name).order_by(source.c.id))
    return {row.id: row.name for row in rows}


def load_source_id(connection: Connection, name: str) -> int | None:
    """The source of that name in its newest epoch; None while nothing of it is archived."""
    source = tables.source
    query = select(source.c.id).where(source.c.name == name).order_by(source.c.epoch.desc()).limit(1)
    source_id: int | None = connection.execute(query).scalar()
    return source_id


def load_sources(connection: Connection) -> list[ArchivedSource]:
    """Every source of the archive, by name and epoch."""
    rows = connection.execute(_sources().order_by(tables.source.c.name, tables.source.c.epoch))
    return [ArchivedSource(**row) for row in rows.mappings()]


def load_epochs(connection: Connection, name: str) -> list[ArchivedSource]:
    """All that is archived under a name, the first epoch first."""
    source = tables.source
    rows = connection.execute(_sources().where(source.c.name == name).order_by(source.c.epoch))
    return [ArchivedSource(**row) for row in rows.mappings()]


def load_summaries(connection: Connection) -> list[SourceSummary]:
    """Every source of the archive, by name and epoch; as many queries for hundreds of them as for one."""
    source, state, message, run = tables.source, tables.chat_session_state, tables.chat_message, tables.sync_run
    rows = connection.execute(_sources().order_by(source.c.name, source.c.epoch)).mappings()
    chat_sessions = _counts(connection, state.c.source_id, state.c.state != "absent")
    messages = _counts(connection, message.c.source_id)
    newest = select(func.max(run.c.id)).group_by(run.c.source_id)
    columns = [run.c[name] for name in LastPass.__dataclass_fields__]
    passes = connection.execute(select(run.c.source_id, *columns).where(run.c.id.in_(newest))).mappings()
    last_passes = {row["source_id"]: _last_pass(row) for row in passes}
    return [
        SourceSummary(
            source=ArchivedSource(**row),
            chat_sessions=chat_sessions.get(row["id"], 0),
            messages=messages.get(row["id"], 0),
            last_pass=last_passes.get(row["id"]),
        )
        for row in rows
    ]


def ensure_source(connection: Connection, name: str, base_url: str) -> int:
    """The id of a source; its row and its lease's row are made when there are none.

    Raises: KeyExists when another archiver makes them at the same moment; the next try finds them.
    """
    source_id = load_source_id(connection, name)
    return _make_source(connection, name, base_url, FIRST_EPOCH) if source_id is None else source_id


def begin_epoch(connection: Connection, lease: Lease, base_url: str | None) -> ArchivedSource:
    """Begin a new epoch of a source; the one before it stays as it is, and is not frozen any more.

    Args:
        lease: that of its newest epoch.
    Raises: LeaseLost, also when there is a newer epoch already; KeyExists when another archiver makes it at the same
        moment, which the next try finds.
    """
    source = tables.source
    now = renew_lease(connection, lease)
    name: str = connection.execute(select(source.c.name).where(source.c.id == lease.source_id)).scalar_one()
    newest = load_epochs(connection, name)[-1]
    if newest.id != lease.source_id:
        raise LeaseLost(f"another archiver began {newest.label} meanwhile", hint="archiver source list shows it")
    resolve_of_pass(connection, newest.id, REWOUND, now)
    _make_source(connection, name, base_url, newest.epoch + 1)
    return load_epochs(connection, name)[-1]


def rename_source(connection: Connection, leases: Sequence[Lease], old: str, new: str) -> None:
    """Give all epochs of a source another name.

    Args:
        leases: those of all its epochs.
    Raises: ConfigError when there is something under the new name; KeyExists when another archiver makes it at the
        same moment, which the next try finds; LeaseLost.
    """
    source = tables.source
    renew_leases(connection, leases)
    if {epoch.id for epoch in load_epochs(connection, old)} != {lease.source_id for lease in leases}:
        raise LeaseLost("another epoch of the source began meanwhile", hint="run it again")
    if load_source_id(connection, new) is not None:
        raise already_archived(new)
    connection.execute(update(source).where(source.c.name == old).values(name=new))


def already_archived(name: str) -> ConfigError:
    return ConfigError(
        f"there is a source {name!r} in the archive already", hint="archiver source list shows what there is"
    )


def _make_source(connection: Connection, name: str, base_url: str | None, epoch: int) -> int:
    values = {"name": name, "epoch": epoch, "base_url": base_url, "created_at": database_now(connection)}
    key = connection.execute(insert(tables.source).values(values)).inserted_primary_key
    assert key is not None
    connection.execute(insert(tables.lease).values(source_id=key[0], fencing=0))
    return int(key[0])


def _sources() -> Any:
    return select(*(tables.source.c[name] for name in ArchivedSource.__dataclass_fields__))


def _counts(connection: Connection, source_id: Any, *where: Any) -> dict[int, int]:
    """How many rows a table holds of each source."""
    rows = connection.execute(select(source_id, func.count()).where(*where).group_by(source_id))
    return {row[0]: row[1] for row in rows}


def _last_pass(row: RowMapping) -> LastPass:
    return LastPass(**{name: row[name] for name in LastPass.__dataclass_fields__})
