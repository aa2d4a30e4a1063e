"""A turn at a source, taken and given back."""

import threading
from datetime import timedelta

import pytest

from archiver.errors import LeaseHeld, LeaseLost, StoreUnavailable
from archiver.sync.turn import taking_turn
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
