"""Messages into rows: new ones inserted, known ones compared, changed ones updated with their earlier content kept.

Optimistic and the same on every database: the rows go in as if all were new, inside a savepoint; only when a key
exists already are those rows loaded and compared. One native upsert per database would hide the decision in four
dialects. Where a savepoint can't be relied upon, the keys are looked up first.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy
from msgspec.structs import astuple
from sqlalchemy import Connection, bindparam, select, update
from sqlalchemy.exc import IntegrityError

from archiver.model import ChatMessage
from archiver.store import tables
from archiver.store.backends.backend import Row
from archiver.store.compare import Verdict, compare
from archiver.store.database import can_undo_insert, insert_rows
from archiver.store.keyset import among
from archiver.store.noticed import Noticed
from archiver.store.shifts import moved_back

CONTENT = tuple(name for name in ChatMessage.__struct_fields__ if name != "chat_message_id")
"""The columns that say what a message says; the same in `chat_message` and `chat_message_revision`."""
_COLUMNS = (
    "source_id",
    *ChatMessage.__struct_fields__,
    "first_archived_at",
    "last_changed_at",
    "last_changed_run",
    "revision",
)
"""What a new row has; the other columns are null until something happens to the message."""
_STORED = (*ChatMessage.__struct_fields__, "source_id", "revision", "missing_since", "gone_at", "erased_at")
_SAYS = slice(len(ChatMessage.__struct_fields__))
Stored = sqlalchemy.Row[Any]
"""What is loaded of a row, to compare: `_STORED`, of which `_SAYS` is what the source said."""
_LOAD_AT_ONCE = 500
"""Keys in one query, well under every database's limit of parameters."""


@dataclass(kw_only=True)
class Saved:
    """What became of a batch of messages."""

    added: int = 0
    changed: int = 0
    """Updated in any way."""
    revised: int = 0
    """Of those changed, edited: their earlier content is kept."""
    compared: int = 0
    """Known already."""
    touched: set[int] = field(default_factory=set)
    """Chat sessions of which a message was added or got a revision."""
    conflicts: list[ChatMessage] = field(default_factory=list)
    """Not stored: another message has the key."""


def save_messages(
    connection: Connection,
    source_id: int,
    run_id: int,
    messages: Sequence[ChatMessage],
    now: datetime,
    *,
    likely_new: bool,
    keep_read_marks: bool = False,
    noticed: Noticed | None = None,
) -> Saved:
    """Store messages of one source within the caller's transaction. One that was missing, or gone, is back.

    Args:
        noticed: of the pass; takes in what is found of shifted times.
        likely_new: whether to try the insert first; False where keys are known to exist, as in a full visit.
        keep_read_marks: keep a revision of what a change of ReadByCustomer alone replaces, too.
    """
    saved = Saved()
    left = messages
    while left:
        unique, left = _first_of_each(left)
        _save_unique(
            connection,
            source_id,
            run_id,
            unique,
            now,
            saved,
            likely_new=likely_new,
            keep_read_marks=keep_read_marks,
            noticed=noticed or Noticed(),
        )
        likely_new = False
    return saved


def _first_of_each(messages: Sequence[ChatMessage]) -> tuple[dict[int, ChatMessage], Sequence[ChatMessage]]:
    """Each id once, and its later contents in their order, for the next rounds."""
    unique = {message.chat_message_id: message for message in messages}
    if len(unique) == len(messages):
        return unique, []
    unique = {}
    last: dict[int, ChatMessage] = {}
    later = []
    for message in messages:
        key = message.chat_message_id
        if key not in unique:
            unique[key] = message
        elif message != last[key]:
            later.append(message)
        last[key] = message
    return unique, later


def _save_unique(
    connection: Connection,
    source_id: int,
    run_id: int,
    unique: dict[int, ChatMessage],
    now: datetime,
    saved: Saved,
    *,
    likely_new: bool,
    keep_read_marks: bool,
    noticed: Noticed,
) -> None:
    if likely_new and _insert_unless_known(connection, _rows(source_id, run_id, unique.values(), now)):
        saved.added += len(unique)
        saved.touched.update(message.chat_session_id for message in unique.values())
        return
    stored = load_stored(connection, source_id, unique)
    unique = unique | _moved_back(stored, unique, noticed)
    verdicts = {key: judge(row, unique[key]) for key, row in stored.items()}
    new = [message for key, message in unique.items() if key not in stored]
    edits = [key for key, verdict in verdicts.items() if verdict is Verdict.EDIT]
    read_marks = [key for key, verdict in verdicts.items() if verdict is Verdict.READ_MARK]
    back = [key for key, verdict in verdicts.items() if verdict is Verdict.SAME and _was_missed(stored[key])]
    replaced = edits + read_marks if keep_read_marks else edits
    _insert(connection, _rows(source_id, run_id, new, now))
    _keep_revisions(connection, [stored[key] for key in replaced], run_id, now)
    kept = set(replaced)
    changed = edits + read_marks + back
    _update(
        connection,
        [_changed_row(stored[key], unique[key], run_id, now, revisions=int(key in kept)) for key in changed],
    )
    saved.added += len(new)
    saved.changed += len(changed)
    saved.revised += len(edits)
    saved.compared += len(stored)
    saved.touched.update(message.chat_session_id for message in [*new, *(unique[key] for key in replaced)])
    saved.conflicts += [unique[key] for key, verdict in verdicts.items() if verdict is Verdict.CONFLICT]


def _was_missed(stored: Stored) -> bool:
    return stored.missing_since is not None or stored.gone_at is not None


def _rows(source_id: int, run_id: int, messages: Iterable[ChatMessage], now: datetime) -> list[Row]:
    source, first_revision = (source_id,), (now, now, run_id, 1)
    return [source + values + first_revision for values in map(astuple, messages)]


def _insert_unless_known(connection: Connection, rows: list[Row]) -> bool:
    """Insert all rows, or none when a key exists already."""
    if not can_undo_insert(connection):
        return not rows
    try:
        with connection.begin_nested():
            _insert(connection, rows)
    except IntegrityError:
        return False
    return True


def _insert(connection: Connection, rows: list[Row]) -> None:
    insert_rows(connection, tables.chat_message, _COLUMNS, rows)


def load_stored(connection: Connection, source_id: int, keys: Collection[int]) -> dict[int, Stored]:
    """Those of the messages that are in the archive, by id: what they say and what became of them."""
    table = tables.chat_message
    query = select(*(table.c[name] for name in _STORED)).where(table.c.source_id == source_id)
    asked, ascending = set(keys), sorted(keys)
    loaded: dict[int, Stored] = {}
    for at in range(0, len(ascending), _LOAD_AT_ONCE):
        some = ascending[at : at + _LOAD_AT_ONCE]
        rows = connection.execute(query.where(among(table.c.chat_message_id, some)))
        loaded |= {row[0]: row for row in rows if row[0] in asked}
    return loaded


def _moved_back(
    stored: dict[int, Stored], fetched: dict[int, ChatMessage], noticed: Noticed
) -> dict[int, ChatMessage]:
    """The messages that a shift moved, as if their times were the stored ones; see shifts.py."""
    back, shifts = moved_back(stored, fetched, noticed.shifts)
    noticed.shifts |= shifts
    return back


def judge(stored: Stored, message: ChatMessage) -> Verdict:
    """As `compare`. Most messages are the same, and that is soon seen."""
    is_same = stored[_SAYS] == astuple(message) and stored.erased_at is None
    return Verdict.SAME if is_same else compare(stored._asdict(), message)


def _keep_revisions(connection: Connection, rows: Sequence[Stored], run_id: int, now: datetime) -> None:
    names = ("source_id", "revision", *ChatMessage.__struct_fields__, "replaced_at", "run_id")
    kept = [(row.source_id, row.revision, *row[_SAYS], now, run_id) for row in rows]
    insert_rows(connection, tables.chat_message_revision, names, kept)


def _changed_row(
    stored: Stored, message: ChatMessage, run_id: int, now: datetime, *, revisions: int
) -> dict[str, Any]:
    """The row as it is to be; `revisions`: how many it gained. What the source returns is not missing."""
    return {
        **{name: getattr(message, name) for name in CONTENT},
        "source_id": stored.source_id,
        "chat_message_id": stored.chat_message_id,
        "last_changed_at": now,
        "last_changed_run": run_id,
        "revision": stored.revision + revisions,
        "missing_since": None,
        "gone_at": None,
    }


def _update(connection: Connection, rows: list[dict[str, Any]]) -> None:
    if not rows:
        return
    table = tables.chat_message
    keys = ("source_id", "chat_message_id")
    connection.execute(
        update(table)
        .where(*(table.c[name] == bindparam(f"new_{name}") for name in keys))
        .values({name: bindparam(f"new_{name}") for name in rows[0] if name not in keys}),
        [{f"new_{name}": value for name, value in row.items()} for row in rows],
    )
