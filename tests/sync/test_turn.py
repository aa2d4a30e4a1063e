"""A turn at a source, taken and given back."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import update

from archiver.errors import LeaseHeld, LeaseLost, StoreUnavailable
from archiver.store import tables
from archiver.store.lease import acquire_lease, renew_leases
from archiver.store.sources import ensure_source
from archiver.sync.turn import PATIENCE, SharedPatience, holding_leases, taking_turn
from tests.support import Archive

NOW = timedelta(0)


def test_nobody_else_has_it_meanwhile_and_anybody_afterwards(archive: Archive) -> None:
    (source,), stop = archive.config.source, threading.Event()
    with taking_turn(archive.database, source, stop, NOW) as first:
        with pytest.raises(LeaseHeld), taking_turn(archive.database, source, stop, NOW):
            pass
        assert archive.table("lease")[0]["holder"] == first.holder
    with pytest.raises(LeaseLost), taking_turn(archive.database, source, stop, NOW):
        raise LeaseLost
    assert archive.table("lease")[0]["holder"] is None


def test_an_unreachable_database_is_not_asked_again_and_no_bar_to_the_next_turn(archive: Archive) -> None:
    (source,), stop = archive.config.source, threading.Event()
    with pytest.raises(StoreUnavailable), taking_turn(archive.database, source, stop, NOW) as first:
        raise StoreUnavailable
    assert archive.table("lease")[0]["holder"] == first.holder  # left to its end
    with taking_turn(archive.database, source, stop, NOW) as second:
        assert second.fencing == first.fencing + 1


def make_sources(archive: Archive, count: int) -> dict[int, str]:
    names = [f"tenant-{number}" for number in range(count)]
    with archive.database.writing() as connection:
        return {ensure_source(connection, name, "https://crm.example.com"): name for name in names}


def test_many_leases_are_held_and_renewed_together_and_all_given_back(archive: Archive) -> None:
    sources = make_sources(archive, 401)
    with holding_leases(archive.database, sources, threading.Event(), NOW) as leases:
        before = archive.table("lease")
        archive.database.write(lambda connection: renew_leases(connection, leases))
        after = archive.table("lease")
        assert {row["holder"] for row in after} == {leases[0].holder}
        assert all(old["expires_at"] <= new["expires_at"] for old, new in zip(before, after, strict=True))
    assert {row["holder"] for row in archive.table("lease")} == {None}


def test_one_lost_lease_of_many_is_noticed_and_none_is_renewed(archive: Archive) -> None:
    sources = make_sources(archive, 3)
    with holding_leases(archive.database, sources, threading.Event(), NOW) as leases:
        with archive.database.writing() as connection:
            connection.execute(update(tables.lease).where(tables.lease.c.source_id == 2).values(fencing=9))
        before = archive.table("lease")
        with pytest.raises(LeaseLost):
            archive.database.write(lambda connection: renew_leases(connection, leases))
        assert archive.table("lease") == before


def test_those_taken_are_given_back_when_another_one_is_held(archive: Archive) -> None:
    sources = make_sources(archive, 3)
    with archive.database.writing() as connection:
        theirs = acquire_lease(connection, 3)
    with pytest.raises(LeaseHeld), holding_leases(archive.database, sources, threading.Event(), NOW):
        pass
    assert [row["holder"] for row in archive.table("lease")] == [None, None, theirs.holder]


def test_shared_patience_is_spent_by_the_clock_and_never_less_than_none() -> None:
    now = [100.0]
    patience = SharedPatience(lambda: now[0])
    assert patience.left == PATIENCE
    now[0] += 10
    assert patience.left == PATIENCE - timedelta(seconds=10)
    now[0] += 3600
    assert patience.left == NOW
