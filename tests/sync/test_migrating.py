"""`migrate` and passes beside each other: neither overtakes the other."""

import threading
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import Connection, text

from archiver.errors import LeaseHeld, LeaseLost, SchemaOutOfDate
from archiver.store.database import Database
from archiver.store.lease import Lease, acquire_lease, release_lease
from archiver.store.schema import CURRENT_REVISION, migrate
from archiver.store.sources import ensure_source
from archiver.sync.migrating import migrate_in_turn
from archiver.sync.turn import holding_leases, taking_turn
from tests.support import Archive, dump

AT_ONCE = timedelta(0)


def set_revision(database: Database, revision: str) -> None:
    """The migrations of later revisions bear to be run again, so that an archive can be called older than it is."""
    with database.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision})


def take_source(database: Database, name: str) -> Lease:
    def take(connection: Connection) -> Lease:
        return acquire_lease(connection, ensure_source(connection, name, "https://crm.example.com"))

    return database.write(take)


def test_an_archive_whose_pass_is_at_work_is_not_changed(database: Database) -> None:
    take_source(database, "acme")
    set_revision(database, "0001")
    with pytest.raises(LeaseHeld, match="is at work on this source"):
        migrate_in_turn(database, threading.Event(), AT_ONCE)
    with (
        pytest.raises(SchemaOutOfDate, match="0001"),
        holding_leases(database, {1: "acme"}, threading.Event(), AT_ONCE),
    ):
        pass


def test_afterwards_it_is_and_every_lease_is_given_back(database: Database) -> None:
    for name in ("acme", "globex"):
        database.write(partial(release_lease, lease=take_source(database, name)))
    set_revision(database, "0001")
    assert migrate_in_turn(database, threading.Event(), AT_ONCE) == ("0001", CURRENT_REVISION)
    assert [(row["holder"], row["fencing"]) for row in dump(database)["lease"]] == [(None, 2), (None, 2)]


def test_nobody_is_waited_for_when_nothing_has_to_change(database: Database) -> None:
    take_source(database, "acme")
    before = dump(database)
    assert migrate_in_turn(database, threading.Event(), AT_ONCE) == (CURRENT_REVISION, CURRENT_REVISION)
    assert dump(database) == before


def test_a_migration_whose_lease_was_lost_changes_nothing(database: Database) -> None:
    take_source(database, "acme")
    set_revision(database, "0001")

    def lose(_connection: object) -> None:
        raise LeaseLost

    with pytest.raises(LeaseLost):
        migrate(database, lose)
    with database.reading() as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar() == "0001"


def test_a_daemon_that_a_migration_overtook_writes_nothing_more(archive: Archive) -> None:
    archive.run()
    set_revision(archive.database, "9999")
    before = dump(archive.database)
    result = archive.run()
    assert isinstance(result.error, SchemaOutOfDate)
    assert "restart" in result.error.hint
    assert (result.outcome, dump(archive.database)) == ("failed", before)


def test_a_pass_that_waited_for_a_migration_finds_the_schema_changed(archive: Archive) -> None:
    (source,) = archive.config.source
    database, stop = archive.database, threading.Event()
    with taking_turn(database, source, stop, AT_ONCE) as theirs:

        def change() -> None:
            set_revision(database, "9999")
            database.write(partial(release_lease, lease=theirs))

        waiting = holding_leases(database, {theirs.source_id: source.name}, stop, timedelta(minutes=1), change)
        with pytest.raises(SchemaOutOfDate, match="9999"), waiting:
            pass
