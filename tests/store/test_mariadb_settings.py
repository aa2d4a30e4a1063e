"""A MariaDB that its administrator has set up for other programs than this one."""

from collections.abc import Callable, Iterator

import pytest

from archiver.errors import StoreRefused
from archiver.store.database import Database
from archiver.store.drift import Drift, find_drift
from archiver.store.round_trip import find_losses
from archiver.store.schema import migrate
from archiver.store.visit import Visit
from tests.databases import MariaDB
from tests.store.conftest import open_run_in
from tests.store.test_after_visit import message, visit
from tests.support import dump
from tests.sync.outages import as_administrator

PACKET = 65_536


@pytest.fixture
def database_with(own_mariadb: MariaDB) -> Iterator[Callable[[str, object], Database]]:
    """Makes an empty database on a server that has this global setting."""
    url = own_mariadb.create()
    made: list[tuple[Database, str]] = []

    def make(name: str, value: object) -> Database:
        as_administrator(url, f"SET GLOBAL {name} = {value!r}")
        made.append((Database(url, patience_s=1), name))
        return made[-1][0]

    yield make
    for database, name in made:
        database.close()
        as_administrator(url, f"SET GLOBAL {name} = DEFAULT")
    own_mariadb.drop(url)


@pytest.mark.parametrize("mode", ["ANSI_QUOTES", "ORACLE", "NO_BACKSLASH_ESCAPES", "EMPTY_STRING_IS_NULL"])
def test_a_mode_of_the_server_is_none_of_ours(database_with: Callable[..., Database], mode: str) -> None:
    database = database_with("sql_mode", mode)
    migrate(database)
    assert find_drift(database) == Drift(differences=(), notes=())
    assert find_losses(database)[0] == []


def test_many_rows_go_in_by_small_packets(database_with: Callable[..., Database]) -> None:
    database = database_with("max_allowed_packet", PACKET)
    migrate(database)
    run = open_run_in(database)
    fit = [message(key, message="'" * 10_000) for key in range(1, 21)]
    visits = [
        visit(*fit, message(21, message="x" * PACKET), message(22), is_whole=True),
        Visit(chat_session_id=8, before=None, messages=[message(40, chat_session_id=8)]),
    ]
    counts = run.save_visits(visits)
    stored = [row["chat_message_id"] for row in dump(database)["chat_message"]]
    assert (stored, counts.chat_sessions_failed) == ([*range(1, 21), 40], 1)


def test_what_no_packet_takes_is_refused_at_once(database_with: Callable[..., Database]) -> None:
    """Sent all the same, the server would hang up, and the archiver would wait for it to come back."""
    database = database_with("max_allowed_packet", PACKET)
    migrate(database)
    with pytest.raises(StoreRefused, match="larger than the archive's database takes"):
        find_losses(database)
