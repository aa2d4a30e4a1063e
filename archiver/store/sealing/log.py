"""The log of seals: an append-only table, each row chained by SHA-256 to the one before it of the same source.

Whoever appends holds the source's lease, so the chain is one line. docs/seals.md specifies the hash to the byte.
"""

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import Connection, Select, func, select
from sqlalchemy.exc import DataError

from archiver.store import tables
from archiver.store.backends.backend import Row
from archiver.store.database import insert_rows
from archiver.store.keyset import chunks

FIRST = "0" * 64
"""What stands for the hash before the first seal's."""
FORMAT = "superoffice-chat-archiver seal 1"
"""The first line of what a hash is made of."""
AT_ONCE = 500
"""Chat sessions in one query, each of them a parameter: well under every database's limit."""

SPOILT = (ValueError, TypeError, OverflowError, DataError)
"""What a value raises that we could never have written, such as a time that is none."""
_NEVER = datetime.min.replace(tzinfo=UTC)

SealKind = Literal["sealed", "changed", "erased"]


@dataclass(frozen=True, kw_only=True)
class Seal:
    """A row of `seal`."""

    id: int
    """Ascends along the chain."""
    source_id: int
    chat_session_id: int
    kind: SealKind
    """sealed: a full visit found the source to say just this; changed: this is what news made of it since; erased:
    it was erased on purpose."""
    message_count: int
    digest: str
    sealed_at: datetime
    previous_hash: str
    hash: str

    @property
    def says(self) -> tuple[int, str]:
        """What the transcript has to be for the seal to hold."""
        return self.message_count, self.digest


@dataclass(frozen=True, kw_only=True)
class NewSeal:
    """What is to be appended to the log."""

    chat_session_id: int
    kind: SealKind
    message_count: int
    digest: str


_COLUMNS = [tables.seal.c[name] for name in Seal.__dataclass_fields__]
_APPENDED = tuple(name for name in Seal.__dataclass_fields__ if name != "id")


def seal_hash(
    *, previous_hash: str, chat_session_id: int, kind: str, message_count: int, digest: str, sealed_at: datetime
) -> str:
    """SHA-256, in hexadecimal, over these values as lines of ASCII text, below the name of the format. Pure."""
    instant = sealed_at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds")
    lines = (FORMAT, previous_hash, str(chat_session_id), kind, str(message_count), digest, f"{instant}Z")
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def load_head(connection: Connection, source_id: int) -> Seal | None:
    """The newest seal of a source; None when it has none."""
    seal = tables.seal
    query = select(*_COLUMNS).where(seal.c.source_id == source_id).order_by(seal.c.id.desc()).limit(1)
    return next(iter(_load(connection, query)), None)


def load_seal_count(connection: Connection, source_id: int) -> int:
    count: int = connection.execute(select(func.count()).where(tables.seal.c.source_id == source_id)).scalar_one()
    return count


def load_newest_seals(connection: Connection, source_id: int, chat_session_ids: Collection[int]) -> dict[int, Seal]:
    """The newest seal of each of the chat sessions that have one."""
    seal = tables.seal
    found: dict[int, Seal] = {}
    newest = select(func.max(seal.c.id)).where(seal.c.source_id == source_id).group_by(seal.c.chat_session_id)
    for some in chunks(chat_session_ids, AT_ONCE):
        ids = connection.execute(newest.where(seal.c.chat_session_id.in_(some))).scalars().all()
        if ids:
            seals = _load(connection, select(*_COLUMNS).where(seal.c.id.in_(ids)))
            found |= {each.chat_session_id: each for each in seals}
    return found


def load_sources_of(connection: Connection, hashes: Collection[str]) -> set[int]:
    """The sources in whose logs any of these hashes are."""
    seal = tables.seal
    return set(connection.execute(select(seal.c.source_id).where(seal.c.hash.in_(hashes)).distinct()).scalars())


def load_log(connection: Connection, source_id: int, after: int, at_most: int) -> list[Seal]:
    """The next seals of a source after a seal's id, along the chain."""
    seal = tables.seal
    query = select(*_COLUMNS).where(seal.c.source_id == source_id, seal.c.id > after)
    return _load(connection, query.order_by(seal.c.id).limit(at_most))


def _load(connection: Connection, query: Select[Any]) -> list[Seal]:
    """Seals in the order of a query; what we could never have written is replaced by what no seal says."""
    try:
        return [_seal(row) for row in connection.execute(query).mappings()]
    except SPOILT:  # SQLite lets others write any text for a time
        bare = query.with_only_columns(*(each for each in _COLUMNS if each.name != "sealed_at"))
        rows = connection.execute(bare).mappings().all()
        return [_seal(dict(row) | {"sealed_at": _sealed_at(connection, row["id"])}) for row in rows]


def _sealed_at(connection: Connection, seal_id: int) -> datetime:
    try:
        when = connection.execute(select(tables.seal.c.sealed_at).where(tables.seal.c.id == seal_id)).scalar_one()
    except SPOILT:
        return _NEVER
    return when if isinstance(when, datetime) else _NEVER


def _seal(row: Mapping[Any, Any]) -> Seal:
    """SQLite lets others write texts and bytes into any column."""
    texts = {name: str(row[name]) for name in ("kind", "digest", "previous_hash", "hash")}
    count = row["message_count"] if isinstance(row["message_count"], int) else -1
    return Seal(**{**row, **texts, "message_count": count})


def append_seals(connection: Connection, source_id: int, seals: Iterable[NewSeal], now: datetime) -> None:
    """Append to the log within the transaction of a caller that holds the lease.

    Args:
        now: the database's time, to the microsecond.
    """
    head = load_head(connection, source_id)
    rows = list(_chained(source_id, seals, head.hash if head else FIRST, now))
    insert_rows(connection, tables.seal, _APPENDED, rows)


def _chained(source_id: int, seals: Iterable[NewSeal], previous_hash: str, now: datetime) -> Iterator[Row]:
    for seal in seals:
        hash_ = seal_hash(previous_hash=previous_hash, sealed_at=now, **vars(seal))
        yield source_id, *vars(seal).values(), now, previous_hash, hash_
        previous_hash = hash_
