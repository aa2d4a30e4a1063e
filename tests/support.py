"""What tests need again and again: an archive of a sandbox, and its rows in the source's words."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest
from sqlalchemy import select

from archiver.config.loading import load_config
from archiver.config.settings import Config
from archiver.ranges import IdRanges
from archiver.sandbox import Sandbox
from archiver.store import tables
from archiver.store.database import Database
from archiver.store.ledger import Kind
from archiver.superoffice.client import SuperOfficeClient
from archiver.sync.order import PassOrder, PassResult, Progress
from archiver.sync.passes import run_pass
from archiver.sync.workers import WorkerPool

CONFIG = """
[archive]
url = "{url}"

[retry]
attempts = {attempts}
max_wait = "0.01s"

[settle]
{settle}

[[source]]
name = "acme"
base_url = "{base_url}"

[source.auth]
scheme = "basic"
username = "archive"
password = "{password}"

[source.sessions]
include = ["{include}"]

[source.limits]
concurrency = 8
requests_per_second = 0
"""

SETTLE_NOTHING = 'after = "3650d"'
"""No chat session is that quiet: whose turn comes round would otherwise depend on the clock."""
SETTLE_WHAT_IS_OLD = 'after = "1h"'


def write_config(
    folder: Path,
    url: str,
    base_url: str,
    *,
    include: str = "1-50",
    password: str = "sandbox",
    attempts: int = 3,
    settle: str = SETTLE_NOTHING,
) -> Path:
    """A configuration file for one source, with pauses that are short; `settle`: the lines of that table."""
    path = folder / "config.toml"
    text = CONFIG.format(
        url=url, base_url=base_url, include=include, password=password, attempts=attempts, settle=settle
    )
    path.write_text(text, encoding="utf-8")
    return path


def wire_rows(database: Database) -> list[dict[str, Any]]:
    """The archive's messages as the source would send them, ascending by id."""
    table = tables.chat_message
    with database.reading() as connection:
        rows = connection.execute(select(table).order_by(table.c.chat_message_id)).mappings().all()
    return [
        {
            "ChatMessageId": row["chat_message_id"],
            "ChatSessionId": row["chat_session_id"],
            "Type": row["type"],
            "Message": row["message"],
            "Author": row["author"],
            "ReadByCustomer": row["read_by_customer"],
            "SpecialType": row["special_type"],
            "SpecialParam": row["special_param"],
            "WhenPosted": row["when_posted"].strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        for row in rows
    ]


def truth_of(sandbox: Sandbox) -> list[dict[str, Any]]:
    """What the sandbox's tenant holds, ascending by id; compare with `wire_rows`."""
    return sorted(sandbox.tenant.rows(), key=lambda row: int(str(row["ChatMessageId"])))


def dump(database: Database, *, without: tuple[str, ...] = ()) -> dict[str, list[dict[str, Any]]]:
    """Every row of every table but those named."""
    with database.reading() as connection:
        return {
            table.name: [
                dict(row) for row in connection.execute(select(table).order_by(*table.primary_key)).mappings()
            ]
            for table in tables.metadata.sorted_tables
            if table.name not in without
        }


@contextmanager
def without_threads() -> Iterator[None]:
    """The system refuses to start threads within the block."""

    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        yield


class Archive:
    """An archive of a sandbox's tenant, under the name acme."""

    def __init__(self, database: Database, sandbox: Sandbox, folder: Path) -> None:
        self.database, self.sandbox, self._folder = database, sandbox, folder
        self._client: SuperOfficeClient | None = None

    def __enter__(self) -> Self:
        self.config = self.configure()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        if self._client:
            self._client.close()

    def configure(self, **settings: Any) -> Config:
        """Write and load a configuration; later passes go by it."""
        url = self.database.url.render_as_string(hide_password=False)
        base_url = settings.pop("base_url", None) or self.sandbox.base_url
        return self.configure_from(write_config(self._folder, url, base_url, **settings))

    def configure_from(self, path: Path) -> Config:
        """Load a configuration; later passes go by it."""
        self.config = load_config(path)
        if self._client:
            self._client.close()
        self._client = SuperOfficeClient(self.config.source[0], self.config.retry)
        return self.config

    def run(
        self,
        kind: Kind = "incremental",
        ids: str | None = None,
        *,
        threads: int = 2,
        stop: threading.Event | None = None,
        report: Callable[[Progress], None] = lambda _: None,
        patience: timedelta = timedelta(0),
        **more: Any,
    ) -> PassResult:
        """Make a pass over `ids`, or over all that is configured; `more`: other fields of PassOrder.

        `threads`: the workers there are.
        """
        (source,) = self.config.source
        chosen = IdRanges.of(*ids.split(",")) if ids else source.sessions.chosen
        order = PassOrder(kind=kind, chosen=chosen, covers_all=ids is None, settle=self.config.settle, **more)
        assert self._client
        stop = stop or threading.Event()
        return run_pass(self.database, self._client, source, order, WorkerPool(threads), stop, report, patience)

    def rows(self) -> list[dict[str, Any]]:
        return wire_rows(self.database)

    def truth(self) -> list[dict[str, Any]]:
        return truth_of(self.sandbox)

    def table(self, name: str) -> list[dict[str, Any]]:
        return dump(self.database)[name]

    def state(self, chat_session_id: int) -> dict[str, Any]:
        """The state of a chat session, by column name."""
        (row,) = [row for row in self.table("chat_session_state") if row["chat_session_id"] == chat_session_id]
        return row
