"""Whether the archive's database gives back what it was given: a round trip of odd messages, of which nothing stays.

A database that was made with other defaults than ours may cut, fold or refuse text without a word of warning, and an
archive would only learn of it when it is too late.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from sqlalchemy import Connection, insert, select
from sqlalchemy.exc import DBAPIError

from archiver.store import tables
from archiver.store.database import Database
from archiver.store.driver_errors import is_about_a_value
from archiver.store.specimens import LARGEST_ID, TEXT_COLUMNS, Specimen, specimens

T = TypeVar("T")

NO_SOURCE = -1
"""Under the id of no source the rows meet nobody's, and nobody asks for them while they are there."""
_STAMP = datetime(2026, 10, 25, 0, 59, 59, 123_456, tzinfo=UTC)

_SPOILED = "the database has to hold every text of Unicode and every time to the microsecond"
_CONFUSED = "the columns need a binary collation that pads no blanks"
_NAMED = "archiver check --drift names the columns that are not as declared"


@dataclass(frozen=True, kw_only=True)
class Loss:
    """One kind of content that the database doesn't keep."""

    kind: str
    says: str
    advice: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.says}"


def find_losses(database: Database) -> tuple[list[Loss], int]:
    """Store odd messages, read them back and compare each column; nothing stays.

    Returns: what didn't survive, each kind once, and how many kinds were tried.
    Raises: StoreError when the database can't be asked.
    """
    tried = specimens()
    losses = database.rehearse(lambda connection: _try(connection, tried))
    return list({loss.kind: loss for loss in reversed(losses)}.values())[::-1], len({each.kind for each in tried})


def _try(connection: Connection, tried: Sequence[Specimen]) -> list[Loss]:
    losses: list[Loss] = []
    kept: list[tuple[Specimen, dict[str, Any]]] = []
    for specimen in tried:
        row = _row(specimen)
        if _attempt(connection, _store, row):
            kept.append((specimen, row))
        else:
            losses.append(_loss(specimen, "the database refuses it", _SPOILED))
    for specimen, row in kept:
        columns = _attempt(connection, _changed, row)
        if columns is None:  # such as a time that was rounded into the year 10000
            losses.append(_loss(specimen, "can't be read back", _SPOILED))
        elif columns:
            losses.append(_loss(specimen, f"comes back changed from {_listed(columns)}", _SPOILED))
    for specimen, row in kept:
        if columns := _confused(connection, row, [other for _, other in kept]):
            losses.append(_loss(specimen, f"a condition takes others for it in {_listed(columns)}", _CONFUSED))
    return losses


def _loss(specimen: Specimen, says: str, advice: str) -> Loss:
    return Loss(kind=specimen.kind, says=says, advice=f"{advice}; {_NAMED}")


def _listed(columns: Iterable[str]) -> str:
    return "chat_message." + ", ".join(columns)


def _row(specimen: Specimen) -> dict[str, Any]:
    """A whole row: the message, and what the archiver adds to one."""
    message = specimen.message
    fields = {name: getattr(message, name) for name in message.__struct_fields__}
    stamps = dict.fromkeys(("first_archived_at", "last_changed_at", "missing_since", "gone_at"), _STAMP)
    ours = {"last_changed_run": LARGEST_ID, "revision": 2**31 - 1, "erased_at": None}
    return {"source_id": NO_SOURCE, **fields, **stamps, **ours}


def _attempt(
    connection: Connection, action: Callable[[Connection, dict[str, Any]], T], row: dict[str, Any]
) -> T | None:
    """What the action returns; None when the database or its driver refused, and the transaction goes on."""
    try:
        with connection.begin_nested():
            return action(connection, row)
    except DBAPIError as error:
        if is_about_a_value(error):
            return None
        raise  # the database itself failed or is not ours to write, and this says nothing of the text


def _store(connection: Connection, row: dict[str, Any]) -> bool:
    connection.execute(insert(tables.chat_message).values(row))
    return True


def _changed(connection: Connection, row: dict[str, Any]) -> list[str]:
    """The columns that came back otherwise than they were given."""
    table = tables.chat_message
    mine = table.c.source_id == NO_SOURCE, table.c.chat_message_id == row["chat_message_id"]
    found = connection.execute(select(table).where(*mine)).mappings().one_or_none()
    if found is None:
        return ["chat_message_id"]
    return [name for name, given in row.items() if found[name] != given]


def _confused(connection: Connection, row: dict[str, Any], kept: Sequence[dict[str, Any]]) -> list[str]:
    """The text columns in which a condition finds other rows than those that hold just this text."""
    table = tables.chat_message
    confused = []
    for name in TEXT_COLUMNS:
        if (text := row[name]) is None:
            continue
        query = select(table.c.chat_message_id).where(table.c.source_id == NO_SOURCE, table.c[name] == text)
        equal = {other["chat_message_id"] for other in kept if other[name] == text}
        if set(connection.execute(query).scalars()) != equal:
            confused.append(name)
    return confused
