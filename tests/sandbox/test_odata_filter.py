r"""The filter language, against an evaluation that has no text in between."""

import contextlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.sandbox.webapi.odata_filter import MOST_NESTING, BadQuery, Column, parse_filter

Row = dict[str, Any]
Expected = Callable[[Row], bool]

COLUMNS: dict[str, Column[Row]] = {
    "chatSessionId": Column(kind="int", value=lambda row: row["chatSessionId"]),
    "chatTopic/name": Column(kind="string", value=lambda row: row["chatTopic/name"]),
    "whenEnded": Column(kind="datetime", value=lambda row: row["whenEnded"]),
    "personId": Column(kind="list", value=lambda row: row["personId"]),
}
NOON = datetime(2026, 3, 2, 12)  # noqa: DTZ001  the zone is parse_time's business

numbers = st.integers(-3, 3)
texts = st.text("aA'\\ )", max_size=3)
moments = numbers.map(lambda days: NOON + timedelta(days=days))
rows = st.fixed_dictionaries(
    {"chatSessionId": numbers, "chatTopic/name": texts, "whenEnded": st.none() | moments, "personId": numbers}
)


def quoted(value: str | datetime) -> str:
    text = value.isoformat() if isinstance(value, datetime) else value
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def one(column: str, words: str, values: st.SearchStrategy[Any], holds: Callable[[Any, Any], bool]) -> Any:
    """Comparisons of a column with one value, as pairs of a text and what it should mean."""

    def build(word: str, value: Any) -> tuple[str, Expected]:
        shown = quoted(value) if isinstance(value, str | datetime) else str(value)
        return f"{column} {word} {shown}", lambda row: row[column] is not None and holds(row[column], value)

    return st.builds(build, st.sampled_from(words.split()), values)


def many(column: str, word: str, values: st.SearchStrategy[Any], holds: Callable[[Any, list[Any]], bool]) -> Any:
    """Comparisons of a column with values in brackets."""

    def build(chosen: list[Any]) -> tuple[str, Expected]:
        shown = ", ".join(quoted(each) if isinstance(each, str) else str(each) for each in chosen)
        return f"{column} {word} ({shown})", lambda row: holds(row[column], chosen)

    size = (2, 2) if word == "between" else (1, 3)
    return st.builds(build, st.lists(values, min_size=size[0], max_size=size[1]))


comparisons = st.one_of(
    one("chatSessionId", "eq = equals set EQ", numbers, lambda value, wanted: value == wanted),
    one("chatSessionId", "ne unequals", numbers, lambda value, wanted: value != wanted),
    one("chatSessionId", "lt less", numbers, lambda value, wanted: value < wanted),
    one("chatSessionId", "le", numbers, lambda value, wanted: value <= wanted),
    one("chatSessionId", "gt greater", numbers, lambda value, wanted: value > wanted),
    one("chatSessionId", "ge", numbers, lambda value, wanted: value >= wanted),
    many("chatSessionId", "between", numbers, lambda value, ends: ends[0] <= value <= ends[1]),
    many("chatSessionId", "in", numbers, lambda value, wanted: value in wanted),
    one("chatTopic/name", "is", texts, lambda value, wanted: value == wanted),
    one("chatTopic/name", "isNot", texts, lambda value, wanted: value != wanted),
    one("chatTopic/name", "begins", texts, lambda value, wanted: value[: len(wanted)] == wanted),
    one("chatTopic/name", "notBegins", texts, lambda value, wanted: value[: len(wanted)] != wanted),
    one("chatTopic/name", "contains", texts, lambda value, wanted: wanted in value),
    one("chatTopic/name", "notContains", texts, lambda value, wanted: wanted not in value),
    many("chatTopic/name", "in", texts, lambda value, wanted: value in wanted),
    one("whenEnded", "dateTime", moments, lambda value, wanted: value == wanted),
    one("whenEnded", "beforeTime", moments, lambda value, wanted: value < wanted),
    one("whenEnded", "afterTime", moments, lambda value, wanted: value > wanted),
    one("personId", "equals", numbers, lambda value, wanted: value == wanted),
    many("personId", "oneOf", numbers, lambda value, wanted: value in wanted),
    many("personId", "notOneOf", numbers, lambda value, wanted: value not in wanted),
)


def joined(word: str, parts: list[tuple[str, Expected]]) -> tuple[str, Expected]:
    """Parts in brackets joined by a word: brackets where the grammar needs none say the same."""
    text = f" {word} ".join(f"({part})" for part, _ in parts)
    if word.lower() == "and":
        return text, lambda row: all(expected(row) for _, expected in parts)
    return text, lambda row: any(expected(row) for _, expected in parts)


filters = st.recursive(
    comparisons,
    lambda inner: st.builds(joined, st.sampled_from(["and", "or", "AND"]), st.lists(inner, min_size=1, max_size=3)),
    max_leaves=8,
)


def holds(text: str, row: Row) -> bool:
    return parse_filter(text, COLUMNS, datetime.fromisoformat)(row)


@given(filters, rows)
def test_a_filter_means_what_it_says(written: tuple[str, Expected], row: Row) -> None:
    text, expected = written
    assert holds(text, row) is expected(row)


@given(comparisons, comparisons, comparisons, rows)
def test_and_binds_tighter_than_or(first: Any, second: Any, third: Any, row: Row) -> None:
    a, b, c = (expected(row) for _, expected in (first, second, third))
    assert holds(f"{first[0]} or {second[0]} and {third[0]}", row) is (a or (b and c))
    assert holds(f"{first[0]} and {second[0]} or {third[0]}", row) is ((a and b) or c)


PIECES = [
    "chatSessionId",
    "chatTopic/name",
    "eq",
    "begins",
    "and",
    "or",
    "(",
    ")",
    ",",
    "'a'",
    "'",
    "\\",
    "7",
    "-",
    "é",
]


@given(st.lists(st.sampled_from(PIECES)).map(" ".join) | st.text())
def test_whatever_is_written_is_a_filter_or_refused(text: str) -> None:
    with contextlib.suppress(BadQuery):
        parse_filter(text, COLUMNS, datetime.fromisoformat)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("chatSessionId", "chatSessionId can't be compared by ''."),
        ("chatSessionId eq", "a number was expected in place of 'the end'."),
        ("chatSessionId eq 'x'", "a number was expected in place of \"'x'\"."),
        ("chatSessionId eq 1 and", "a column was expected in place of 'the end'."),
        ("chatSessionId eq 1 2", "and, or, or the end was expected in place of '2'."),
        ("(chatSessionId eq 1", "')' was expected in place of 'the end'."),
        ("chatSessionId between (1)", "between takes two values."),
        ("chatSessionId begins 1", "chatSessionId can't be compared by 'begins'."),
        ("colour eq 1", "there is no column 'colour'."),
        ("whenEnded afterTime 'noon'", "'noon' isn't a time."),
        ("chatTopic/name is 'x", "can't be read from \" 'x\" on."),
        ("(" * (MOST_NESTING + 1), f"more than {MOST_NESTING} brackets in each other."),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(BadQuery) as refused:
        parse_filter(text, COLUMNS, datetime.fromisoformat)
    assert str(refused.value) == f"$filter: {sentence}"
