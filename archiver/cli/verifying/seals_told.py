"""How a verification is told: to a person, and to a script."""

from typing import TYPE_CHECKING, Any

from archiver.cli.options import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archiver.store.verifying.differences import Difference
    from archiver.store.verifying.results import ArchiveResult

SHOWN = 50
"""Differences that are printed; after an accident there may be thousands."""

_WHAT_TO_DO = """\
The archive never changes what is sealed without another seal: something else
wrote the database. Compare with a backup, find out who may write there
(docs/seals.md), and keep this output. Where nothing but an anchor is missing,
see first that it is an anchor of this archive, copied without a slip."""


def as_dict(name: str, result: "ArchiveResult") -> dict[str, Any]:
    """For --json: all of it."""
    return {
        "source": name,
        "scope": result.scope,
        "started_at": result.started_at,
        "finished_at": result.finished_at,
        "seals": result.seals,
        "head": result.head.hash if result.head else None,
        "anchor": result.anchored.hash if result.anchored else None,
        "since_anchor": result.since_anchor if result.anchored else None,
        "chat_sessions": result.chat_sessions,
        "messages": result.messages,
        "sealed": result.sealed,
        "changed": result.changed,
        "unsealed": result.unsealed,
        "restless": result.restless,
        "differences": [vars(each) | {"says": each.says} for each in result.differences],
    }


def print_result(name: str, result: "ArchiveResult") -> None:
    """One source, as a person reads it."""
    print(f"{name}: {_outcome(result)}")
    print(f"  compared       {_chat_sessions(result.chat_sessions)} with {counted(result.messages, 'message')}")
    print(f"  of these       {result.sealed:,} sealed, {result.changed:,} changed since they were sealed")
    if result.unsealed:
        print(f"  never sealed   {_chat_sessions(result.unsealed)}: nothing is known of what was changed there")
    print(f"  log            {result.seals:,} seals" + _newest(result))
    if result.head:
        print(f"  head           {result.head.hash}")
    if result.anchored:
        print(f"  anchor         {_anchored(result)}")
    if result.restless:
        print(f"  not compared   {_chat_sessions(result.restless)} that changed each time they were read")
    print_differences(result.differences)


def print_differences(differences: "Sequence[Difference]") -> None:
    """The first few; nothing when there are none."""
    for each in differences[:SHOWN]:
        print(f"  DIFFERS  {each.about} {each.says}")
    if len(differences) > SHOWN:
        print(f"  and {len(differences) - SHOWN:,} more; --json lists all")


def print_what_to_do() -> None:
    print(_WHAT_TO_DO)


def _outcome(result: "ArchiveResult") -> str:
    if result.differences:
        return f"{len(result.differences):,} DIFFERENCES" if len(result.differences) > 1 else "1 DIFFERENCE"
    if result.chat_sessions:
        return "as it was sealed"
    return "none of these chat sessions is sealed" if result.seals else "nothing is sealed yet"


def _newest(result: "ArchiveResult") -> str:
    return f", the newest of {_time(result.head.sealed_at)}" if result.head else ""


def _anchored(result: "ArchiveResult") -> str:
    assert result.anchored
    unchanged = result.chat_sessions - result.since_anchor
    return (
        f"found, of {_time(result.anchored.sealed_at)}\n"
        f"                 no newer seal: {_chat_sessions(unchanged)}; a newer one: {result.since_anchor:,}"
    )


def _chat_sessions(count: int) -> str:
    return counted(count, "chat session")


def _time(at: Any) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"
