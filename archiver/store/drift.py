"""The schema that the database has against the one that this version wants: what somebody changed by hand.

What is missing, changed, or could refuse or hide a row is a difference. An index that an analyst added is only told.
Tables of others are none of our business.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from archiver.store.database import Database
from archiver.store.schema import require_current_revision
from archiver.store.shapes import Columns, ColumnShape, TableShape, declared_shapes, live_shapes


@dataclass(frozen=True, kw_only=True)
class Drift:
    """How the schema is not as declared, a sentence each."""

    differences: tuple[str, ...]
    notes: tuple[str, ...]
    """What was added and does no harm."""


def find_drift(database: Database) -> Drift:
    """Compare the live schema with the declared one.

    Raises: SchemaOutOfDate when it is at another revision, and a comparison would say nothing; StoreError.
    """
    require_current_revision(database)
    with database.reading() as connection:
        return compare_shapes(declared_shapes(connection), live_shapes(connection))


def compare_shapes(declared: Mapping[str, TableShape], live: Mapping[str, TableShape]) -> Drift:
    """What is not as declared, table by table. Pure."""
    differences, notes = [], []
    for name, wanted in declared.items():
        if name not in live:
            differences.append(f"table {name} is missing")
            continue
        found = live[name]
        differences += _columns(name, wanted, found)
        differences += _keys(name, wanted, found)
        differences += _indexes(name, wanted, found)
        notes += [
            f"{name} has an index that the archiver doesn't know: {index}"
            for index in sorted(found.indexes.keys() - wanted.indexes.keys())
        ]
    return Drift(differences=tuple(differences), notes=tuple(notes))


def _columns(table: str, wanted: TableShape, found: TableShape) -> Iterator[str]:
    if found.engine != wanted.engine:
        yield f"{table} is kept by {found.engine}, expected {wanted.engine}"
    for name, column in wanted.columns.items():
        if name in found.columns:
            yield from _column(f"{table}.{name}", column, found.columns[name])
        else:
            yield f"{table}.{name} is missing"
    for name in found.columns:
        if name not in wanted.columns:
            yield f"{table} has a column that the archiver doesn't know: {name}"


def _column(name: str, wanted: ColumnShape, found: ColumnShape) -> Iterator[str]:
    if found.type != wanted.type:
        yield f"{name} is {found.type}, expected {wanted.type}"
    if found.is_nullable != wanted.is_nullable:
        yield f"{name} is {_nullable(found)}, expected {_nullable(wanted)}"
    if wanted.is_numbered and not found.is_numbered:
        yield f"{name} does not number its rows by itself"
    elif found.default != wanted.default:
        yield f"{name} has {_default(found)}, expected {_default(wanted)}"
    if found.collation != wanted.collation:
        yield f"{name} has {_collation(found)}, expected {_collation(wanted)}"


def _nullable(column: ColumnShape) -> str:
    return "NULL" if column.is_nullable else "NOT NULL"


def _default(column: ColumnShape) -> str:
    return "no default" if column.default is None else f"the default {column.default}"


def _collation(column: ColumnShape) -> str:
    return f"the collation {column.collation}" if column.collation else "none"


def _keys(table: str, wanted: TableShape, found: TableShape) -> Iterator[str]:
    """Keys and other constraints; one that was added may refuse rows."""
    if found.primary_key != wanted.primary_key:
        has = f"is {_on(found.primary_key)}" if found.primary_key else "is missing"
        yield f"the primary key of {table} {has}, expected {_on(wanted.primary_key)}"
    for columns in sorted(wanted.uniques - found.uniques):
        yield f"the unique constraint of {table} on {_on(columns)} is missing"
    for columns in sorted(found.uniques - wanted.uniques - {wanted.primary_key}):
        yield f"{table} has a unique constraint that the archiver doesn't know: on {_on(columns)}"
    for columns, other, keys in sorted(wanted.references - found.references):
        yield f"the foreign key of {table} from {_on(columns)} to {other} {_on(keys)} is missing"
    for columns, other, keys in sorted(found.references - wanted.references):
        yield f"{table} has a foreign key that the archiver doesn't know: from {_on(columns)} to {other} {_on(keys)}"
    for check in sorted(found.checks - wanted.checks):
        yield f"{table} has a check constraint that the archiver doesn't know: {check}"


def _indexes(table: str, wanted: TableShape, found: TableShape) -> Iterator[str]:
    for name, columns in sorted(wanted.indexes.items()):
        if name not in found.indexes:
            yield f"index {name} of {table} is missing"
        elif found.indexes[name] != columns:
            yield f"index {name} of {table} is on {_on(found.indexes[name])}, expected {_on(columns)}"


def _on(columns: Columns) -> str:
    return f"({', '.join(columns)})"
