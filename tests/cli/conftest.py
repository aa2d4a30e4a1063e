"""The command as a user has it: a process of its own, in a folder with a config.toml."""

import os
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from archiver.sandbox import Sandbox
from tests.support import write_config

Run = Callable[..., "subprocess.CompletedProcess[str]"]
ENOUGH_S = 60
"""For any command here; a hanging one fails its test."""


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "archiver", *arguments]


def environment(**more: str) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("ARCHIVER_", "SUPEROFFICE_"))}
    return kept | {"COLUMNS": "100", "PYTHONPATH": str(Path(__file__).parents[2])} | more


def run_in(folder: Path, *arguments: str, **more: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command(*arguments),
        cwd=folder,
        env=environment(**more),
        capture_output=True,
        text=True,
        timeout=ENOUGH_S,
        check=False,
    )


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs `archiver ARGUMENTS` in the test's folder."""
    return partial(run_in, tmp_path)


@pytest.fixture
def configured(tmp_path: Path, sandbox: Sandbox) -> Callable[..., Path]:
    """Writes a config.toml for the sandbox and an SQLite archive beside it."""

    def write(**settings: str) -> Path:
        settings = {"url": "sqlite:///archive.db", "base_url": sandbox.base_url} | settings
        return write_config(tmp_path, settings.pop("url"), settings.pop("base_url"), **settings)  # type: ignore[arg-type]

    return write
