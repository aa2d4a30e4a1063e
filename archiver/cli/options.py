"""Options that several commands take, and what `archiver` itself was given."""

import enum
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer


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


def to_json(value: Any) -> str:
    """JSON with times in ISO 8601; for a script to read."""
    import json

    return json.dumps(value, indent=2, default=str, ensure_ascii=False)
