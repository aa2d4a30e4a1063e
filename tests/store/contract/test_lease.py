"""One writer a source, as a fact."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable

import pytest
from sqlalchemy import update

from archiver.errors import LeaseHeld, LeaseLost
from archiver.store import tables
from archiver.store.database import Database, database_now
from archiver.store.holder import is_dead, shown, this_process
from archiver.store.lease import LEASE_LIFE, Lease, acquire_lease, release_lease, renew_lease
from archiver.store.sources import ensure_source


@pytest.fixture
def source_id(database: Database) -> int:
    with database.writing() as connection:
        return ensure_source(connection, "acme", "https://crm.example.com")


def acquire(database: Database, source_id: int) -> Lease:
    with database.writing() as connection:
        return acquire_lease(connection, source_id)


def test_a_held_lease_is_refused_to_others_until_it_is_released(database: Database, source_id: int) -> None:
    first = acquire(database, source_id)
    with pytest.raises(LeaseHeld, match=f"{os.getpid()} is at work"):
        acquire(database, source_id)
    with database.writing() as connection:
        release_lease(connection, first)
    assert acquire(database, source_id).fencing == first.fencing + 1


def test_an_expired_lease_is_taken_and_its_old_holder_can_write_no_more(database: Database, source_id: int) -> None:
    old = acquire(database, source_id)
    with database.writing() as connection:
        now = database_now(connection)
        connection.execute(update(tables.lease).values(expires_at=now))
    new = acquire(database, source_id)
    with pytest.raises(LeaseLost), database.writing() as connection:
        renew_lease(connection, old)
    with database.writing() as connection:
        renew_lease(connection, new)


def test_releasing_a_lost_lease_leaves_the_new_holder_alone(database: Database, source_id: int) -> None:
    old = acquire(database, source_id)
    with database.writing() as connection:
        connection.execute(update(tables.lease).values(fencing=old.fencing + 1, holder="elsewhere/1"))
        release_lease(connection, old)
    with pytest.raises(LeaseHeld, match="elsewhere/1"):
        acquire(database, source_id)


def test_each_renewal_gives_the_lease_its_whole_life_by_the_databases_clock(
    database: Database, source_id: int
) -> None:
    lease = acquire(database, source_id)
    with database.writing() as connection:
        now = renew_lease(connection, lease)
        expires_at = connection.execute(tables.lease.select()).one().expires_at
    assert expires_at == now + LEASE_LIFE


def at_once(count: int, action: Callable[[], None]) -> None:
    """Run the action in so many threads that begin together."""
    barrier = threading.Barrier(count)

    def begin() -> None:
        barrier.wait()
        action()

    threads = [threading.Thread(target=begin) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_of_many_that_want_a_lease_at_once_one_gets_it(database: Database, source_id: int) -> None:
    won: list[int] = []
    refused: list[LeaseHeld] = []

    def want() -> None:
        try:
            won.append(acquire(database, source_id).fencing)
        except LeaseHeld as error:
            refused.append(error)

    at_once(6, want)
    assert (won, len(refused)) == ([1], 5)


def test_a_source_is_made_once_by_however_many_at_once(database: Database) -> None:
    made: list[int] = []

    def make() -> None:
        made.append(database.write(lambda c: ensure_source(c, "acme", "https://crm.example.com")))

    at_once(6, make)
    assert made == [made[0]] * 6


def holder_of_a_process_that_ended() -> str:
    code = "from archiver.store.holder import this_process; print(this_process())"
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.strip()


def test_the_lease_of_a_process_that_is_known_to_be_dead_is_taken_at_once(database: Database, source_id: int) -> None:
    acquire(database, source_id)
    with database.writing() as connection:
        connection.execute(update(tables.lease).values(holder=holder_of_a_process_that_ended()))
    assert acquire(database, source_id).fencing == 2


def test_a_process_is_dead_only_when_it_ran_here_and_is_gone() -> None:
    ours = this_process()
    host, pid, started, place = ours.split("/")
    assert not is_dead(ours)
    assert is_dead(holder_of_a_process_that_ended())
    assert is_dead(f"{host}/{pid}/{int(started) - 1}/{place}")  # the id was used again by another process
    assert not is_dead(f"{host}/999999999/{started}/another-place")
    assert not is_dead("elsewhere/1")
    assert shown(ours) == f"{host}/{pid}"
