"""What is told of earlier verifications, beside a source's other figures."""

from sqlalchemy import Connection, func, select

from archiver.store import tables
from archiver.store.verifying.results import Verification


def load_last_verifications(connection: Connection, source_id: int) -> list[Verification]:
    """The last one of each kind, the newest first."""
    verification = tables.verification
    newest = select(func.max(verification.c.id)).where(verification.c.source_id == source_id)
    ids = connection.execute(newest.group_by(verification.c.kind)).scalars().all()
    columns = [verification.c[name] for name in Verification.__dataclass_fields__]
    query = select(*columns).where(verification.c.id.in_(ids)).order_by(verification.c.id.desc())
    return [Verification(**row) for row in connection.execute(query).mappings()]


def load_still_sealed_count(connection: Connection, source_id: int) -> int:
    """How many chat sessions have not changed since they were sealed: their newest seal is of kind sealed."""
    seal = tables.seal
    newest = select(func.max(seal.c.id).label("id")).where(seal.c.source_id == source_id)
    last = newest.group_by(seal.c.chat_session_id).subquery()
    query = select(func.count()).select_from(seal).join(last, seal.c.id == last.c.id)
    count: int = connection.execute(query.where(seal.c.kind == "sealed")).scalar_one()
    return count
