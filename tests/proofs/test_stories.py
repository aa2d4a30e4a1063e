"""Stories that chance tells too seldom, told by the machine: it asserts all that it asserts of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from archiver.store.database import Database
from tests.proofs.canaries import is_frozen, known_conflicts
from tests.proofs.machine import QUICK_SETTLING
from tests.proofs.machine_of_restores import RestoreMachine

pytestmark = pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture
def machine(database: Database, tmp_path: Path) -> Iterator[RestoreMachine]:
    """Two chat sessions of three and four messages, archived."""
    machine = RestoreMachine(database, tmp_path)
    machine.begin(QUICK_SETTLING, 2)
    machine.people([("post", 0), ("post", 1), ("post", 0), ("post", 1), ("post", 0)])
    machine.converge()
    yield machine
    machine.teardown()


def test_an_id_that_is_used_again_freezes_the_source_until_a_new_epoch(machine: RestoreMachine) -> None:
    machine.lose_what_is_archived(3, [1, 1, 0, 0], "incremental")
    assert is_frozen(machine.witness.look())
    machine.look_again("reconcile")
    machine.rehearse()
    assert is_frozen(machine.witness.look())
    machine.start_over()
    assert not is_frozen(machine.witness.look())
    machine.people([("edit", 3), ("post", 0), ("delete a message", 1)])
    machine.converge()
    machine.lose_what_is_archived(2, [1, 1], "incremental")
    machine.start_over()


def test_who_says_that_it_was_no_restore_overwrites_nothing(machine: RestoreMachine) -> None:
    machine.lose_what_is_archived(3, [1, 1, 0, 0], "backfill")
    machine.converge()
    assert known_conflicts(machine.witness.look())
    machine.retry_quarantine()
    machine.look_again("incremental")
    machine.converge()


def test_an_id_that_comes_again_in_a_chat_session_that_nobody_knows_is_looked_into(machine: RestoreMachine) -> None:
    tenant = machine.tenant
    lost = tenant.post(tenant.open_chat_session(), message="lost", author="Kim")
    machine.catch_up()
    machine.scene.restore_backup(1)
    assert tenant.post(tenant.open_chat_session(chat_session_id=4), message="new", author="Lee") == lost
    machine.look_again("incremental")
    assert is_frozen(machine.witness.look())
    machine.start_over()


def test_what_was_deleted_and_comes_back_is_as_it_was(machine: RestoreMachine) -> None:
    machine.people([("delete a message", 2)])
    machine.converge()
    machine.people([("undelete a message", 0)])
    machine.converge()
    machine.people([("delete a chat session", 1)])
    machine.converge()
    machine.people([("undelete a chat session", 0), ("post", 1)])
    machine.converge()
