"""A source that was restored, as an operator meets it: frozen, begun anew, and both epochs at hand."""

import contextlib
import json
import os
import pty
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import update

from archiver.sandbox import Sandbox
from archiver.store import tables
from archiver.store.database import Database, database_now
from archiver.store.lease import LEASE_LIFE, acquire_lease
from tests.cli.conftest import ENOUGH_S, Run, command, environment
from tests.support import dump, truth_of, write_config

Chat = Callable[..., int]
only_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def restored(tmp_path: Path, database: Database, database_url: str, sandbox: Sandbox, chat: Chat, run: Run) -> Path:
    """An archive of a sandbox that was restored from a backup since, and went on; its configuration."""
    for _ in range(3):
        chat("Hello", "Good morning")
    config = write_config(tmp_path, database_url, sandbox.base_url, include="1-3")
    assert run("run").returncode == 0
    sandbox.tenant.restore_backup(6)
    chat("An id is used again")
    return config


def messages_of(database: Database, source_id: int) -> list[str]:
    return [row["message"] for row in dump(database)["chat_message"] if row["source_id"] == source_id]


def test_the_walk_of_an_operator_whose_source_was_restored(
    restored: Path, run: Run, database: Database, sandbox: Sandbox
) -> None:
    frozen = run("run")
    assert frozen.returncode == 5
    assert "archiver: acme: the newest messages of chat sessions 1, 2, 3 are not there any more" in frozen.stderr
    assert "archiver source new-epoch acme" in frozen.stderr
    words = " ".join(run("status").stdout.split())
    assert "the whole pass: the source went back in time, as after a restored backup" in words
    assert "archiver source new-epoch NAME" in words
    before = dump(database, without=("lease",))

    undecided = run("source", "new-epoch", "acme")
    assert (undecided.returncode, undecided.stderr) == (
        5,
        "archiver: nothing was changed: add --yes to begin a new epoch\n",
    )
    assert "messages       6" in undecided.stdout
    assert dump(database, without=("lease",)) == before

    begun = run("source", "new-epoch", "acme", "--yes")
    assert (begun.returncode, begun.stderr) == (0, "")
    assert "acme@2 is begun; acme@1 stays as it is" in begun.stdout
    first, second = dump(database)["source"]
    assert (first, second["name"], second["epoch"], second["base_url"]) == (
        before["source"][0],
        "acme",
        2,
        sandbox.base_url,
    )
    assert run("run").returncode == 0
    assert messages_of(database, second["id"]) == [row["Message"] for row in truth_of(sandbox)]
    assert messages_of(database, first["id"]) == ["Hello", "Good morning"] * 3
    after = dump(database)
    assert [row["resolved_at"] is None for row in after["sync_error"]] == [False]
    assert after["chat_session_state"][:3] == before["chat_session_state"]


@only_sqlite
def test_commands_show_the_current_epoch_and_an_earlier_one_on_request(
    restored: Path, run: Run, database: Database
) -> None:
    run("source", "new-epoch", "acme@1", "--yes")
    shown = run("status").stdout
    assert ("acme (epoch 2)" in shown, "acme (epoch 1)" in shown) == (True, False)
    assert "earlier epochs 1; archiver status --source acme@1" in shown
    earlier = run("status", "--source", "acme@1").stdout
    assert ("acme (epoch 1)" in earlier, "nothing is visited in this epoch any more" in earlier) == (True, True)
    (current,) = json.loads(run("status", "--json").stdout)
    assert (current["epoch"], current["earlier_epochs"], current["messages"]) == (2, [1], 0)
    both = json.loads(run("status", "--json", "--source", "acme@1", "--source", "acme").stdout)
    assert [(each["epoch"], each["messages"]) for each in both] == [(1, 6), (2, 0)]
    listed = json.loads(run("source", "list", "--json").stdout)
    assert [(each["epoch"], each["current"], each["configured"]) for each in listed] == [
        (1, False, False),
        (2, True, True),
    ]
    assert "2 (current)" in run("source", "list", COLUMNS="160").stdout


@only_sqlite
def test_the_quarantine_of_an_earlier_epoch_is_listed_on_request(
    restored: Path, run: Run, database: Database, sandbox: Sandbox
) -> None:
    run("source", "new-epoch", "acme", "--yes")
    sandbox.tenant.edit(1, ChatMessageId=None)
    assert run("run").returncode == 3
    run("source", "new-epoch", "acme", "--yes")
    assert run("quarantine").stdout == "Nothing is in quarantine.\n"
    assert run("quarantine", "--source", "acme@2").stdout.startswith("acme@2: 1 item in quarantine")
    (item,) = json.loads(run("quarantine", "--source", "acme@2", "--json").stdout)
    assert (item["source"], item["epoch"]) == ("acme", 2)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["run", "--source", "acme@1"], "source 'acme' goes on in epoch 2: nothing is visited in epoch 1 any more"),
        (["daemon", "--source", "acme@1"], "archiver status --source acme@1 shows it"),
        (["reconcile", "--source", "acme@3"], "there is: acme@1, acme@2"),
        (["quarantine", "retry", "--source", "acme@1"], "nothing is visited in epoch 1 any more"),
        (["backfill", "--source", "acme@"], "source 'acme' has no epoch ''"),
        (["status", "--source", "acme@3"], "there is: acme@1, acme@2"),
        (["status", "--source", "globex"], "archived or configured: acme"),
        (["quarantine", "--source", "acme@x"], "source 'acme' has no epoch 'x'"),
        (["source", "new-epoch", "acme@1"], "source 'acme' is in epoch 2"),
        (["source", "new-epoch", "globex"], "there is no source 'globex' in the archive"),
    ],
)
@only_sqlite
def test_an_epoch_that_is_none_or_that_has_ended_gets_a_sentence(
    restored: Path, run: Run, database: Database, arguments: list[str], says: str
) -> None:
    run("source", "new-epoch", "acme", "--yes")
    before = dump(database)
    result = run(*arguments)
    assert (result.returncode, says in result.stderr) == (2, True), result.stderr
    assert dump(database) == before


@only_sqlite
def test_the_current_epoch_may_be_named_by_a_command_that_makes_passes(restored: Path, run: Run) -> None:
    run("source", "new-epoch", "acme", "--yes")
    assert run("run", "--source", "acme@2").returncode == 0


def test_a_pass_that_waited_for_the_lease_of_the_epoch_that_ended_goes_on_in_the_new_one(
    restored: Path, run: Run, database: Database, sandbox: Sandbox
) -> None:
    with database.writing() as connection:
        lease = acquire_lease(connection, 1)
        connection.execute(update(tables.lease).values(expires_at=database_now(connection) + 10 * LEASE_LIFE))
    before = dump(database)
    waiting = subprocess.Popen(
        command("run"),
        cwd=restored.parent,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with waiting:
        assert waiting.stderr
        assert "waiting for another archiver" in waiting.stderr.readline()
        begin(database, lease.fencing)
        said, _ = waiting.communicate(timeout=ENOUGH_S)
    assert (waiting.returncode, "acme: complete" in said) == (0, True)
    assert messages_of(database, 1) == [row["message"] for row in before["chat_message"]]
    assert messages_of(database, 2) == [row["Message"] for row in truth_of(sandbox)]
    assert [row["source_id"] for row in dump(database)["sync_run"]] == [1, 2]


def begin(database: Database, fencing: int) -> None:
    """As another process does that holds the lease: begin an epoch, then give the lease back."""
    from archiver.store.holder import this_process
    from archiver.store.lease import Lease, release_lease
    from archiver.store.sources import begin_epoch

    lease = Lease(source_id=1, holder=this_process(), fencing=fencing)
    with database.writing() as connection:
        begin_epoch(connection, lease, "https://crm.example.com")
        release_lease(connection, lease)


@only_sqlite
def test_on_a_terminal_the_name_is_asked_for(restored: Path, database: Database) -> None:
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        command("source", "new-epoch", "acme"),
        cwd=restored.parent,
        env=environment(),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    ) as process:
        os.close(theirs)
        said = b""
        while b"Type acme to begin a new epoch: " not in said:
            said += os.read(ours, 1000)
        os.write(ours, b"acme\n")
        with contextlib.suppress(OSError):  # the other end is closed
            while os.read(ours, 1000):
                pass
    os.close(ours)
    assert process.returncode == 0
    assert [row["epoch"] for row in dump(database)["source"]] == [1, 2]
