"""`quarantine` as an operator uses it, and what `status` says of a source that misbehaves."""

import json
import re
from collections.abc import Callable
from pathlib import Path

from archiver.sandbox import Sandbox
from archiver.store.database import Database
from tests.cli.conftest import Run
from tests.support import dump, truth_of, wire_rows, write_config

Chat = Callable[..., int]
Configured = Callable[..., Path]
PLANTED = "planted-text-9a7e"


def test_the_walk_of_an_operator_whose_source_sends_a_row_that_can_not_be_read(
    run: Run, chat: Chat, sandbox: Sandbox, database: Database, database_url: str, tmp_path: Path
) -> None:
    chat(PLANTED, PLANTED, PLANTED)
    sandbox.tenant.edit(2, ChatMessageId=None)
    write_config(tmp_path, database_url, sandbox.base_url, include="1")
    seen = [run("-v", "run"), run("quarantine"), run("quarantine", "--json"), run("status")]
    assert [result.returncode for result in seen] == [3, 0, 0, 0]
    listed = seen[1].stdout.splitlines()
    assert (listed[0], "ChatMessageId is no id" in listed[2]) == ("acme: 1 item in quarantine", True)
    assert listed[3:] == [
        "archiver quarantine retry tries again to read them.",
        "archiver quarantine show ID prints one, chat text included.",
    ]
    (item,) = json.loads(seen[2].stdout)
    assert (item["source"], item["chat_session_id"], item["chat_message_id"], item["kind"]) == (
        "acme",
        1,
        None,
        "undecodable",
    )
    assert item["payload_bytes"] > len(PLANTED)
    assert "quarantined    1; archiver quarantine lists them" in seen[3].stdout
    assert "complete       not yet: it takes one archiver run without failures" in seen[3].stdout
    assert "chat session 1: rows came that could not be read" in seen[3].stdout
    assert seen[3].stdout.count("archiver quarantine lists them") == 1
    assert " times" not in seen[3].stdout  # it was seen once
    assert json.loads(run("quarantine", "show", str(item["id"])).stdout)["Message"] == PLANTED  # who asks, sees

    seen.append(run("quarantine", "retry"))
    assert (seen[-1].returncode, seen[-1].stdout) == (
        3,
        "acme: 0 resolved, 1 still in quarantine\n",
    )
    sandbox.tenant.edit(2, ChatMessageId=2)
    seen.append(run("quarantine", "retry"))
    assert (seen[-1].returncode, seen[-1].stdout) == (
        0,
        "acme: 1 resolved (0 replayed, 1 read again), 0 still in quarantine\n",
    )
    assert wire_rows(database) == truth_of(sandbox)
    assert run("quarantine").stdout == "Nothing is in quarantine.\n"
    (resolved,) = json.loads(run("quarantine", "--all", "--json").stdout)
    assert resolved["resolved_at"] is not None
    assert PLANTED not in json.dumps([error["detail"] for error in dump(database)["sync_error"]])
    assert all(PLANTED not in result.stdout + result.stderr for result in seen)


def test_without_the_source_a_retry_says_why_it_left_something(
    run: Run, configured: Configured, chat: Chat, sandbox: Sandbox
) -> None:
    chat(PLANTED)
    sandbox.tenant.edit(1, ChatMessageId=None)
    configured(include="1")
    run("migrate")
    run("run")
    configured(include="1", base_url="http://127.0.0.1:9", attempts=1)
    result = run("-v", "quarantine", "retry")
    assert (result.returncode, "1 still in quarantine" in result.stdout) == (3, True)
    assert "archiver: acme: the source's host refuses the connection" in result.stderr
    assert PLANTED not in result.stdout + result.stderr


def test_hundreds_that_fail_for_the_same_reason_fit_on_a_screen(
    run: Run, configured: Configured, chat: Chat, sandbox: Sandbox
) -> None:
    for _ in range(200):
        chat(PLANTED)
    sandbox.oddities.add("null", operation="GetChatMessages")
    configured(include="1-200")
    run("migrate")
    assert run("run").returncode == 3
    shown = run("status").stdout
    assert "open errors    200" in shown
    assert "200 chat sessions, the first 1: the source answers null for a chat session" in shown
    words = " ".join(shown.split())
    assert re.search(r"\(asked again by the daemon from \d\d:\d\d UTC on, by archiver run at once\)", words)
    assert " times" not in words  # each failed once
    assert len(shown.splitlines()) < 24
    assert PLANTED not in shown
    (overview,) = json.loads(run("status", "--json").stdout)
    (group,) = overview["errors"]
    assert (group["kind"], group["chat_sessions"], group["count"]) == ("null_reply", 200, 200)


def test_thousands_in_quarantine_are_a_total_and_the_first_few(
    run: Run, configured: Configured, chat: Chat, sandbox: Sandbox
) -> None:
    chat(*["Hello"] * 60)
    for key in range(1, 61):
        sandbox.tenant.edit(key, ReadByCustomer=[key], ChatMessageId=None)
    configured(include="1")
    run("migrate")
    run("run")
    first, _, *rows, more, again, show = run("quarantine", COLUMNS="80").stdout.splitlines()
    assert (first, len(rows)) == ("acme: 60 items in quarantine", 50)
    assert more == "  and 10 more; --json lists all"
    assert max(map(len, [*rows, again, show])) <= 80
    assert len(json.loads(run("quarantine", "--json").stdout)) == 60


def test_a_conflict_alone_is_explained_and_no_reason_to_try_again(
    run: Run, configured: Configured, chat: Chat, sandbox: Sandbox
) -> None:
    chat(PLANTED)
    configured(include="1-2")
    run("migrate")
    run("run")
    chat("under an id that another message has")
    sandbox.tenant.edit(2, ChatMessageId=1)
    assert run("reconcile").returncode == 3
    listed = run("quarantine", COLUMNS="80").stdout
    assert "acme: 1 item in quarantine, 1 of them for a conflict" in listed
    assert "A conflict stays open" in listed
    assert "quarantine retry" not in listed
    assert max(map(len, listed.splitlines())) <= 80
    tried = run("quarantine", "retry")
    assert (tried.returncode, "0 resolved, 1 still in quarantine" in tried.stdout) == (0, True)
    assert "a person compares the two" in tried.stdout
    assert "a person compares them" in run("status").stdout


def test_only_backfill_speaks_of_what_run_goes_on_with(run: Run) -> None:
    told = {
        name: "goes on with it" in " ".join(run(*name.split(), "--help").stdout.replace("│", " ").split())
        for name in ("backfill", "reconcile", "quarantine retry")
    }
    assert told == {"backfill": True, "reconcile": False, "quarantine retry": False}


def test_what_is_not_in_quarantine_and_options_in_the_wrong_place_get_a_sentence(
    run: Run, configured: Configured
) -> None:
    configured()
    run("migrate")
    missing = run("quarantine", "show", "999")
    assert (missing.returncode, "the quarantine has no item 999" in missing.stderr) == (2, True)
    assert run("quarantine", "show", str(2**63)).returncode == 2
    lost = run("quarantine", "--source", "acme", "retry")
    assert (lost.returncode, "write the options after retry" in lost.stderr) == (2, True)
