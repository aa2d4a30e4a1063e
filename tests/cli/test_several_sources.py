"""Commands over several sources at once."""

import contextlib
import json
import os
import pty
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from archiver.sandbox import Sandbox
from tests.cli.conftest import ENOUGH_S, Run, command, environment

Configured = Callable[..., Path]
Chat = Callable[..., int]

_MORE = """
[[source]]
name = "{name}"
base_url = "{base_url}"
auth = {{ scheme = "basic", username = "archive", password = "sandbox" }}
sessions = {{ include = [1] }}
limits = {{ requests_per_second = 0 }}
"""


def add_source(config: Path, name: str, base_url: str) -> None:
    with config.open("a", encoding="utf-8") as file:
        file.write(_MORE.format(name=name, base_url=base_url))


def test_every_source_has_its_line_and_the_exit_code_is_the_gravest(
    run: Run, configured: Configured, chat: Chat, sandbox: Sandbox
) -> None:
    chat("Hello")
    config = configured(include="1", attempts=1)
    add_source(config, "dead", "http://127.0.0.1:9")
    add_source(config, "globex", sandbox.base_url)
    run("migrate")
    result = run("run")
    assert result.returncode == 1
    lines = sorted(line.partition(";")[0] for line in result.stdout.splitlines())
    assert lines == ["acme: complete", "dead: failed", "globex: complete"]
    assert "archiver: dead: the source's host refuses the connection" in result.stderr
    assert run("quarantine", "retry").stdout.count("nothing is in quarantine") == 3


def _all_of(terminal: int) -> str:
    """What was written to a terminal, until its other end is closed."""
    shown = b""
    with contextlib.suppress(OSError):  # Linux says so when the other end is closed
        while read := os.read(terminal, 65536):
            shown += read
    return shown.decode()


def test_bars_on_the_terminal_keep_out_of_a_file(
    run: Run, configured: Configured, chat: Chat, sandbox: Sandbox, tmp_path: Path
) -> None:
    chat("Hello")
    add_source(configured(include="1"), "globex", sandbox.base_url)
    run("migrate")
    ours, theirs = pty.openpty()
    with ThreadPoolExecutor(1) as reader:  # an unread terminal holds 4 KB; then its writer waits
        reading = reader.submit(_all_of, ours)
        try:
            result = subprocess.run(
                command("run"),
                cwd=tmp_path,
                env=environment(TERM="xterm"),
                stdout=subprocess.PIPE,
                stderr=theirs,
                text=True,
                timeout=ENOUGH_S,
                check=False,
            )
        finally:
            os.close(theirs)
        shown = reading.result()
    os.close(ours)
    assert result.returncode == 0
    assert sorted(line.partition(";")[0] for line in result.stdout.splitlines()) == [
        "acme: complete",
        "globex: complete",
    ]
    assert "all sources" in shown
    assert "complete" not in shown


def test_of_many_sources_a_summary_names_those_in_trouble(
    run: Run, configured: Configured, chat: Chat, sandbox: Sandbox
) -> None:
    chat("Hello")
    config = configured(include="1", attempts=1)
    for number in range(10):
        add_source(config, f"tenant-{number}", sandbox.base_url)
    add_source(config, "dead", "http://127.0.0.1:9")
    run("migrate")
    assert run("status").stdout == "acme and 11 others: nothing archived yet; start with archiver backfill\n"
    plan = run("backfill", "--plan").stdout
    assert plan.endswith("12 sources: 12 calls\nNothing was changed.\n")
    assert plan.count("Nothing was changed") == 1
    assert run("run").stdout.splitlines()[-1] == "12 sources: 11 complete, 1 failed (dead)"
    shown = run("status").stdout
    assert shown.startswith("dead (epoch 1)")
    assert "11 of 12 sources are well\n  chat sessions  11\n  messages       11\n" in shown
    assert run("status", "--source", "acme").stdout.startswith("acme (epoch 1)")
    assert len(json.loads(run("status", "--json").stdout)) == 12
