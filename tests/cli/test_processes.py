"""The command as a process among others: killed, stopped, started twice, left running."""

import signal
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

from archiver.config.loading import load_config
from archiver.sandbox import Sandbox, SandboxSettings
from archiver.store.database import Database
from tests.cli.conftest import ENOUGH_S, Run, command, environment
from tests.support import dump, truth_of, wire_rows, write_config


@contextmanager
def started(folder: Path, *arguments: str) -> Iterator["subprocess.Popen[str]"]:
    """A command under way; killed at the end of the block if it is still there."""
    with subprocess.Popen(
        command(*arguments),
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def wait_for_requests(sandbox: Sandbox, count: int) -> None:
    """Until the sandbox was asked so often; every request frees the wait, so nothing sleeps."""
    sandbox.requests.wait_for(count, timeout_s=ENOUGH_S)


def outcomes(database: Database) -> list[str]:
    return [run["outcome"] for run in dump(database)["sync_run"]]


def test_a_backfill_killed_in_the_middle_converges_with_every_message_once(
    run: Run, tmp_path: Path, database: Database, database_url: str
) -> None:
    with Sandbox() as full:
        write_config(tmp_path, database_url, full.base_url, include="1-300")
        full.oddities.add("slow", seconds=0.05)  # so that it is never done before it is killed
        for asked in (40, 80):
            full.requests.clear()
            with started(tmp_path, "backfill") as process:
                wait_for_requests(full, asked)
                process.kill()
                process.wait(ENOUGH_S)
            assert process.returncode == -signal.SIGKILL
        full.oddities.clear()
        assert run("backfill").returncode == 0
        assert wire_rows(database) == truth_of(full)
    assert outcomes(database)[-1] == "complete"
    assert set(outcomes(database)[:-1]) <= {"abandoned"}


def test_a_stopped_run_commits_what_it_has_and_exits_130(
    run: Run, tmp_path: Path, database: Database, database_url: str
) -> None:
    with Sandbox() as full:
        write_config(tmp_path, database_url, full.base_url, include="1-300")
        for number in (signal.SIGINT, signal.SIGTERM):
            full.requests.clear()
            full.oddities.add("slow", seconds=0.05)
            with started(tmp_path, "backfill") as process:
                wait_for_requests(full, 30)
                process.send_signal(number)
                _, errors = process.communicate(timeout=ENOUGH_S)
            assert process.returncode == 130
            assert "committing what was fetched" in errors
        full.oddities.clear()
        assert outcomes(database) == ["interrupted", "interrupted"]
        assert len(wire_rows(database)) > 0
        assert run("backfill").returncode == 0
        assert wire_rows(database) == truth_of(full)


def test_two_runs_at_once_take_turns_and_store_every_message_once(
    tmp_path: Path, database: Database, database_url: str
) -> None:
    with Sandbox() as full:
        write_config(tmp_path, database_url, full.base_url, include="1-300")
        with started(tmp_path, "run") as one, started(tmp_path, "run") as other:
            _, first_errors = one.communicate(timeout=ENOUGH_S)
            _, second_errors = other.communicate(timeout=ENOUGH_S)
        assert (one.returncode, other.returncode) == (0, 0), first_errors + second_errors
        assert wire_rows(database) == truth_of(full)
    first, second = dump(database)["sync_run"]
    assert (first["outcome"], second["outcome"]) == ("complete", "complete")
    assert first["finished_at"] <= second["started_at"]


def peak_memory_kb(folder: Path, *arguments: str) -> int:
    """The most memory that a command held at once, as the system counted it."""
    code = (
        "import resource, subprocess, sys\n"
        "subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)\n"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    measured = subprocess.run(
        [sys.executable, "-c", code, *command(*arguments)],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=ENOUGH_S,
        check=True,
    )
    return int(measured.stdout)


def test_ten_times_the_messages_take_the_same_memory(tmp_path: Path, database: Database, database_url: str) -> None:
    with Sandbox(SandboxSettings(chat_sessions=2000)) as full:
        write_config(tmp_path, database_url, full.base_url)
        few = peak_memory_kb(tmp_path, "backfill", "--session", "1-200")
        many = peak_memory_kb(tmp_path, "backfill", "--session", "1-2000")
        assert len(wire_rows(database)) == len(full.tenant.rows())
    assert many < 1.2 * few


def test_a_daemon_archives_what_is_typed_and_exits_0_on_sigterm(
    tmp_path: Path, database: Database, database_url: str, sandbox: Sandbox
) -> None:
    chat_session_id = sandbox.tenant.open_chat_session()
    sandbox.tenant.post(chat_session_id, message="Hello")
    path = write_config(tmp_path, database_url, sandbox.base_url, include="1")
    path.write_text(path.read_text(encoding="utf-8") + '[schedule]\nevery = "0.2s"\n', encoding="utf-8")
    with started(tmp_path, "daemon") as process:
        wait_for_requests(sandbox, 2)
        sandbox.tenant.post(chat_session_id, message="Are you there?")
        wait_for_requests(sandbox, len(sandbox.requests.all()) + 2)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=ENOUGH_S)
    assert process.returncode == 0
    assert wire_rows(database) == truth_of(sandbox)
    assert set(outcomes(database)) <= {"complete", "interrupted"}


def write_toml(folder: Path, text: str) -> Path:
    path = folder / "printed.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_sandbox_serves_until_it_is_stopped(tmp_path: Path) -> None:
    with started(tmp_path, "sandbox", "--port", "0", "--sessions", "3", "--live", "0") as process:
        assert process.stdout
        printed = "".join(iter(process.stdout.readline, "# Ctrl-C ends it.\n"))
        (source,) = tomllib.loads(printed)["source"]
        assert load_config(write_toml(tmp_path, printed)).source[0].name == "sandbox"
        base_url = source["base_url"]
        reply = requests.post(
            f"{base_url}/v1/Agents/Chat/GetChatMessages",
            json={"ChatSessionId": 1, "After": 0},
            auth=("archive", "sandbox"),
            timeout=ENOUGH_S,
        )
        assert [row["ChatSessionId"] for row in reply.json()][:3] == [1, 1, 1]
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=ENOUGH_S)
    assert process.returncode == 0


def test_the_demo_tells_its_story_and_loses_nothing(run: Run, tmp_path: Path) -> None:
    result = run("demo", "--to", "there")
    assert result.returncode == 0, result.stderr
    for part in (
        "first walk of history",
        "nothing is missing, nothing is there twice",
        "Three queries to try",
        "A real tenant",
    ):
        assert part in result.stdout
    assert "1 changed" in result.stdout
    shown = run("--config", "there/config.toml", "status")
    assert "demo (epoch 1)" in shown.stdout
    assert run("demo", "--to", "there").returncode == 2
