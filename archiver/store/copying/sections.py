"""What a copy goes through, in which order, and how a page of it is asked for.

Everything comes from the declared tables, so that none that is yet to come can be forgotten. Two orders matter: what
others refer to goes first, and what says "up to here all is stored" goes last, so that a copy cut at any point never
claims to hold what it does not.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, ColumnElement, Table

from archiver.store import tables
from archiver.store.backends.backend import Row
from archiver.store.keyset import Key

NOT_COPIED = (tables.lease,)
"""Who is at work is each database's own affair: a copied holder would lock out, a copied number let in."""
_LAST = (tables.chat_session_state, tables.sync_run)
"""The cursors, and the marks that a cut backfill goes on from: after the messages that they cover."""


@dataclass(frozen=True, kw_only=True)
class Section:
    """A table, or the rows of one source in it where its key starts with the source."""

    table: Table
    source_id: int | None
    key: tuple[Column[Any], ...]
    """The columns that order it: the primary key, without the source where that is given."""

    @property
    def condition(self) -> list[ColumnElement[bool]]:
        return [] if self.source_id is None else [self.table.c.source_id == self.source_id]

    def key_of(self, row: Row) -> Key:
        """A row's key; the values of a row are in the order of the table's columns."""
        names = self.table.c.keys()
        return tuple(row[names.index(column.name)] for column in self.key)

    def source_of(self, row: Row) -> int | None:
        """The source whose row it is; None for one that belongs to all of them."""
        column = "id" if self.table is tables.source else "source_id"
        source_id: int | None = row[self.table.c.keys().index(column)] if column in self.table.c else None
        return source_id

    def name_of(self, row: Row) -> str:
        """A row's table and key, which is all of it that may be shown."""
        names = self.table.c.keys()
        key = ", ".join(f"{column.name} {row[names.index(column.name)]}" for column in self.table.primary_key)
        return f"{self.table.name} ({key})"


def copied_tables() -> list[Table]:
    """Every table that is copied, those first that others refer to, those last that cover others."""
    ordered = [table for table in tables.metadata.sorted_tables if table not in NOT_COPIED]
    return [table for table in ordered if table not in _LAST] + list(_LAST)


def sections_of(table: Table, source_ids: Collection[int]) -> Iterator[Section]:
    """The sections of a table, ascending by source: each is read along its primary key's index."""
    first, *rest = table.primary_key
    if first.name == "source_id" and rest:
        for source_id in sorted(source_ids):
            yield Section(table=table, source_id=source_id, key=tuple(rest))
    else:
        yield Section(table=table, source_id=None, key=(first, *rest))
