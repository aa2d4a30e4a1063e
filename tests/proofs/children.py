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
    folder: Path, *command: str, killed_at: str = "", stopped_at: str = ""
) -> Iterator["subprocess.Popen[str]"]:
    """A command that is killed, or stopped, at points as child.py has them: "written:3", several with commas.

    Killed at the end of the block if it is still there.
    """
    assert not (killed_at and stopped_at)
    points = ["STOP", stopped_at] if stopped_at else ["KILL", killed_at]
    arguments = [sys.executable, "-m", "tests.proofs.child", *points, "--", *command]
    with subprocess.Popen(
        arguments, cwd=folder, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def died_at(folder: Path, *command: str, at: str, passing: int) -> bool:
    """Run a command to its death at that point. Returns: False when it was done before it got there."""
    with child(folder, *command, killed_at=f"{at}:{passing}") as process:
        _, errors = process.communicate(timeout=ENOUGH_S)
    assert process.returncode in (0, -signal.SIGKILL), (process.returncode, errors)
    return process.returncode != 0


def wait_until_stopped(process: "subprocess.Popen[str]") -> None:
    """Until the process has stopped itself. It dies by itself when it hangs before that, and this fails."""
    how = os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
    assert how is not None
    assert how.si_code == os.CLD_STOPPED, process.communicate(timeout=ENOUGH_S)
