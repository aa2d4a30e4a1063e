r"""The filter language of the OData lists: text in, one condition on a row out. Pure; knows no chats.

    filter     = all { "or" all }
    all        = part { "and" part }            so `and` binds tighter than `or`
    part       = "(" filter ")" | comparison
    comparison = column operator value
    value      = number | 'text' | "(" value { "," value } ")"

Names and operators are case-blind; in a text a backslash escapes a quote and, so that a text can end in one, itself.
Source: SuperOffice reference, OData search (filters, numbers, strings, datetime, lists). Choices where it is silent:
`between` includes both ends, text is compared with its case, and an unset time meets no condition.
"""

import operator
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Literal, TypeVar

# Brackets within brackets. More than a person writes, fewer than Python's stack holds.
MOST_NESTING = 50

Kind = Literal["int", "string", "datetime", "list"]
Value = int | str | datetime | None
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Column(Generic[T]):
    """A column of the rows T."""

    kind: Kind
    value: Callable[[T], Value]
    orderable: bool = True


@dataclass(frozen=True, kw_only=True)
class _Operator:
    values: Literal["one", "two", "many"]  # "two" and "many" stand in brackets
    holds: Callable[..., bool]  # of the row's value and the filter's


class BadQuery(ValueError):
    """A query option that the sandbox doesn't serve; says which."""


def _one(holds: Callable[[Any, Any], bool]) -> _Operator:
    return _Operator(values="one", holds=holds)


def _many(holds: Callable[..., bool]) -> _Operator:
    return _Operator(values="many", holds=holds)


_BETWEEN = _Operator(values="two", holds=lambda value, low, high: low <= value <= high)
_IN = _many(lambda value, *values: value in values)
_NOT_IN = _many(lambda value, *values: value not in values)

_OPERATORS: dict[Kind, dict[str, _Operator]] = {
    "int": {
        **dict.fromkeys(("eq", "=", "equals", "set"), _one(operator.eq)),
        **dict.fromkeys(("ne", "unequals"), _one(operator.ne)),
        **dict.fromkeys(("lt", "less"), _one(operator.lt)),
        **dict.fromkeys(("gt", "greater"), _one(operator.gt)),
        "le": _one(operator.le),
        "ge": _one(operator.ge),
        "between": _BETWEEN,
        "in": _IN,
    },
    "string": {
        "is": _one(operator.eq),
        "isnot": _one(operator.ne),
        "begins": _one(str.startswith),
        "notbegins": _one(lambda value, text: not value.startswith(text)),
        "contains": _one(operator.contains),
        "notcontains": _one(lambda value, text: text not in value),
        "between": _BETWEEN,
        "in": _IN,
    },
    "datetime": {
        "datetime": _one(operator.eq),
        "beforetime": _one(operator.lt),
        "aftertime": _one(operator.gt),
    },
    "list": {"equals": _one(operator.eq), "oneof": _IN, "notoneof": _NOT_IN},
}

_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^'\\]|\\.)*')|(?P<number>-?[0-9]{1,18}(?![\w/.]))"
    r"|(?P<name>[A-Za-z_][\w/.]*)|(?P<symbol>[(),=]))",
    re.DOTALL,
)
_END = ("end", "")


def parse_filter(
    text: str, columns: Mapping[str, Column[T]], parse_time: Callable[[str], datetime]
) -> Callable[[T], bool]:
    """The condition that `text` states; an empty text lets every row through.

    Args:
        parse_time: reads the literal of a datetime, raising ValueError for what isn't one.
    Raises: BadQuery, with a sentence.
    """
    if not text.strip():
        return lambda _: True
    return _Parser(list(_tokens(text)), columns, parse_time).condition()


def column_named(name: str, columns: Mapping[str, Column[T]], option: str) -> Column[T]:
    """The column of that name, whatever its case. Raises: BadQuery, which names the query option."""
    for known, column in columns.items():
        if known.lower() == name.lower():
            return column
    raise BadQuery(f"{option}: there is no column {name!r}.")


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    """Pairs of a group's name in _TOKEN and what was found, ended by _END."""
    at, text = 0, text.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise BadQuery(f"$filter: can't be read from {text[at : at + 40]!r} on.")
        yield str(match.lastgroup), match[str(match.lastgroup)]
        at = match.end()
    yield _END


class _Parser(Generic[T]):
    """Recursive descent over the tokens, a method for each rule of the grammar."""

    def __init__(
        self,
        tokens: list[tuple[str, str]],
        columns: Mapping[str, Column[T]],
        parse_time: Callable[[str], datetime],
    ) -> None:
        self._tokens = tokens
        self._at = 0
        self._nesting = 0
        self._columns = columns
        self._parse_time = parse_time

    def condition(self) -> Callable[[T], bool]:
        condition = self._any()
        if self._tokens[self._at] != _END:
            raise self._unexpected("and, or, or the end")
        return condition

    def _any(self) -> Callable[[T], bool]:
        parts = [self._all()]
        while self._takes("name", "or"):
            parts.append(self._all())
        return lambda row: any(part(row) for part in parts)

    def _all(self) -> Callable[[T], bool]:
        parts = [self._part()]
        while self._takes("name", "and"):
            parts.append(self._part())
        return lambda row: all(part(row) for part in parts)

    def _part(self) -> Callable[[T], bool]:
        if not self._takes("symbol", "("):
            return self._comparison()
        self._nesting += 1
        if self._nesting > MOST_NESTING:
            raise BadQuery(f"$filter: more than {MOST_NESTING} brackets in each other.")
        condition = self._any()
        self._nesting -= 1
        self._need(")")
        return condition

    def _comparison(self) -> Callable[[T], bool]:
        name = self._taken("name", "a column")
        column = column_named(name, self._columns, "$filter")
        word = self._tokens[self._at][1]
        operation = _OPERATORS[column.kind].get(word.lower())
        if operation is None:
            raise BadQuery(f"$filter: {name} can't be compared by {word!r}.")
        self._at += 1
        values = self._values(column.kind, operation)

        def holds(row: T) -> bool:
            value = column.value(row)
            return value is not None and operation.holds(value, *values)

        return holds

    def _values(self, kind: Kind, operation: _Operator) -> list[Value]:
        if operation.values == "one":
            return [self._value(kind)]
        self._need("(")
        values = [self._value(kind)]
        while self._takes("symbol", ","):
            values.append(self._value(kind))
        self._need(")")
        if operation.values == "two" and len(values) != 2:
            raise BadQuery("$filter: between takes two values.")
        return values

    def _value(self, kind: Kind) -> Value:
        if kind in ("int", "list"):
            return int(self._taken("number", "a number"))
        text = self._taken("text", "a text in single quotes")
        plain = re.sub(r"\\(['\\])", r"\1", text[1:-1])
        if kind == "string":
            return plain
        try:
            return self._parse_time(plain)
        except ValueError as error:
            raise BadQuery(f"$filter: {plain!r} isn't a time.") from error

    def _taken(self, kind: str, wanted: str) -> str:
        found, text = self._tokens[self._at]
        if found != kind:
            raise self._unexpected(wanted)
        self._at += 1
        return text

    def _takes(self, kind: str, word: str) -> bool:
        found, text = self._tokens[self._at]
        if found != kind or text.lower() != word:
            return False
        self._at += 1
        return True

    def _need(self, symbol: str) -> None:
        if not self._takes("symbol", symbol):
            raise self._unexpected(repr(symbol))

    def _unexpected(self, wanted: str) -> BadQuery:
        found = self._tokens[self._at][1] or "the end"
        return BadQuery(f"$filter: {wanted} was expected in place of {found!r}.")
