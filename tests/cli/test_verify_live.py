"""`verify --live` and `verify --report` as an operator uses them."""

import json
import re
import signal
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import update

from archiver import __version__
from archiver.sandbox import Sandbox
from archiver.store import tables
from archiver.store.database import Database
from tests.cli.conftest import ENOUGH_S, Run, command, environment
from tests.held import gate_before
from tests.support import dump, write_config

Chat = Callable[..., int]
Configured = Callable[..., Path]
PLANTED = "planted-text-9a7e"
AT = datetime(2026, 3, 2, 8, tzinfo=UTC)


def test_the_walk_of_a_compliance_officer(
    run: Run, chat: Chat, sandbox: Sandbox, database: Database, database_url: str, tmp_path: Path
) -> None:
    for chat_session_id, messages in ((chat(), 3), (chat(), 1)):
        for _ in range(messages):
            sandbox.tenant.post(chat_session_id, message=PLANTED, when_posted=AT)
    write_config(tmp_path, database_url, sandbox.base_url, include="1-2")
    assert run("run").returncode == 0
    same = run("verify", "--live")
    assert (same.returncode, same.stdout) == (0, "acme@1: 2 chat sessions, 4 messages: the same\n")
    assert re.search(r"verified +against the source \d+ s ago, no difference", run("status").stdout)

    sandbox.tenant.edit(2, message="another " + PLANTED)
    sandbox.tenant.delete_message(4)
    seen = [run("verify", "--live", "--report", "report.md"), run("verify", "--live", "--json"), run("status")]
    assert [result.returncode for result in seen] == [4, 4, 0]
    lines = seen[0].stdout.splitlines()
    assert lines[0] == "acme@1: 2 chat sessions, 3 messages: 2 differences"
    assert [line.split() for line in lines[1:3]] == [["day", "there", "here"], ["2026-03-02", "3", "4"]]
    assert lines[3:5] == [
        "  chat session 1: different (message): message 2",
        "  chat session 2: missing there: message 4",
    ]
    assert "archiver reconcile" in seen[0].stdout
    (told,) = json.loads(seen[1].stdout)
    assert (told["kind"], told["outcome"], told["difference_count"], told["chat_sessions"]) == (
        "live",
        "complete",
        2,
        2,
    )
    assert told["differences"][0] == {
        "chat_session_id": 1,
        "count": 1,
        "is_shift": False,
        "found": [
            {"kind": "different", "properties": ["message"], "moved_by_s": None, "chat_message_ids": [2]},
        ],
    }
    assert "2 DIFFERENCES" in seen[2].stdout
    report = (tmp_path / "report.md").read_text(encoding="utf-8")
    assert "- chat session 2: missing there: message 4" in report
    assert "| differences | **2** |" in report
    assert all(PLANTED not in text for text in (report, *(each.stdout + each.stderr for each in (same, *seen))))
    assert [row["differences"] for row in dump(database)["verification"]] == [0, 2, 2]


def test_a_report_tells_what_there_is_and_what_was_found(
    run: Run, chat: Chat, sandbox: Sandbox, database_url: str, tmp_path: Path
) -> None:
    chat(PLANTED, PLANTED)
    write_config(tmp_path, database_url, sandbox.base_url, include="1-5")
    run("run")
    run("verify", "--live")
    result = run("verify", "--report", "-")
    assert result.returncode == 0
    report = result.stdout
    for told in (
        "# Verification of a chat archive",
        f"| made by | superoffice-chat-archiver {__version__} |",
        "## acme, epoch 1",
        f"| address | {sandbox.base_url} |",
        "| chat sessions known | 1 |",
        "| messages | 2 |",
        "| earlier contents kept (revisions) | 0 |",
        "| compared | against its seals; all |",
        "| differences | **0** |",
        "### Anchor",
        "## What this proves, and what it does not",
        "| Signature | |",
    ):
        assert told in report
    rows = [line for line in report.splitlines() if line.startswith("| against ")]
    assert [row.split(" | ")[0] for row in rows] == ["| against its seals", "| against the source"]
    assert PLANTED not in report
    assert "password" not in report.replace("without a password", "")
    assert "acme@1" not in report  # nothing else is printed where the report goes


def test_the_anchor_in_the_report_is_the_head_of_the_log(
    run: Run, chat: Chat, sandbox: Sandbox, database: Database, database_url: str, tmp_path: Path
) -> None:
    chat(PLANTED)
    write_config(tmp_path, database_url, sandbox.base_url, include="1", settle='after = "0.001s"')
    assert [run("run").returncode, run("reconcile").returncode] == [0, 0]
    assert run("verify", "--report", "report.md").returncode == 0
    report = (tmp_path / "report.md").read_text(encoding="utf-8")
    seals = dump(database)["seal"]
    assert f"Seal number {len(seals)}, of " in report
    assert f"    {seals[-1]['hash']}\n" in report
    assert "| sealed | 1 |" in report
    assert "| not sealed | 0 |" in report
    assert run("verify", "--anchor", seals[-1]["hash"]).returncode == 0


def test_an_archive_changed_by_hand_is_in_the_report_of_both_kinds(
    run: Run, chat: Chat, sandbox: Sandbox, database: Database, database_url: str, tmp_path: Path
) -> None:
    chat(PLANTED, PLANTED)
    write_config(tmp_path, database_url, sandbox.base_url, include="1")
    run("run")
    message = tables.chat_message
    with database.writing() as connection:
        connection.execute(update(message).where(message.c.chat_message_id == 1).values(author="Mallory"))
    result = run("verify", "--live", "--report", "-")
    assert (result.returncode, "- chat session 1: different (author): message 1" in result.stdout) == (4, True)
    assert "Mallory" not in result.stdout


def test_a_chat_session_that_can_not_be_compared_is_named_and_no_clean_bill(
    run: Run, configured: Configured, chat: Chat, sandbox: Sandbox
) -> None:
    chat(PLANTED)
    chat(PLANTED)
    configured(include="1-2")
    run("migrate")
    run("run")
    sandbox.oddities.add("null", chat_session_id=2, operation="GetChatMessages")
    result = run("verify", "--live", "--report", "report.md")
    assert result.returncode == 3
    assert "  not compared   chat session 2: the source answered null" in result.stdout.lower()
    assert "could not be compared whole" in run("status").stdout


def test_a_sample_and_named_chat_sessions_are_all_that_is_read(
    run: Run, configured: Configured, chat: Chat, sandbox: Sandbox
) -> None:
    for _ in range(5):
        chat(PLANTED)
    configured(include="1-5")
    run("migrate")
    run("run")
    sandbox.requests.clear()
    named = run("verify", "--live", "--session", "2-3")
    assert (named.returncode, named.stdout) == (0, "acme@1: 2 chat sessions, 2 messages: the same; 2-3\n")
    assert {request.chat_session_id for request in sandbox.requests.all()} == {2, 3}
    sampled = run("verify", "--live", "--sample", "3")
    assert sampled.stdout == "acme@1: 3 chat sessions, 3 messages: the same; a sample of 3 of 5\n"


def test_options_that_do_not_go_together_get_a_sentence(run: Run, configured: Configured) -> None:
    configured()
    run("migrate")
    tried = {
        ("--sample", "3"): "--sample goes with --live",
        ("--live", "--anchor", "0" * 64): "--anchor is for the seals",
        ("--json", "--report", "-"): "would print over each other",
        ("--live", "--sample", "0"): "Invalid value for '--sample'",
        ("--report", "nowhere/report.md"): "the report can't be written",
    }
    for options, sentence in tried.items():
        result = run("verify", *options)
        words = " ".join(result.stderr.replace("│", " ").split())
        assert (result.returncode, sentence in words) == (2, True), (options, words)


def test_nothing_archived_is_said_and_a_source_that_is_down_fails(
    run: Run, configured: Configured, chat: Chat, tmp_path: Path
) -> None:
    chat(PLANTED)
    configured(include="1")
    run("migrate")
    empty = run("verify", "--live")
    assert (empty.returncode, empty.stdout) == (0, "acme: nothing archived yet\n")
    run("run")
    configured(include="1", base_url="http://127.0.0.1:9", attempts=1)
    down = run("verify", "--live", "--report", "report.md")
    assert (down.returncode, "refuses the connection" in down.stderr) == (1, True)
    assert not (tmp_path / "report.md").exists()


def test_only_the_newest_epoch_can_be_compared_with_the_source(run: Run, configured: Configured, chat: Chat) -> None:
    chat(PLANTED)
    configured(include="1")
    run("migrate")
    run("run")
    assert run("source", "new-epoch", "acme", "--yes").returncode == 0
    ended = run("verify", "--live", "--source", "acme@1")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "epoch" in ended.stderr
    run("run")
    assert run("verify", "--live").stdout == "acme@2: 1 chat session, 1 message: the same\n"
    assert run("verify", "--source", "acme@1", "--report", "report.md").returncode == 0


def test_ctrl_c_ends_it_with_130_and_no_verification(
    run: Run, chat: Chat, sandbox: Sandbox, database: Database, database_url: str, tmp_path: Path
) -> None:
    chat(PLANTED)
    write_config(tmp_path, database_url, sandbox.base_url, include="1")
    run("run")
    with gate_before(sandbox) as gate:
        write_config(tmp_path, database_url, gate.base_url, include="1")
        process = subprocess.Popen(
            command("verify", "--live"), cwd=tmp_path, env=environment(), stdout=subprocess.PIPE, text=True
        )
        gate.wait_for(1)
        process.send_signal(signal.SIGINT)
        told, _ = process.communicate(timeout=ENOUGH_S)
    assert (process.returncode, told) == (130, "acme@1: stopped before its end; nothing was noted\n")
    assert dump(database)["verification"] == []


def test_more_differences_than_fit_are_counted_and_all_in_json(
    run: Run, configured: Configured, chat: Chat, sandbox: Sandbox
) -> None:
    for _ in range(60):
        chat(PLANTED)
    configured(include="1-60")
    run("migrate")
    run("run")
    for key in range(1, 61):
        sandbox.tenant.edit(key, message="another")
    result = run("verify", "--live")
    assert (result.returncode, "and 10 more lines; --json lists all" in result.stdout) == (4, True)
    assert len(json.loads(run("verify", "--live", "--json").stdout)[0]["differences"]) == 60
