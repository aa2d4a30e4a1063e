"""A question before what a person has to decide."""

import sys
from typing import TYPE_CHECKING

import typer

from archiver.errors import ExitCode, Interrupted

if TYPE_CHECKING:
    from archiver.store.sources import ArchivedSource


def require_name(source: "ArchivedSource", question: str, otherwise: str) -> None:
    """Let the person type the source's name.

    Args:
        question: with {} for the name.
        otherwise: the option that answers it where there is no terminal.
    Raises: Exit when there is nobody, or who has thought better of it; Interrupted.
    """
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        print(f"archiver: nothing was changed: add {otherwise}", file=sys.stderr)
        raise typer.Exit(ExitCode.DECISION_NEEDED)
    try:
        typed = input(question.format(source.name))
    except KeyboardInterrupt:
        print()
        raise Interrupted("nothing was changed") from None
    except EOFError:
        typed = ""
        print()
    if typed.strip() not in (source.name, source.label):
        print("That is not its name: nothing was changed.")
        raise typer.Exit(ExitCode.DECISION_NEEDED)
