"""What a person sees of work whose end is known: a progress bar on a terminal, log lines elsewhere."""

import logging
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal

from archiver.cli.watching import LOG_EVERY_S

logger = logging.getLogger(__name__)

Report = Callable[[int, int], None]
"""To be called with how much is done and how much there is."""


@contextmanager
def watch_work(label: str, event: str, *, unit: Literal["rows", "bytes"] = "rows") -> Iterator[Report]:
    """Something to call with each step.

    Args:
        label: what is done, in words; it begins the bar and the log lines.
        event: the log lines' own word for it.
    """
    if not sys.stderr.isatty():
        yield _log_lines(label, event, unit)
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    amount = DownloadColumn() if unit == "bytes" else MofNCompleteColumn()
    columns = (TextColumn("{task.description}"), BarColumn(), amount, TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=max(done, total))


def say_stopping() -> None:
    """For whoever asked for a stop and waits for it."""
    logger.warning("stopping; once more to leave at once", extra={"event": "stopping"})


def _log_lines(label: str, event: str, unit: str) -> Report:
    logged_at = time.monotonic()

    def report(done: int, total: int) -> None:
        nonlocal logged_at
        if time.monotonic() - logged_at >= LOG_EVERY_S:
            logged_at = time.monotonic()
            logger.info(label, extra={"event": event, f"{unit}_done": done, f"{unit}_total": total})

    return report
