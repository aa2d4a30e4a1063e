"""Sources as rows: what the configuration names, in the epoch that is current."""

from sqlalchemy import Connection, insert, select

from archiver.store import tables
from archiver.store.database import database_now

FIRST_EPOCH = 1


def load_source_id(connection: Connection, name: str) -> int | None:
    """The source of that name in its newest epoch; None while nothing of it is archived."""
    source = tables.source
    query = select(source.c.id).where(source.c.name == name).order_by(source.c.epoch.desc()).limit(1)
    source_id: int | None = connection.execute(query).scalar()
    return source_id


def ensure_source(connection: Connection, name: str, base_url: str) -> int:
    """The id of a source; its row and its lease's row are made when there are none.

    Raises: KeyExists when another archiver makes them at the same moment; the next try finds them.
    """
    source_id = load_source_id(connection, name)
    return _make_source(connection, name, base_url) if source_id is None else source_id


def _make_source(connection: Connection, name: str, base_url: str) -> int:
    values = {"name": name, "epoch": FIRST_EPOCH, "base_url": base_url, "created_at": database_now(connection)}
    key = connection.execute(insert(tables.source).values(values)).inserted_primary_key
    assert key is not None
    connection.execute(insert(tables.lease).values(source_id=key[0], fencing=0))
    return int(key[0])
