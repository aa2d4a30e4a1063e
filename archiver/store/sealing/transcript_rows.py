"""The transcripts of many chat sessions, read from the database a page at a time: memory stays flat.

Short chat sessions are read together, one that fills a page by itself is read alone; either way messages come
ascending by id, so each chat session's own ascend too, and the revisions of a page come along in the same order.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection, Select, Table, func, literal, select

from archiver.store import tables
from archiver.store.copying.page import PAGE_ROWS, reach
from archiver.store.keyset import Key, above, chunks, up_to
from archiver.store.sealing.log import AT_ONCE, SPOILT

T = TypeVar("T")
Message = Mapping[Any, Any]
"""A row of `chat_message`, by column name: what it says and when it came."""
Revision = Mapping[Any, Any]
"""A row of `chat_message_revision`: an earlier content, and when it was replaced."""

_TEXTS = ("type", "message", "author", "special_type", "special_param", "extra")
_SAYS = ("chat_message_id", "chat_session_id", "when_posted", *_TEXTS)
_CANNOT_BE_READ = "this row can't be read"
"""Stands for the text of such a row, so that it differs from what was sealed and its neighbours don't."""


class Read(Protocol):
    """Does a piece of reading in a transaction: the caller's own, or a short one for each piece."""

    def __call__(self, work: Callable[[Connection], T], /) -> T: ...


def within(connection: Connection) -> Read:
    """All that is read is read in the caller's transaction."""

    def read(work: Callable[[Connection], T], /) -> T:
        return work(connection)

    return read


def read_messages(
    read: Read, source_id: int, chat_session_ids: Collection[int]
) -> Iterator[tuple[Message, Iterable[Revision]]]:
    """Every message of the chat sessions with its earlier contents, oldest first; to be used up before the next.

    Yields: of each chat session ascending by id; chat sessions may take turns.
    """
    for some in chunks(chat_session_ids, AT_ONCE):
        for group in groups(read(partial(_load_counts, source_id=source_id, chat_session_ids=some))):
            yield from _read_group(read, source_id, group)


def groups(counts: Iterable[tuple[int, int]], *, rows: int = PAGE_ROWS) -> Iterator[list[int]]:
    """Which chat sessions are read together: as many as make a page, one at least. Pure.

    Args:
        counts: of each chat session its id and how many messages it has.
    """
    group: list[int] = []
    left = rows
    for chat_session_id, count in counts:
        if group and count > left:
            yield group
            group, left = [], rows
        group.append(chat_session_id)
        left -= count
    if group:
        yield group


def _load_counts(connection: Connection, source_id: int, chat_session_ids: Sequence[int]) -> list[tuple[int, int]]:
    message = tables.chat_message
    query = (
        select(message.c.chat_session_id, func.count())
        .where(message.c.source_id == source_id, message.c.chat_session_id.in_(chat_session_ids))
        .group_by(message.c.chat_session_id)
        .order_by(message.c.chat_session_id)
    )
    return [(key, count) for key, count in connection.execute(query)]


def _read_group(
    read: Read, source_id: int, chat_session_ids: Sequence[int]
) -> Iterator[tuple[Message, Iterable[Revision]]]:
    message = tables.chat_message
    key = (message.c.chat_message_id,)
    query = select(*(message.c[name] for name in _SAYS), message.c.first_archived_at)
    query = query.where(message.c.source_id == source_id, message.c.chat_session_id.in_(chat_session_ids))
    for page in _pages(read, query, message, key):
        earlier = _Earlier(_read_revisions(read, source_id, [row["chat_message_id"] for row in page]))
        for row in page:
            yield row, earlier.of(row["chat_message_id"])


def _read_revisions(read: Read, source_id: int, chat_message_ids: Sequence[int]) -> Iterator[Revision]:
    """Ascending by message and revision."""
    revision = tables.chat_message_revision
    key = (revision.c.chat_message_id, revision.c.revision)
    query = select(*(revision.c[name] for name in _SAYS), revision.c.revision, revision.c.replaced_at)
    for some in chunks(chat_message_ids, PAGE_ROWS):
        chosen = query.where(revision.c.source_id == source_id, revision.c.chat_message_id.in_(some))
        for page in _pages(read, chosen, revision, key):
            yield from page


class _Earlier:
    """Gives each message of a page its revisions, which come in the same order."""

    def __init__(self, revisions: Iterator[Revision]) -> None:
        self._revisions = revisions
        self._next: Revision | None = next(revisions, None)

    def of(self, chat_message_id: int) -> Iterator[Revision]:
        while self._next is not None and self._next["chat_message_id"] == chat_message_id:
            revision, self._next = self._next, next(self._revisions, None)
            yield revision


def _pages(read: Read, query: Select[Any], table: Table, key: Sequence[Any]) -> Iterator[Sequence[Message]]:
    """The rows of a query in the order of a key, by pages that are bounded in rows and characters."""
    after: Key | None = None
    while True:
        rows, after = read(partial(_load_page, query=query, table=table, key=key, after=after))
        yield rows
        if after is None:
            return


def _load_page(
    connection: Connection, query: Select[Any], table: Table, key: Sequence[Any], after: Key | None
) -> tuple[Sequence[Message], Key | None]:
    """The rows of the next page; and the key that it ends with, None when nothing is left after it."""
    if after is not None:
        query = query.where(above(key, after))
    sizes = query.with_only_columns(*key, _characters(table)).order_by(*key).limit(PAGE_ROWS + 1)
    found = [(tuple(each), size) for *each, size in connection.execute(sizes)]
    if not found:
        return [], None
    last = reach(found)
    rows = query.where(up_to(key, last or found[-1][0])).order_by(*key)
    try:
        return connection.execute(rows).mappings().all(), last
    except SPOILT:
        keys = connection.execute(rows.with_only_columns(*key, table.c.chat_session_id)).all()
        return [_load_alone(connection, query, key, its_key, owner) for *its_key, owner in keys], last


def _load_alone(
    connection: Connection, query: Select[Any], key: Sequence[Any], its_key: Sequence[int], owner: int
) -> Message:
    """One row, or what stands for it."""
    try:
        mine = (column == value for column, value in zip(key, its_key, strict=True))
        return connection.execute(query.where(*mine)).mappings().one()
    except SPOILT:
        names = [column.name for column in key]
        known = dict(zip(names, its_key, strict=True)) | {"chat_session_id": owner, "message": _CANNOT_BE_READ}
        return dict.fromkeys(query.selected_columns.keys()) | known


def _characters(table: Table) -> Any:
    return sum((func.coalesce(func.char_length(table.c[name]), 0) for name in _TEXTS), literal(0))
