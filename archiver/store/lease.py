"""One writer a source: a lease with a fencing number, by the database's clock.

The lease alone would only be a hope: a process that was stopped beyond its expiry still believes in it. So every
writing transaction renews the lease under the number it was given, and a number that has since grown makes it fail
before it wrote anything (Kleppmann, "How to do distributed locking").
"""

import os
import socket
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, or_, select, update

from archiver.errors import LeaseHeld, LeaseLost
from archiver.store import tables
from archiver.store.database import database_now

LEASE_LIFE = timedelta(seconds=30)
"""How long a lease outlives its holder's last word: the longest wait after a crash."""
RENEW_EVERY = LEASE_LIFE / 3


@dataclass(frozen=True, kw_only=True)
class Lease:
    """The right to write one source, as long as `fencing` is the newest number given out."""

    source_id: int
    holder: str
    fencing: int


def this_process() -> str:
    return f"{socket.gethostname()}/{os.getpid()}"


def acquire_lease(connection: Connection, source_id: int) -> Lease:
    """Take the lease if it is free or expired. Raises: LeaseHeld, saying by whom."""
    lease, now, holder = tables.lease, database_now(connection), this_process()
    taken = connection.execute(
        update(lease)
        .where(lease.c.source_id == source_id)
        .where(or_(lease.c.holder.is_(None), lease.c.expires_at <= now))
        .values(holder=holder, fencing=lease.c.fencing + 1, expires_at=now + LEASE_LIFE)
    )
    row = connection.execute(select(lease).where(lease.c.source_id == source_id)).one()
    if taken.rowcount == 1:
        return Lease(source_id=source_id, holder=holder, fencing=row.fencing)
    left_s = max((row.expires_at - now).total_seconds(), 0)
    raise LeaseHeld(
        f"{row.holder} is at work on this source (its lease runs for another {left_s:.0f} s unless renewed)",
        hint="wait until it is done, or stop it",
    )


def renew_lease(connection: Connection, lease: Lease) -> datetime:
    """Prove, within this transaction, that nobody took over; every writing transaction begins with it.

    Returns: the database's time. Raises: LeaseLost.
    """
    row, now = tables.lease, database_now(connection)
    renewed = connection.execute(
        update(row)
        .where(row.c.source_id == lease.source_id, row.c.fencing == lease.fencing, row.c.holder == lease.holder)
        .values(expires_at=now + LEASE_LIFE)
    )
    if renewed.rowcount != 1:
        raise LeaseLost
    return now


def release_lease(connection: Connection, lease: Lease) -> None:
    """Let others have it at once; does nothing when it was lost."""
    row = tables.lease
    connection.execute(
        update(row)
        .where(row.c.source_id == lease.source_id, row.c.fencing == lease.fencing)
        .values(holder=None, expires_at=None)
    )
