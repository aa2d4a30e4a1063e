"""The ground that contenders are measured on: a database, a folder, the bench server, and somebody who counts."""

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench.chats import Shape
from bench.contenders import Place
from bench.control import BenchServer
from bench.databases import Server, servers_of
from bench.processes import launch

_ENVIRONMENT = {"LOGLEVEL": "WARNING"}  # the Singer SDK logs a line a chat session otherwise
_numbers = count(1)


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What a measurement needs while it runs."""

    http: BenchServer
    databases: dict[str, Server]
    folder: Path
    """Where contenders may write."""

    @contextmanager
    def a_place(self, shape: Shape, database: str, connections: int) -> Iterator[Place]:
        """A new database and a folder, both gone in the end, and the server as it was loaded."""
        name = f"archiver_bench_{os.getpid()}_{next(_numbers)}"
        server, folder = self.databases[database], self.folder / f"{name}_files"
        with ExitStack() as ending:
            ending.callback(self.http.reset)
            ending.callback(shutil.rmtree, folder, ignore_errors=True)
            folder.mkdir()
            ending.callback(server.drop, name)
            yield Place(
                name=name,
                url=server.create(name),
                folder=folder,
                port=self.http.port,
                shape=shape,
                connections=connections,
            )

    def metered(self, commands: list[list[str]], folder: Path, server: Server | None = None) -> dict[str, Any]:
        """Run commands, and count what they, the bench server and the database took."""
        cpu_s = server.cpu_s if server else lambda: None
        database_before, (calls_before, served_before) = cpu_s(), self.http.spent()
        taken = launch(commands, folder, _ENVIRONMENT)
        database_after, (calls_after, served_after) = cpu_s(), self.http.spent()
        return {
            "wall_s": taken.wall_s,
            "client_cpu_s": taken.cpu_s,
            "peak_mb": taken.peak_mb,
            "calls": calls_after - calls_before,
            "server_cpu_s": served_after - served_before,
            "database_cpu_s": None if database_before is None else (database_after or 0.0) - database_before,
        }


@contextmanager
def a_ground(kinds: list[str], scratch: Path) -> Iterator[Ground]:
    """Servers for these kinds of database, and a folder below `scratch`; all that was started ends with it."""
    with ExitStack() as running:
        scratch.mkdir(exist_ok=True)
        folder = Path(running.enter_context(TemporaryDirectory(prefix="run-", dir=scratch)))
        databases = running.enter_context(servers_of(kinds, folder))
        yield Ground(http=running.enter_context(BenchServer()), databases=databases, folder=folder)
