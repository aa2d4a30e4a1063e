"""What is made of values on their way to a driver, where SQLAlchemy isn't asked. Pure."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sqlalchemy import Column
from sqlalchemy.dialects import mysql, sqlite

from archiver.errors import StoreRefused
from archiver.store import tables
from archiver.store.backends.bulk import converted, utc_text
from archiver.store.backends.mariadb_rows import LITERALS, statements

COLUMNS = [column for table in tables.metadata.sorted_tables for column in table.c]
HEAD = "INSERT INTO t VALUES "

zones = st.just(UTC) | st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))
instants = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=zones)  # noqa: DTZ001  zones come after
FIRST, LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


@given(instants)
@example(FIRST)
@example(LAST)
def test_a_time_is_written_as_sqlalchemy_writes_it(instant: datetime) -> None:
    dialect = sqlite.dialect()
    theirs = tables.UtcDateTime().dialect_impl(dialect).bind_processor(dialect)
    assert theirs
    assert utc_text(instant) == theirs(instant)


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="naive time"):
        utc_text(datetime(2031, 5, 4))  # noqa: DTZ001  that is the point


@pytest.mark.parametrize("column", COLUMNS, ids=str)
def test_mariadb_has_a_spelling_for_every_column_and_sqlalchemy_would_do_no_more(column: Column[Any]) -> None:
    assert column.type.python_type in LITERALS
    dialect = mysql.dialect()
    is_converted = column.type.dialect_impl(dialect).bind_processor(dialect) is not None
    assert is_converted == isinstance(column.type, tables.UtcDateTime)


def parsed(literal: str) -> str:
    """The text of a literal, read letter by letter as MariaDB reads it."""
    letters, text = iter(literal), []
    assert next(letters) == "'"
    for letter in letters:
        if letter == "\\":
            text.append(next(letters))
        elif letter != "'":
            text.append(letter)
        elif (after := next(letters, None)) is None:
            return "".join(text)
        else:
            assert after == "'", "the text got out of its quotes"
            text.append("'")
    raise AssertionError("the literal has no end")


@given(st.text("'\\%\"\0nä)") | st.text())
def test_no_text_gets_out_of_its_quotes(text: str) -> None:
    assert parsed(LITERALS[str](text)) == text


@pytest.mark.parametrize("value", ["1), (2", 1.5, b"1"])
def test_what_is_no_number_is_not_written_as_one(value: object) -> None:
    with pytest.raises((ValueError, TypeError)):
        LITERALS[int](value)


@given(st.lists(st.text("aä", max_size=60), min_size=1), st.integers(100, 400))
def test_statements_hold_each_row_once_and_no_more_than_they_may(texts: list[str], most: int) -> None:
    most = max(most, *(len(f"{HEAD}({text})".encode()) for text in texts))
    made = list(statements(HEAD, ((text,) for text in texts), most))
    assert all(len(each) <= most for each in made)
    assert [row for each in made for row in each.decode().removeprefix(HEAD).split(",")] == [f"({t})" for t in texts]


def test_a_row_that_no_statement_takes_is_refused() -> None:
    with pytest.raises(StoreRefused, match="larger than"):
        list(statements(HEAD, [("a",), ("a" * 100,)], 100))


@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 1), st.none() | st.integers(0, 1)), max_size=3))
def test_each_value_is_converted_once_where_a_column_says_it_throughout_or_not(rows: list[tuple[Any, ...]]) -> None:
    assert list(converted(rows * 300, [None, str, repr])) == [(a, str(b), repr(c)) for a, b, c in rows * 300]
