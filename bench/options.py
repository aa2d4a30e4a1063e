"""What the commands of the bench have in common."""

import argparse
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from bench.errors import BenchError
from bench.jobs import DATABASES

TOP = Path(__file__).parent.parent
DOCS, SCRATCH = TOP / "docs", TOP / ".bench"


class Names:
    """What argparse takes for a type: names with commas between, each of them known."""

    def __init__(self, known: dict[str, str] | None = None) -> None:
        self._known = known

    def __call__(self, told: str) -> list[str]:
        names = [name.strip() for name in told.split(",") if name.strip()]
        for name in names:
            if self._known and name not in self._known:
                raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join(self._known)}")
        return list(dict.fromkeys(names))


def positive(told: str) -> int:
    if not told.isdecimal() or int(told) < 1:
        raise argparse.ArgumentTypeError(f"{told!r} is no number from 1 on")
    return int(told)


def add_databases(parser: argparse.ArgumentParser) -> None:
    known = ", ".join(DATABASES)
    parser.add_argument("--databases", type=Names(DATABASES), default=[], metavar="NAME,...", help=f"some of {known}")


def ended(act: Callable[[], None]) -> int:
    """Do it, and tell in a sentence what ended it. Returns: the exit code."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends as Ctrl-C does: nothing is left behind
    try:
        act()
    except BenchError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("bench: stopped; servers and databases of the bench are gone", file=sys.stderr)
        return 130
    return 0


def say(line: str) -> None:
    print(line, flush=True)
