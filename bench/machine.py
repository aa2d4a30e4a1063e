"""Where a bench ran, and with which versions."""

import json
import os
import platform
import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from bench.contenders import ENVIRONMENTS

_TOLD = {
    "archiver": ["superoffice-chat-archiver", "requests", "SQLAlchemy", "msgspec", "psycopg", "PyMySQL"],
    "ceiling": ["msgspec", "psycopg", "PyMySQL"],
    "dlt": ["dlt", "requests", "SQLAlchemy", "psycopg2-binary", "PyMySQL"],
    "singer": ["singer-sdk", "meltanolabs-target-postgres", "requests", "SQLAlchemy", "psycopg"],
    "orm": ["requests", "SQLAlchemy", "psycopg", "PyMySQL"],
}
"""The packages of each contender whose version matters."""
_ASK = (
    "import importlib.metadata as m, json, sys; "
    "print(json.dumps({name: m.version(name) for name in sys.argv[1:]}))"
)  # fmt: skip


def describe_machine() -> dict[str, str]:
    cpu = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    memory = re.search(r"^MemTotal:\s*(\d+) kB$", Path("/proc/meminfo").read_text(), re.MULTILINE)
    return {
        "measured": f"{datetime.now(UTC):%Y-%m-%d}",
        "processor": f"{cpu[1] if cpu else platform.machine()}, {os.cpu_count()} cores",
        "memory": f"{int(memory[1]) / 1024**2:.0f} GiB" if memory else "unknown",
        "kernel": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "revision": _revision(),
    }


def versions_of(contender: str) -> str:
    """The versions in its environment, as a line."""
    python = ENVIRONMENTS / contender / "bin" / "python"
    told = subprocess.run([python, "-c", _ASK, *_TOLD[contender]], capture_output=True, text=True, check=True).stdout
    return ", ".join(f"{name} {version}" for name, version in json.loads(told).items())


def _revision() -> str:
    """Of the archiver's source; marked when it was changed since."""
    told = subprocess.run(["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=False)
    return told.stdout.strip() or "unknown"
