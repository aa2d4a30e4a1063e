"""SQL Server's and Oracle's dialects: what we say compiles. No live server of theirs was ever tried.

That every statement on our tables compiles for them is shown along with all tests: see tests/other_dialects.py.
"""

import io

import pytest
from alembic import command
from sqlalchemy import Dialect, select
from sqlalchemy.schema import CreateIndex, CreateTable

from archiver.errors import ConfigError
from archiver.store import tables
from archiver.store.database import Database
from archiver.store.schema import alembic_config
from tests.other_dialects import OTHERS


@pytest.fixture(params=OTHERS, ids=lambda dialect: dialect.name)
def dialect(request: pytest.FixtureRequest) -> Dialect:
    other: Dialect = request.param
    return other


def test_every_table_and_index_compiles(dialect: Dialect) -> None:
    for each in tables.metadata.sorted_tables:
        assert each.name in str(CreateTable(each).compile(dialect=dialect))
        for index in each.indexes:
            assert str(index.name)[:20] in str(CreateIndex(index).compile(dialect=dialect))


def test_every_migration_compiles(dialect: Dialect) -> None:
    config = alembic_config()
    config.output_buffer = io.StringIO()
    config.attributes["dialect"] = dialect.name
    command.upgrade(config, "head", sql=True)
    printed = config.output_buffer.getvalue()
    assert all(f"CREATE TABLE {name} (" in printed for name in tables.metadata.tables)


def test_text_is_unicode_and_told_apart_by_case_on_sql_server() -> None:
    (dialect,) = [other for other in OTHERS if other.name == "mssql"]
    message = str(CreateTable(tables.chat_message).compile(dialect=dialect))
    assert "message NVARCHAR(max) COLLATE Latin1_General_100_BIN2" in message


def test_what_a_dialect_can_not_say_would_be_noticed(database: Database) -> None:
    without_order = select(tables.lease).limit(1).offset(1)
    with database.reading() as connection, pytest.raises(AssertionError, match="mssql can't say: SELECT lease"):
        connection.execute(without_order)


def test_oracle_is_refused_with_the_reason() -> None:
    with pytest.raises(ConfigError, match="empty text"):
        Database("oracle+oracledb://host/name")


def test_sql_server_asks_for_its_driver() -> None:
    with pytest.raises(ConfigError, match="pyodbc") as caught:
        Database("mssql+pyodbc://host/name")
    assert caught.value.hint == "pip install 'pyodbc'"
