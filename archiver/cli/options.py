"""What the commands share: options, and how values and errors are printed."""

import enum
import json
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from archiver.errors import ArchiverError, ExitCode

if TYPE_CHECKING:
    from rich.table import Table


class LogFormat(enum.StrEnum):
    TEXT = "text"
    JSON = "json"


@dataclass(frozen=True, kw_only=True)
class Options:
    """What comes before the command's name."""

    config: Path
    verbose: bool = False


Sources = Annotated[
    list[str] | None,
    typer.Option("--source", metavar="NAME[@EPOCH]", help="A configured source; repeatable. Left out: every one."),
]
Sessions = Annotated[
    list[str] | None,
    typer.Option("--session", metavar="ID|A-B", help="A chat session or a range of them; repeatable."),
]
FromFile = Annotated[
    Path | None,
    typer.Option("--from-file", metavar="FILE", help="Chat sessions and ranges, one a line; # begins a comment."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]


MANY_SOURCES = 10
"""More than these are not told one by one alone: who looks for the one in trouble finds it in a summary."""


def to_json(value: Any) -> str:
    """JSON for a script to read; times in ISO 8601."""
    return json.dumps(value, indent=2, default=_plain, ensure_ascii=False)


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def counted(count: int, what: str) -> str:
    """A number and what it counts, in the plural where that is due."""
    return f"{count:,} {what}" + ("" if count == 1 else "s")


def age(at: datetime | None, now: datetime) -> str:
    """How long ago, in the largest unit that fits; "never" for None."""
    if at is None:
        return "never"
    seconds = int((now - at).total_seconds())
    if seconds < 0:
        return "in the future"
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{seconds // size} {unit} ago"
    return f"{seconds} s ago"


def plain_table(*left: str, right: tuple[str, ...] = ()) -> "Table":
    """A table without lines: columns of text, then columns of numbers."""
    from rich.table import Table

    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False)
    for name in left:
        table.add_column(name, overflow="fold")
    for name in right:
        table.add_column(name, justify="right", no_wrap=True)
    return table


_GRAVEST_FIRST = (
    ExitCode.INTERRUPTED,
    ExitCode.DECISION_NEEDED,
    ExitCode.DIFFERENCES,
    ExitCode.USAGE,
    ExitCode.FAILED,
    ExitCode.PARTIAL,
    ExitCode.COMPLETE,
)


def gravest(codes: Iterable[ExitCode]) -> ExitCode:
    """How a command ends that did several things: as the worst of them; COMPLETE for none."""
    return min(codes, key=_GRAVEST_FIRST.index, default=ExitCode.COMPLETE)


def print_error(error: ArchiverError, *, about: str = "") -> None:
    """Say what failed and what to do, on standard error."""
    for line in str(error).splitlines():
        print(f"archiver: {about}{': ' * bool(about)}{line}", file=sys.stderr)
    if error.hint:
        print(f"  {error.hint}", file=sys.stderr)
