"""A verification as a report to sign, in Markdown. It holds figures and ids, and no chat text."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from archiver import __version__
from archiver.cli.verifying.live_told import (
    SHOWN,
    day_rows,
    difference_lines,
    expected_told,
    failure_lines,
    first_lines,
)
from archiver.errors import ConfigError

if TYPE_CHECKING:
    from archiver.store.verifying.results import ArchiveResult
    from archiver.store.verifying.statement import Statement
    from archiver.sync.live import LiveResult

STDOUT = "-"
_KINDS = {"archive": "against its seals", "live": "against the source"}
_PROVES = """\
Equal to its seals, the archive holds every sealed chat session as it was when it was sealed, as far as the anchor
below, or an earlier one, was kept where nobody who can write the archive's database could change it; without such a
copy, whoever can write the whole database could have written the seals anew as well.

Equal to its source, the archive held what the source returned for the chat sessions that were read, when they were
read; that says nothing about chat sessions that were not read, or about what the source changed or deleted before it
was first archived.

Neither shows who wrote a message, or that the source told the truth. docs/seals.md and docs/verifying.md of the
archiver say how each of these figures can be checked with other tools."""
_TO_SIGN = "| | |\n|---|---|\n| Name | |\n| Date | |\n| Signature | |"


@dataclass(frozen=True, kw_only=True)
class Findings:
    """What this verification found about one source."""

    facts: Mapping[str, str]
    differences: Iterable[str] = ()
    """A line each."""
    days: Sequence[tuple[str, str, str, str]] = ()
    not_compared: Iterable[str] = ()


def findings_of_live(result: "LiveResult") -> Findings:
    overall = result.tallies.overall
    facts = {
        "compared": f"{_KINDS['live']}; {result.scope}",
        "from": _time(result.started_at),
        "to": _time(result.finished_at),
        "chat sessions": f"{result.chat_sessions:,}, and {len(result.failures):,} that could not be compared whole",
        "messages at the source": f"{overall.there.count:,}, digest `{overall.there.digest}`",
        "messages in the archive": f"{overall.here.count:,}, digest `{overall.here.digest}`",
        "on one side alone, as expected": expected_told(result) or "none",
        "differences": f"**{result.differences:,}**",
    }
    return Findings(
        facts=facts,
        differences=difference_lines(result.differing),
        days=list(day_rows(result.tallies.differing)),
        not_compared=failure_lines(result),
    )


def findings_of_archive(result: "ArchiveResult") -> Findings:
    facts = {
        "compared": f"{_KINDS['archive']}; {result.scope}",
        "from": _time(result.started_at),
        "to": _time(result.finished_at),
        "seals in the log": f"{result.seals:,}",
        "chat sessions": f"{result.chat_sessions:,}: {result.sealed:,} sealed, {result.changed:,} changed since",
        "messages": f"{result.messages:,}",
        "anchor given": f"found, of {_time(result.anchored.sealed_at)}" if result.anchored else "none",
        "differences": f"**{len(result.differences):,}**",
    }
    restless = f"{result.restless:,} chat sessions that changed each time they were read" if result.restless else ""
    return Findings(
        facts=facts,
        differences=(f"{each.about} {each.says}" for each in result.differences),
        not_compared=[restless] if restless else [],
    )


def require_writable(to: str) -> None:
    """Before hours of reading: whether the report can be written then. Raises: ConfigError."""
    path = Path(to)
    if to == STDOUT:
        return
    if path.is_dir() or not path.parent.is_dir() or not os.access(path if path.exists() else path.parent, os.W_OK):
        raise ConfigError(f"the report can't be written to {to}", hint="name a file in a folder that is there")


def write_report(to: str, text: str) -> None:
    if to == STDOUT:
        print(text)
    else:
        Path(to).write_text(text + "\n", encoding="utf-8")


def report_text(
    database: str,
    at: datetime,
    statements: "Sequence[Statement]",
    findings: Mapping[int, Findings],
    untouched: Iterable[str] = (),
) -> str:
    """The whole report.

    Args:
        database: its address, without a password.
        findings: of this verification, by the source's id.
        untouched: sources of which nothing is archived.
    """
    blocks = ["# Verification of a chat archive"]
    facts = {"archive": database, "made by": f"superoffice-chat-archiver {__version__}", "made at": _time(at)}
    blocks.append(_facts(facts))
    for statement in statements:
        blocks += _source_blocks(statement, findings.get(statement.source.id))
    blocks += [f"## {name}\n\nNothing is archived yet." for name in untouched]
    blocks += ["## What this proves, and what it does not", _PROVES, "## Signed", _TO_SIGN]
    return "\n\n".join(blocks)


def _source_blocks(statement: "Statement", found: Findings | None) -> Iterator[str]:
    s = statement
    yield f"## {s.source.name}, epoch {s.source.epoch}"
    yield _facts(
        {
            "address": s.source.base_url or "",
            "archived since": _time(s.source.created_at),
            "messages posted from": _time(s.first_posted_at),
            "messages posted to": _time(s.last_posted_at),
            "complete for what was posted until": _time(s.complete_until),
            "chat sessions known": f"{s.chat_sessions:,}",
            "of them with messages": f"{s.with_messages:,}",
            "of them gone at the source": f"{s.gone:,}",
            "sealed": f"{s.sealed:,}",
            "changed since they were sealed": f"{s.changed:,}",
            "not sealed": f"{s.not_sealed:,}",
            "messages": f"{s.messages:,}",
            "earlier contents kept (revisions)": f"{s.revisions:,}",
            "no longer at the source (tombstones)": f"{s.tombstones:,}",
            "erased on purpose": f"{s.erased:,}",
            "open in quarantine": f"{s.quarantined:,}",
            "open errors": f"{s.open_errors:,}",
        }
    )
    if found:
        yield "### This verification"
        yield from _found_blocks(found)
    yield "### Last verifications"
    yield _verifications(statement)
    yield "### Anchor"
    yield (
        f"Seal number {s.seals:,}, of {_time(s.head.sealed_at)}:\n\n    {s.head.hash}"
        if s.head
        else "Nothing is sealed yet, so there is none."
    )


def _found_blocks(found: Findings) -> Iterator[str]:
    yield _facts(found.facts)
    if found.days:
        yield _table(("day", "there", "here", ""), found.days)
    more = "archiver verify --json lists all"
    if lines := list(first_lines(found.differences, SHOWN, more)):
        yield "\n".join(["Differences:", "", *(f"- {_plain(line)}" for line in lines)])
    if lines := list(first_lines(found.not_compared, SHOWN, more)):
        yield "\n".join(["Not compared, or not whole:", "", *(f"- {_plain(line)}" for line in lines)])


def _verifications(statement: "Statement") -> str:
    if not statement.verifications:
        return "None yet."
    rows = [
        (
            _KINDS[each.kind],
            _time(each.finished_at),
            each.scope,
            f"{each.chat_sessions:,}",
            f"{each.messages:,}",
            f"{each.differences:,}",
        )
        for each in statement.verifications
    ]
    return _table(("compared", "ended", "scope", "chat sessions", "messages", "differences"), rows)


def _facts(facts: Mapping[str, str]) -> str:
    return _table(("", ""), facts.items())


def _table(names: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [names, ["---"] * len(names), *([_plain(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _plain(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _time(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC" if at else "never"
