"""`verify` and `seal head` as a compliance officer uses them."""

import json
import re
import signal
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from archiver.cli.verifying.seals_told import SHOWN
from archiver.sandbox import Sandbox
from archiver.store.database import Database
from tests.cli.conftest import ENOUGH_S, Run, command, environment
from tests.support import SETTLE_WHAT_IS_OLD, dump, write_config

THEN = datetime(2026, 3, 2, 8, 15, 30, tzinfo=UTC)
only_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""For what the commands decide and say; tests/store tries what they find on every kind."""


@pytest.fixture
def sealed(tmp_path: Path, database: Database, database_url: str, sandbox: Sandbox, run: Run) -> Database:
    """An archive of two sealed chat sessions: messages 1 and 2, 3 and 4."""
    for _ in range(2):
        chat_session_id = sandbox.tenant.open_chat_session()
        for said in ("Hello", "Good morning"):
            sandbox.tenant.post(chat_session_id, message=said, author="Kim", when_posted=THEN)
    write_config(tmp_path, database_url, sandbox.base_url, include="1-2", settle=SETTLE_WHAT_IS_OLD)
    for _ in range(2):
        assert run("reconcile").returncode == 0
    return database


def by_hand(database: Database, statement: str) -> None:
    with database.writing() as connection:
        connection.execute(text(statement))


def test_an_archive_that_nobody_altered_is_as_it_was_sealed(sealed: Database, run: Run) -> None:
    result = run("verify")
    head = dump(sealed)["seal"][-1]["hash"]
    assert (result.returncode, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    assert lines[0] == "acme@1: as it was sealed"
    assert lines[1] == "  compared       2 chat sessions with 4 messages"
    assert lines[2] == "  of these       2 sealed, 0 changed since they were sealed"
    assert lines[-1] == f"  head           {head}"
    (row,) = dump(sealed)["verification"]
    assert (row["scope"], row["differences"], row["seal_head"]) == ("all", 0, head)


def test_what_was_altered_by_hand_is_named(sealed: Database, run: Run) -> None:
    by_hand(sealed, "UPDATE chat_message SET message = 'planted-secret' WHERE chat_message_id = 3")
    by_hand(sealed, "DELETE FROM chat_message WHERE chat_message_id = 1")
    result = run("verify")
    assert result.returncode == 4
    assert "acme@1: 2 DIFFERENCES" in result.stdout
    assert "DIFFERS  chat session 1, message 1 was sealed and is not in the archive" in result.stdout
    assert "DIFFERS  chat session 2, message 3 is not what was sealed" in result.stdout
    assert "docs/seals.md" in result.stdout
    assert "planted-secret" not in result.stdout + result.stderr
    (told,) = json.loads(run("verify", "--json", "--session", "2").stdout)
    assert [(each["kind"], each["chat_message_id"]) for each in told["differences"]] == [("message_changed", 3)]
    assert (told["source"], told["scope"], told["chat_sessions"]) == ("acme@1", "2", 1)


@only_sqlite
def test_of_very_many_differences_the_first_are_printed_and_all_are_in_json(
    sealed: Database, run: Run, sandbox: Sandbox
) -> None:
    for _ in range(SHOWN):
        sandbox.tenant.post(1, message="more", author="Kim", when_posted=THEN)
    run("reconcile")
    by_hand(sealed, "UPDATE chat_message SET message = 'forged'")
    said = run("verify").stdout
    assert (said.count("DIFFERS"), "and 4 more; --json lists all" in said) == (SHOWN, True)
    (told,) = json.loads(run("verify", "--json").stdout)
    assert len(told["differences"]) == SHOWN + 4


def test_a_head_kept_elsewhere_is_an_anchor(sealed: Database, run: Run, sandbox: Sandbox) -> None:
    printed = run("seal", "head")
    assert (printed.returncode, "acme@1: 2 seals, the newest of " in printed.stdout) == (0, True)
    (anchor,) = re.findall(r"^  ([0-9a-f]{64})$", printed.stdout, flags=re.MULTILINE)
    (row,) = json.loads(run("seal", "head", "--json").stdout)
    assert (row["source"], row["seals"], row["head"]) == ("acme@1", 2, anchor)
    sandbox.tenant.edit(1, message="Hello!")
    run("reconcile")
    found = run("verify", "--anchor", anchor.upper())
    assert (found.returncode, "no newer seal: 1 chat session; a newer one: 1" in found.stdout) == (0, True)
    by_hand(sealed, "UPDATE seal SET hash = 'forged' WHERE hash = '" + anchor + "'")
    lost = run("verify", "--anchor", anchor)
    assert (lost.returncode, f"the anchor {anchor} is not in the log" in lost.stdout) == (4, True)


@only_sqlite
def test_a_pass_that_adds_to_what_was_altered_says_so_for_good(sealed: Database, run: Run, sandbox: Sandbox) -> None:
    by_hand(sealed, "UPDATE chat_message SET message = 'forged' WHERE chat_message_id = 2")
    sandbox.tenant.post(1, message="later", author="Kim", when_posted=THEN)
    run("run")
    result = run("verify")
    assert (result.returncode, "chat session 1 was altered by something else before" in result.stdout) == (4, True)
    shown = " ".join(run("status").stdout.split())
    assert "chat session 1: sealed rows were changed by something other than this program" in shown
    assert "message 2 was changed" in shown


@only_sqlite
def test_what_is_sealed_is_told_by_epoch_and_what_is_not_archived_yet_too(
    sealed: Database, run: Run, tmp_path: Path
) -> None:
    config = tmp_path / "config.toml"
    globex = config.read_text(encoding="utf-8").partition("[[source]]")[2].replace("acme", "globex")
    config.write_text(config.read_text(encoding="utf-8") + "[[source]]" + globex, encoding="utf-8")
    assert "globex: nothing archived yet" in run("verify").stdout
    assert "globex: nothing archived yet" in run("seal", "head").stdout
    assert "acme@1: as it was sealed" in run("verify", "--source", "acme@1").stdout
    for wrong, says in (
        (("--source", "acme@2"), "source 'acme' has no epoch '2'"),
        (("--source", "nobody"), "there is no source 'nobody'"),
        (("--session", "1"), "belong to one source: name it with --source"),
        (("--anchor", "0" * 64), "belong to one source: name it with --source"),
        (("--source", "acme", "--anchor", "abc"), "'abc' is no anchor"),
        (("--source", "acme", "--session", "9-1"), "the range 9-1 runs backwards"),
    ):
        result = run("verify", *wrong)
        assert (result.returncode, says in result.stderr) == (2, True), result.stderr


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_an_interrupted_verification_ends_with_130_and_keeps_no_result(sealed: Database, tmp_path: Path) -> None:
    with subprocess.Popen(
        command("verify"), cwd=tmp_path, env=environment(), stderr=subprocess.PIPE, text=True
    ) as process:
        with sealed.writing() as connection:  # holds up its first page
            connection.execute(text("LOCK TABLE seal IN ACCESS EXCLUSIVE MODE"))
            waiting = text("SELECT count(*) FROM pg_locks WHERE relation = 'seal'::regclass AND NOT granted")
            while not connection.execute(waiting).scalar():
                assert process.poll() is None
            process.send_signal(signal.SIGINT)
            assert process.stderr
            assert "stopping; once more to leave at once" in process.stderr.readline()
        process.communicate(timeout=ENOUGH_S)
    assert process.returncode == 130
    assert dump(sealed)["verification"] == []


@only_sqlite
def test_an_anchor_of_an_earlier_epoch_is_no_difference_and_earlier_epochs_are_not_forgotten(
    sealed: Database, run: Run
) -> None:
    anchor = dump(sealed)["seal"][-1]["hash"]
    assert run("source", "new-epoch", "acme", "--yes").returncode == 0
    result = run("verify", "--anchor", anchor)
    assert (result.returncode, f"the anchor {anchor} is in the log of acme@1" in result.stderr) == (2, True)
    assert run("verify", "--source", "acme@1", "--anchor", anchor).returncode == 0
    assert "acme@1, an earlier epoch, was not compared" in run("verify").stdout


@only_sqlite
def test_what_is_not_configured_any_more_is_verified_all_the_same(sealed: Database, run: Run, tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text(config.read_text(encoding="utf-8").replace("acme", "globex"), encoding="utf-8")
    assert "acme@1: as it was sealed" in run("verify", "--source", "acme").stdout
    live = run("verify", "--live", "--source", "acme")
    assert (live.returncode, "source 'acme' is archived and not configured" in live.stderr) == (2, True)
    wrong = run("verify", "--source", "acme@")
    assert (wrong.returncode, "has no epoch ''" in wrong.stderr) == (2, True)


@only_sqlite
def test_ids_of_which_nothing_is_sealed_are_told_from_an_archive_without_seals(sealed: Database, run: Run) -> None:
    assert "acme@1: none of these chat sessions is sealed" in run("verify", "--session", "99").stdout
