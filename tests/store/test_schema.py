"""The schema: migrated equals declared, and every other one is refused with the command that helps."""

import threading
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from archiver.errors import ConfigError, SchemaOutOfDate, StoreRefused, StoreUnavailable
from archiver.store import tables
from archiver.store.database import Database
from archiver.store.schema import CURRENT_REVISION, alembic_config, migrate, migration_sql, require_current_schema
from tests.databases import PostgreSQL
from tests.support import dump


def test_the_migrated_schema_equals_the_declared_one(database: Database) -> None:
    options = {"compare_type": True, "compare_server_default": True}
    with database.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection, opts=options), tables.metadata) == []


def test_the_newest_migration_is_the_one_this_version_asks_for() -> None:
    assert ScriptDirectory.from_config(alembic_config()).get_current_head() == CURRENT_REVISION


def test_migrating_again_changes_nothing(database: Database) -> None:
    before = dump(database)
    assert migrate(database) == (CURRENT_REVISION, CURRENT_REVISION)
    assert dump(database) == before


def test_those_that_migrate_at_once_take_turns(empty_database_url: str) -> None:
    results = []

    together = threading.Barrier(6)

    def migrate_there() -> None:
        database = Database(empty_database_url)
        together.wait()
        results.append(migrate(database))
        database.close()

    threads = [threading.Thread(target=migrate_there) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results, key=str) == [(CURRENT_REVISION, CURRENT_REVISION)] * 5 + [(None, CURRENT_REVISION)]


@pytest.mark.parametrize(
    ("revision", "advice"),
    [("0000", "archiver migrate"), ("9999", "install a newer superoffice-chat-archiver")],
)
def test_another_schema_is_refused_with_the_command_that_helps(
    database: Database, revision: str, advice: str
) -> None:
    with database.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision})
    with pytest.raises(SchemaOutOfDate) as caught:
        require_current_schema(database)
    assert advice in caught.value.hint


def test_a_newer_schema_is_not_migrated(database: Database) -> None:
    with database.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(SchemaOutOfDate, match="newer"):
        migrate(database)


def test_an_empty_database_is_no_archive_yet(empty_database_url: str, tmp_path: Path) -> None:
    database = Database(empty_database_url)
    with pytest.raises(SchemaOutOfDate) as caught:
        require_current_schema(database)
    database.close()
    assert "archiver migrate" in caught.value.hint
    assert list(tmp_path.iterdir()) == []  # asking makes no file


def test_the_printed_statements_make_every_table_and_touch_nothing(empty_database_url: str, tmp_path: Path) -> None:
    database = Database(empty_database_url)
    printed = migration_sql(database)
    database.close()
    assert all(f"CREATE TABLE {name} " in printed for name in tables.metadata.tables)
    assert list(tmp_path.iterdir()) == []


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/nowhere/archive.db")
    with pytest.raises(StoreUnavailable, match="no folder"):
        migrate(database)


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "archive.db").write_text("not a database, and long enough to be read as a header " * 10)
    database = Database(f"sqlite:///{tmp_path / 'archive.db'}")
    with pytest.raises(StoreRefused, match="no sound SQLite database"):
        require_current_schema(database)
    database.close()


@pytest.mark.parametrize(
    "url",
    [
        "",
        "archive.db",
        "sqlite://",
        "sqlite:///:memory:",
        "oracle://host/name",
        "mysql://host/name",
        "postgresql+asyncpg://host/name",
        "postgresql://host:port/name",
        "postgresql://host",
        "sqlite://user:password@host/archive.db",
        "sqlite:///archive.db?timeout=abc",
        "sqlite:///a?b.db",
        "postgresql://host/name?autocommit=true",
        "postgresql://host/name?foo=bar",
        "postgresql://host/name?port=abc",
    ],
)
def test_a_url_that_names_no_database_of_ours_gets_a_sentence(url: str) -> None:
    with pytest.raises(ConfigError, match=r"archive\.url"):
        Database(url)


@pytest.mark.parametrize("password", ["pl@nted", "pl@nted/secret", "p@nted@secret"])
def test_a_password_with_its_at_sign_unescaped_gets_the_way_to_write_it(password: str) -> None:
    with pytest.raises(ConfigError, match="an @ stands where none can") as caught:
        Database(f"postgresql://archiver:{password}@host/archive")
    assert "%40" in caught.value.hint
    assert "nted" not in f"{caught.value}{caught.value.hint}"
    Database("postgresql://archiver@tenant:pl%40nted@host/archive").close()  # as hosted servers name their users


def test_an_unreachable_server_is_said_to_be_so_without_its_password() -> None:
    database = Database("postgresql://archiver:planted-secret@127.0.0.1:9/archive")
    with pytest.raises(StoreUnavailable) as caught:
        require_current_schema(database)
    assert "planted-secret" not in f"{caught.value!r}{caught.value.hint}{database}"
    database.close()


@pytest.mark.parametrize(
    ("url", "file"),
    [
        ("sqlite:///chats.db", "{}/chats.db"),
        ("sqlite+pysqlite:///sub/chats.db", "{}/sub/chats.db"),
        ("sqlite:////var/lib/chats.db", "/var/lib/chats.db"),
    ],
)
def test_a_relative_file_starts_at_the_folder_it_is_given(tmp_path: Path, url: str, file: str) -> None:
    database = Database(url, folder=tmp_path)
    assert (str(database.sqlite_file), str(database)) == (file.format(tmp_path), f"sqlite:///{file.format(tmp_path)}")
    database.close()


def test_a_folder_with_odd_signs_in_its_name_holds_the_archive(tmp_path: Path) -> None:
    folder = tmp_path / "q?x#%41&y"
    folder.mkdir()
    database = Database("sqlite:///archive.db", folder=folder)
    migrate(database)
    database.close()
    assert (folder / "archive.db").exists()


def test_no_password_is_shown_wherever_the_url_has_it() -> None:
    database = Database("postgresql://archiver@host/archive?password=planted-secret")
    assert str(database) == "postgresql://archiver@host/archive"
    database.close()


def test_an_address_is_shown_as_archive_url_takes_it() -> None:
    database = Database("mysql+pymysql://archiver:planted-secret@host/archive")
    assert str(database) == "mysql+pymysql://archiver:***@host/archive"
    Database(str(database)).close()
    database.close()


def test_a_database_that_can_not_hold_every_text_is_refused(postgresql: PostgreSQL) -> None:
    url = postgresql.create(encoding="LATIN1")
    database = Database(url)
    with pytest.raises(StoreRefused, match="can't hold every text"):
        migrate(database)
    database.close()
    postgresql.drop(url)


def test_a_file_name_that_no_system_takes_gets_a_sentence(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{'a' * 300}.db", folder=tmp_path)
    with pytest.raises(StoreUnavailable, match="can't be reached"):
        require_current_schema(database)
    with pytest.raises(StoreUnavailable, match="can't be reached"):
        migrate(database)
    database.close()
