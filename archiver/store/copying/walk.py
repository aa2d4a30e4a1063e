"""The walk that makes the target like the origin, page by page.

Both sides are read along the same keys, so the walk needs no memory of its own: begun again, it finds what is alike
and writes what is not. That makes it resumable, and a second copy after more passes costs the difference.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from sqlalchemy import Connection

from archiver.errors import StoreRefused
from archiver.store.copying.held import HeldArchive
from archiver.store.copying.page import PageWork, nearer, work_for
from archiver.store.copying.rows import do_work, load_reach, load_rows
from archiver.store.copying.sections import Section, copied_tables, sections_of
from archiver.store.keyset import Key


@dataclass(kw_only=True)
class CopyCounts:
    """Rows of the target that were written."""

    inserted: int = 0
    updated: int = 0
    deleted: int = 0


def copy_rows(origin: HeldArchive, target: HeldArchive, after_page: Callable[[int], None]) -> CopyCounts:
    """Make every copied row of the target what it is in the origin.

    Args:
        after_page: told how many rows of the origin the page had; may raise to stop.
    Raises: LeaseLost before anything was written of a source that another archiver took over; StoreRefused, which
        names the row by table and key.
    """
    counts = CopyCounts()
    for table in copied_tables():
        for section in sections_of(table, origin.source_ids):
            _copy_section(origin, target, section, counts, after_page)
    return counts


def _copy_section(
    origin: HeldArchive,
    target: HeldArchive,
    section: Section,
    counts: CopyCounts,
    after_page: Callable[[int], None],
) -> None:
    after: Key | None = None
    while True:
        with origin.database.reading() as here, target.database.reading() as there:
            last = nearer(load_reach(here, section, after), load_reach(there, section, after))
            ours = load_rows(here, section, after, last, origin.source_ids)
            theirs = load_rows(there, section, after, last, origin.source_ids)
        if work := work_for(ours, theirs):
            _write(origin, target, section, work)
        counts.inserted += len(work.insert)
        counts.updated += len(work.update)
        counts.deleted += len(work.delete)
        after_page(len(ours))
        if last is None:
            return
        after = last


def _write(origin: HeldArchive, target: HeldArchive, section: Section, work: PageWork) -> None:
    source_ids = {source_id for row in work.rows if (source_id := section.source_of(row)) is not None}
    # What was read is only whole while no archiver writes there: a cursor of a later pass would cover messages that
    # the walk has gone past.
    origin.database.write(partial(origin.prove, source_ids=source_ids))

    def write(work: PageWork, connection: Connection) -> None:
        target.prove(connection, source_ids)
        do_work(connection, section, work)

    try:
        target.database.write(partial(write, work))
    except StoreRefused:
        for one in work.one_by_one():
            try:
                target.database.write(partial(write, one))
            except StoreRefused as refused:
                (row,) = one.rows
                raise StoreRefused(f"{section.name_of(row)}: {refused}", hint=refused.hint) from None
