"""What processes take, by the kernel's own books: /proc, and a launcher's report."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from bench.errors import BenchError

_TICKS = os.sysconf("SC_CLK_TCK")
_LAUNCHER = Path(__file__).with_name("launch.py")
_WITHIN_S = 1800
_SHOWN = 2000
"""Letters of a failed contender's last words."""


@dataclass(frozen=True, kw_only=True)
class Taken:
    """By a contender, all its processes together."""

    wall_s: float
    cpu_s: float
    peak_mb: float


def launch(commands: list[list[str]], folder: Path, environment: dict[str, str]) -> Taken:
    """Run commands, each piped into the next, to their end; what they print goes to files in `folder`.

    Raises: BenchError when one fails, or takes longer than half an hour.
    """
    task = {"commands": commands, "folder": str(folder), "environment": environment, "within_s": _WITHIN_S}
    launcher = subprocess.Popen(
        [sys.executable, "-I", "-S", str(_LAUNCHER), json.dumps(task)],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,  # a group that can be ended as one
    )
    try:
        printed, _ = launcher.communicate()
    except BaseException:
        os.killpg(launcher.pid, signal.SIGKILL)
        launcher.wait()
        raise
    if launcher.returncode:
        raise BenchError(f"{commands[0][0]} took longer than {_WITHIN_S} s, or could not be started")
    told = json.loads(printed)
    if any(told.pop("exit_codes")):
        said = (folder / "stderr").read_text(errors="replace") + (folder / "stdout").read_text(errors="replace")
        raise BenchError(f"{' '.join(commands[-1][:3])} failed: {said[-_SHOWN:]}")
    return Taken(**told)


def tree_cpu_s(pid: int) -> float:
    """CPU of a process, of its living children, and of those that ended and were waited for.

    It never falls: when a child ends, what it took moves into its parent's books.
    """
    children = sum(tree_cpu_s(child) for child in _all_pids() if _parent_of(child) == pid)
    try:
        return children + sum(_stat(pid)[11:15]) / _TICKS
    except OSError:  # it ended while we looked; its parent's books, read after it, have what it took
        return 0.0


def parent_if(pid: int, name: str) -> int | None:
    """The parent of that process, when both have that name."""
    try:
        parent = _parent_of(pid)
        return parent if parent and _name_of(pid) == name == _name_of(parent) else None
    except OSError:  # it is on another machine, or in a container
        return None


def pid_in(path: Path, *names: str) -> int | None:
    """The process that a file tells of, when it has one of these names."""
    try:
        pid = int(path.read_text())
    except (OSError, ValueError):  # it is on another machine, or not for us to read
        return None
    return pid if _name_of(pid) in names else None


def _all_pids() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _name_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


def _parent_of(pid: int) -> int | None:
    try:
        return _stat(pid)[1]
    except OSError:  # it ended while we looked
        return None


def _stat(pid: int) -> list[int]:
    """The numbers of /proc/PID/stat from the state on, which is no number and shown as 0 (`man proc_pid_stat`)."""
    after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return [0, *map(int, after_name[1:])]
