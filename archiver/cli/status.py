"""`status`: what the archive holds and how its passes went."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

import typer

from archiver.cli.options import Json, Options, Sources, to_json

if TYPE_CHECKING:
    from rich.table import Table

    from archiver.store.overview import SourceOverview


def add_to(app: typer.Typer) -> None:
    app.command()(status)


def status(context: typer.Context, source: Sources = None, as_json: Json = False) -> None:
    """Show each source: chat sessions by state, messages, the last passes, open errors.

    Example: archiver status --json
    """
    from archiver.cli.choosing import choose_sources
    from archiver.cli.wiring import open_archive
    from archiver.config.loading import load_config
    from archiver.store.database import database_now
    from archiver.store.overview import load_overviews

    options: Options = context.obj
    config = load_config(options.config)
    names = {chosen.name for chosen in choose_sources(config, source)}
    with open_archive(config) as database, database.reading() as connection:
        now = database_now(connection)
        overviews = [overview for overview in load_overviews(connection) if not source or overview.name in names]
    untouched = sorted(names - {overview.name for overview in overviews})
    if as_json:
        print(to_json([overview.as_dict() for overview in overviews] + [{"name": name} for name in untouched]))
        return
    for overview in overviews:
        _print_overview(overview, now)
    for name in untouched:
        print(f"{name}: nothing archived yet; start with archiver backfill")


def _print_overview(overview: "SourceOverview", now: datetime) -> None:
    from rich.console import Console
    from rich.padding import Padding

    console = Console(highlight=False, markup=False)
    o = overview
    states = ", ".join(f"{count:,} {state}" for state, count in sorted(o.chat_sessions.items())) or "none yet"
    print(f"{o.name} (epoch {o.epoch})")
    print(f"  chat sessions  {states}" + (f"; {o.failing:,} failing" if o.failing else ""))
    print(
        f"  messages       {o.messages:,}"
        + (f", the newest posted {_age(o.newest_message_at, now)}" * bool(o.messages))
    )
    print(f"  complete       {_complete(o.complete_until, now)}")
    if o.lease_holder:
        print(f"  at work        {o.lease_holder}")
    if o.quarantined:
        print(f"  quarantined    {o.quarantined:,}; the table quarantine holds them whole, with the reason")
    tables = [_runs(o.runs, now)] if o.runs else []
    if o.errors:
        tables.append(_errors(o.errors, o.open_error_count, now))
    for table in tables:
        console.print(Padding(table, (1, 0, 0, 2)))
    print()


def _complete(until: datetime | None, now: datetime) -> str:
    return (
        "not yet: no run has visited everything" if until is None else f"for what was posted up to {_age(until, now)}"
    )


def _runs(runs: list[dict[str, Any]], now: datetime) -> "Table":
    table = _table("run", "kind", "began", "outcome", right=("visited", "failed", "calls", "added", "changed"))
    columns = ("chat_sessions_visited", "chat_sessions_failed", "requests", "messages_added", "messages_changed")
    for run in runs:
        outcome = run["outcome"] + (f": {run['error']}" if run["error"] else "").replace("_", " ")
        counts = (f"{run[name]:,}" for name in columns)
        table.add_row(str(run["id"]), run["kind"], _age(run["started_at"], now), outcome, *counts)
    return table


def _errors(errors: list[dict[str, Any]], count: int, now: datetime) -> "Table":
    table = _table("chat session", f"open errors ({count:,})", "last seen", right=("times",))
    for error in errors:
        whose = "the whole pass" if error["chat_session_id"] is None else str(error["chat_session_id"])
        table.add_row(whose, error["detail"], _age(error["last_seen_at"], now), f"{error['count']:,}")
    return table


def _table(*left: str, right: tuple[str, ...]) -> "Table":
    from rich.table import Table

    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False)
    for name in left:
        table.add_column(name, overflow="fold")
    for name in right:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _age(at: datetime | None, now: datetime) -> str:
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
