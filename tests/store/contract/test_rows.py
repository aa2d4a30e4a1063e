"""Rows by the thousand, past SQLAlchemy: what goes in comes out, and an error is as one of its own."""

import logging
import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError

from archiver.store import tables
from archiver.store.database import Database, insert_rows
from tests.support import dump

PLANTED = "planted-secret-77ab"
MESSAGE, STATE = tables.chat_message, tables.chat_session_state
NAMES = [column.name for column in MESSAGE.c]

hostile = st.text(st.sampled_from("'\"\\%?:;,()`-#/*\n\r\t\x1a\x01 NULä中👩\u200d")) | st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0")
)
zones = st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30)), timezone(-timedelta(hours=12))])
instants = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=zones)  # noqa: DTZ001  zones come after
small, large = st.integers(-(2**31), 2**31 - 1), st.integers(-(2**63), 2**63 - 1)


def values_of(column: Any) -> st.SearchStrategy[Any]:
    """Any values that the column takes, keys left out."""
    kinds = {"VARCHAR": hostile, "TEXT": hostile, "BIGINT": large, "INTEGER": small, "DATETIME": instants}
    values = kinds[str(column.type).split("(")[0]]
    return st.none() | values if column.nullable else values


any_rows = st.lists(st.tuples(*(values_of(column) for column in MESSAGE.c if not column.primary_key)), max_size=30)


def insert_messages(database: Database, rows: Sequence[tuple[Any, ...]]) -> None:
    with database.writing() as connection:
        insert_rows(connection, MESSAGE, NAMES, rows)


def message_row(key: int, said: str | None = "Hello") -> tuple[Any, ...]:
    now = datetime(2031, 5, 4, tzinfo=UTC)
    told = {"source_id": 1, "chat_message_id": key, "chat_session_id": 7, "message": said, "revision": 1}
    row = {"first_archived_at": now, "last_changed_at": now, "last_changed_run": 1, **told}
    return tuple(row.get(name) for name in NAMES)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(any_rows)
def test_any_values_in_any_column_come_back_as_they_went_in(
    database: Database, values: list[tuple[Any, ...]]
) -> None:
    rows = [(1, key, *row) for key, row in enumerate(values)]
    with database.writing() as connection:
        connection.execute(delete(MESSAGE))
    insert_messages(database, rows)
    assert [tuple(row.values()) for row in dump(database)["chat_message"]] == rows


@pytest.mark.parametrize("count", [1, 9, 10, 100, 1234])
def test_however_many_rows_there_are_all_go_in(database: Database, count: int) -> None:
    insert_messages(database, [message_row(key, f"message {key}") for key in range(count)])
    stored = dump(database)["chat_message"]
    assert [(row["chat_message_id"], row["message"]) for row in stored] == [(n, f"message {n}") for n in range(count)]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_library_that_takes_few_values_at_once_takes_all_rows(database_url: str) -> None:
    database = Database(database_url)
    with database.writing() as connection:
        driver = connection.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)
        driver.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, 999)  # as SQLite was built before 3.32
        insert_rows(connection, MESSAGE, NAMES, [message_row(key) for key in range(250)])
    assert len(dump(database)["chat_message"]) == 250
    database.close()


def test_a_key_that_exists_undoes_all_rows_up_to_the_savepoint(database: Database) -> None:
    insert_messages(database, [message_row(700)])
    with database.writing() as connection:
        insert_rows(connection, MESSAGE, NAMES, [message_row(5000)])
        with pytest.raises(IntegrityError), connection.begin_nested():
            insert_rows(connection, MESSAGE, NAMES, [message_row(key) for key in range(1, 1001)])
    assert [row["chat_message_id"] for row in dump(database)["chat_message"]] == [700, 5000]


def test_no_row_is_in_a_log_or_in_an_error(database: Database, caplog: pytest.LogCaptureFixture) -> None:
    for name in ("sqlalchemy", "sqlalchemy.engine.Engine"):
        caplog.set_level(logging.DEBUG, name)
    insert_messages(database, [message_row(1, PLANTED)])
    with database.writing() as connection, pytest.raises(IntegrityError) as caught, connection.begin_nested():
        insert_rows(connection, MESSAGE, NAMES, [message_row(1, PLANTED)])
    assert "SAVEPOINT" in caplog.text
    assert PLANTED not in f"{caught.value!s}{caught.value!r}{caught.value.statement}{caplog.text}"
