"""Passes over a source where nothing happened: which rows they write."""

from collections.abc import Callable

import pytest

from archiver.store.ledger import Kind
from tests.support import Archive
from tests.writes import note_writes


@pytest.mark.parametrize("kind", ["incremental", "reconcile"])
def test_a_pass_over_an_unchanged_source_writes_its_run_and_its_lease_alone(
    archive: Archive, chat: Callable[..., int], kind: Kind
) -> None:
    chat("Hello", "How can I help?")
    chat("Hi")
    archive.run()
    archive.run()  # the first incremental pass after which holes are no longer all due
    writes = note_writes(archive.database)
    result = archive.run(kind)
    assert (result.outcome, result.counts.chat_sessions_visited > 2) == ("complete", True)
    assert set(writes()) == {"INSERT sync_run", "UPDATE sync_run", "UPDATE lease"}
    assert writes()["INSERT sync_run"] == 1


def test_a_reconcile_writes_again_the_row_that_changed_and_no_other(
    archive: Archive, chat: Callable[..., int]
) -> None:
    chat("one", "two", "three", "four")
    archive.run(ids="1")
    writes = note_writes(archive.database)
    archive.sandbox.tenant.edit(2, message="two, edited")
    archive.sandbox.tenant.edit(3, read_by_customer=1)
    archive.run("reconcile", ids="1")
    messages = {what: count for what, count in writes().items() if "chat_message" in what}
    assert messages == {"UPDATE chat_message": 2, "INSERT chat_message_revision": 1}
