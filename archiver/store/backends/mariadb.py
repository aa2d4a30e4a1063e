"""MariaDB, by PyMySQL. MySQL speaks the same, and what is told apart is written so that both understand it."""

import hashlib
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Table, bindparam, event, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry

from archiver.errors import ConfigError, StoreRefused, StoreUnavailable
from archiver.store.backends.backend import Backend, Row, refuse_options
from archiver.store.backends.bulk import converted, insert_into
from archiver.store.backends.mariadb_rows import LITERALS, statements
from archiver.store.driver_errors import too_large

_ON_MARIADB, _ON_MYSQL = "utf8mb4_nopad_bin", "utf8mb4_0900_bin"
"""Binary and without padding, so that an edit of case or of a trailing blank is one; the two have different names for
it."""

_ARGUMENTS: dict[str, Any] = {
    "charset": "utf8mb4",
    "connect_timeout": 10,
    # For one statement, a migration of a large table included: a connection that the network swallowed is noticed.
    "read_timeout": 600,
    "write_timeout": 60,
}
"""In seconds."""
_OPTIONS = {
    "charset",
    "connect_timeout",
    "read_timeout",
    "write_timeout",
    "unix_socket",
    "ssl_ca",
    "ssl_cert",
    "ssl_key",
    "ssl_check_hostname",
}
_SESSION = (
    "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,"
    "NO_ENGINE_SUBSTITUTION', time_zone = '+00:00'",
    # As on PostgreSQL: no gap is locked, and what another committed is seen.
    "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
)
_UNSOUND = text(
    "SELECT table_name AS name, collation_name AS collation FROM information_schema.columns "
    "WHERE table_schema = DATABASE() AND table_name IN :ours AND collation_name NOT IN :sound "
    "ORDER BY table_name, ordinal_position LIMIT 1"
).bindparams(bindparam("ours", expanding=True), bindparam("sound", expanding=True))
_LIVE_COLLATIONS = text(
    "SELECT column_name, collation_name FROM information_schema.columns "
    "WHERE table_schema = DATABASE() AND table_name = :name AND collation_name IS NOT NULL"
)
_MIGRATION_PATIENCE_S = 60
_PACKET = "max_allowed_packet"
_ESCAPED = "\\'\"\0\n\r\x1a"
"""What the driver writes as two letters."""
_MOST_BYTES = 4
"""Of a letter, or of anything that the driver writes as two."""
_ELSEWHERE = 100
"""Bytes of a value that is no text, and of a statement beyond what we see of it."""


class MariaDB(Backend):
    label, dialect, driver = "MariaDB", "mysql", "pymysql"
    example, install = "mysql+pymysql://user@host/name", "superoffice-chat-archiver[mariadb]"
    clock = "SELECT UTC_TIMESTAMP(6)"
    has_transactional_ddl = False
    table_engine = "InnoDB"
    takes_any_size = False

    def checked_url(self, url: URL, folder: Path) -> URL:
        if url.query.get("charset", "utf8mb4") != "utf8mb4":
            raise ConfigError("archive.url: charset has to be utf8mb4, to hold every text", hint="leave it out")
        return super().checked_url(url, folder)

    def connect_arguments(self, url: URL) -> dict[str, Any]:
        """Our timeouts, but for those that the URL sets itself."""
        refuse_options(url, _OPTIONS, self.label)
        return {name: value for name, value in _ARGUMENTS.items() if name not in url.query}

    def attach(self, engine: Engine, schema: str | None, patience_s: float) -> None:
        super().attach(engine, schema, patience_s)
        # First: SQLAlchemy looks once at the mode, the server's own, to know how names are quoted.
        event.listen(engine, "connect", partial(_set_up, patience_s=patience_s), insert=True)
        event.listen(engine, "before_cursor_execute", self._keep_to_packets)

    def insert_rows(self, connection: Connection, table: Table, names: Sequence[str], rows: Sequence[Row]) -> None:
        """By the driver alone: what SQLAlchemy is given it may log, and its errors carry it."""
        import pymysql

        driver = connection.connection.driver_connection
        assert isinstance(driver, pymysql.Connection)
        literals = converted(rows, [LITERALS[table.c[name].type.python_type] for name in names])
        into, most = insert_into(connection, table, names), connection.info[_PACKET] - _ELSEWHERE
        try:
            with driver.cursor() as cursor:
                for statement in statements(into, literals, most):
                    cursor.execute(statement)
        except pymysql.Error as error:
            dialect = connection.dialect
            raise DBAPIError.instance("INSERT", None, error, pymysql.Error, dialect=dialect) from None

    def require_sound(self, connection: Connection, names: Iterable[str]) -> None:
        ours = {"ours": list(names), "sound": [_ON_MARIADB, _ON_MYSQL]}
        if row := connection.execute(_UNSOUND, ours).first():
            mending = f"CONVERT TO CHARACTER SET utf8mb4 COLLATE {self.text_collation(connection)}"
            raise StoreRefused(
                f"the table {row.name} takes texts for equal that are not: its collation is {row.collation}",
                hint=f"ALTER TABLE {row.name} {mending} mends it",
            )

    def version(self, connection: Connection) -> str:
        shown = super().version(connection)
        return shown if _is_mariadb(connection) else shown.replace(self.label, "MySQL", 1)

    def spelled(self, type_: str) -> str:
        """Without the collation, and without the width, which is for show."""
        type_ = re.sub(r"( CHARACTER SET \w+)?( COLLATE \w+)?$", "", type_)
        return re.sub(r"^((?:BIG|SMALL)?INT(?:EGER)?)\(\d+\)", r"\1", type_)

    def text_collation(self, connection: Connection) -> str:
        return _ON_MARIADB if _is_mariadb(connection) else _ON_MYSQL

    def live_collations(self, connection: Connection, table: str) -> dict[str, str]:
        return {row[0]: row[1] for row in connection.execute(_LIVE_COLLATIONS, {"name": table})}

    def fits(self, connection: Connection, texts: Collection[str], beyond: int) -> bool:
        most: int = connection.info[_PACKET] - beyond
        if _MOST_BYTES * sum(map(len, texts)) <= most:  # no need to look closer
            return True
        return sum(map(_bytes_sent, texts)) <= most

    def _keep_to_packets(
        self, connection: Connection, cursor: Any, statement: str, parameters: Any, _context: object, is_many: bool
    ) -> None:
        """Have rows share statements of a packet at most, and refuse a row that fits into none.

        Sent all the same, the server would hang up in the middle of it, as if it had gone away.
        """
        cursor.max_stmt_length = min(cursor.max_stmt_length, connection.info[_PACKET] - _ELSEWHERE)
        for row in parameters if is_many else [parameters]:
            values = row.values() if isinstance(row, Mapping) else row
            texts = [value for value in values if isinstance(value, str)]
            if not self.fits(connection, texts, len(statement) + _ELSEWHERE * (len(row) - len(texts) + 1)):
                raise too_large()

    @contextmanager
    def migrating(self, connection: Connection) -> Iterator[None]:
        name = connection.execute(text("SELECT DATABASE()")).scalar_one()
        lock = {"lock": "archiver_" + hashlib.sha256(name.encode()).hexdigest()[:32]}  # one name for the whole server
        got = connection.execute(text(f"SELECT GET_LOCK(:lock, {_MIGRATION_PATIENCE_S})"), lock).scalar()
        if not got:
            raise StoreUnavailable("another archiver migrates this archive", hint="wait until it is done")
        try:
            yield
            connection.exec_driver_sql("COMMIT")  # whoever has the lock next has to see all that was done
        finally:
            with suppress(SQLAlchemyError):  # a connection that broke has given it back already
                connection.execute(text("SELECT RELEASE_LOCK(:lock)"), lock)


def _bytes_sent(text: str) -> int:
    """What a text takes on its way; those that we spell ourselves take less."""
    return len(text.encode()) + sum(map(text.count, _ESCAPED))


def _is_mariadb(connection: Connection) -> bool:
    from sqlalchemy.dialects.mysql.base import MySQLDialect

    assert isinstance(connection.dialect, MySQLDialect)
    return bool(connection.dialect.is_mariadb)


def _set_up(connection: Any, record: ConnectionPoolEntry, *, patience_s: float) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT @@character_set_database, DATABASE(), @@max_allowed_packet")
        charset, name, record.info[_PACKET] = cursor.fetchone()
        if charset != "utf8mb4":
            raise StoreRefused(
                f"the archive's database can't hold every text: its character set is {charset}",
                hint=f"ALTER DATABASE `{name.replace('`', '``')}` CHARACTER SET utf8mb4 mends it",
            )
        for statement in _SESSION:
            cursor.execute(statement)
        wait_s = max(int(patience_s), 1)
        cursor.execute(f"SET SESSION innodb_lock_wait_timeout = {wait_s}, lock_wait_timeout = {wait_s}")
    connection.commit()
