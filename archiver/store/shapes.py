"""The shape of a table, as the archiver declares it and as the database has it, in words that can be compared.

Comments on columns are left out: they are for people, who may change them.
"""

import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Connection, Inspector, Table, UniqueConstraint, inspect
from sqlalchemy.exc import CompileError
from sqlalchemy.types import TypeEngine

from archiver.store import tables
from archiver.store.backends.known import backend_of

Columns = tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ColumnShape:
    """What of a column decides what it can hold."""

    type: str
    """As the dialect spells it."""
    is_nullable: bool
    default: str | None = None
    is_numbered: bool = False
    """Whether the database numbers its rows by itself."""
    collation: str = ""
    """Empty: the database's own, or none."""


@dataclass(frozen=True, kw_only=True)
class TableShape:
    """What of a table decides what it can hold, and how fast it is read."""

    columns: Mapping[str, ColumnShape]
    primary_key: Columns
    uniques: frozenset[Columns]
    indexes: Mapping[str, Columns]
    """Those that are not unique, by name."""
    references: frozenset[tuple[Columns, str, Columns]]
    """Foreign keys: from which columns, to which table and columns."""
    checks: frozenset[str] = frozenset()
    """The names of check constraints."""
    engine: str = ""
    """Empty where a database has but one."""


def declared_shapes(connection: Connection) -> dict[str, TableShape]:
    """The tables as this version wants them, in the words of the database's dialect."""
    return {table.name: _declared(connection, table) for table in tables.metadata.sorted_tables}


def live_shapes(connection: Connection) -> dict[str, TableShape]:
    """Those of our tables that the database has, as it has them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of types that somebody else's columns have
        inspector = inspect(connection)
        names = set(inspector.get_table_names()) & set(tables.metadata.tables)
        return {name: _live(connection, inspector, name) for name in sorted(names)}


def _declared(connection: Connection, table: Table) -> TableShape:
    return TableShape(
        columns={column.name: _declared_column(connection, table, column) for column in table.columns},
        primary_key=tuple(column.name for column in table.primary_key),
        uniques=frozenset(
            tuple(column.name for column in constraint.columns)
            for constraint in table.constraints
            if isinstance(constraint, UniqueConstraint)
        ),
        indexes={str(index.name): tuple(column.name for column in index.columns) for index in table.indexes},
        references=frozenset(
            (
                tuple(constraint.column_keys),
                constraint.referred_table.name,
                tuple(element.column.name for element in constraint.elements),
            )
            for constraint in table.foreign_key_constraints
        ),
        engine=backend_of(connection).table_engine,
    )


def _declared_column(connection: Connection, table: Table, column: Column[Any]) -> ColumnShape:
    default = column.server_default
    return ColumnShape(
        type=_spelled(connection, column.type),
        is_nullable=bool(column.nullable),
        default=f"'{default.arg}'" if default is not None else None,  # type: ignore[attr-defined]
        is_numbered=table.autoincrement_column is column,
        collation=backend_of(connection).text_collation(connection) if column.type.python_type is str else "",
    )


def _live(connection: Connection, inspector: Inspector, name: str) -> TableShape:
    primary_key = tuple(inspector.get_pk_constraint(name)["constrained_columns"])
    references = inspector.get_foreign_keys(name)
    collations = backend_of(connection).live_collations(connection, name)
    columns = {
        column["name"]: _live_column(connection, dict(column), primary_key, collations)
        for column in inspector.get_columns(name)
    }
    uniques = {tuple(found["column_names"]) for found in inspector.get_unique_constraints(name)}
    indexes = {}
    for index in inspector.get_indexes(name):
        on = tuple(column or "an expression" for column in index["column_names"])
        if any(option.endswith("_where") for option in index.get("dialect_options", {})):
            on = (*on, "of some rows")
        if index["unique"]:
            uniques.add(on)
        # MariaDB makes an index for a foreign key that has none, and names it so.
        elif index["name"] not in {reference["name"] for reference in references}:
            indexes[str(index["name"])] = on
    return TableShape(
        columns=columns,
        primary_key=primary_key,
        uniques=frozenset(uniques),
        indexes=indexes,
        references=frozenset(
            (tuple(found["constrained_columns"]), found["referred_table"], tuple(found["referred_columns"]))
            for found in references
        ),
        checks=frozenset(str(found["name"]) for found in inspector.get_check_constraints(name)),
        engine=str(inspector.get_table_options(name).get("mysql_engine", "")),
    )


def _live_column(
    connection: Connection, column: Mapping[str, Any], primary_key: Columns, collations: Mapping[str, str]
) -> ColumnShape:
    type_ = _spelled(connection, column["type"])
    is_numbered = backend_of(connection).is_numbered(column, type_, primary_key)
    default = column["default"]
    is_plain = default is None or default == "NULL" or (is_numbered and "nextval" in default)
    return ColumnShape(
        type=type_,
        is_nullable=column["nullable"],
        default=None if is_plain else re.sub(r"::[\w ]+$", "", default),
        is_numbered=is_numbered,
        collation=collations.get(column["name"], ""),
    )


def _spelled(connection: Connection, type_: TypeEngine[Any]) -> str:
    try:
        spelled = type_.compile(connection.dialect)
    except CompileError:
        return "a type of its own"
    return backend_of(connection).spelled(spelled)
