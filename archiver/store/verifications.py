"""The verifications that were made: when, of what, and how many differences they found."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, func, insert, select

from archiver.store import tables

VerificationKind = Literal["archive", "live"]


@dataclass(frozen=True, kw_only=True)
class Verification:
    """A row of `verification`. Times are aware UTC."""

    source_id: int
    kind: VerificationKind
    """archive: against its seals; live: against the source."""
    started_at: datetime
    finished_at: datetime
    scope: str
    """Which chat sessions were meant, and what could not be compared of them."""
    chat_sessions: int
    messages: int
    sealed: int
    """Chat sessions whose newest seal is of kind sealed, then."""
    differences: int
    seal_head: str | None
    """Hash of the newest seal then; None: there was none."""


def save_verification(connection: Connection, verification: Verification) -> None:
    connection.execute(insert(tables.verification).values(**vars(verification)))


def load_last_verifications(connection: Connection, source_id: int) -> list[Verification]:
    """The last one of each kind, the newest first."""
    verification = tables.verification
    newest = select(func.max(verification.c.id)).where(verification.c.source_id == source_id)
    ids = connection.execute(newest.group_by(verification.c.kind)).scalars().all()
    columns = [verification.c[name] for name in Verification.__dataclass_fields__]
    rows = connection.execute(select(*columns).where(verification.c.id.in_(ids)).order_by(verification.c.id.desc()))
    return [Verification(**row) for row in rows.mappings()]


def load_sealed_count(connection: Connection, source_id: int) -> int:
    """How many chat sessions have a newest seal of kind sealed."""
    seal = tables.seal
    newest = select(func.max(seal.c.id).label("id")).where(seal.c.source_id == source_id)
    last = newest.group_by(seal.c.chat_session_id).subquery()
    query = select(func.count()).select_from(seal).join(last, seal.c.id == last.c.id)
    count: int = connection.execute(query.where(seal.c.kind == "sealed")).scalar_one()
    return count


def load_seal_head(connection: Connection, source_id: int) -> str | None:
    """Hash of the newest seal of a source; None when it has none."""
    seal = tables.seal
    query = select(seal.c.hash).where(seal.c.source_id == source_id).order_by(seal.c.id.desc()).limit(1)
    found: str | None = connection.execute(query).scalar()
    return found
