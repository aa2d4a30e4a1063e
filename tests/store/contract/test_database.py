"""Transactions: what the database calls off, or loses, is done again; what can't be known is said."""

import threading
from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest
from sqlalchemy import Connection, insert, make_url, select, text, update

from archiver.errors import ConnectionLost, KeyExists, StoreBusy, StoreRefused, StoreUnavailable
from archiver.store import tables
from archiver.store.database import Database, database_now
from archiver.store.sources import ensure_source

KILL = {
    "postgresql": "SELECT pg_terminate_backend(pg_backend_pid())",
    "mysql": "KILL CONNECTION_ID()",
}


@pytest.fixture
def server(database: Database) -> Database:
    """A database that is a server of its own."""
    if database.sqlite_file:
        pytest.skip("SQLite has no server that could cut a connection, and no deadlock")
    return database


@pytest.fixture
def impatient(database_url: str) -> Iterator[Database]:
    made = Database(database_url, patience_s=0.1)
    yield made
    made.close()


def make_source(name: str) -> Callable[[Connection], int]:
    return lambda connection: ensure_source(connection, name, "https://crm.example.com")


def names(database: Database) -> list[str]:
    with database.reading() as connection:
        return list(connection.execute(select(tables.source.c.name).order_by(tables.source.c.name)).scalars())


def rename(connection: Connection, old: str, new: str) -> None:
    connection.execute(update(tables.source).where(tables.source.c.name == old).values(tenant=new))


def test_a_deadlock_is_resolved_by_doing_one_of_the_two_again(server: Database) -> None:
    server.write(make_source("a"))
    server.write(make_source("b"))
    both_began = threading.Barrier(2)
    attempts: list[str] = []

    def touch(first: str, second: str) -> None:
        def work(connection: Connection) -> None:
            attempts.append(first)
            rename(connection, first, first)
            if attempts.count(first) == 1:
                both_began.wait()
            rename(connection, second, first)

        server.write(work)

    other = threading.Thread(target=touch, args=("b", "a"))
    other.start()
    touch("a", "b")
    other.join()
    assert len(attempts) >= 3  # both may have been called off
    with server.reading() as connection:
        tenants = set(connection.execute(select(tables.source.c.tenant)).scalars())
    assert len(tenants) == 1  # each did all of its work, one after the other


def test_a_connection_that_the_server_cuts_before_the_commit_costs_nothing(server: Database) -> None:
    attempts: list[int] = []

    def work(connection: Connection) -> None:
        make_source("acme")(connection)
        attempts.append(1)
        if len(attempts) == 1:
            connection.execute(text(KILL[server.dialect]))

    server.write(work)
    assert (len(attempts), names(server)) == (2, ["acme"])


def test_a_connection_that_was_cut_while_idle_is_replaced_unnoticed(server: Database) -> None:
    with server.reading() as connection:
        own = {"postgresql": "SELECT pg_backend_pid()", "mysql": "SELECT CONNECTION_ID()"}[server.dialect]
        idle = connection.execute(text(own)).scalar_one()
    killer = Database(server.url.render_as_string(hide_password=False))
    cut = {"postgresql": f"SELECT pg_terminate_backend({idle})", "mysql": f"KILL {idle}"}[server.dialect]
    with killer.reading() as connection:
        connection.execute(text(cut))
    killer.close()
    assert names(server) == []


def test_a_commit_that_nobody_knows_the_end_of_is_not_repeated(server: Database) -> None:
    attempts: list[int] = []

    def work(connection: Connection) -> None:
        attempts.append(1)
        driver = connection.connection.driver_connection
        assert driver is not None
        driver.close()  # after the work, and before the commit gets through

    with pytest.raises(StoreUnavailable, match="during a commit"):
        server.write(work)
    assert len(attempts) == 1


def test_what_another_made_at_the_same_moment_is_found_by_the_next_try(database: Database) -> None:
    rivals = ["acme"]

    def work(connection: Connection) -> int:
        if rivals:
            rivals.pop()
            raise KeyExists
        return make_source("acme")(connection)

    assert database.write(work) == 1


def test_a_key_that_exists_for_good_is_said_to(database: Database) -> None:
    database.write(make_source("acme"))

    def work(connection: Connection) -> None:
        row = {"name": "acme", "epoch": 1, "created_at": database_now(connection)}
        connection.execute(insert(tables.source).values(row))

    with pytest.raises(KeyExists):
        database.write(work)


def test_a_stranger_who_keeps_the_archive_locked_is_told_of(impatient: Database, database_url: str) -> None:
    impatient.write(make_source("acme"))
    stranger = Database(database_url)
    with stranger.writing() as theirs:
        rename(theirs, "acme", "theirs")
        with pytest.raises(StoreBusy):
            impatient.write(lambda connection: rename(connection, "acme", "ours"))
    impatient.write(lambda connection: rename(connection, "acme", "ours"))
    stranger.close()


def test_nothing_of_a_rehearsal_stays(database: Database) -> None:
    assert database.rehearse(make_source("acme")) >= 1
    assert names(database) == []


@pytest.mark.parametrize(
    "url", ["postgresql://postgres@127.0.0.1:9/archive", "mysql+pymysql://root@127.0.0.1:9/archive"]
)
def test_a_server_that_stays_away_is_given_up_after_our_patience(url: str) -> None:
    database = Database(url, patience_s=0.1)
    with pytest.raises(ConnectionLost):
        database.write(lambda _: None)
    database.close()


def test_threads_of_ours_write_to_one_file_one_after_the_other(database: Database) -> None:
    database.write(make_source("acme"))

    def count_up() -> None:
        for _ in range(20):
            database.write(
                lambda connection: connection.execute(update(tables.lease).values(fencing=tables.lease.c.fencing + 1))
            )

    threads = [threading.Thread(target=count_up) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.reading() as connection:
        assert connection.execute(select(tables.lease.c.fencing)).scalar_one() == 160


def test_an_archive_in_a_schema_of_its_own_is_apart_from_all_others(database_url: str) -> None:
    if not database_url.startswith("postgresql"):
        with pytest.raises(Exception, match=r"archive\.schema is for PostgreSQL"):
            Database(database_url, schema="chats")
        return
    from archiver.store.schema import migrate, require_current_schema

    ours, other = Database(database_url, schema="chats"), Database(database_url)
    migrate(ours)
    require_current_schema(ours)
    ours.write(make_source("acme"))
    assert (names(ours), names(other)) == (["acme"], [])
    ours.close()
    other.close()


def test_a_statement_that_is_refused_is_not_said_again(database: Database) -> None:
    attempts: list[int] = []

    def work(connection: Connection) -> None:
        attempts.append(1)
        connection.execute(insert(tables.source).values(name=None, epoch=1, created_at=database_now(connection)))

    with pytest.raises(StoreRefused):
        database.write(work)
    assert len(attempts) == 1


def test_a_missing_right_is_not_blamed_on_the_password(server: Database, database_url: str) -> None:
    name = f"archiver_test_{uuid4().hex[:12]}"
    if server.dialect == "postgresql":
        name, database = "pg_monitor", server
    else:
        server.write(lambda connection: connection.execute(text(f"CREATE USER {name}")))
        database = Database(make_url(database_url).set(username=name, password=None).render_as_string())

    def insert_as_stranger(connection: Connection) -> int:
        if server.dialect == "postgresql":
            connection.execute(text(f"SET LOCAL ROLE {name}"))
        return ensure_source(connection, "acme", "https://crm.example.com")

    with pytest.raises(StoreRefused, match="doesn't grant our user"):
        database.write(insert_as_stranger)
    if database is not server:
        database.close()
        server.write(lambda connection: connection.execute(text(f"DROP USER {name}")))


def test_a_server_that_is_not_there_was_never_lost() -> None:
    database = Database("mysql+pymysql://root@127.0.0.1:9/archive", patience_s=0.1)
    with pytest.raises(ConnectionLost, match="can't be reached"):
        database.write(lambda _: None)
    database.close()
