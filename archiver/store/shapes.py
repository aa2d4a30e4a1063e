"""The shape of a table, as the archiver declares it and as the database has it, in words that can be compared.

Comments on columns are left out: they are for people, who may change them.
"""

import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Connection, Dialect, Inspector, Table, UniqueConstraint, inspect, text
from sqlalchemy.exc import CompileError
from sqlalchemy.types import TypeEngine

from archiver.store import tables

Columns = tuple[str, ...]
MARIADB_COLLATION, MYSQL_COLLATION = "utf8mb4_nopad_bin", "utf8mb4_0900_bin"
"""Binary and without padding; the two have different names for it."""


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


def declared_shapes(dialect: Dialect) -> dict[str, TableShape]:
    """The tables as this version wants them, in the words of the dialect."""
    return {table.name: _declared(table, dialect) for table in tables.metadata.sorted_tables}


def live_shapes(connection: Connection) -> dict[str, TableShape]:
    """Those of our tables that the database has, as it has them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of types that somebody else's columns have
        inspector = inspect(connection)
        names = set(inspector.get_table_names()) & set(tables.metadata.tables)
        return {name: _live(connection, inspector, name) for name in sorted(names)}


def _declared(table: Table, dialect: Dialect) -> TableShape:
    return TableShape(
        columns={column.name: _declared_column(column, table, dialect) for column in table.columns},
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
        engine="InnoDB" if dialect.name == "mysql" else "",
    )


def _declared_column(column: Column[Any], table: Table, dialect: Dialect) -> ColumnShape:
    default = column.server_default
    return ColumnShape(
        type=_spelled(column.type, dialect),
        is_nullable=bool(column.nullable),
        default=f"'{default.arg}'" if default is not None else None,  # type: ignore[attr-defined]
        is_numbered=table.autoincrement_column is column,
        collation=_declared_collation(column, dialect),
    )


def _declared_collation(column: Column[Any], dialect: Dialect) -> str:
    if dialect.name != "mysql" or column.type.python_type is not str:
        return ""
    return MARIADB_COLLATION if dialect.is_mariadb else MYSQL_COLLATION  # type: ignore[attr-defined]


def _live(connection: Connection, inspector: Inspector, name: str) -> TableShape:
    primary_key = tuple(inspector.get_pk_constraint(name)["constrained_columns"])
    references = inspector.get_foreign_keys(name)
    collations = _live_collations(connection, name)
    columns = {
        column["name"]: _live_column(dict(column), connection.dialect, primary_key, collations)
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
        engine=_live_engine(inspector, name),
    )


def _live_column(
    column: Mapping[str, Any], dialect: Dialect, primary_key: Columns, collations: Mapping[str, str]
) -> ColumnShape:
    type_ = _spelled(column["type"], dialect)
    is_numbered = bool(column.get("identity")) or column.get("autoincrement") is True
    if dialect.name == "sqlite":  # which numbers a column that is spelled so
        is_numbered = type_ == "INTEGER" and primary_key == (column["name"],)
    default = column["default"]
    is_plain = default is None or default == "NULL" or (is_numbered and "nextval" in default)
    return ColumnShape(
        type=type_,
        is_nullable=column["nullable"],
        default=None if is_plain else re.sub(r"::[\w ]+$", "", default),
        is_numbered=is_numbered,
        collation=collations.get(column["name"], ""),
    )


def _spelled(type_: TypeEngine[Any], dialect: Dialect) -> str:
    try:
        spelled = type_.compile(dialect)
    except CompileError:
        return "a type of its own"
    if dialect.name == "mysql":  # the width is for show, and the collation is compared by itself
        spelled = re.sub(r"( CHARACTER SET \w+)?( COLLATE \w+)?$", "", spelled)
        spelled = re.sub(r"^((?:BIG|SMALL)?INT(?:EGER)?)\(\d+\)", r"\1", spelled)
    return spelled


def _live_collations(connection: Connection, name: str) -> dict[str, str]:
    """By column. On PostgreSQL a collation is spelled with the type."""
    if connection.dialect.name == "mysql":
        query = (
            "SELECT column_name, collation_name FROM information_schema.columns"
            " WHERE table_schema = DATABASE() AND table_name = :name AND collation_name IS NOT NULL"
        )
        return {row[0]: row[1] for row in connection.execute(text(query), {"name": name})}
    if connection.dialect.name == "sqlite":  # which shows it in the statement alone
        made_by = connection.execute(
            text("SELECT sql FROM sqlite_master WHERE name = :name"), {"name": name}
        ).scalar_one()
        found = re.findall(r'"?(\w+)"?\s+[A-Z]+(?:\(\d+\))?[^,]*?\sCOLLATE\s+"?(\w+)', made_by, flags=re.IGNORECASE)
        return {column: collation for column, collation in found if collation.upper() != "BINARY"}
    return {}


def _live_engine(inspector: Inspector, name: str) -> str:
    if inspector.dialect.name != "mysql":
        return ""
    return str(inspector.get_table_options(name).get("mysql_engine", ""))
