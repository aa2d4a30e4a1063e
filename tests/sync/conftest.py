"""An archive whose first pass commits in its middle."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from archiver.sandbox import Sandbox
from archiver.store.database import Database
from archiver.sync.batch import MESSAGES
from tests.support import Archive
from tests.sync.outages import Open

CHATS = 12
LARGE = "x" * 50_000
"""More than the pages of an SQLite file have left over."""


@pytest.fixture
def open_archive(sandbox: Sandbox, chat: Callable[..., int], tmp_path: Path) -> Iterator[Open]:
    """An archive in a database with so much patience, and a tenant whose first chat session is a batch by itself."""
    opened: list[Archive] = []
    first = sandbox.tenant.open_chat_session()
    for number in range(MESSAGES):
        sandbox.tenant.post(first, message=str(number))
    for number in range(CHATS - 1):
        chat(f"chat {number}", LARGE)

    def open_there(url: str | Callable[[], str], *, patience_s: float = 0) -> Archive:
        archive = Archive(Database(url, patience_s=patience_s), sandbox, tmp_path).__enter__()
        archive.configure(include=f"1-{CHATS}")
        opened.append(archive)
        return archive

    yield open_there
    for archive in opened:
        archive.__exit__(None, None, None)
        archive.database.close()
