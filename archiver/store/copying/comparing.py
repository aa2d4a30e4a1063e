"""Both sides compared: how many rows there are and what they say, told by a digest.

It reads everything again and shares nothing with the walk that copied but the pages.
"""

import hashlib
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Table

from archiver.store.backends.backend import Row
from archiver.store.copying.rows import walk_pages
from archiver.store.copying.sections import copied_tables, sections_of
from archiver.store.database import Database


@dataclass(frozen=True, kw_only=True)
class TableDigest:
    """What one database holds in a table."""

    rows: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class TableComparison:
    """One table on both sides."""

    table: str
    origin: TableDigest
    target: TableDigest

    @property
    def is_same(self) -> bool:
        return self.origin == self.target


def compare_tables(
    origin: Database, target: Database, source_ids: Collection[int], after_page: Callable[[int], None]
) -> list[TableComparison]:
    """Every copied table, as both sides hold it.

    Args:
        after_page: told how many rows the page had, of either side; may raise to stop.
    """
    return [
        TableComparison(
            table=table.name,
            origin=digest_table(origin, table, source_ids, after_page),
            target=digest_table(target, table, source_ids, after_page),
        )
        for table in copied_tables()
    ]


def digest_table(
    database: Database, table: Table, source_ids: Collection[int], after_page: Callable[[int], None]
) -> TableDigest:
    count, digest = 0, hashlib.sha256()
    for section in sections_of(table, source_ids):
        for page in walk_pages(database, section, source_ids):
            for row in page:
                digest.update(canonical(row))
            count += len(page)
            after_page(len(page))
    return TableDigest(rows=count, sha256=digest.hexdigest())


def canonical(row: Row) -> bytes:
    """A row as bytes, the same ones from every database; no two rows share them."""
    return b"".join(map(_canonical_value, row))


def _canonical_value(value: object) -> bytes:
    match value:
        case None:
            return b"n"
        case int():
            return b"i%d;" % value
        case str():
            text = value.encode("utf-8", errors="surrogatepass")
            return b"t%d;" % len(text) + text
        case datetime():
            return f"d{value.astimezone(UTC).isoformat(timespec='microseconds')};".encode()
    raise TypeError(f"no canonical form of {type(value).__name__} is known")
