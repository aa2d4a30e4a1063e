"""`backup` as an operator uses it."""

import resource
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from archiver.sandbox import Sandbox
from archiver.store.database import Database
from tests.cli.conftest import ENOUGH_S, Run, command, environment
from tests.support import write_config

Chat = Callable[..., int]
Configured = Callable[..., Path]


def test_a_backup_says_what_it_made_and_replaces_it_only_when_told(
    run: Run, configured: Configured, chat: Chat, tmp_path: Path
) -> None:
    chat("Hello", "Good morning")
    configured(include="1")
    run("migrate")
    run("run")
    made = run("backup", "copy.db")
    assert (made.returncode, made.stdout) == (0, "copy.db: 0.1 MB, 2 messages, checked\n"), made.stderr
    again = run("backup", "copy.db")
    assert (again.returncode, again.stderr) == (
        2,
        "archiver: copy.db exists already\n  name another file, or replace it with --force\n",
    )
    assert run("backup", "copy.db", "--force").returncode == 0
    own = run("backup", "archive.db", "--force")
    assert (own.returncode, "belongs to the archive itself" in own.stderr) == (2, True)


def test_without_an_archive_there_is_nothing_to_copy(run: Run, configured: Configured, tmp_path: Path) -> None:
    configured()
    result = run("backup", "copy.db")
    assert (result.returncode, "archiver migrate makes one" in result.stderr) == (1, True)
    assert not (tmp_path / "archive.db").exists()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_servers_own_tool_is_named(run: Run, database_url: str, sandbox: Sandbox, tmp_path: Path) -> None:
    write_config(tmp_path, database_url, sandbox.base_url)
    result = run("backup", "copy.db")
    assert (result.returncode, "pg_dump" in result.stderr) == (2, True)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_full_disk_gets_a_sentence_and_no_part_of_a_file(
    configured: Configured, database: Database, tmp_path: Path
) -> None:
    configured()
    folder = tmp_path / "backups"
    folder.mkdir()
    database.close()

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))

    result = subprocess.run(
        command("backup", "backups/copy.db"),
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=ENOUGH_S,
        check=False,
        preexec_fn=limit,
    )
    assert (result.returncode, "archiver: the backup can't be written in backups" in result.stderr) == (1, True)
    assert list(folder.iterdir()) == []
