"""`source` as an operator uses it: listed, renamed, removed."""

import contextlib
import json
import os
import pty
import re
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import insert, select, update

from archiver.sandbox import Sandbox
from archiver.store import tables
from archiver.store.database import Database, database_now
from archiver.store.lease import LEASE_LIFE, acquire_lease
from archiver.store.sources import ensure_source
from tests.cli.conftest import ENOUGH_S, Run, command, environment
from tests.support import dump, truth_of, wire_rows, write_config

Chat = Callable[..., int]
only_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""For what the command decides and says; tests/store tries what it does to rows on every kind."""


@pytest.fixture
def acme(tmp_path: Path, database: Database, database_url: str, sandbox: Sandbox, chat: Chat, run: Run) -> Path:
    """An archive of the sandbox under the name acme; its configuration."""
    chat("Hello", "Good morning")
    chat("Is anybody there?")
    config = write_config(tmp_path, database_url, sandbox.base_url, include="1-2")
    assert run("run").returncode == 0
    return config


def configure_as(config: Path, name: str) -> None:
    renamed = re.sub('name = "(acme|globex)"', f'name = "{name}"', config.read_text(encoding="utf-8"))
    config.write_text(renamed, encoding="utf-8")


def test_the_list_shows_what_is_archived_and_what_is_configured(
    acme: Path, run: Run, database: Database, sandbox: Sandbox
) -> None:
    with database.writing() as connection:
        ensure_source(connection, "initech", "https://initech.example.com")
    globex = acme.read_text(encoding="utf-8").partition("[[source]]")[2].replace("acme", "globex")
    acme.write_text(acme.read_text(encoding="utf-8") + "[[source]]" + globex, encoding="utf-8")
    rows = {row["name"]: row for row in json.loads(run("source", "list", "--json").stdout)}
    assert {row["last_pass"] and row["last_pass"]["outcome"] for row in rows.values()} == {"complete", None}
    assert all(set(row) == set(rows["acme"]) for row in rows.values())
    names = ("epoch", "configured", "archived", "base_url", "chat_sessions", "messages")
    assert {name: tuple(row[key] for key in names) for name, row in rows.items()} == {
        "acme": (1, True, True, sandbox.base_url, 2, 3),
        "globex": (None, True, False, None, 0, 0),
        "initech": (1, False, True, "https://initech.example.com", 0, 0),
    }
    shown = [line.split()[:3] for line in run("source", "list", COLUMNS="160").stdout.splitlines()[1:]]
    assert shown == [["acme", "1", "yes"], ["initech", "1", "no"], ["globex", "yes", "not"]]


def test_a_renamed_source_goes_on_under_its_new_name(
    acme: Path, run: Run, database: Database, sandbox: Sandbox
) -> None:
    before = dump(database, without=("source", "lease"))
    renamed = run("source", "rename", "acme", "globex")
    assert (renamed.returncode, renamed.stdout.splitlines()[0]) == (0, "acme is globex in the archive now")
    assert "The configuration still names it acme, and not globex" in renamed.stdout
    assert "Otherwise the next pass begins a new archive under acme." in renamed.stdout
    assert dump(database, without=("source", "lease")) == before
    configure_as(acme, "globex")
    assert "globex: complete; 2 chat sessions visited, 0 new messages" in run("run").stdout
    assert [row["name"] for row in dump(database)["source"]] == ["globex"]
    assert run("source", "rename", "globex", "acme").returncode == 0
    configure_as(acme, "initech")
    assert "The configuration names neither" in run("source", "rename", "acme", "globex").stdout


@only_sqlite
def test_every_epoch_of_a_source_is_renamed(acme: Path, run: Run, database: Database) -> None:
    add_epoch(database, 2)
    assert "in all 2 epochs" in run("source", "rename", "acme", "globex").stdout
    assert [(row["name"], row["epoch"]) for row in dump(database)["source"]] == [("globex", 1), ("globex", 2)]


def add_epoch(database: Database, epoch: int) -> None:
    with database.writing() as connection:
        values = {"name": "acme", "epoch": epoch, "created_at": database_now(connection)}
        key = connection.execute(insert(tables.source).values(values)).inserted_primary_key
        assert key
        connection.execute(insert(tables.lease).values(source_id=key[0], fencing=0))


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("acme", "globex", "there is a source 'globex' in the archive already"),
        ("acme", "acme", "there is a source 'acme' in the archive already"),
        ("acme", "-x", ""),
        ("acme", "a b", "the new name takes letters, digits and . _ -"),
        ("acme", "", "the new name takes letters, digits and . _ -"),
        ("acme", "x" * 65, "the new name is too long: at most 64 letters"),
        ("nobody", "initech", "there is no source 'nobody' in the archive"),
        ("acme@1", "initech", "there is no source 'acme@1' in the archive"),
    ],
)
@only_sqlite
def test_a_name_that_can_not_be_given_or_is_not_there_gets_a_sentence(
    acme: Path, run: Run, database: Database, old: str, new: str, says: str
) -> None:
    with database.writing() as connection:
        ensure_source(connection, "globex", "https://crm.example.com")
    before = dump(database)
    result = run("source", "rename", old, new)
    assert (result.returncode, says in result.stderr) == (2, True), result.stderr
    assert dump(database) == before


@only_sqlite
def test_a_removal_says_what_would_go_and_takes_a_decision(acme: Path, run: Run, database: Database) -> None:
    before = dump(database)
    dry, asked = run("source", "remove", "acme", "--dry-run"), run("source", "remove", "acme")
    assert (dry.returncode, asked.returncode) == (0, 5)
    rows = dict(line.split() for line in dry.stdout.splitlines()[2:-1])
    assert (rows["chat_message"], rows["chat_session_state"], rows["sync_run"], rows["all"]) == ("3", "2", "1", "6")
    assert asked.stderr == "archiver: nothing was changed: add --yes to remove it\n"
    assert dump(database) == before


def test_what_was_removed_is_gone_and_comes_again_while_it_is_configured(
    acme: Path, run: Run, database: Database, sandbox: Sandbox
) -> None:
    result = run("source", "remove", "acme", "--yes")
    assert (result.returncode, result.stderr) == (0, "")
    assert "acme@1 is removed: 6 rows" in result.stdout
    assert "acme is still configured: the next pass archives it again" in result.stdout
    assert ("VACUUM" in result.stdout) == (database.sqlite_file is not None)
    assert not any(dump(database).values())
    again = run("source", "remove", "acme", "--yes")
    assert (again.returncode, "there is no source 'acme' in the archive" in again.stderr) == (2, True)
    assert run("run").returncode == 0
    assert wire_rows(database) == truth_of(sandbox)


@only_sqlite
def test_of_several_epochs_the_one_that_is_named_is_removed(acme: Path, run: Run, database: Database) -> None:
    add_epoch(database, 2)
    which = run("source", "remove", "acme", "--yes")
    assert (which.returncode, "there are: acme@1, acme@2" in which.stderr) == (2, True)
    other = run("source", "remove", "acme@3", "--yes")
    assert (other.returncode, "source 'acme' has no epoch '3'" in other.stderr) == (2, True)
    removed = run("source", "remove", "acme@1", "--yes")
    assert (removed.returncode, "still configured" in removed.stdout) == (0, False)
    assert [row["epoch"] for row in dump(database)["source"]] == [2]


@only_sqlite
def test_an_archiver_at_work_is_not_disturbed(acme: Path, run: Run, database: Database) -> None:
    with database.writing() as connection:
        acquire_lease(connection, 1)
        later = database_now(connection) + 10 * LEASE_LIFE
        connection.execute(update(tables.lease).values(holder="elsewhere/1", expires_at=later))
    before = dump(database)
    with subprocess.Popen(
        command("source", "remove", "acme", "--yes"),
        cwd=acme.parent,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr
        assert "waiting for another archiver" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=ENOUGH_S)
    assert process.returncode == 130
    assert dump(database) == before


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_an_interrupted_removal_ends_between_two_transactions_and_is_ended_by_the_next(
    acme: Path, run: Run, database: Database
) -> None:
    with subprocess.Popen(
        command("source", "remove", "acme", "--yes"),
        cwd=acme.parent,
        env=environment(),
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        with database.writing() as connection:  # holds up its first page
            connection.execute(select(tables.chat_session_state).with_for_update())
            while not dump(database)["lease"][0]["holder"]:
                pass
            process.send_signal(signal.SIGINT)
            assert process.stderr
            assert "stopping; once more to leave at once" in process.stderr.readline()
        _, said = process.communicate(timeout=ENOUGH_S)
    assert (process.returncode, "acme@1 is removed in part: 2 rows are gone" in said) == (130, True)
    left = dump(database)
    assert (len(left["chat_session_state"]), len(left["chat_message"])) == (0, 3)
    assert run("source", "remove", "acme", "--yes").returncode == 0
    assert not any(dump(database).values())


def interrupt(process: "subprocess.Popen[bytes]") -> None:
    """As a person does: once more when nothing happens; Python misses what comes right before it begins to read."""
    while process.poll() is None:
        process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=5)


@pytest.mark.parametrize(
    ("typed", "code", "is_left"), [(b"acme\n", 0, False), (b"yes\n", 5, True), (None, 130, True)]
)
@only_sqlite
def test_on_a_terminal_the_name_is_asked_for(
    acme: Path, database: Database, typed: bytes | None, code: int, is_left: bool
) -> None:
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        command("source", "remove", "acme"),
        cwd=acme.parent,
        env=environment(),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    ) as process:
        os.close(theirs)
        said = b""
        while b"to remove it: " not in said:
            said += os.read(ours, 1000)
        if typed:
            os.write(ours, typed)
        else:
            interrupt(process)
        with contextlib.suppress(OSError):  # the other end is closed
            while os.read(ours, 1000):
                pass
    os.close(ours)
    assert process.returncode == code
    assert bool(dump(database)["source"]) == is_left
