"""A source goes as a whole, a few rows at a time, and nothing else does."""

import itertools
import threading
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Column, Connection, Integer, insert, select, update

from archiver.errors import Interrupted, LeaseHeld, LeaseLost
from archiver.store import tables
from archiver.store.database import Database
from archiver.store.lease import Lease, acquire_lease
from archiver.store.removing import count_rows, remove_source, tables_to_clear, truncate_log
from archiver.store.sources import ensure_source
from tests.support import Archive, dump

GO_ON = threading.Event()
NOW = datetime(2031, 5, 4, tzinfo=UTC)
PLANTED = "planted-text-9a7e"
ROWS = 7


def some_value(column: Column[Any], number: int) -> Any:
    """A value that any column of ours takes."""
    if isinstance(column.type, tables.UtcDateTime):
        return NOW
    return number if isinstance(column.type, Integer) else str(number)


def fill(connection: Connection, name: str) -> int:
    """A source with some rows in every table there is, also in those that come one day."""
    source_id = ensure_source(connection, name, "https://crm.example.com")
    for table in tables_to_clear():
        columns = [column for column in table.c if column.name not in ("id", "source_id")]
        for number in range(ROWS):
            values = {column.name: some_value(column, number) for column in columns}
            connection.execute(insert(table).values(values | {"source_id": source_id}))
    return source_id


def take(database: Database, source_id: int) -> Lease:
    return database.write(lambda connection: acquire_lease(connection, source_id))


def test_nothing_of_the_source_is_left_and_every_other_one_is_untouched(database: Database) -> None:
    with database.writing() as connection:
        fill(connection, "globex")
    before = dump(database)
    with database.writing() as connection:
        source_id = fill(connection, "acme")
        expected = dict.fromkeys(count_rows(connection, source_id), ROWS)
    removed = remove_source(database, take(database, source_id), GO_ON, rows_at_once=3)
    assert removed == expected
    assert dump(database) == before


def test_every_table_that_holds_rows_of_sources_is_cleared() -> None:
    with_source_id = {table.name for table in tables.metadata.sorted_tables if "source_id" in table.c}
    assert {table.name for table in tables_to_clear()} == with_source_id - {"lease"}


def test_cursors_go_first_and_nothing_goes_before_what_refers_to_it() -> None:
    order = [table.name for table in tables_to_clear()]
    assert order[0] == "chat_session_state"
    assert order.index("chat_message_revision") < order.index("chat_message")
    for table in tables_to_clear():
        referred = {key.column.table.name for key in table.foreign_keys} - {"source"}
        assert all(order.index(table.name) < order.index(name) for name in referred)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_pages_of_any_size_clear_keys_of_any_shape(database_url: str) -> None:
    @given(st.sets(st.tuples(st.integers(1, 4), st.integers(1, 4))), st.integers(1, 6))
    def clears(keys: set[tuple[int, int]], at_once: int) -> None:
        steps = [0]
        with database.writing() as connection:
            source_id = ensure_source(connection, "acme", "https://crm.example.com")
            ours = {"source_id": source_id, "chat_session_id": 1, "replaced_at": NOW, "run_id": 1}
            for message, revision in keys:
                values = ours | {"chat_message_id": message, "revision": revision}
                connection.execute(insert(tables.chat_message_revision).values(values))
        removed = remove_source(database, take(database, source_id), GO_ON, steps.append, rows_at_once=at_once)
        assert removed["chat_message_revision"] == len(keys)
        assert all(0 < after - before <= at_once for before, after in itertools.pairwise(steps))
        assert not any(dump(database).values())

    database = Database(database_url)
    clears()
    database.close()


@pytest.mark.parametrize("steps", [1, 2, 4, 7, 9])
def test_a_pass_after_a_removal_that_was_cut_leaves_no_hole_and_the_next_removal_ends_it(
    archive: Archive, chat: Any, steps: int
) -> None:
    for _ in range(4):
        chat("Hello", "Good morning", "Bye")
    archive.run()
    archive.sandbox.tenant.edit(2, message="Good evening")
    archive.run("reconcile")
    lease, stop, seen = take(archive.database, 1), threading.Event(), []

    def cut(removed: int) -> None:
        seen.append(removed)
        if len(seen) == steps:
            stop.set()

    with pytest.raises(Interrupted):
        remove_source(archive.database, lease, stop, cut, rows_at_once=2)
    release(archive.database, lease)
    assert archive.run().outcome == "complete"
    assert archive.rows() == archive.truth()
    archive.sandbox.tenant.edit(2, message="Good night")  # its revisions may have gone before it
    assert archive.run("reconcile").outcome == "complete"
    remove_source(archive.database, take(archive.database, 1), GO_ON, rows_at_once=2)
    assert not any(dump(archive.database).values())


def release(database: Database, lease: Lease) -> None:
    with database.writing() as connection:
        connection.execute(update(tables.lease).values(holder=None, expires_at=None))


def test_a_removal_whose_lease_was_taken_over_removes_nothing_more(database: Database) -> None:
    with database.writing() as connection:
        source_id = fill(connection, "acme")
    lease = take(database, source_id)
    with pytest.raises(LeaseHeld):
        database.write(lambda connection: acquire_lease(connection, source_id))

    def take_over(_removed: int) -> None:
        with database.writing() as connection:
            connection.execute(update(tables.lease).values(fencing=lease.fencing + 1))
            left.update(count_rows(connection, source_id))

    left: dict[str, int] = {}
    with pytest.raises(LeaseLost):
        remove_source(database, lease, GO_ON, take_over, rows_at_once=2)
    with database.reading() as connection:
        assert count_rows(connection, source_id) == left
    assert left["chat_session_state"] == ROWS - 2


def test_who_waited_for_a_source_that_is_gone_does_not_write_into_the_one_that_has_its_id_now(
    database: Database,
) -> None:
    with database.writing() as connection:
        source_id = ensure_source(connection, "acme", "https://crm.example.com")
    remove_source(database, take(database, source_id), GO_ON)
    with pytest.raises(LeaseLost, match="renamed or removed"):
        take(database, source_id)
    with database.writing() as connection:
        other = ensure_source(connection, "globex", "https://crm.example.com")
        with pytest.raises(LeaseLost, match="renamed or removed"):
            acquire_lease(connection, other, "acme")
        acquire_lease(connection, other, "globex")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_text_is_overwritten_in_the_file_itself(database: Database) -> None:
    with database.writing() as connection:
        source_id, other = fill(connection, "acme"), fill(connection, "globex")
        own = tables.chat_message.c.source_id == source_id
        connection.execute(update(tables.chat_message).where(own).values(message=PLANTED * 1000))
    assert database.sqlite_file
    log = database.sqlite_file.with_name("archive.db-wal")
    assert PLANTED.encode() in log.read_bytes()
    remove_source(database, take(database, source_id), GO_ON, rows_at_once=3)
    assert truncate_log(database)
    assert log.read_bytes() == b""
    assert PLANTED.encode() not in database.sqlite_file.read_bytes()
    with database.reading() as reader:
        assert reader.execute(select(tables.source.c.id)).scalars().all() == [other]
        take(database, other)
        assert not truncate_log(database)
