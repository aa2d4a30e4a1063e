"""Who holds a lease: a process, told apart from every other one that ever ran.

Pure bookkeeping about processes, so that after a crash the next one on the same machine need not wait until the lease
runs out. A wrong guess would cost a takeover and no data: the fencing number sees to that.
"""

import hashlib
import os
import socket
from pathlib import Path

_PROC = Path("/proc")
_START_FIELD = 21
"""Of /proc/PID/stat, counted from 0: when the process began, in ticks since boot. Source: proc_pid_stat(5)."""


def this_process() -> str:
    """Host, process id, its start, and the place (boot and process namespace) in which that id means something."""
    pid = os.getpid()
    return f"{socket.gethostname()}/{pid}/{_started(pid)}/{_place()}"


def shown(holder: str) -> str:
    """The part that a person can use: host/process id."""
    return "/".join(holder.split("/")[:2])


def is_dead(holder: str) -> bool:
    """True when the holder is known to be gone: it ran right here, and no such process does now."""
    parts = holder.split("/")
    if len(parts) != 4 or not parts[1].isdecimal():
        return False
    _, pid, started, place = parts
    return place != "" and place == _place() and started != _started(int(pid))


def _started(pid: int) -> str:
    """Empty where there is no such process, or no /proc."""
    try:
        stat = (_PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    return stat.rpartition(")")[2].split()[_START_FIELD - 2]  # the name before ")" may hold blanks


def _place() -> str:
    """Empty where the system doesn't tell."""
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text(encoding="ascii")
        namespace = os.readlink(_PROC / "self/ns/pid")  # noqa: PTH115 - Path.readlink would make it a path
    except OSError:
        return ""
    return hashlib.sha256(f"{boot}{namespace}".encode()).hexdigest()[:12]
