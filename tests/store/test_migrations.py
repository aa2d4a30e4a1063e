"""An archive of the first released schema, filled as version 0.1 left it, comes through every migration whole."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import MetaData, insert, select, text

from archiver.sandbox import Sandbox
from archiver.store import tables
from archiver.store.database import Database
from archiver.store.drift import Drift, find_drift
from archiver.store.ledger import RunCounts
from archiver.store.schema import CURRENT_REVISION, alembic_config, migrate, migration_sql
from archiver.store.specimens import specimens
from tests.support import Archive, dump

NOW = datetime(2026, 11, 1, 12, 30, 0, 123_456, tzinfo=UTC)
ODD = "caf\u00e9 cafe\u0301 \U0001f600 \\ ' % \u202e"
CONFLICT_REASON = "another message is stored under this id"
SCHEMA_TABLES = {"alembic_version"}


@pytest.fixture
def first(empty_database_url: str) -> Iterator[Database]:
    """An archive of the first revision, with rows in every table."""
    database = Database(empty_database_url)
    migrate_to(database, "0001")
    with database.writing() as connection:
        for table, rows in left_by_the_first_version().items():
            connection.execute(insert(tables.metadata.tables[table]), rows)
    yield database
    database.close()


def migrate_to(database: Database, revision: str) -> None:
    with database.writing() as connection:
        config = alembic_config()
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def left_by_the_first_version() -> dict[str, list[dict[str, Any]]]:
    """Rows of every table, odd texts included; chat session 1 was read up to its first message."""
    run = {"source_id": 1, "kind": "incremental", "started_at": NOW, "finished_at": NOW, "outcome": "complete"}
    run |= vars(RunCounts())
    about = {"source_id": 1, "chat_session_id": 7, "run_id": 1}
    state = {"source_id": 1, "floor_message_id": 0, "state": "open", "failures": 0}
    stamps = {"first_archived_at": NOW, "last_changed_at": NOW, "last_changed_run": 1, "revision": 2}
    odd = [{name: getattr(each.message, name) for name in each.message.__struct_fields__} for each in specimens()]
    # Of another source, so that the ids of the sandbox's messages are free.
    messages = [{"source_id": 2, **each, **stamps, "gone_at": NOW} for each in odd]
    earlier = [{"source_id": 2, **each, "revision": 1, "replaced_at": NOW, "run_id": 1} for each in odd]
    item = {**about, "reason": ODD, "payload": '{"a":"\\ud800"}', "digest": "d" * 64, "quarantined_at": NOW}
    times = {"first_seen_at": NOW, "last_seen_at": NOW, "count": 2}
    return {
        "source": [
            {"id": 1, "name": "acme", "epoch": 1, "tenant": "Cust1", "base_url": ODD, "created_at": NOW},
            {"id": 2, "name": "globex", "epoch": 1, "tenant": None, "base_url": None, "created_at": NOW},
        ],
        "lease": [
            {"source_id": 1, "fencing": 41, "holder": None, "expires_at": None},
            {"source_id": 2, "fencing": 7, "holder": "elsewhere/1", "expires_at": NOW},
        ],
        "chat_message": messages,
        "chat_message_revision": earlier,
        "chat_session_state": [
            {**state, "chat_session_id": 1, "last_message_id": 1, "last_activity_at": NOW, "last_error": None},
            {**state, "chat_session_id": 7, "last_message_id": 0, "last_activity_at": None, "last_error": ODD},
        ],
        "sync_run": [run, run | {"kind": "backfill", "outcome": "failed"}],
        "sync_error": [{**about, "kind": "conflict", "detail": ODD, **times}],
        "quarantine": [item, item | {"reason": CONFLICT_REASON, "digest": "e" * 64}],
    }


def as_it_is(database: Database) -> dict[str, list[dict[str, Any]]]:
    """Every row of every table, by the columns that the database has."""
    found = MetaData()
    with database.reading() as connection:
        found.reflect(connection)
        return {
            table.name: [
                dict(row) for row in connection.execute(select(table).order_by(*table.primary_key)).mappings()
            ]
            for table in found.sorted_tables
            if table.name not in SCHEMA_TABLES
        }


def test_the_first_version_left_rows_in_every_table(first: Database) -> None:
    left = as_it_is(first)
    assert left.keys() == left_by_the_first_version().keys()
    assert all(left.values())


def test_no_row_is_lost_or_changed_and_the_schema_is_as_declared(first: Database) -> None:
    before = as_it_is(first)
    assert migrate(first) == ("0001", CURRENT_REVISION)
    after = as_it_is(first)
    kept = {
        table: [{name: row[name] for name in old} for old, row in zip(before[table], after[table], strict=True)]
        for table in before
    }
    assert kept == before
    assert find_drift(first) == Drift(differences=(), notes=())
    undecodable, conflict = dump(first)["quarantine"]
    assert (undecodable["kind"], conflict["kind"]) == ("undecodable", "conflict")
    assert (undecodable["resolved_at"], conflict["resolved_at"]) == (None, None)


@pytest.mark.parametrize("done", [1, 2])
def test_an_upgrade_that_was_cut_where_ddl_commits_by_itself_goes_on(first: Database, done: int) -> None:
    time = {"postgresql": "TIMESTAMP WITH TIME ZONE", "mysql": "DATETIME(6)"}.get(first.dialect, "DATETIME")
    steps = (f"resolved_at {time}", "kind VARCHAR(16) NOT NULL DEFAULT 'undecodable'")
    for step in steps[:done]:
        with first.writing() as connection:
            connection.execute(text(f"ALTER TABLE quarantine ADD COLUMN {step}"))
    assert migrate(first) == ("0001", CURRENT_REVISION)
    assert find_drift(first).differences == ()
    assert [row["kind"] for row in dump(first)["quarantine"]] == ["undecodable", "conflict"]


def test_a_pass_goes_on_from_there(first: Database, sandbox: Sandbox, tmp_path: Path) -> None:
    chat_session_id = sandbox.tenant.open_chat_session()
    for message in ("known since version 0.1", "new"):
        sandbox.tenant.post(chat_session_id, message=message)
    migrate(first)
    with Archive(first, sandbox, tmp_path) as archive:
        archive.configure(include="1")
        result = archive.run()
        assert (result.outcome, result.counts.messages_added) == ("complete", 1)
        assert [row["message"] for row in archive.table("chat_message") if row["source_id"] == 1] == ["new"]
        assert archive.table("lease")[0]["fencing"] == 42


def run_by_hand(database: Database, statements: str) -> None:
    """As a database's own shell would; comments and the transaction's own statements left out."""
    lines = "\n".join(line for line in statements.splitlines() if not line.startswith("--"))
    with database.writing() as connection:
        for statement in map(str.strip, lines.split(";\n")):
            if statement and statement not in ("BEGIN", "COMMIT"):
                connection.exec_driver_sql(statement.replace("%", "%%"))


def test_the_printed_statements_make_the_declared_schema(empty_database_url: str) -> None:
    database = Database(empty_database_url)
    run_by_hand(database, migration_sql(database))
    assert find_drift(database) == Drift(differences=(), notes=())
    assert migrate(database) == (CURRENT_REVISION, CURRENT_REVISION)
    with database.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), tables.metadata) == []
    database.close()


def test_the_statements_printed_for_an_older_archive_do_what_migrate_does(first: Database) -> None:
    before = as_it_is(first)
    run_by_hand(first, migration_sql(first, "0001"))
    assert find_drift(first) == Drift(differences=(), notes=())
    assert [row["kind"] for row in dump(first)["quarantine"]] == ["undecodable", "conflict"]
    after = as_it_is(first)
    assert {name: len(after[name]) for name in before} == {name: len(rows) for name, rows in before.items()}
