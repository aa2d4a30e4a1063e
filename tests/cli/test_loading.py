"""A command loads what it needs and nothing more: loading is most of what a short one takes."""

import os
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from archiver.cli.garbage import AT_WORK
from archiver.sandbox import Sandbox
from tests.cli.conftest import Run, run_in
from tests.support import write_config

ARCHIVING = {"sqlalchemy", "pydantic"}
"""What every command that has to do with the archive loads."""
CALLING = {"requests", "urllib3"}
DRAWING = {"rich"}
MIGRATING = {"alembic"} | {f"sqlalchemy.dialects.{name}" for name in ("mssql", "mysql", "postgresql")}
"""A migration says for each kind of database what it has to say."""
OTHERS = {"apscheduler", "jinja2", "psycopg", "pymysql", "starlette", "uvicorn"}

LOADS = {
    "--version": set(),
    "--help": set(),
    "status": ARCHIVING | DRAWING,
    "status --json": ARCHIVING,
    "source list": ARCHIVING | DRAWING,
    "source list --json": ARCHIVING,
    "quarantine": ARCHIVING,
    "backfill --plan": ARCHIVING,
    "run": ARCHIVING | CALLING,
    "backfill": ARCHIVING | CALLING,
    "reconcile --dry-run": ARCHIVING | CALLING,
    "quarantine retry": ARCHIVING | CALLING,
    "check": ARCHIVING | CALLING | DRAWING,
    "check --offline": ARCHIVING | DRAWING,
    "check --drift": ARCHIVING,
    "migrate": ARCHIVING | MIGRATING,
    "backup copy.db": ARCHIVING,
    "verify": ARCHIVING,
    "seal head": ARCHIVING,
}
"""Of the libraries that take long to load, those that a command does: with an SQLite archive, and no terminal."""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """Runs `archiver ARGUMENTS` where a small archive was made."""
    folder = tmp_path_factory.mktemp("small")
    with Sandbox.empty() as tenant:
        tenant.tenant.post(tenant.tenant.open_chat_session(), message="Hello")
        write_config(folder, "sqlite:///archive.db", tenant.base_url, include="1")
        for command in ("migrate", "run"):
            assert run_in(folder, command).returncode == 0
        yield partial(run_in, folder)


@pytest.mark.parametrize("command", LOADS)
def test_a_command_loads_what_it_needs_and_nothing_more(run: Run, command: str) -> None:
    result = run(*command.split(), PYTHONPROFILEIMPORTTIME="1")
    assert result.returncode == 0
    loaded = set(re.findall(r"^import time: .*\| +([\w.]+)$", result.stderr, flags=re.MULTILINE))
    assert "typer" in loaded
    assert loaded & (ARCHIVING | CALLING | DRAWING | MIGRATING | OTHERS) == LOADS[command]


def test_a_command_at_work_collects_garbage(run: Run, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import atexit, gc\n"
        "atexit.register(lambda: print(gc.get_threshold()[0], gc.isenabled(), gc.get_freeze_count() > 10_000))\n"
    )
    here = str(Path(__file__).parents[2])
    result = run("run", PYTHONPATH=f"{tmp_path}{os.pathsep}{here}")
    assert result.stdout.splitlines()[-1] == f"{AT_WORK} True True"
