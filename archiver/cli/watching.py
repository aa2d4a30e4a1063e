"""What a person sees of a pass: a progress bar on a terminal, log lines elsewhere, a line at the end."""

import logging
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from typing import TYPE_CHECKING

from archiver.cli.options import MANY_SOURCES, counted, print_error
from archiver.cli.progress import LOG_EVERY_S, throttled
from archiver.sync.order import PassResult, Progress

if TYPE_CHECKING:
    from rich.progress import Progress as ProgressBar
    from rich.progress import TaskID

logger = logging.getLogger(__name__)

_REDRAW_EVERY_S = 0.1

Report = Callable[[Progress], None]
"""To be called with each step of a pass."""
Watch = Callable[[str], AbstractContextManager[Report]]
"""Gives a Report for a pass under way, by its label."""


@contextmanager
def watch_passes(count: int) -> Iterator[Watch]:
    """Shows so many passes, several of them at once: one bar for each that is under way, and one for them all."""
    if not sys.stderr.isatty():
        yield lambda _: nullcontext(_log_lines())
        return
    from archiver.cli.bars import bars_of_passes

    with bars_of_passes(is_same_screen=sys.stdout.isatty()) as bars:
        overall = bars.add_task("all sources", total=count, news="", visible=count > 1)
        yield partial(_watch_one, bars, overall)


@contextmanager
def watch_pass(label: str) -> Iterator[Report]:
    """Shows one pass."""
    with watch_passes(1) as watch, watch(label) as report:
        yield report


@contextmanager
def _watch_one(bars: "ProgressBar", overall: "TaskID", label: str) -> Iterator[Report]:
    task = bars.add_task(label, total=None, news="")

    def show(progress: Progress) -> None:
        news = f"{progress.counts.messages_added:,} new"
        bars.update(task, total=progress.chosen, completed=progress.passed, news=news)

    try:
        yield throttled(_REDRAW_EVERY_S, show)
    finally:
        bars.remove_task(task)
        bars.advance(overall)


def _log_lines() -> Report:
    began_at = time.monotonic()

    def log(progress: Progress) -> None:
        elapsed_s = time.monotonic() - began_at
        left = max(progress.chosen - progress.passed, 0)
        left_s = elapsed_s / progress.passed * left if progress.passed else None
        logger.info(
            "the pass goes on",
            extra={
                "event": "pass_progress",
                "source": progress.source,
                "passed": progress.passed,
                "chosen": progress.chosen,
                "messages_added": progress.counts.messages_added,
                "left_s": None if left_s is None else round(left_s),
            },
        )

    return throttled(LOG_EVERY_S, log)


def print_result(result: PassResult, took_s: float) -> None:
    """One line on standard output for a pass, and why it stopped on standard error."""
    counts = result.counts
    if result.resumed_at:
        print(f"{result.source}: resumed after chat session {result.resumed_at}, where the last backfill was cut")
    if result.run_id is not None:
        found = {
            "changed": counts.messages_changed,
            "missing": counts.messages_missing,
            "gone": counts.messages_gone,
        }
        changed = "".join(f", {count:,} {what}" for what, count in found.items() if count)
        if counts.chat_sessions_gone:
            changed += f", {counted(counts.chat_sessions_gone, 'chat session')} gone"
        failed = f" ({counts.chat_sessions_failed:,} failed)" if counts.chat_sessions_failed else ""
        print(
            f"{result.source}: {result.outcome}; {counted(counts.chat_sessions_visited, 'chat session')} visited"
            f"{failed}, {counted(counts.messages_added, 'new message')}{changed}, "
            f"{counted(counts.requests, 'request')}, {took_s:.1f} s"
        )
    if result.error and result.outcome == "failed":
        print_error(result.error, about=result.source)
    if result.outcome == "partial":
        print("  archiver status names what failed; the next run tries it again", file=sys.stderr)


def print_summary(results: Sequence[PassResult | None]) -> None:
    """One line on standard output for several passes, with the names of those that a person has to look at.

    Args:
        results: None for a pass that a signal came before.
    """
    outcomes = Counter(result.outcome if result else "not begun" for result in results)
    told = ", ".join(f"{count:,} {outcome}" for outcome, count in outcomes.most_common())
    troubled = sorted(result.source for result in results if result and result.outcome in ("failed", "partial"))
    more = f" and {len(troubled) - MANY_SOURCES:,} more" if len(troubled) > MANY_SOURCES else ""
    names = f" ({', '.join(troubled[:MANY_SOURCES])}{more})" if troubled else ""
    print(f"{len(results):,} sources: {told}{names}")
