"""Databases that no test has a server of: what we say compiles for them, statement by statement, as tests say it."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import ClauseElement, Dialect, Engine, event
from sqlalchemy.dialects import mssql, oracle
from sqlalchemy.exc import CompileError
from sqlalchemy.sql.util import find_tables

from archiver.store import tables

OTHERS: tuple[Dialect, ...] = (mssql.dialect(), oracle.dialect())  # type: ignore[no-untyped-call]
_OURS = set(tables.metadata.tables.values())


@contextmanager
def compiling_for_others() -> Iterator[None]:
    """Within the block, a statement on our tables that another dialect can't say fails the test that executes it."""
    seen: set[object] = set()

    def compile_for_others(_connection: object, statement: object, *_: object) -> None:
        if not isinstance(statement, ClauseElement) or not _OURS & set(find_tables(statement)):
            return
        cached = statement._generate_cache_key()  # SQLAlchemy's own, by which it compiles each shape once
        shape = cached.key if cached else statement
        if shape in seen:
            return
        for dialect in OTHERS:
            try:
                statement.compile(dialect=dialect)
            except CompileError:
                raise AssertionError(f"{dialect.name} can't say: {statement}") from None
        seen.add(shape)

    event.listen(Engine, "before_execute", compile_for_others)
    try:
        yield
    finally:
        event.remove(Engine, "before_execute", compile_for_others)
