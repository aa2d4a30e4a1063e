"""Odd content on every database: what goes in comes out, by the round trip of `check` and by the writer."""

from collections.abc import Mapping

import pytest
from sqlalchemy import Dialect, text

from archiver.store import tables
from archiver.store.database import Database
from archiver.store.messages import CONTENT, load_stored
from archiver.store.round_trip import find_losses
from archiver.store.specimens import TEXTS, specimens
from tests.store.conftest import OpenRun
from tests.support import dump


def test_every_kind_survives_and_nothing_stays(database: Database) -> None:
    before = dump(database)
    losses, tried = find_losses(database)
    assert [str(loss) for loss in losses] == []
    assert tried > len(TEXTS)
    assert dump(database) == before


def test_the_writer_stores_every_kind_and_finds_it_unchanged_the_next_time(open_run: OpenRun) -> None:
    messages = [specimen.message for specimen in specimens()]
    assert open_run.save(*messages).messages_added == len(messages)
    again = open_run.save(*messages)
    assert (again.messages_added, again.messages_changed) == (0, 0)
    with open_run.database.reading() as connection:
        stored = load_stored(connection, open_run.lease.source_id, [each.chat_message_id for each in messages])
    assert [contents(stored[each.chat_message_id]._asdict()) for each in messages] == [
        {name: getattr(each, name) for name in CONTENT} for each in messages
    ]


def contents(row: Mapping[str, object]) -> dict[str, object]:
    return {name: row[name] for name in CONTENT}


def spoil(database: Database, **types: str) -> None:
    """Make the empty table chat_message anew, with other column types."""
    declared = tables.chat_message
    columns = [
        f"{column.name} {types.get(column.name) or column.type.compile(dialect_of(database))}"
        for column in declared.columns
    ]
    with database.writing() as connection:
        options = " CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin" if database.dialect == "mysql" else ""
        connection.execute(text("DROP TABLE chat_message"))
        connection.execute(
            text(
                f"CREATE TABLE chat_message ({', '.join(columns)}, PRIMARY KEY (source_id, chat_message_id)){options}"
            )
        )


def dialect_of(database: Database) -> Dialect:
    with database.reading() as connection:
        return connection.dialect


SPOILED = {
    "sqlite": {
        "author": ("TEXT COLLATE NOCASE", "differences of case alone: a condition takes others for it"),
        "special_param": ("TEXT COLLATE RTRIM", "blanks at the ends: a condition takes others for it"),
        "message": ("TEXT CHECK (length(message) <= 70000)", "long text: the database refuses it"),
    },
    "postgresql": {
        "message": ("VARCHAR(255)", "long text: the database refuses it"),
        "special_param": ("CHAR(2000)", "blanks at the ends: comes back changed"),
        "chat_session_id": ("INTEGER", "large numbers: the database refuses it"),
        "when_posted": ("TIMESTAMP(0) WITH TIME ZONE", "times: microseconds: comes back changed"),
    },
    "mysql": {
        "message": ("TEXT", "long text: the database refuses it"),
        "author": (
            "LONGTEXT COLLATE utf8mb4_general_ci",
            "differences of case alone: a condition takes others for it",
        ),
        "special_param": ("LONGTEXT COLLATE utf8mb4_bin", "blanks at the ends: a condition takes others for it"),
        "special_type": ("LONGTEXT CHARACTER SET utf8mb3", "emoji: the database refuses it"),
        "chat_session_id": ("INTEGER", "large numbers: the database refuses it"),
        "when_posted": ("DATETIME", "times: microseconds: comes back changed"),
    },
}


@pytest.mark.parametrize("column", sorted({column for columns in SPOILED.values() for column in columns}))
def test_what_does_not_survive_is_named_with_what_to_do(database_url: str, column: str) -> None:
    database = Database(database_url)
    if column not in SPOILED[database.dialect]:
        pytest.skip("nothing to spoil in this column here")
    type_, says = SPOILED[database.dialect][column]
    spoil(database, **{column: type_})
    losses, _ = find_losses(database)
    assert [loss for loss in losses if str(loss).startswith(says)]
    assert all("archiver check --drift" in loss.advice for loss in losses)
    assert dump(database)["chat_message"] == []
    database.close()
