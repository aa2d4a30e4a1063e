"""`sandbox --list-oddities`: every oddity of the sandbox, by group, for people or as JSON."""

import shutil
import textwrap
from dataclasses import asdict

from archiver.cli.options import to_json
from archiver.sandbox.oddities.catalogue import ENTRIES, GROUPS, Entry

_NAME = max(len(entry.name) for entry in ENTRIES) + 2
_SHARE = 6
_NARROWEST = 60
_HOW_TO = (
    "--oddities NAME switches it on for every request; an event happens once. NAME=0.5 switches it on for half of "
    "the requests; of rows, for half of the messages, but for half of the chat sessions with {by_chat_session}. "
    "NAME@7 means chat session 7 alone.",
    '--oddities all switches on every one with a number in the column "in all": the share in which it then comes.',
    "What stands in brackets can be set over POST /control/oddities.",
)


def print_catalogue(*, as_json: bool) -> None:
    """Print the list."""
    if as_json:
        print(to_json([asdict(entry) for entry in ENTRIES]))
        return
    for group, about in GROUPS.items():
        print(_folded(about + ".", ""))
        print(f"  {'name':<{_NAME}}{'in all':>{_SHARE}}  what it does")
        for entry in ENTRIES:
            if entry.group == group:
                print(_line(entry))
        print()
    by_chat_session = ", ".join(entry.name for entry in ENTRIES if entry.per == "chat session")
    for paragraph in _HOW_TO:
        print(_folded(paragraph.format(by_chat_session=by_chat_session), ""))


def _line(entry: Entry) -> str:
    share = "-" if entry.share is None else f"{entry.share:.4g}"
    does = entry.does + f" Not in all: {entry.why_not}." * bool(entry.why_not)
    return _folded(does, f"  {entry.name:<{_NAME}}{share:>{_SHARE}}  ")


def _folded(text: str, first: str) -> str:
    width = max(shutil.get_terminal_size((100, 24)).columns, _NARROWEST)
    return textwrap.fill(
        text, width, initial_indent=first, subsequent_indent=" " * len(first), break_on_hyphens=False
    )
