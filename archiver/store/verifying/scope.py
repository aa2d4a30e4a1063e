"""Which chat sessions a verification reads, and what there is beside them."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from sqlalchemy import Connection, exists, func, select

from archiver.ranges import IdRanges
from archiver.store import tables
from archiver.store.sealing.log import AT_ONCE
from archiver.store.sealing.transcript_rows import Read

ALL = IdRanges(((1 - 2**63, 2**63 - 1),))
"""Whatever id a row has: somebody may have written one that no source would give."""


def sealed_pages(read: Read, source_id: int, ids: IdRanges) -> Iterator[Sequence[int]]:
    """The chat sessions that have a seal, ascending, some hundreds at a time."""
    for first, last in ids.ranges:
        after = first - 1
        while page := read(partial(_load_sealed_page, source_id=source_id, after=after, last=last)):
            yield page
            after = page[-1]


def _load_sealed_page(connection: Connection, source_id: int, after: int, last: int) -> Sequence[int]:
    key = tables.seal.c.chat_session_id
    query = select(key).where(tables.seal.c.source_id == source_id, key > after, key <= last)
    return connection.execute(query.distinct().order_by(key).limit(AT_ONCE)).scalars().all()


def load_sealed_count(connection: Connection, source_id: int, ids: IdRanges) -> int:
    """How many chat sessions have a seal."""
    return _count(connection, tables.seal.c.chat_session_id, source_id, ids)


def load_unsealed_count(connection: Connection, source_id: int, ids: IdRanges) -> int:
    """How many chat sessions have messages and no seal."""
    message = tables.chat_message
    return _count(connection, message.c.chat_session_id, source_id, ids, ~_has_seal(message))


def load_keys_without_seals(connection: Connection, source_id: int, ids: IdRanges) -> list[int]:
    """The chat sessions that were sealed, as their keys tell, and of which the log has nothing."""
    table = tables.seal_key
    query = select(table.c.chat_session_id).where(table.c.source_id == source_id, ~_has_seal(table))
    rows = connection.execute(query.order_by(table.c.chat_session_id)).scalars()
    return [key for key in rows if any(first <= key <= last for first, last in ids.ranges)]


def _count(connection: Connection, column: Any, source_id: int, ids: IdRanges, *where: Any) -> int:
    counts = select(func.count(column.distinct())).where(column.table.c.source_id == source_id, *where)
    return sum(connection.execute(counts.where(column.between(*ends))).scalar_one() for ends in ids.ranges)


def _has_seal(table: Any) -> Any:
    seal = tables.seal
    same = seal.c.source_id == table.c.source_id, seal.c.chat_session_id == table.c.chat_session_id
    return exists().where(*same)


def load_still_sealed_count(connection: Connection, source_id: int) -> int:
    """How many chat sessions have not changed since they were sealed: their newest seal is of kind sealed."""
    seal = tables.seal
    newest = select(func.max(seal.c.id).label("id")).where(seal.c.source_id == source_id)
    last = newest.group_by(seal.c.chat_session_id).subquery()
    query = select(func.count()).select_from(seal).join(last, seal.c.id == last.c.id)
    count: int = connection.execute(query.where(seal.c.kind == "sealed")).scalar_one()
    return count
