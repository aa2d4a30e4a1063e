"""`status`: what the archive holds and how its passes went."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

import typer

from archiver.cli.advice import advice_for
from archiver.cli.options import MANY_SOURCES, Json, Options, Sources, age, plain_table, to_json

if TYPE_CHECKING:
    from rich.table import Table

    from archiver.store.overview import ErrorGroup, SourceOverview
    from archiver.store.sources import ArchivedSource
    from archiver.store.verifying.results import Verification


def add_to(app: typer.Typer) -> None:
    app.command()(status)


def status(context: typer.Context, source: Sources = None, as_json: Json = False) -> None:
    """Show each source: its chat sessions, last passes, open errors.

    Of more than ten, those that are well are summed up, unless --source names them. --source NAME@EPOCH shows an
    earlier epoch.

    Example: archiver status --json
    """
    from archiver.cli.choosing import choose_archived
    from archiver.cli.wiring import open_archive
    from archiver.config.loading import load_config
    from archiver.store.database import database_now
    from archiver.store.overview import load_overviews
    from archiver.store.sources import load_sources

    options: Options = context.obj
    config = load_config(options.config)
    names = {given.partition("@")[0] for given in source or ()} or {each.name for each in config.source}
    with open_archive(config) as database, database.reading() as connection:
        now = database_now(connection)
        archived = load_sources(connection)
        current = {each.name: each.id for each in archived}  # they come by epoch
        chosen = {each.id for each in choose_archived(config, connection, source)} if source else current.values()
        overviews = load_overviews(connection, set(chosen))
    untouched = sorted(names - {overview.name for overview in overviews})
    earlier = _earlier_epochs(archived)
    if as_json:
        shown = [overview.as_dict() | {"earlier_epochs": earlier[overview.name]} for overview in overviews]
        print(to_json(shown + [{"name": name} for name in untouched]))
        return
    well = [each for each in overviews if each.is_well] if len(overviews) > MANY_SOURCES and not source else []
    for overview in overviews:
        if overview not in well:
            _print_overview(overview, now, earlier[overview.name])
    if well:
        _print_well(well, len(overviews), now)
    if len(untouched) > MANY_SOURCES:
        untouched = [f"{untouched[0]} and {len(untouched) - 1:,} others"]
    for name in untouched:
        print(f"{name}: nothing archived yet; start with archiver backfill")


def _print_well(well: "list[SourceOverview]", of: int, now: datetime) -> None:
    """One paragraph for all that nobody has to look at."""
    chat_sessions, messages = sum(sum(o.chat_sessions.values()) for o in well), sum(o.messages for o in well)
    until = min((o.complete_until for o in well if o.complete_until), default=None)
    print(f"{len(well):,} of {of:,} sources are well")
    print(f"  chat sessions  {chat_sessions:,}")
    print(f"  messages       {messages:,}")
    print(f"  complete       {_complete(until, now)}, or later")
    print("  one by one     archiver source list, or archiver status --source NAME")


def _earlier_epochs(archived: "list[ArchivedSource]") -> dict[str, list[int]]:
    """The epochs of each source but the current one; `archived` comes by name and epoch."""
    epochs: dict[str, list[int]] = {}
    for each in archived:
        epochs.setdefault(each.name, []).append(each.epoch)
    return {name: some[:-1] for name, some in epochs.items()}


def _print_overview(overview: "SourceOverview", now: datetime, earlier: list[int]) -> None:
    from rich.console import Console
    from rich.padding import Padding

    console = Console(highlight=False, markup=False)
    o = overview
    states = ", ".join(f"{count:,} {state}" for state, count in sorted(o.chat_sessions.items())) or "none yet"
    print(f"{o.name} (epoch {o.epoch})")
    print(f"  chat sessions  {states}" + (f"; {o.failing:,} failing" if o.failing else ""))
    print(
        f"  messages       {o.messages:,}"
        + (f", the newest posted {age(o.newest_message_at, now)}" * bool(o.messages))
    )
    print(f"  complete       {_complete(o.complete_until, now)}")
    if o.epoch in earlier:
        print("  ended          nothing is visited in this epoch any more")
    elif earlier:
        epochs = ", ".join(map(str, earlier))
        print(f"  earlier epochs {epochs}; archiver status --source {o.name}@{earlier[-1]} shows the last of them")
    for verified in o.verifications:
        print(f"  verified       {_verified(verified, now)}")
    if o.lease_holder:
        print(f"  at work        {o.lease_holder}")
    if o.quarantined:
        print(f"  quarantined    {o.quarantined:,}; archiver quarantine lists them")
    if o.runs:
        console.print(Padding(_runs(o.runs, now), (1, 0, 0, 2)))
    if o.errors:
        print(f"\n  open errors    {o.open_error_count:,}")
    for group in o.errors:
        for indent, line in zip((4, 6, 6), _error_lines(group, now), strict=False):
            console.print(Padding(line, (0, 0, 0, indent)))
    print()


def _complete(until: datetime | None, now: datetime) -> str:
    return (
        "not yet: it takes one archiver run without failures"
        if until is None
        else f"for what was posted up to {age(until, now)}"
    )


def _verified(verification: "Verification", now: datetime) -> str:
    against = "the source" if verification.kind == "live" else "its seals"
    count = verification.differences
    found = f"{count:,} DIFFERENCES" if count > 1 else "1 DIFFERENCE" if count else "no difference"
    scope = "" if verification.scope == "all" else f" ({verification.scope})"
    return f"against {against} {age(verification.finished_at, now)}, {found}{scope}"


def _runs(runs: list[dict[str, Any]], now: datetime) -> "Table":
    table = plain_table("run", "kind", "began", "outcome", right=("visited", "failed", "calls", "added", "changed"))
    columns = ("chat_sessions_visited", "chat_sessions_failed", "requests", "messages_added", "messages_changed")
    for run in runs:
        outcome = run["outcome"] + (f": {run['error']}" if run["error"] else "").replace("_", " ")
        counts = (f"{run[name]:,}" for name in columns)
        table.add_row(str(run["id"]), run["kind"], age(run["started_at"], now), outcome, *counts)
    return table


def _error_lines(group: "ErrorGroup", now: datetime) -> list[str]:
    """What is wrong, since when and how often, and what to do about it."""
    advice = advice_for(group.kind)
    says = advice.says if advice else group.kind.replace("_", " ")
    if group.is_of_the_pass:
        whose, exactly = "the whole pass", group.detail
    elif group.chat_sessions == 1:
        whose, exactly = f"chat session {group.first_chat_session_id}", group.detail
    else:
        whose = f"{group.chat_sessions:,} chat sessions, the first {group.first_chat_session_id}"
        exactly = f"for instance: {group.detail}"
    seen = f"first seen {age(group.first_seen_at, now)}, last {age(group.last_seen_at, now)}"
    is_repeated = group.count > max(group.chat_sessions, 1)  # else each of them was seen once
    times = f", {group.count:,} times" if is_repeated else ""
    lines = [f"{whose}: {says}", f"{seen}{times}; {exactly}"]
    return [*lines, f"-> {advice.do}{_asked_again(group, now)}"] if advice else lines


def _asked_again(group: "ErrorGroup", now: datetime) -> str:
    if group.is_of_the_pass or group.retry_at is None:
        return ""
    if group.retry_at <= now:
        return " (asked again by the next pass)"
    return f" (asked again by the daemon from {group.retry_at:%H:%M} UTC on, by archiver run at once)"
