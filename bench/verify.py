"""Whether a contender stored what the server holds: all of it, once, unaltered."""

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache

import sqlalchemy
from sqlalchemy import text

from bench.chats import Digest, Message, Shape, digest_of
from bench.contenders import Rows
from bench.errors import BenchError

_QUERY = "SELECT chat_message_id, chat_session_id, author, message, when_posted FROM {table}"
_FETCHES = 5_000


def verify(rows: Rows, shape: Shape, *, grown: bool) -> int:
    """How many rows there are. Raises: BenchError unless they are the server's."""
    expected, found = _truth(shape, grown=grown), Digest()
    for message in _stored(rows):
        found.add(message)
    if found.rows != expected.rows:
        raise BenchError(f"{found.rows:,} rows are stored, and the server holds {expected.rows:,}")
    if found != expected:
        raise BenchError(f"{found.rows:,} rows are stored, as many as the server holds, but not the same ones")
    return found.rows


@cache
def _truth(shape: Shape, *, grown: bool) -> Digest:
    return digest_of(shape, grown=grown)


def _stored(rows: Rows) -> Iterator[Message]:
    engine = sqlalchemy.create_engine(rows.url, poolclass=sqlalchemy.NullPool)
    with engine.connect() as connection:
        result = connection.execution_options(yield_per=_FETCHES).execute(text(_QUERY.format(table=rows.table)))
        for row in result:
            yield Message(row[0], row[1], row[2], row[3], _utc_text(row[4]))


def _utc_text(value: datetime | str) -> str:
    """Times come back aware, as UTC without a zone, or from SQLite as text."""
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    return (moment.astimezone(UTC) if moment.tzinfo else moment).isoformat()[:19]
