"""How a new epoch of a source begins, on every kind of database."""

import pytest

from archiver.errors import LeaseLost
from archiver.store.database import Database
from archiver.store.lease import acquire_lease, release_lease
from archiver.store.ledger import REWOUND, TIMES_SHIFTED, Failure, load_of_pass, save_failure
from archiver.store.sources import begin_epoch, load_source_id
from tests.store.conftest import OpenRun
from tests.support import dump


def test_a_new_epoch_is_a_source_and_a_lease_of_its_own_and_the_old_one_thaws(
    database: Database, open_run: OpenRun
) -> None:
    lease = open_run.lease
    began_at = dump(database)["sync_run"][0]["started_at"]
    with database.writing() as connection:
        for kind in (REWOUND, TIMES_SHIFTED):
            failure = Failure(chat_session_id=None, kind=kind, detail="ids alone")
            save_failure(connection, lease.source_id, open_run.run_id, failure, began_at)
    with database.writing() as connection:
        begun = begin_epoch(connection, lease, "https://crm.example.com/new")
    assert (begun.label, begun.base_url) == ("acme@2", "https://crm.example.com/new")
    with database.reading() as connection:
        assert load_source_id(connection, "acme") == begun.id
        assert load_of_pass(connection, lease.source_id, REWOUND) is None
        assert load_of_pass(connection, lease.source_id, TIMES_SHIFTED) == "ids alone"
    assert [row["source_id"] for row in dump(database)["lease"]] == [lease.source_id, begun.id]


def test_no_epoch_follows_one_that_has_ended_nor_one_whose_lease_was_lost(
    database: Database, open_run: OpenRun
) -> None:
    with database.writing() as connection:
        second = begin_epoch(connection, open_run.lease, None)
    before = dump(database)["source"]
    with pytest.raises(LeaseLost, match="another archiver began acme@2 meanwhile"), database.writing() as connection:
        begin_epoch(connection, open_run.lease, None)
    with database.writing() as connection:
        lease = acquire_lease(connection, second.id, "acme")
        release_lease(connection, lease)
    with pytest.raises(LeaseLost), database.writing() as connection:
        begin_epoch(connection, lease, None)
    assert dump(database)["source"] == before
