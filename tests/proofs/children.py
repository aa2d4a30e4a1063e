"""Children of a test: commands that are killed or stopped at a point, or at any moment."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.cli.conftest import ENOUGH_S, environment


@contextmanager
def child(
    folder: Path, *command: str, at: str = "none", passing: int = 1, number: str = "KILL"
) -> Iterator["subprocess.Popen[str]"]:
    """A command that gets the signal when it passes the point `at` for the n-th time (child.py has them all).

    Killed at the end of the block if it is still there.
    """
    arguments = [sys.executable, "-m", "tests.proofs.child", number, at, str(passing), "--", *command]
    with subprocess.Popen(
        arguments, cwd=folder, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def died_at(folder: Path, *command: str, at: str, passing: int) -> bool:
    """Run a command to its death at that point. Returns: False when it was done before it got there."""
    with child(folder, *command, at=at, passing=passing) as process:
        _, errors = process.communicate(timeout=ENOUGH_S)
    assert process.returncode in (0, -signal.SIGKILL), (process.returncode, errors)
    return process.returncode != 0


def wait_until_stopped(process: "subprocess.Popen[str]") -> None:
    """Until the process has stopped itself. It dies by itself when it hangs before that, and this fails."""
    how = os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
    assert how is not None
    assert how.si_code == os.CLD_STOPPED, process.communicate(timeout=ENOUGH_S)
