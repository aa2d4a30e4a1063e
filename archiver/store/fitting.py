"""What is larger than the database takes in one row: its chat session fails until an operator allows more.

PostgreSQL and SQLite take what any reply may hold. MariaDB takes as much as its packets do (16 MB unless told
otherwise), in the quarantine too: so nothing from such a row on is stored, and the cursor stays before it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from operator import attrgetter

from sqlalchemy import Connection

from archiver.model import ChatMessage, Quarantined
from archiver.store import tables
from archiver.store.backends.known import backend_of
from archiver.store.ledger import Failure
from archiver.store.quarantine import from_conflict
from archiver.store.visit import Visit

TOO_LARGE = "too_large"
"""The kind of a failure in which a row came that the database can't take."""
_TEXT_NAMES = [name for name in ChatMessage.__struct_fields__ if tables.chat_message.c[name].type.python_type is str]
_MESSAGE_TEXTS = attrgetter(*_TEXT_NAMES)
_WITHOUT_TEXTS = 10_000
"""Bytes of a row, and of the statement around it, beyond its texts."""


def fitting(connection: Connection, visits: Sequence[Visit]) -> list[Visit]:
    """The visits without what can't be stored; those that lost something are failures."""
    if backend_of(connection).takes_any_size:
        return list(visits)
    return [cut_before(visit, _too_large(connection, _rows(visit))) for visit in visits]


def fitting_conflicts(
    connection: Connection, visits: Sequence[Visit], conflicts: Mapping[int, Sequence[ChatMessage]]
) -> tuple[list[Visit], dict[int, list[ChatMessage]]]:
    """As `fitting`, for messages that go into quarantine, where their texts take up to three times the room.

    What was stored of a visit beyond its end stays so: it comes again, and is then known.

    Args:
        conflicts: by the place of their visit. Returns: the visits, and the conflicts that they still hold.
    """
    left = list(visits)
    for at, messages in conflicts.items():
        items = [from_conflict(message, asked_for=visits[at].chat_session_id) for message in messages]
        left[at] = cut_before(visits[at], _too_large(connection, items))
    kept = {at: [m for m in messages if m in left[at].messages] for at, messages in conflicts.items()}
    return left, {at: messages for at, messages in kept.items() if messages}


def _too_large(connection: Connection, rows: Iterable[ChatMessage | Quarantined]) -> list[ChatMessage | Quarantined]:
    fits = backend_of(connection).fits
    return [row for row in rows if not fits(connection, _texts(row), _WITHOUT_TEXTS)]


def cut_before(visit: Visit, too_large: Sequence[ChatMessage | Quarantined]) -> Visit:
    """A visit that ends before the first of its rows that are too large; the visit itself when none is. Pure."""
    if not too_large:
        return visit
    ids = [row.chat_message_id for row in too_large]
    # A row of which we don't know the id may come before any other.
    end = 0 if None in ids else min(key for key in ids if key is not None)
    which = f"message {end} is" if end else "a reply, or a row without an id, is"
    failure = Failure(
        chat_session_id=visit.chat_session_id,
        kind=TOO_LARGE,
        detail=f"{which} larger than the archive's database takes; it and what came after it is not stored",
    )
    return replace(
        visit,
        messages=[message for message in visit.messages if message.chat_message_id < end],
        quarantined=[
            item for item in visit.quarantined if item.chat_message_id is not None and item.chat_message_id < end
        ],
        failure=failure,
        is_whole=False,
    )


def _rows(visit: Visit) -> list[ChatMessage | Quarantined]:
    return [*visit.messages, *visit.quarantined]


def _texts(row: ChatMessage | Quarantined) -> list[str]:
    return list(filter(None, _MESSAGE_TEXTS(row))) if isinstance(row, ChatMessage) else [row.payload]
