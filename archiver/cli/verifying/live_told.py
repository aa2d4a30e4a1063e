"""How a comparison with the source is told: to a person, and to a script."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from archiver.cli.options import plain_table, print_error
from archiver.errors import ExitCode, Interrupted

if TYPE_CHECKING:
    from archiver.store.verifying.tally import Day, Sides
    from archiver.sync.comparing import ChatSessionDifferences
    from archiver.sync.live import LiveResult

SHOWN = 50
"""Lines about differences that are printed; after an accident there may be thousands."""
_DAYS_SHOWN = 31
_IDS_SHOWN = 10
_FAILURES_SHOWN = 10

_WHAT_TO_DO = """\
archiver reconcile reads chat sessions whole and takes over what the source says
now; nothing is lost by it, earlier contents stay as revisions. What the archive
holds and the source doesn't return any more stays too, and gets a tombstone when
two readings agree. archiver verify tells whether anything but the archiver wrote
the archive."""


def exit_code(result: "LiveResult") -> ExitCode:
    """How the comparison of one source ended."""
    if result.error:
        return result.error.exit_code
    if result.differences:
        return ExitCode.DIFFERENCES
    return ExitCode.PARTIAL if result.failures else ExitCode.COMPLETE


def as_dict(name: str, result: "LiveResult") -> dict[str, Any]:
    """For --json: all of it."""
    overall = result.tallies.overall
    return {
        "source": name,
        "kind": "live",
        "outcome": "complete" if result.error is None else result.error.kind,
        "error": None if result.error is None else str(result.error),
        "scope": result.scope,
        "started_at": result.started_at,
        "finished_at": result.finished_at,
        "chat_sessions": result.chat_sessions,
        "messages_there": overall.there.count,
        "messages_here": overall.here.count,
        "digest_there": overall.there.digest,
        "digest_here": overall.here.digest,
        "expected": {why.value.replace(" ", "_"): count for why, count in sorted(result.expected.items())},
        "difference_count": result.differences,
        "days": [_day_as_dict(day, sides) for day, sides in result.tallies.differing],
        "differences": [_differences_as_dict(each) for each in result.differing],
        "not_compared": [vars(failure) for failure in result.failures],
        "requests": result.requests,
        "head": result.seal_head,
    }


def _day_as_dict(day: "Day", sides: "Sides") -> dict[str, Any]:
    return {
        "day": day and day.isoformat(),
        "there": sides.there.count,
        "here": sides.here.count,
        "digest_there": sides.there.digest,
        "digest_here": sides.here.digest,
    }


def _differences_as_dict(differences: "ChatSessionDifferences") -> dict[str, Any]:
    found = [
        {
            "kind": how.kind.value.replace(" ", "_"),
            "properties": how.properties,
            "moved_by_s": None if how.moved_by is None else how.moved_by.total_seconds(),
            "chat_message_ids": list(ids),
        }
        for how, ids in differences.found.items()
    ]
    return {
        "chat_session_id": differences.chat_session_id,
        "count": differences.count,
        "is_shift": differences.shifted_by is not None,
        "found": found,
    }


def print_result(name: str, result: "LiveResult") -> None:
    """One source, as a person reads it."""
    if result.error:
        if isinstance(result.error, Interrupted):
            print(f"{name}: stopped before its end; nothing was noted")
        else:
            print_error(result.error, about=name)
        return
    print(f"{name}: {summary(result)}")
    _print_days(result.tallies.differing)
    for line in first_lines(difference_lines(result.differing), SHOWN, "--json lists all"):
        print(f"  {line}")
    if told := expected_told(result):
        print(f"  expected       {told}")
    for line in first_lines(failure_lines(result), _FAILURES_SHOWN, "--json lists all"):
        print(f"  not compared   {line}")


def print_what_to_do() -> None:
    print(_WHAT_TO_DO)


def summary(result: "LiveResult") -> str:
    """What was compared, and whether it is the same."""
    read = f"{counted(result.chat_sessions, 'chat session')}, {counted(_there(result), 'message')}"
    told = f"{counted(result.differences, 'difference')}" if result.differences else "the same"
    if not result.differences and not result.chat_sessions:
        told = "nothing was compared"
    scope = "" if result.scope == "all" else f"; {result.scope}"
    return f"{read}: {told}{scope}"


def expected_told(result: "LiveResult") -> str:
    """What is on one side alone, and no difference; "" for nothing."""
    others = [(why, count) for why, count in sorted(result.expected.items()) if count and why != "same"]
    return ", ".join(f"{count:,} {why}" for why, count in others)


def difference_lines(differing: "Iterable[ChatSessionDifferences]") -> Iterator[str]:
    """Chat sessions and ids; no chat text."""
    for each in differing:
        who = f"chat session {each.chat_session_id}:"
        if (span := each.shifted_by) is not None:
            count = sum(map(len, each.found.values()))
            yield f"{who} the times of {count:,} messages are {_span_told(span)} there"
            continue
        for how, ids in each.found.items():
            what = f"{how.kind} ({', '.join(how.properties)})" if how.properties else how.kind.value
            yield f"{who} {what}: message {_ids_told(ids)}"


def failure_lines(result: "LiveResult") -> Iterator[str]:
    for failure in result.failures:
        yield f"chat session {failure.chat_session_id}: {failure.detail}"


def first_lines(lines: Iterable[str], shown: int, rest: str) -> Iterator[str]:
    """The first few lines, and how many more there are."""
    left = 0
    for number, line in enumerate(lines):
        if number < shown:
            yield line
        else:
            left += 1
    if left:
        yield f"and {left:,} more lines; {rest}"


def day_rows(differing: "Sequence[tuple[Day, Sides]]") -> Iterator[tuple[str, str, str, str]]:
    """Day, messages there, messages here, and what that says."""
    for day, sides in differing:
        counts = sides.there.count, sides.here.count
        what = "content differs" if counts[0] == counts[1] else ""
        yield (day.isoformat() if day else "no time", f"{counts[0]:,}", f"{counts[1]:,}", what)


def counted(count: int, what: str) -> str:
    return f"{count:,} {what}" + ("" if count == 1 else "s")


def _there(result: "LiveResult") -> int:
    return result.tallies.overall.there.count


def _print_days(differing: "Sequence[tuple[Day, Sides]]") -> None:
    if not differing:
        return
    from rich.console import Console
    from rich.padding import Padding

    table = plain_table("day", right=("there", "here"))
    table.add_column("")
    for row in day_rows(differing[:_DAYS_SHOWN]):
        table.add_row(*row)
    Console(highlight=False, markup=False).print(Padding(table, (0, 0, 0, 2)))
    if len(differing) > _DAYS_SHOWN:
        print(f"  and {len(differing) - _DAYS_SHOWN:,} more days; --json lists all")


def _ids_told(ids: Sequence[int]) -> str:
    more = f" and {len(ids) - _IDS_SHOWN:,} more" if len(ids) > _IDS_SHOWN else ""
    return ", ".join(map(str, ids[:_IDS_SHOWN])) + more


def _span_told(span: timedelta) -> str:
    return f"{abs(span)} {'earlier' if span < timedelta(0) else 'later'}"
