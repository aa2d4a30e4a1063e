"""One side of a copy: an archive that nobody else writes meanwhile."""

from collections.abc import Collection, Sequence
from functools import partial

from sqlalchemy import Connection

from archiver.store.database import Database
from archiver.store.lease import Lease, renew_leases


class HeldArchive:
    """A database with the leases of its sources."""

    def __init__(self, database: Database, leases: Sequence[Lease]) -> None:
        self.database = database
        self._leases = {lease.source_id: lease for lease in leases}

    @property
    def source_ids(self) -> Collection[int]:
        return self._leases.keys()

    def renew(self) -> None:
        """Keep every lease. Raises: LeaseLost."""
        self.database.write(partial(self.prove, source_ids=self.source_ids))

    def prove(self, connection: Connection, source_ids: Collection[int]) -> None:
        """Prove within this transaction that nobody took over these sources. Raises: LeaseLost."""
        renew_leases(connection, [self._leases[source_id] for source_id in source_ids])
