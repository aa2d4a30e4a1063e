"""`source`: the sources of the archive, listed, renamed and removed."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from archiver.cli.new_epoch import new_epoch
from archiver.cli.options import Json, Options, age, plain_table, to_json

if TYPE_CHECKING:
    from datetime import datetime

    from archiver.config.settings import Config
    from archiver.store.database import Database
    from archiver.store.sources import ArchivedSource, SourceSummary

_Yes = Annotated[bool, typer.Option("--yes", help="Remove it without asking.")]
_DryRun = Annotated[bool, typer.Option("--dry-run", help="Say how many rows would go; change nothing.")]


def add_to(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="The sources of the archive: listed, renamed, removed.")
    group.command("list")(list_sources)
    group.command()(rename)
    group.command()(remove)
    group.command("new-epoch")(new_epoch)
    app.add_typer(group, name="source")


def list_sources(context: typer.Context, as_json: Json = False) -> None:
    """List every source that is archived or configured. Says how much there is of it.

    Example: archiver source list --json
    """
    from archiver.cli.wiring import open_archive
    from archiver.config.loading import load_config
    from archiver.store.database import database_now
    from archiver.store.sources import load_summaries

    options: Options = context.obj
    config = load_config(options.config)
    with open_archive(config) as database, database.reading() as connection:
        now = database_now(connection)
        summaries = load_summaries(connection)
    configured = {source.name for source in config.source}
    newest = {summary.source.name: summary.source.id for summary in summaries}  # they come by epoch
    rows = [_listed(summary, configured, set(newest.values())) for summary in summaries]
    rows += [_untouched(name) for name in sorted(configured - newest.keys())]
    if as_json:
        print(to_json(rows))
    else:
        _print_table(rows, now)


def rename(
    context: typer.Context,
    old: Annotated[str, typer.Argument(metavar="OLD", help="Its name in the archive.")],
    new: Annotated[str, typer.Argument(metavar="NEW")],
) -> None:
    """Give a source, in all its epochs, another name in the archive. Rename it in the configuration too.

    Example: archiver source rename acme globex
    """
    from archiver.cli.choosing import epochs_of
    from archiver.cli.progress import say_stopping
    from archiver.cli.wiring import open_archive
    from archiver.config.loading import load_config
    from archiver.config.values import source_name_problem
    from archiver.daemon.signals import stop_on_signals
    from archiver.errors import ConfigError
    from archiver.store.sources import already_archived, load_source_id, rename_source
    from archiver.sync.turn import PATIENCE, holding_leases

    options: Options = context.obj
    config = load_config(options.config)
    if problem := source_name_problem(new):
        raise ConfigError(f"the new name {problem}")
    with open_archive(config) as database:
        epochs = epochs_of(database, old)
        with database.reading() as connection:
            if load_source_id(connection, new) is not None:
                raise already_archived(new)
        ids = {epoch.id: old for epoch in epochs}
        with stop_on_signals(say_stopping) as stop, holding_leases(database, ids, stop, PATIENCE) as leases:
            database.write(lambda connection: rename_source(connection, leases, old, new))
    print(f"{old} is {new} in the archive now" + (f", in all {len(epochs)} epochs" if len(epochs) > 1 else ""))
    _say_what_is_configured(config, old, new)


def remove(
    context: typer.Context,
    source: Annotated[str, typer.Argument(metavar="NAME[@EPOCH]", help="Its name in the archive.")],
    yes: _Yes = False,
    dry_run: _DryRun = False,
) -> None:
    """Remove a source and all of it from the archive, for good. Says first what would go, and asks.

    Goes on where it was cut. Without a terminal to ask on it takes --yes, and exits with 5 otherwise.

    Example: archiver source remove acme --dry-run
    """
    from archiver.cli.asking import require_name
    from archiver.cli.choosing import choose_epoch
    from archiver.cli.wiring import open_archive
    from archiver.config.loading import load_config
    from archiver.store.removing import count_rows

    options: Options = context.obj
    config = load_config(options.config)
    with open_archive(config) as database:
        chosen, is_newest = choose_epoch(database, source)
        with database.reading() as connection:
            counts = count_rows(connection, chosen.id)
        _print_preview(chosen, counts)
        if dry_run:
            print("Nothing was changed.")
            return
        if not yes:
            require_name(chosen, "This can't be undone. Type {} to remove it: ", "--yes to remove it")
        removed = _remove(database, chosen, sum(counts.values()))
        print(f"{chosen.label} is removed: {removed:,} rows")
        _say_what_stays(database)
    if is_newest and chosen.name in {each.name for each in config.source}:
        print(
            f"{chosen.name} is still configured: the next pass archives it again, from the beginning.\n"
            "If that is not what you want, take it out of the configuration and restart the daemon."
        )


def _remove(database: "Database", source: "ArchivedSource", expected: int) -> int:
    """Remove it and show how far that is. Returns: how many rows went."""
    from archiver.cli.progress import say_stopping, watch_work
    from archiver.daemon.signals import stop_on_signals
    from archiver.errors import Interrupted
    from archiver.store.removing import remove_source
    from archiver.sync.turn import PATIENCE, holding_leases

    done = 0

    def report(removed: int) -> None:
        nonlocal done
        done = removed
        show(removed, expected)

    with (
        stop_on_signals(say_stopping) as stop,
        holding_leases(database, {source.id: source.name}, stop, PATIENCE) as (lease,),
        watch_work(f"removing {source.label}", "removal_progress") as show,
    ):
        try:
            return sum(remove_source(database, lease, stop, report).values())
        except Interrupted:
            how = f"{done:,} rows are gone, the rest is still there"
            hint = f"archiver source remove {source.label} goes on"
            raise Interrupted(f"{source.label} is removed in part: {how}", hint=hint) from None


def _say_what_stays(database: "Database") -> None:
    """That SQLite's file stays as large as it was, and where removed text may still lie."""
    from archiver.store.removing import truncate_log

    if not database.sqlite_file:
        return
    print(
        "The archive's file keeps its size. VACUUM makes it smaller and removes the last remnants of text; with the\n"
        f"daemon stopped: sqlite3 {database.sqlite_file} VACUUM"
    )
    if not truncate_log(database):
        print("Another program is reading: until it ends, the -wal file beside it may still hold some of the text.")


def _print_preview(source: "ArchivedSource", counts: dict[str, int]) -> None:
    """How many rows of each table would go."""
    from rich.console import Console
    from rich.padding import Padding

    where = f", {source.base_url}" if source.base_url else ""
    print(f"{source.label}{where}, archived since {source.created_at:%Y-%m-%d}")
    table = plain_table("table", right=("rows",))
    for name, count in sorted(counts.items()):
        table.add_row(name, f"{count:,}")
    table.add_row("all", f"{sum(counts.values()):,}")
    Console(highlight=False, markup=False).print(Padding(table, (0, 0, 0, 2), expand=False))


def _say_what_is_configured(config: "Config", old: str, new: str) -> None:
    names = {source.name for source in config.source}
    if old in names:
        print(
            f"The configuration still names it {old}{'' if new in names else f', and not {new}'}: change that now,\n"
            f"and restart the daemon. Otherwise the next pass begins a new archive under {old}."
        )
    elif new not in names:
        print(f"The configuration names neither: no pass visits {new} until it does.")


def _listed(summary: "SourceSummary", configured: set[str], newest: set[int]) -> dict[str, Any]:
    """A source of the archive as scripts read it; an earlier epoch is not what the configuration means."""
    source = summary.source
    return {
        "name": source.name,
        "epoch": source.epoch,
        "current": source.id in newest,
        "configured": source.name in configured and source.id in newest,
        "archived": True,
        "base_url": source.base_url,
        "since": source.created_at,
        "chat_sessions": summary.chat_sessions,
        "messages": summary.messages,
        "last_pass": asdict(summary.last_pass) if summary.last_pass else None,
    }


def _untouched(name: str) -> dict[str, Any]:
    """A source that is configured and of which there is nothing yet."""
    nothing = dict.fromkeys(("epoch", "base_url", "since", "last_pass"))
    return {
        "name": name,
        **nothing,
        "current": False,
        "configured": True,
        "archived": False,
        "chat_sessions": 0,
        "messages": 0,
    }


def _print_table(rows: list[dict[str, Any]], now: "datetime") -> None:
    from rich.console import Console

    table = plain_table("source", "epoch", "configured", "since", "last pass", right=("chat sessions", "messages"))
    table.add_column("base_url", overflow="fold")
    several = {row["name"] for row in rows if row["archived"] and not row["current"]}
    for row in rows:
        last = row["last_pass"]
        table.add_row(
            row["name"],
            str(row["epoch"] or "") + " (current)" * (row["current"] and row["name"] in several),
            "yes" if row["configured"] else "no",
            f"{row['since']:%Y-%m-%d}" if row["since"] else "not yet",
            f"{last['outcome']}, {age(last['started_at'], now)}" if last else "none",
            f"{row['chat_sessions']:,}",
            f"{row['messages']:,}",
            row["base_url"] or "",
        )
    Console(highlight=False, markup=False).print(table)
