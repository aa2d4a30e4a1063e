"""The databases that are measured: servers with durability at its production setting, or files."""

import os
import shutil
import sqlite3
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Protocol

import sqlalchemy
from sqlalchemy import text
from sqlalchemy.engine import URL, make_url

from bench.errors import BenchError
from bench.jobs import DATABASES
from bench.processes import parent_if, pid_in, tree_cpu_s

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # said by a library of our own PostgreSQL at its import
    from tests.servers import find_program, is_mariadb_open, own_mariadb, own_postgresql

URLS = {"postgresql": "BENCH_POSTGRESQL_URL", "mariadb": "BENCH_MARIADB_URL"}
"""Variables of the environment that name a server."""
_USUAL_POSTGRESQL = "postgresql+psycopg://postgres@127.0.0.1:5432/postgres"
_USUAL_MARIADB = "mysql+pymysql://root@127.0.0.1:3306"
_IN_MEMORY = {"tmpfs", "ramfs"}


class Server(Protocol):
    """Makes databases of one kind, and knows what its process takes."""

    label: str
    """Kind, version, whereabouts and settings, for the report."""

    def create(self, name: str) -> str:
        """A new, empty database's URL."""

    def drop(self, name: str) -> None:
        """Drop it, and those whose names begin with its name."""

    def settle(self) -> None:
        """Have written what an earlier contender left to be written, where that can be asked for."""

    def cpu_s(self) -> float | None:
        """CPU of the server until now; None where there is none, or it runs elsewhere."""


class SQLite:
    """Files in one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.label = f"SQLite {sqlite3.sqlite_version}, synchronous=FULL, on {_filesystem_of(folder)}"

    def create(self, name: str) -> str:
        self._folder.joinpath(name).mkdir()
        return f"sqlite:///{self._folder / name / 'chats.db'}"

    def drop(self, name: str) -> None:
        shutil.rmtree(self._folder / name, ignore_errors=True)

    def settle(self) -> None:
        """Nothing is left over when the last connection closes."""

    def cpu_s(self) -> float | None:
        return None


class PostgreSQL:
    def __init__(self, url: URL, where: str) -> None:
        self._url = url.set(drivername="postgresql+psycopg")
        settings = {name: self._ask(f"SHOW {name}") for name in ("fsync", "synchronous_commit", "full_page_writes")}
        if off := [name for name, value in settings.items() if value == "off"]:
            raise BenchError(f"the PostgreSQL {where} has {off[0]} = off: figures are taken with durability on")
        version = self._ask("SHOW server_version").split()[0]
        self.label = f"PostgreSQL {version} {where}, fsync and synchronous_commit on"
        self._pid = parent_if(self._ask("SELECT pg_backend_pid()"), "postgres")

    def create(self, name: str) -> str:
        self._do(f"CREATE DATABASE \"{name}\" TEMPLATE template0 ENCODING 'UTF8'")
        return self._url.set(database=name).render_as_string(hide_password=False)

    def drop(self, name: str) -> None:
        self._do(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def settle(self) -> None:
        self._do("CHECKPOINT")

    def cpu_s(self) -> float | None:
        return tree_cpu_s(self._pid) if self._pid else None

    def _ask(self, question: str) -> Any:
        return _execute(self._url, question)

    def _do(self, statement: str) -> None:
        _execute(self._url, statement)


class MariaDB:
    def __init__(self, url: URL, where: str) -> None:
        self._url = url.set(drivername="mysql+pymysql", database=None)
        version, flush, binlog, sync = self._ask(
            "SELECT CONCAT_WS(' ', VERSION(), @@innodb_flush_log_at_trx_commit, @@log_bin, @@sync_binlog)"
        ).split()
        if flush != "1" or (binlog == "1" and sync != "1"):
            raise BenchError(
                f"the MariaDB {where} has innodb_flush_log_at_trx_commit = {flush}, sync_binlog = {sync}: figures "
                "are taken with durability on, that is with 1"
            )
        self.label = f"MariaDB {version.split('-')[0]} {where}, innodb_flush_log_at_trx_commit = 1"
        # Relative to the data, when it is the server's own choice.
        self._pid = pid_in(Path(self._ask("SELECT @@datadir")) / self._ask("SELECT @@pid_file"), "mariadbd", "mysqld")

    def create(self, name: str) -> str:
        self._ask(f"CREATE DATABASE `{name}` CHARACTER SET utf8mb4")
        return self._url.set(database=name).render_as_string(hide_password=False)

    def drop(self, name: str) -> None:
        for each in _execute_all(self._url, f"SHOW DATABASES LIKE '{name}%'"):
            self._ask(f"DROP DATABASE `{each}`")

    def settle(self) -> None:
        """It writes when it sees fit."""

    def cpu_s(self) -> float | None:
        return tree_cpu_s(self._pid) if self._pid else None

    def _ask(self, question: str) -> Any:
        return _execute(self._url, question)


@contextmanager
def servers_of(kinds: list[str], folder: Path) -> Iterator[dict[str, Server]]:
    """A server for each kind: the one that the environment names, else one that runs here, else one of our own.

    Raises: BenchError.
    """
    with ExitStack() as running:
        made: dict[str, Server] = {}
        for kind in kinds:
            try:
                made[kind] = _server_of(kind, folder, running)
            except sqlalchemy.exc.DBAPIError as error:
                raise BenchError(f"{DATABASES[kind]} does not let the bench in: {error.orig}") from None
        yield made


def _server_of(kind: str, folder: Path, running: ExitStack) -> Server:
    if kind == "postgresql":
        return PostgreSQL(*_postgresql(running))
    if kind == "mariadb":
        return MariaDB(*_mariadb(running))
    _refuse_memory(folder)
    return SQLite(folder)


def _postgresql(running: ExitStack) -> tuple[URL, str]:
    if named := os.environ.get(URLS["postgresql"]):
        return _named(named)
    usual = make_url(_USUAL_POSTGRESQL)
    try:
        _execute(usual, "SELECT 1")
    except sqlalchemy.exc.OperationalError:
        _refuse_memory(Path(tempfile.gettempdir()))
        return running.enter_context(own_postgresql(is_durable=True)).url, "brought along"
    return usual, "of this machine"


def _mariadb(running: ExitStack) -> tuple[URL, str]:
    if named := os.environ.get(URLS["mariadb"]):
        return _named(named)
    if is_mariadb_open():
        return make_url(_USUAL_MARIADB), "of this machine"
    if binary := find_program("mariadbd"):
        _refuse_memory(Path(tempfile.gettempdir()))
        return running.enter_context(own_mariadb(binary, is_durable=True)).url, "started for this"
    raise BenchError(
        f"no MariaDB runs or can be started: install mariadb-server, name one by {URLS['mariadb']}, or leave it out "
        "by --databases"
    )


def _named(url: str) -> tuple[URL, str]:
    try:
        made = make_url(url)
    except sqlalchemy.exc.ArgumentError:
        raise BenchError("the address of a server has to be a URL, as postgresql://user@host/postgres") from None
    return made, f"on {made.host}" if made.host else "behind a socket"


def _execute(url: URL, statement: str) -> Any:
    """Run a statement by itself; the first value that it returns, if any."""
    return next(iter(_execute_all(url, statement)), None)


def _execute_all(url: URL, statement: str) -> list[Any]:
    engine = sqlalchemy.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sqlalchemy.NullPool)
    with engine.connect() as connection:
        result = connection.execute(text(statement))
        return list(result.scalars()) if result.returns_rows else []


def _refuse_memory(folder: Path) -> None:
    filesystem = _filesystem_of(folder)
    if filesystem in _IN_MEMORY:
        raise BenchError(f"{folder} is in memory ({filesystem}), where durability costs nothing: take one on a disk")


def _filesystem_of(folder: Path) -> str:
    """By the longest mount point above it."""
    mounts = [line.split() for line in Path("/proc/mounts").read_text().splitlines()]
    above = [(len(fields[1]), fields[2]) for fields in mounts if folder.absolute().is_relative_to(fields[1])]
    return max(above)[1] if above else "an unknown filesystem"
