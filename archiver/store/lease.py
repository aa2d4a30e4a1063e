"""One writer a source: a lease with a fencing number, by the database's clock.

The lease alone would only be a hope: a process that was stopped beyond its expiry still believes in it. So every
writing transaction renews the lease under the number it was given, and a number that has since grown makes it fail
before it wrote anything (Kleppmann, "How to do distributed locking").
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, or_, select, update

from archiver.errors import LeaseHeld, LeaseLost
from archiver.store import tables
from archiver.store.database import database_now
from archiver.store.holder import is_dead, shown, this_process

LEASE_LIFE = timedelta(seconds=30)
"""How long a lease outlives its holder's last word: the longest wait after a crash."""
RENEW_EVERY = LEASE_LIFE / 3
_AT_ONCE = 200
"""Leases in one statement: with two parameters each, under every database's limit of them."""


@dataclass(frozen=True, kw_only=True)
class Lease:
    """The right to write one source, as long as `fencing` is the newest number given out."""

    source_id: int
    holder: str
    fencing: int


_in_use: set[Lease] = set()
"""The leases that this process works under."""


def acquire_lease(connection: Connection, source_id: int, name: str | None = None) -> Lease:
    """Take the lease if it is free, expired, or left over.

    Args:
        name: the source's, where somebody may have removed or renamed it since the id was looked up. SQLite gives the
            id of a removed source to the next new one, whose rows would then be mixed up with ours.
    Raises: LeaseHeld, saying by whom; LeaseLost when there is no such source any more.
    """
    table, now = tables.lease, database_now(connection)
    # Columns of the first revision: `migrate` takes leases in a schema that is older than this version.
    columns = table.c.holder, table.c.fencing, table.c.expires_at, tables.source.c.name
    query = select(*columns).join(tables.source).where(table.c.source_id == source_id)
    row = connection.execute(query).one_or_none()
    if row is None or name not in (None, row.name):
        raise LeaseLost(
            "the source was renamed or removed meanwhile", hint="archiver source list shows what there is"
        )
    if row.holder is not None and row.expires_at > now and not _is_left_over(row.holder, row.fencing, source_id):
        raise _held(row.holder, row.expires_at - now)
    # Conditional on what was read: of two that read the same, one finds the number grown; and who waited for a holder
    # that was stuck in the middle of a transaction finds the lease renewed by it.
    holder = this_process()
    taken = connection.execute(
        update(table)
        .where(table.c.source_id == source_id, table.c.fencing == row.fencing)
        .where(table.c.expires_at.is_not_distinct_from(row.expires_at))
        .values(holder=holder, fencing=row.fencing + 1, expires_at=now + LEASE_LIFE)
    )
    if taken.rowcount != 1:
        raise _held("another archiver", LEASE_LIFE)
    lease = Lease(source_id=source_id, holder=holder, fencing=row.fencing + 1)
    _in_use.add(lease)
    return lease


def _is_left_over(holder: str, fencing: int, source_id: int) -> bool:
    """Whether nobody uses a lease any more: its process died, or it is ours and could not be released."""
    if holder == this_process():
        return Lease(source_id=source_id, holder=holder, fencing=fencing) not in _in_use
    return is_dead(holder)


def forget_lease(lease: Lease) -> None:
    """Note that this process does not use the lease any more, whether or not the database can be told."""
    _in_use.discard(lease)


def _held(holder: str, left: timedelta) -> LeaseHeld:
    return LeaseHeld(
        f"{shown(holder)} is at work on this source (its lease runs for {left.total_seconds():.0f} s unless renewed)",
        hint="wait until it is done, or stop it",
    )


def renew_lease(connection: Connection, lease: Lease) -> datetime:
    """Prove, within this transaction, that nobody took over; every writing transaction begins with it.

    Returns: the database's time. Raises: LeaseLost.
    """
    table, now = tables.lease, database_now(connection)
    renewed = connection.execute(
        update(table)
        .where(table.c.source_id == lease.source_id, table.c.fencing == lease.fencing, table.c.holder == lease.holder)
        .values(expires_at=now + LEASE_LIFE)
    )
    if renewed.rowcount != 1:
        raise LeaseLost
    return now


def renew_leases(connection: Connection, leases: Sequence[Lease]) -> None:
    """As `renew_lease`, for those of many sources in a few statements. Raises: LeaseLost when any was lost."""
    table, now = tables.lease, database_now(connection)
    for at in range(0, len(leases), _AT_ONCE):
        some = leases[at : at + _AT_ONCE]
        ours = [(table.c.source_id == each.source_id) & (table.c.fencing == each.fencing) for each in some]
        renewed = connection.execute(
            update(table).where(or_(*ours), table.c.holder == some[0].holder).values(expires_at=now + LEASE_LIFE)
        )
        if renewed.rowcount != len(some):
            raise LeaseLost


def release_lease(connection: Connection, lease: Lease) -> None:
    """Let others have it at once; does nothing when it was lost."""
    table = tables.lease
    connection.execute(
        update(table)
        .where(table.c.source_id == lease.source_id, table.c.fencing == lease.fencing)
        .values(holder=None, expires_at=None)
    )
