"""The keys of seals, and the marks that tell which message differs when a digest does."""

from collections.abc import Collection, Sequence

from sqlalchemy import Connection, bindparam, select, update

from archiver.store import tables
from archiver.store.database import insert_rows
from archiver.store.keyset import chunks
from archiver.store.sealing.log import AT_ONCE


def load_keys(connection: Connection, source_id: int, chat_session_ids: Collection[int]) -> dict[int, str]:
    """The key of each of the chat sessions that have one."""
    table = tables.seal_key
    found: dict[int, str] = {}
    query = select(table.c.chat_session_id, table.c.hmac_key).where(table.c.source_id == source_id)
    for some in chunks(chat_session_ids, AT_ONCE):
        rows = connection.execute(query.where(table.c.chat_session_id.in_(some)))
        found |= {row.chat_session_id: str(row.hmac_key) for row in rows}  # SQLite lets others write bytes
    return found


def load_marks(connection: Connection, source_id: int, chat_session_id: int) -> str | None:
    """Those of one chat session, which may be megabytes."""
    table = tables.seal_key
    query = select(table.c.marks).where(table.c.source_id == source_id, table.c.chat_session_id == chat_session_id)
    marks = connection.execute(query).scalar()
    return marks if isinstance(marks, str) else None  # SQLite lets others write bytes


def add_keys(connection: Connection, source_id: int, rows: Sequence[tuple[int, str, str | None]]) -> None:
    """New keys: of each chat session its id, key and marks."""
    names = ("source_id", "chat_session_id", "hmac_key", "marks")
    insert_rows(connection, tables.seal_key, names, [(source_id, *row) for row in rows])


def update_marks(connection: Connection, source_id: int, marks: Sequence[tuple[int, str | None]]) -> None:
    """Other marks: of each chat session its id and marks."""
    table = tables.seal_key
    if marks:
        connection.execute(
            update(table)
            .where(table.c.source_id == source_id, table.c.chat_session_id == bindparam("its_id"))
            .values(marks=bindparam("its_marks")),
            [{"its_id": key, "its_marks": each} for key, each in marks],
        )
