"""What somebody changed in the schema by hand is found and told in a sentence."""

from collections.abc import Iterator

import pytest
from sqlalchemy import text

from archiver.errors import SchemaOutOfDate
from archiver.store.database import Database
from archiver.store.drift import Drift, find_drift

BY_SESSION = "ix_chat_message_source_id_chat_session_id_chat_message_id"
BY_TIME = "ix_chat_message_source_id_when_posted"


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """Once for each kind: the way of writing has nothing to do with the schema."""
    made = Database(database_url)
    yield made
    made.close()


def execute(database: Database, *statements: str) -> None:
    with database.writing() as connection:
        for statement in statements:
            connection.execute(text(statement))


def remake(database: Database, table: str, old: str, new: str) -> None:
    """Make an SQLite table anew by its own statement, changed: SQLite alters little else."""
    with database.writing() as connection:
        named = connection.execute(
            text("SELECT sql FROM sqlite_master WHERE tbl_name = :table AND sql IS NOT NULL"), {"table": table}
        )
        statements = [str(statement) for statement in named.scalars()]
        assert old in statements[0]
        connection.execute(text(f"DROP TABLE {table}"))
        for statement in [statements[0].replace(old, new, 1), *statements[1:]]:
            connection.execute(text(statement))


def test_a_fresh_archive_has_none(database: Database) -> None:
    assert find_drift(database) == Drift(differences=(), notes=())


EVERYWHERE = [
    (["DROP TABLE sync_error"], ["table sync_error is missing"]),
    (
        ["ALTER TABLE chat_message ADD COLUMN sentiment INTEGER"],
        ["chat_message has a column that the archiver doesn't know: sentiment"],
    ),
    (["ALTER TABLE quarantine DROP COLUMN reason"], ["quarantine.reason is missing"]),
    (
        ["ALTER TABLE quarantine RENAME COLUMN reason TO cause"],
        ["quarantine.reason is missing", "quarantine has a column that the archiver doesn't know: cause"],
    ),
    (
        ["CREATE UNIQUE INDEX one_tenant ON source (epoch)"],
        ["source has a unique constraint that the archiver doesn't know: on (epoch)"],
    ),
]


@pytest.mark.parametrize(("statements", "differences"), EVERYWHERE, ids=lambda value: value[0][:40])
def test_each_change_is_one_sentence(database: Database, statements: list[str], differences: list[str]) -> None:
    execute(database, *statements)
    assert list(find_drift(database).differences) == differences


def test_a_missing_index_and_a_changed_one_are_named(database: Database) -> None:
    on = " ON chat_message" if database.dialect == "mysql" else ""
    execute(
        database,
        f"DROP INDEX {BY_SESSION}{on}",
        f"DROP INDEX {BY_TIME}{on}",
        f"CREATE INDEX {BY_TIME} ON chat_message (when_posted)",
    )
    assert find_drift(database).differences == (
        f"index {BY_SESSION} of chat_message is missing",
        f"index {BY_TIME} of chat_message is on (when_posted), expected (source_id, when_posted)",
    )


ON_SQLITE = [
    ("chat_message", "message TEXT", "message VARCHAR(255)", "chat_message.message is VARCHAR(255), expected TEXT"),
    ("chat_message", "author TEXT", "author TEXT NOT NULL", "chat_message.author is NOT NULL, expected NULL"),
    (
        "quarantine",
        "digest VARCHAR(64) NOT NULL",
        "digest VARCHAR(64)",
        "quarantine.digest is NULL, expected NOT NULL",
    ),
    (
        "quarantine",
        "DEFAULT 'undecodable'",
        "DEFAULT 'odd'",
        "quarantine.kind has the default 'odd', expected the default 'undecodable'",
    ),
    (
        "chat_message",
        "author TEXT",
        "author TEXT DEFAULT 'x'",
        "chat_message.author has the default 'x', expected no default",
    ),
    (
        "chat_message",
        "author TEXT",
        "author TEXT COLLATE NOCASE",
        "chat_message.author has the collation NOCASE, expected none",
    ),
    (
        "chat_message",
        "PRIMARY KEY (source_id, chat_message_id)",
        "PRIMARY KEY (chat_message_id)",
        "the primary key of chat_message is (chat_message_id), expected (source_id, chat_message_id)",
    ),
    (
        "source",
        ", \n\tCONSTRAINT uq_source_name_epoch UNIQUE (name, epoch)",
        "",
        "the unique constraint of source on (name, epoch) is missing",
    ),
    (
        "lease",
        ", \n\tCONSTRAINT fk_lease_source_id FOREIGN KEY(source_id) REFERENCES source (id)",
        "",
        "the foreign key of lease from (source_id) to source (id) is missing",
    ),
    (
        "lease",
        ", \n\tCONSTRAINT pk",
        ", CONSTRAINT few CHECK (fencing < 9), \n\tCONSTRAINT pk",
        "lease has a check constraint that the archiver doesn't know: few",
    ),
]
ON_POSTGRESQL = [
    (
        "ALTER TABLE chat_message ALTER message TYPE VARCHAR(255)",
        "chat_message.message is VARCHAR(255), expected TEXT",
    ),
    ("ALTER TABLE chat_message ALTER author SET NOT NULL", "chat_message.author is NOT NULL, expected NULL"),
    ("ALTER TABLE quarantine ALTER digest DROP NOT NULL", "quarantine.digest is NULL, expected NOT NULL"),
    (
        "ALTER TABLE quarantine ALTER kind SET DEFAULT 'odd'",
        "quarantine.kind has the default 'odd', expected the default 'undecodable'",
    ),
    (
        "ALTER TABLE quarantine ALTER kind DROP DEFAULT",
        "quarantine.kind has no default, expected the default 'undecodable'",
    ),
    (
        "ALTER TABLE chat_message ALTER when_posted TYPE TIMESTAMP",
        "chat_message.when_posted is TIMESTAMP WITHOUT TIME ZONE, expected TIMESTAMP WITH TIME ZONE",
    ),
    (
        "ALTER TABLE chat_message ALTER when_posted TYPE TIMESTAMPTZ(0)",
        "chat_message.when_posted is TIMESTAMP(0) WITH TIME ZONE, expected TIMESTAMP WITH TIME ZONE",
    ),
    (
        'ALTER TABLE chat_message ALTER author TYPE TEXT COLLATE "C.utf8"',
        'chat_message.author is TEXT COLLATE "C.utf8", expected TEXT',
    ),
    (
        "ALTER TABLE chat_message ALTER chat_session_id TYPE INTEGER",
        "chat_message.chat_session_id is INTEGER, expected BIGINT",
    ),
    ("ALTER TABLE sync_run ALTER id DROP DEFAULT", "sync_run.id does not number its rows by itself"),
    (
        "ALTER TABLE chat_message DROP CONSTRAINT pk_chat_message",
        "the primary key of chat_message is missing, expected (source_id, chat_message_id)",
    ),
    (
        "ALTER TABLE source DROP CONSTRAINT uq_source_name_epoch",
        "the unique constraint of source on (name, epoch) is missing",
    ),
    (
        "ALTER TABLE lease DROP CONSTRAINT fk_lease_source_id",
        "the foreign key of lease from (source_id) to source (id) is missing",
    ),
    (
        "ALTER TABLE chat_message ADD CONSTRAINT known FOREIGN KEY (source_id) REFERENCES source (id)",
        "chat_message has a foreign key that the archiver doesn't know: from (source_id) to source (id)",
    ),
    (
        "ALTER TABLE lease ADD CONSTRAINT few CHECK (fencing < 9)",
        "lease has a check constraint that the archiver doesn't know: few",
    ),
]


ON_MARIADB = [
    ("ALTER TABLE chat_message MODIFY message TEXT", "chat_message.message is TEXT, expected LONGTEXT"),
    (
        "ALTER TABLE chat_message MODIFY when_posted DATETIME",
        "chat_message.when_posted is DATETIME, expected DATETIME(6)",
    ),
    (
        "ALTER TABLE chat_message MODIFY when_posted TIMESTAMP(6) NULL",
        "chat_message.when_posted is TIMESTAMP(6), expected DATETIME(6)",
    ),
    (
        "ALTER TABLE chat_message MODIFY author LONGTEXT COLLATE utf8mb4_general_ci",
        "chat_message.author has the collation utf8mb4_general_ci, expected the collation utf8mb4_nopad_bin",
    ),
    (
        "ALTER TABLE chat_message MODIFY author LONGTEXT CHARACTER SET latin1 COLLATE latin1_bin",
        "chat_message.author has the collation latin1_bin, expected the collation utf8mb4_nopad_bin",
    ),
    ("ALTER TABLE chat_message MODIFY author LONGTEXT NOT NULL", "chat_message.author is NOT NULL, expected NULL"),
    (
        "ALTER TABLE chat_message MODIFY chat_session_id INT NOT NULL",
        "chat_message.chat_session_id is INTEGER, expected BIGINT",
    ),
    (
        "ALTER TABLE chat_message MODIFY chat_session_id BIGINT UNSIGNED NOT NULL",
        "chat_message.chat_session_id is BIGINT UNSIGNED, expected BIGINT",
    ),
    ("ALTER TABLE chat_message ENGINE = Aria", "chat_message is kept by Aria, expected InnoDB"),
    (
        "ALTER TABLE quarantine ALTER kind DROP DEFAULT",
        "quarantine.kind has no default, expected the default 'undecodable'",
    ),
    ("ALTER TABLE sync_run MODIFY id BIGINT NOT NULL", "sync_run.id does not number its rows by itself"),
    (
        "ALTER TABLE chat_message DROP PRIMARY KEY",
        "the primary key of chat_message is missing, expected (source_id, chat_message_id)",
    ),
    (
        "ALTER TABLE source DROP INDEX uq_source_name_epoch",
        "the unique constraint of source on (name, epoch) is missing",
    ),
    (
        "ALTER TABLE lease DROP FOREIGN KEY fk_lease_source_id",
        "the foreign key of lease from (source_id) to source (id) is missing",
    ),
    (
        "ALTER TABLE lease ADD CONSTRAINT few CHECK (fencing < 9)",
        "lease has a check constraint that the archiver doesn't know: few",
    ),
]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("table", "old", "new", "says"), ON_SQLITE, ids=lambda value: str(value)[:30])
def test_what_an_sqlite_table_was_made_anew_with_is_found(
    database: Database, table: str, old: str, new: str, says: str
) -> None:
    remake(database, table, old, new)
    assert find_drift(database).differences == (says,)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize(("statement", "says"), ON_POSTGRESQL, ids=lambda value: str(value)[:60])
def test_what_was_altered_on_postgresql_is_found(database: Database, statement: str, says: str) -> None:
    execute(database, statement)
    assert find_drift(database).differences == (says,)


@pytest.mark.parametrize("database_url", ["mariadb"], indirect=True)
@pytest.mark.parametrize(("statement", "says"), ON_MARIADB, ids=lambda value: str(value)[:60])
def test_what_was_altered_on_mariadb_is_found(database: Database, statement: str, says: str) -> None:
    execute(database, statement)
    assert find_drift(database).differences == (says,)


def test_an_index_that_somebody_added_is_told_and_no_difference(database: Database) -> None:
    execute(database, "CREATE INDEX by_name ON source (epoch)")
    expected = ("source has an index that the archiver doesn't know: by_name",)
    assert find_drift(database) == Drift(differences=(), notes=expected)


def test_tables_and_views_of_others_are_none_of_our_business(database: Database) -> None:
    execute(database, "CREATE TABLE notes (id INTEGER)", "CREATE VIEW daily AS SELECT message FROM chat_message")
    assert find_drift(database) == Drift(differences=(), notes=())


def test_a_schema_of_another_revision_is_told_as_that_and_not_compared(database: Database) -> None:
    execute(database, "UPDATE alembic_version SET version_num = '0001'", "DROP TABLE sync_error")
    with pytest.raises(SchemaOutOfDate, match="0001"):
        find_drift(database)
