"""A pass that something happens to in its middle, and what has to hold afterwards."""

from collections.abc import Callable
from contextlib import suppress

import sqlalchemy
from sqlalchemy import text

from archiver.sync.batch import MESSAGES
from archiver.sync.order import PassResult, Progress
from tests.support import Archive

Open = Callable[..., Archive]


def midway(action: Callable[[], object]) -> Callable[[Progress], None]:
    """A watcher of a pass that does something once, after the first batch is committed and before the second."""
    actions = [action]

    def watch(progress: Progress) -> None:
        if progress.counts.messages_added >= MESSAGES and actions:
            actions.pop()()

    return watch


def run_into(archive: Archive, action: Callable[[], object]) -> PassResult:
    """A first pass in the middle of which something happens to the database."""
    return archive.run("backfill", threads=1, report=midway(action))


def assert_nothing_is_half_written(archive: Archive) -> None:
    """Each chat session is there as a whole, with its cursor at its end, or not at all."""
    rows, truth = archive.rows(), archive.truth()
    ids = {row["ChatSessionId"] for row in rows}
    assert rows == [row for row in truth if row["ChatSessionId"] in ids]
    cursors = {row["chat_session_id"]: row["last_message_id"] for row in archive.table("chat_session_state")}
    ends = {row["ChatSessionId"]: row["ChatMessageId"] for row in rows}
    assert {key: cursor for key, cursor in cursors.items() if cursor} == ends


def assert_complete(archive: Archive) -> None:
    assert archive.rows() == archive.truth()
    (lease,) = archive.table("lease")
    assert lease["holder"] is None


def assert_the_next_pass_completes(archive: Archive) -> None:
    assert_nothing_is_half_written(archive)
    assert len(archive.rows()) == MESSAGES
    assert archive.run("backfill").outcome == "complete"
    assert_complete(archive)
    assert "running" not in {run["outcome"] for run in archive.table("sync_run")}


def as_administrator(url: str, *statements: str) -> None:
    engine = sqlalchemy.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sqlalchemy.NullPool)
    with engine.connect() as connection:
        for statement in statements:
            connection.execute(text(statement))


OTHERS = {
    "postgresql": "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()",
    "mysql": "SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()",
}
CUT = {"postgresql": "SELECT pg_terminate_backend({})", "mysql": "KILL {}"}


def cut_all_connections(url: str) -> None:
    """As an administrator does who wants everybody out; until they are."""
    engine = sqlalchemy.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sqlalchemy.NullPool)
    dialect = engine.dialect.name
    with engine.connect() as connection:
        while others := connection.execute(text(OTHERS[dialect])).scalars().all():
            for number in others:
                with suppress(sqlalchemy.exc.DBAPIError):  # it is gone by itself
                    connection.execute(text(CUT[dialect].format(number)))
