"""PostgreSQL, by psycopg 3."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

from sqlalchemy import Column, Connection, Dialect, Engine, Table, event, func, select, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import IntegrityError

from archiver.errors import StoreRefused
from archiver.store.backends.backend import Backend, Row, refuse_options

_ARGUMENTS: dict[str, Any] = {
    "connect_timeout": 10,
    "client_encoding": "utf8",
    "keepalives_idle": 30,
    "tcp_user_timeout": 60_000,
}
"""In seconds, the last in milliseconds: a connection that the network swallowed is noticed."""
_MIGRATION_LOCK = 0x5350_4341
_SESSION = (
    "SET TIME ZONE 'UTC'",  # in the server's own zone, year 9999 may become year 10000, which no datetime holds
    "SET DateStyle = 'ISO'",  # the driver reads no other
    # Where more was made the default, archivers of different sources would call each other off.
    "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED",
    "SET idle_in_transaction_session_timeout = '60s'",  # a stuck one of ours holds up nobody
)


class PostgreSQL(Backend):
    label, dialect, driver = "PostgreSQL", "postgresql", "psycopg"
    example, install = "postgresql+psycopg://user@host/name", "superoffice-chat-archiver[postgresql]"
    clock = "SELECT clock_timestamp()"  # now() does not move within a transaction

    def connect_arguments(self, url: URL) -> dict[str, Any]:
        """Our timeouts, but for those that the URL sets itself."""
        import psycopg

        known = {option.keyword.decode() for option in psycopg.pq.Conninfo.get_defaults()}
        refuse_options(url, known, self.label)
        return {name: value for name, value in _ARGUMENTS.items() if name not in url.query}

    def attach(self, engine: Engine, schema: str | None, patience_s: float) -> None:
        event.listen(engine, "connect", partial(_set_up, schema=schema, patience_s=patience_s))

    def insert_rows(self, connection: Connection, table: Table, names: Sequence[str], rows: Sequence[Row]) -> None:
        """COPY straight into the table, in the binary format: nothing is spelled out and read again."""
        import psycopg

        driver = connection.connection.driver_connection
        assert isinstance(driver, psycopg.Connection)
        statement = f"COPY {table.name} ({', '.join(names)}) FROM STDIN (FORMAT BINARY)"
        try:
            with driver.cursor() as cursor, cursor.copy(statement) as copy:
                copy.set_types([_type_name(table.c[name], connection.dialect) for name in names])
                for row in rows:
                    copy.write_row(row)
        except psycopg.errors.UniqueViolation as error:
            raise IntegrityError("COPY", None, error) from None

    def number_after(self, connection: Connection, table: Table) -> None:
        if (column := table.autoincrement_column) is not None:
            largest = select(func.max(column)).scalar_subquery()
            connection.execute(select(func.setval(func.pg_get_serial_sequence(table.name, column.name), largest)))

    @contextmanager
    def migrating(self, connection: Connection) -> Iterator[None]:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
        yield


def _type_name(column: Column[Any], dialect: Dialect) -> str:
    """A column's type as the server calls it, without its length: the binary format converts nothing."""
    return column.type.compile(dialect).lower().partition("(")[0]


def _set_up(connection: Any, _record: object, *, schema: str | None, patience_s: float) -> None:
    if connection.info.parameter_status("server_encoding") != "UTF8":
        raise StoreRefused("the archive's database can't hold every text", hint="make it with ENCODING 'UTF8'")
    with connection.cursor() as cursor:
        for statement in _SESSION:
            cursor.execute(statement)
        cursor.execute(f"SET lock_timeout = {max(int(patience_s * 1000), 1)}")
        if schema is not None:  # and no other: a table of the same name elsewhere is none of ours
            cursor.execute(f'SET search_path TO "{schema}"')
    connection.commit()
