"""A PostgreSQL whose administrator has made defaults for other programs than this one."""

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url

from archiver.errors import StoreRefused, StoreUnavailable
from archiver.store.database import Database
from archiver.store.round_trip import find_losses
from tests.databases import PostgreSQL
from tests.sync.outages import as_administrator


@pytest.fixture
def database_with(postgresql: PostgreSQL) -> Iterator[Callable[[str], Database]]:
    """Opens a migrated database that has this default."""
    url = postgresql.create(migrated=True)
    made: list[Database] = []

    def make(setting: str) -> Database:
        as_administrator(url, f'ALTER DATABASE "{make_url(url).database}" SET {setting}')
        made.append(Database(url))
        return made[-1]

    yield make
    for database in made:
        database.close()
    postgresql.drop(url)


@pytest.mark.parametrize("setting", ["DateStyle = 'German, DMY'", "TimeZone = 'Asia/Kathmandu'"])
def test_how_times_are_shown_is_ours_to_say(database_with: Callable[[str], Database], setting: str) -> None:
    assert find_losses(database_with(setting))[0] == []


def test_transactions_see_what_others_committed(database_with: Callable[[str], Database]) -> None:
    with database_with("default_transaction_isolation = 'serializable'").reading() as connection:
        assert connection.execute(text("SHOW transaction_isolation")).scalar() == "read committed"


def test_a_read_only_database_is_no_fault_of_the_texts(database_with: Callable[[str], Database]) -> None:
    with pytest.raises(StoreRefused, match="is read-only"):
        find_losses(database_with("default_transaction_read_only = on"))


def test_a_statement_that_takes_too_long_is_called_so(database_with: Callable[[str], Database]) -> None:
    database = database_with("statement_timeout = '1s'")
    with pytest.raises(StoreUnavailable, match="cut a statement short"), database.reading() as connection:
        connection.execute(text("SELECT pg_sleep(60)"))
