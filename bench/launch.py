"""Starts one contender, or several piped into each other, and says what they took: wall, CPU, peak memory.

A process of its own because the kernel counts, as a child's peak memory, that of the process it was forked from: this
one is smaller than any contender, the runner is not. Reads its task from the command line, prints a JSON object.

    python -I -S launch.py '{"commands": [[...], [...]], "folder": "...", "environment": {...}, "within_s": 60}'
"""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any


def main() -> None:
    task = json.loads(sys.argv[1])
    folder = Path(task["folder"])
    signal.signal(signal.SIGALRM, _too_late)
    signal.alarm(task["within_s"])
    began = time.perf_counter()
    with ExitStack() as files:
        out = files.enter_context((folder / "stdout").open("wb"))
        log = files.enter_context((folder / "stderr").open("wb"))
        running = _start(task, out, log)
    ended = [os.wait4(process.pid, 0) for process in running]
    wall_s = time.perf_counter() - began
    print(
        json.dumps(
            {
                "wall_s": wall_s,
                "cpu_s": sum(usage.ru_utime + usage.ru_stime for _, _, usage in ended),
                "peak_mb": sum(usage.ru_maxrss for _, _, usage in ended) / 1024,
                "exit_codes": [os.waitstatus_to_exitcode(status) for _, status, _ in ended],
            }
        )
    )


def _start(task: dict[str, Any], out: Any, log: Any) -> list[subprocess.Popen[bytes]]:
    """Each command's output is the next one's input."""
    running: list[subprocess.Popen[bytes]] = []
    before: Any = subprocess.DEVNULL
    for number, command in enumerate(task["commands"], start=1):
        is_last = number == len(task["commands"])
        process = subprocess.Popen(
            command,
            cwd=task["folder"],
            env={**os.environ, **task["environment"]},
            stdin=before,
            stdout=out if is_last else subprocess.PIPE,
            stderr=log,
        )
        if before is not subprocess.DEVNULL:
            before.close()
        before = process.stdout
        running.append(process)
    return running


def _too_late(*_: object) -> None:
    """Whoever started us made us the head of a group, which ends as one."""
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main()
