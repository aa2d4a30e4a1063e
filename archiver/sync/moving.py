"""An archive moved to another database: copied and compared while no archiver writes either side."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from archiver.errors import ArchiverError, Interrupted, SchemaOutOfDate, StoreError
from archiver.store.copying.comparing import TableComparison, compare_tables
from archiver.store.copying.held import HeldArchive
from archiver.store.copying.kinship import (
    make_sources,
    require_same_ledger,
    require_same_sources,
    require_two_databases,
)
from archiver.store.copying.rows import count_rows
from archiver.store.copying.sections import copied_tables
from archiver.store.copying.walk import CopyCounts, copy_rows
from archiver.store.database import Database
from archiver.store.lease import RENEW_EVERY
from archiver.store.schema import load_revision, migrate, require_current_schema
from archiver.store.sources import load_source_names
from archiver.sync.turn import PATIENCE, holding_leases

logger = logging.getLogger(__name__)

Phase = Literal["copying", "comparing"]


@dataclass(frozen=True, kw_only=True)
class CopyProgress:
    """How far a copy has come."""

    phase: Phase
    done: int
    """Rows; those of both sides count when they are compared."""
    total: int


@dataclass(frozen=True, kw_only=True)
class CopyResult:
    """What came of a copy."""

    counts: CopyCounts
    tables: list[TableComparison]

    @property
    def is_same(self) -> bool:
        return all(table.is_same for table in self.tables)


def copy_archive(
    origin: Database,
    target: Database,
    stop: threading.Event,
    report: Callable[[CopyProgress], None] = lambda _: None,
    patience: timedelta = PATIENCE,
) -> CopyResult:
    """Make the target what the origin is, then compare them; an empty target gets its schema first.

    It may be stopped at any point and begun again; what is alike already is read and not written.

    Args:
        patience: how long to wait for an archiver that works on a source, on either side.
    Raises: ConfigError when both are the same database; ArchivesDiverged when the target is no earlier state of the
        origin; SchemaOutOfDate; LeaseHeld; LeaseLost; Interrupted; StoreRefused naming the row.
    """
    require_current_schema(origin)
    with origin.reading() as connection:
        sources = load_source_names(connection)
    if not sources:
        raise ArchiverError("nothing is archived yet", hint="set archive.url to the new database and start there")
    _prepare(target)
    require_same_sources(origin, target)
    with holding_leases(origin, sources, stop, patience) as leases:
        ours = HeldArchive(origin, leases)
        require_two_databases(ours, target)
        with _held(target, ours, stop, patience) as theirs:
            return _Copying(ours, theirs, stop, report).run()


def _prepare(target: Database) -> None:
    """Make the schema where there is none. Raises: StoreError, which says that the target is meant."""
    try:
        if load_revision(target) is None:
            migrate(target)
        else:
            require_current_schema(target)
    except SchemaOutOfDate as error:
        raise SchemaOutOfDate(f"{target}: {error}", hint="name an empty database, or migrate that one") from None
    except StoreError as error:
        raise type(error)(f"{target}: {error}", hint=error.hint) from None


@contextmanager
def _held(target: Database, origin: HeldArchive, stop: threading.Event, patience: timedelta) -> Iterator[HeldArchive]:
    """The target with all sources of the origin, their leases held."""
    with target.reading() as connection:
        known = load_source_names(connection)
    with holding_leases(target, known, stop, patience, origin.renew) as leases:
        # Nobody writes the target any more: what is found now stays so.
        require_same_ledger(origin.database, target)
        make_sources(origin.database, HeldArchive(target, leases))
        with target.reading() as connection:
            sources = load_source_names(connection)
        new = {source_id: sources[source_id] for source_id in origin.source_ids if source_id not in known}
        with holding_leases(target, new, stop, patience, origin.renew) as more:
            yield HeldArchive(target, [*leases, *more])


class _Copying:
    """A copy under way."""

    def __init__(
        self,
        origin: HeldArchive,
        target: HeldArchive,
        stop: threading.Event,
        report: Callable[[CopyProgress], None],
    ) -> None:
        self._origin, self._target, self._stop, self._report = origin, target, stop, report
        self._renewed_at = time.monotonic()
        self._phase: Phase = "copying"
        self._done = self._total = 0

    def run(self) -> CopyResult:
        self._begin("copying", self._count(self._origin))
        counts = copy_rows(self._origin, self._target, self._after_page)
        self._begin("comparing", self._count(self._origin) + self._count(self._target))
        compared = compare_tables(
            self._origin.database, self._target.database, self._origin.source_ids, self._after_page
        )
        self._renew()  # nobody wrote either side from the first page to the last
        return CopyResult(counts=counts, tables=compared)

    def _begin(self, phase: Phase, total: int) -> None:
        self._phase, self._done, self._total = phase, 0, total
        logger.info(
            "a copy goes on", extra={"event": "copy_phase", "phase": phase, "rows_done": 0, "rows_total": total}
        )

    @staticmethod
    def _count(side: HeldArchive) -> int:
        with side.database.reading() as connection:
            return sum(count_rows(connection, table) for table in copied_tables())

    def _after_page(self, rows: int) -> None:
        self._done += rows
        self._report(CopyProgress(phase=self._phase, done=self._done, total=self._total))
        if self._stop.is_set():
            raise Interrupted("stopped; what was copied is committed", hint="run it again: it goes on from there")
        if time.monotonic() - self._renewed_at >= RENEW_EVERY.total_seconds():
            self._renew()

    def _renew(self) -> None:
        self._origin.renew()
        self._target.renew()
        self._renewed_at = time.monotonic()
