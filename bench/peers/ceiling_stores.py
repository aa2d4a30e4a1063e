"""How the ceiling stores, on each database in the fastest way that was found for its driver.

PostgreSQL: binary COPY. SQLite: the driver's executemany. MariaDB: LOAD DATA LOCAL of a file in memory, which spares
PyMySQL the quoting of every value into the text of a statement.
"""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

_MESSAGE = (
    "source_id, chat_message_id, chat_session_id, type, message, author, read_by_customer, special_type, "
    "special_param, when_posted, first_archived_at, last_changed_at, last_changed_run, revision"
)
_TYPES = "int4 int8 int8 text text text int4 text text timestamptz timestamptz timestamptz int8 int4"
_STATE = "source_id, chat_session_id, last_message_id, floor_message_id, last_activity_at, state, failures"
_CURSORS = "SELECT chat_session_id, last_message_id FROM chat_session_state"
_NOW = datetime.now(UTC)
_NOW_TEXT = _NOW.strftime("%Y-%m-%d %H:%M:%S.%f")


class Store(Protocol):
    def __init__(self, url: str) -> None: ...

    def load_cursors(self) -> dict[int, int]: ...

    def save(self, rows: list[Any], moved: list[Any]) -> None:
        """Store messages and the cursors that cover them, in one transaction.

        `moved`: the last message of each chat session among them.
        """


def open_store(url: str) -> Store:
    stores: dict[str, type[Store]] = {"postgresql": PostgreSQL, "mysql": MariaDB, "sqlite": SQLite}
    return stores[url.split(":")[0].split("+")[0]](url)


class PostgreSQL:
    def __init__(self, url: str) -> None:
        import psycopg

        self._connection = psycopg.connect(url.replace("+psycopg", ""))
        self._known: dict[int, int] = {}

    def load_cursors(self) -> dict[int, int]:
        self._known = dict(self._connection.execute(_CURSORS).fetchall())
        return self._known

    def save(self, rows: list[Any], moved: list[Any]) -> None:
        cursor, parsed = self._connection.cursor(), datetime.fromisoformat
        with cursor.copy(f"COPY chat_message ({_MESSAGE}) FROM STDIN (FORMAT BINARY)") as copy:
            copy.set_types(_TYPES.split())
            write = copy.write_row
            for m in rows:
                posted = parsed(m.when_posted)
                text = (m.type, m.message, m.author, m.read_by_customer, m.special_type, m.special_param)
                write((1, m.chat_message_id, m.chat_session_id, *text, posted, _NOW, _NOW, 1, 1))
        with cursor.copy(f"COPY chat_session_state ({_STATE}) FROM STDIN") as copy:
            for m in moved:
                if m.chat_session_id not in self._known:
                    copy.write_row((1, m.chat_session_id, m.chat_message_id, 0, m.when_posted, "open", 0))
        cursor.executemany(
            "UPDATE chat_session_state SET last_message_id = %s, last_activity_at = %s WHERE chat_session_id = %s",
            [
                (m.chat_message_id, m.when_posted, m.chat_session_id)
                for m in moved
                if m.chat_session_id in self._known
            ],
        )
        self._connection.commit()


class SQLite:
    def __init__(self, url: str) -> None:
        import sqlite3

        self._connection = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=FULL")

    def load_cursors(self) -> dict[int, int]:
        return dict(self._connection.execute(_CURSORS).fetchall())

    def save(self, rows: list[Any], moved: list[Any]) -> None:
        execute, execute_many = self._connection.execute, self._connection.executemany
        execute("BEGIN IMMEDIATE")
        execute_many(f"INSERT INTO chat_message ({_MESSAGE}) VALUES ({_marks(14)})", _rows(rows))
        execute_many(
            f"INSERT INTO chat_session_state ({_STATE}) VALUES ({_marks(7)}) ON CONFLICT DO UPDATE SET "
            "last_message_id = excluded.last_message_id, last_activity_at = excluded.last_activity_at",
            _states(moved),
        )
        execute("COMMIT")


class MariaDB:
    def __init__(self, url: str) -> None:
        import pymysql

        parts = urlsplit(url)
        self._connection = pymysql.connect(
            host=parts.hostname or "127.0.0.1",
            port=parts.port or 3306,
            user=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
            database=parts.path[1:],
            charset="utf8mb4",
            local_infile=True,
        )

    def load_cursors(self) -> dict[int, int]:
        with self._connection.cursor() as cursor:
            cursor.execute(_CURSORS)
            return dict(cursor.fetchall())

    def save(self, rows: list[Any], moved: list[Any]) -> None:
        self._load("chat_message", _MESSAGE, _rows(rows))
        self._load("chat_session_state", _STATE, _states(moved))
        self._connection.commit()

    def _load(self, table: str, columns: str, rows: Iterator[tuple[Any, ...]]) -> None:
        pattern = "\t".join(["%s"] * (columns.count(",") + 1))
        lines = (_escaped(pattern % row) for row in rows)
        file = os.memfd_create("rows")
        try:
            with open(file, "wb", closefd=False) as written:
                written.write("\n".join(lines).encode())
            with self._connection.cursor() as cursor:
                cursor.execute(
                    f"LOAD DATA LOCAL INFILE '/proc/self/fd/{file}' REPLACE INTO TABLE {table} "
                    f"CHARACTER SET utf8mb4 ({columns})"
                )
        finally:
            os.close(file)


def _rows(rows: list[Any]) -> Iterator[tuple[Any, ...]]:
    for m in rows:
        posted = f"{m.when_posted[:10]} {m.when_posted[11:19]}.000000"
        text = (m.type, m.message, m.author, m.read_by_customer, m.special_type, m.special_param)
        yield (1, m.chat_message_id, m.chat_session_id, *text, posted, _NOW_TEXT, _NOW_TEXT, 1, 1)


def _states(moved: list[Any]) -> Iterator[tuple[Any, ...]]:
    for m in moved:
        posted = f"{m.when_posted[:10]} {m.when_posted[11:19]}.000000"
        yield (1, m.chat_session_id, m.chat_message_id, 0, posted, "open", 0)


def _escaped(line: str) -> str:
    """The server's texts hold no tab and no line break."""
    return line.replace("\\", "\\\\")


def _marks(count: int) -> str:
    return ",".join("?" * count)
