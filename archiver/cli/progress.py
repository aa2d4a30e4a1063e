"""What a person sees of long work: a progress bar on a terminal, log lines elsewhere, a word when it is to stop.

Passes, several of which may be under way at once, are shown with more of it: see watching.py.
"""

import logging
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal, ParamSpec, Protocol

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

logger = logging.getLogger(__name__)

LOG_EVERY_S = 10.0

P = ParamSpec("P")
Unit = Literal["rows", "bytes", "sources"]


class Report(Protocol):
    """To be called with how much is done and how much there is; of each phase, where the work has several."""

    def __call__(self, done: int, total: int, phase: str = "") -> None: ...


@contextmanager
def watch_work(label: str, event: str, *, unit: Unit = "rows") -> Iterator[Report]:
    """Something to call with each step.

    Args:
        label: what is done, in words: the log lines' message, and the bar's where no phase is given.
        event: the log lines' own word for it.
        unit: of what is counted; it begins the names of the log lines' facts.
    """
    if not sys.stderr.isatty():
        yield _logging_report(label, event, unit)
        return
    from archiver.cli.bars import bars_of_work

    with bars_of_work(in_bytes=unit == "bytes") as bars:
        yield _drawing_report(bars, label)


def throttled(every_s: float, act: Callable[P, object]) -> Callable[P, None]:
    """Does `act` only when the last time, or the beginning, is a while ago."""
    acted_at = time.monotonic()

    def act_now_and_then(*args: P.args, **kwargs: P.kwargs) -> None:
        nonlocal acted_at
        if time.monotonic() - acted_at >= every_s:
            acted_at = time.monotonic()
            act(*args, **kwargs)

    return act_now_and_then


def say_stopping(first: str = "") -> None:
    """For whoever asked for a stop and waits for it; `first`: what is done before."""
    how = f": {first}" if first else ""
    logger.warning("stopping%s; once more to leave at once", how, extra={"event": "stopping"})


def _logging_report(label: str, event: str, unit: Unit) -> Report:
    def log(done: int, total: int, phase: str = "") -> None:
        facts = {"event": event, f"{unit}_done": done, f"{unit}_total": total}
        logger.info(label, extra=facts | ({"phase": phase} if phase else {}))

    return throttled(LOG_EVERY_S, log)


def _drawing_report(bars: "Progress", label: str) -> Report:
    """One bar for each phase; those that are done stay in sight."""
    tasks: dict[str, TaskID] = {}

    def draw(done: int, total: int, phase: str = "") -> None:
        if phase not in tasks:
            tasks[phase] = bars.add_task(phase or label, total=total)
        bars.update(tasks[phase], completed=done, total=max(done, total))

    return draw
