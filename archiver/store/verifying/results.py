"""What came of a verification, and its row in the archive."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, func, insert, select

from archiver.store import tables
from archiver.store.ledger import SEAL_BROKEN
from archiver.store.sealing.log import Seal
from archiver.store.verifying.differences import Difference

VerificationKind = Literal["archive", "live"]


@dataclass(frozen=True, kw_only=True)
class Verification:
    """A row of `verification`, without its id. Times are aware UTC, by the database."""

    source_id: int
    kind: VerificationKind
    started_at: datetime
    finished_at: datetime
    scope: str
    chat_sessions: int
    messages: int
    sealed: int
    differences: int
    seal_head: str | None


@dataclass(kw_only=True)
class ArchiveResult:
    """A source compared with its seals."""

    scope: str
    started_at: datetime
    finished_at: datetime | None = None
    seals: int = 0
    """In the log."""
    head: Seal | None = None
    anchored: Seal | None = None
    """The newest seal that an anchor names."""
    chat_sessions: int = 0
    """Compared with their newest seal."""
    messages: int = 0
    """Covered by these."""
    sealed: int = 0
    """Of the chat sessions, those that a full visit found complete when they were sealed last."""
    changed: int = 0
    """Those that have changed since, by what the source said."""
    since_anchor: int = 0
    """Those that have a seal newer than the anchor."""
    unsealed: int = 0
    """Chat sessions with messages that never were sealed."""
    restless: int = 0
    """Chat sessions that changed each time they were read."""
    differences: list[Difference] = field(default_factory=list)

    def take_in(self, seal: Seal) -> None:
        """Count a chat session by its newest seal."""
        self.chat_sessions += 1
        self.messages += seal.message_count
        self.sealed += seal.kind == "sealed"
        self.changed += seal.kind == "changed"
        self.since_anchor += self.anchored is not None and seal.id > self.anchored.id


def save_verification(connection: Connection, verification: Verification) -> None:
    connection.execute(insert(tables.verification).values(**vars(verification)))


def load_last_verifications(connection: Connection, source_id: int) -> list[Verification]:
    """The last one of each kind, the newest first."""
    verification = tables.verification
    newest = select(func.max(verification.c.id)).where(verification.c.source_id == source_id)
    ids = connection.execute(newest.group_by(verification.c.kind)).scalars().all()
    columns = [verification.c[name] for name in Verification.__dataclass_fields__]
    query = select(*columns).where(verification.c.id.in_(ids)).order_by(verification.c.id.desc())
    return [Verification(**row) for row in connection.execute(query).mappings()]


def load_last_sound_head(connection: Connection, source_id: int) -> str | None:
    """The newest seal's hash when the archive was last verified without a difference."""
    table = tables.verification
    query = select(table.c.seal_head).where(table.c.source_id == source_id, table.c.kind == "archive")
    head: str | None = connection.execute(
        query.where(table.c.differences == 0).order_by(table.c.id.desc()).limit(1)
    ).scalar()
    return head


def load_found_altered(connection: Connection, source_id: int) -> list[int]:
    """The chat sessions that passes found altered before they changed them, as open errors tell, ascending."""
    error = tables.sync_error
    query = select(error.c.chat_session_id).distinct().where(error.c.source_id == source_id)
    query = query.where(error.c.kind == SEAL_BROKEN, error.c.resolved_at.is_(None))
    return sorted(connection.execute(query).scalars())
