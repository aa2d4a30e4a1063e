"""`quarantine`: what could not be stored, listed, shown and tried again."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from archiver.cli.options import Json, Options, Sessions, Sources, age, gravest, plain_table, print_error, to_json
from archiver.errors import ExitCode

if TYPE_CHECKING:
    from archiver.store.quarantine import QuarantineItem
    from archiver.store.sources import ArchivedSource
    from archiver.sync.quarantine import RetryResult

    Listed = dict[ArchivedSource, list[QuarantineItem]]
    """Items by their source, oldest first."""

SHOWN = 50
"""Items of a source that are listed; after a bad night there may be thousands."""
_CONFLICTS = """\
A conflict stays open, as a record that the source and the archive disagree
about a message. Nothing is overwritten; a person compares the two (archiver
quarantine show ID). It can't be resolved by a command yet."""

_All = Annotated[bool, typer.Option("--all", help="The resolved ones too.")]


def add_to(app: typer.Typer) -> None:
    group = typer.Typer(invoke_without_command=True, no_args_is_help=False)
    group.callback()(quarantine)
    group.command()(show)
    group.command()(retry)
    app.add_typer(group, name="quarantine")


def quarantine(
    context: typer.Context, source: Sources = None, with_resolved: _All = False, as_json: Json = False
) -> None:
    """List what could not be stored as a row and is kept whole. Where it was met, why, since when; never its text.

    Example: archiver quarantine
    """
    if context.invoked_subcommand:
        if source or with_resolved or as_json:
            raise typer.BadParameter(f"write the options after {context.invoked_subcommand}")
        return
    listed, now = _load(context.obj, source, with_resolved=with_resolved)
    if as_json:
        rows = [(source, item) for source, items in listed.items() for item in items]
        print(to_json([{"source": each.name, "epoch": each.epoch, **vars(item)} for each, item in rows]))
    elif listed:
        is_by_epoch = any("@" in given for given in source or ())
        for each, items in listed.items():
            _print_items(each.label if is_by_epoch else each.name, items, now, with_resolved=with_resolved)
        _print_hints([item for items in listed.values() for item in items if item.resolved_at is None])
    else:
        print("Nothing was ever in quarantine." if with_resolved else "Nothing is in quarantine.")


def show(context: typer.Context, item: Annotated[int, typer.Argument(metavar="ID", min=1, max=2**63 - 1)]) -> None:
    """Print what one item of the quarantine holds, as JSON. It may hold chat text, names and addresses.

    Example: archiver quarantine show 3
    """
    from archiver.cli.wiring import open_archive
    from archiver.config.loading import load_config
    from archiver.errors import ConfigError
    from archiver.store.quarantine import load_payload

    options: Options = context.obj
    with open_archive(load_config(options.config)) as database, database.reading() as connection:
        payload = load_payload(connection, item)
    if payload is None:
        raise ConfigError(f"the quarantine has no item {item}", hint="archiver quarantine --all lists them")
    print(payload)


def retry(context: typer.Context, source: Sources = None, session: Sessions = None) -> None:
    """Try again to store what is in quarantine. What this version can read first; then the source is asked again.

    Exits with 3 while something is left, and with 0 when that is conflicts alone, which no reading resolves.

    Example: archiver quarantine retry
    """
    from archiver.cli.choosing import choose_chat_sessions, choose_sources
    from archiver.cli.each_source import each_source
    from archiver.cli.wiring import order_for
    from archiver.config.loading import load_config
    from archiver.sync.quarantine import EVERY_ID, retry_quarantine

    options: Options = context.obj
    config = load_config(options.config)
    sources = choose_sources(config, source)
    chosen = choose_chat_sessions(sources, session, None) if session else {}
    orders = {each.name: order_for(config, each, "reconcile", chosen.get(each.name, EVERY_ID)) for each in sources}
    codes = []
    for result, _ in each_source(config, sources, orders, retry_quarantine, "quarantine"):
        codes.append(_print_result(result) if result else ExitCode.INTERRUPTED)
    raise typer.Exit(gravest(codes))


def _load(options: Options, names: list[str] | None, *, with_resolved: bool) -> "tuple[Listed, datetime]":
    """The items of those of the chosen sources that have some, and the database's time."""
    from archiver.cli.choosing import choose_archived
    from archiver.cli.wiring import open_archive
    from archiver.config.loading import load_config
    from archiver.store.database import database_now
    from archiver.store.quarantine import load_items

    config = load_config(options.config)
    listed: Listed = {}
    with open_archive(config) as database, database.reading() as connection:
        for source in choose_archived(config, connection, names):
            if items := load_items(connection, source.id, with_resolved=with_resolved):
                listed[source] = items
        return listed, database_now(connection)


def _print_items(name: str, items: "list[QuarantineItem]", now: datetime, *, with_resolved: bool) -> None:
    """The total, and a table of the first few that fits a screen's width."""
    from rich.console import Console
    from rich.padding import Padding

    conflicts = sum(item.is_conflict for item in items)
    what = "1 item" if len(items) == 1 else f"{len(items):,} items"
    are = "" if with_resolved else " in quarantine"
    print(f"{name}: {what}{are}" + f", {conflicts:,} of them for a conflict" * bool(conflicts))
    resolved = ("resolved",) if with_resolved else ()
    table = plain_table("id", "chat session", "message", "reason", "since", *resolved, right=("bytes",))
    for column in table.columns:
        column.no_wrap = column.header != "reason"
    for item in items[:SHOWN]:
        message = "" if item.chat_message_id is None else str(item.chat_message_id)
        ended = (age(item.resolved_at, now) if item.resolved_at else "",) if with_resolved else ()
        whose = (str(item.id), str(item.chat_session_id), message)
        table.add_row(*whose, item.reason, age(item.quarantined_at, now), *ended, f"{item.payload_bytes:,}")
    Console(highlight=False, markup=False).print(Padding(table, (0, 0, 0, 2), expand=False))
    if len(items) > SHOWN:
        print(f"  and {len(items) - SHOWN:,} more; --json lists all")


def _print_hints(open_items: "list[QuarantineItem]") -> None:
    """What can be done next about what is listed."""
    if any(item.is_conflict for item in open_items):
        print(_CONFLICTS)
    if not all(item.is_conflict for item in open_items):
        print("archiver quarantine retry tries again to read them.")
    print("archiver quarantine show ID prints one, chat text included.")


def _print_result(result: "RetryResult") -> ExitCode:
    """Say what came of a retry. Returns: how the command would end if it were for this source alone."""
    from archiver.errors import Interrupted, SourceError

    resolved = result.replayed + result.reread
    if not (resolved or result.left or result.error):
        print(f"{result.source}: nothing is in quarantine")
        return ExitCode.COMPLETE
    how = f" ({result.replayed:,} replayed, {result.reread:,} read again)" if resolved else ""
    print(f"{result.source}: {resolved:,} resolved{how}, {result.left:,} still in quarantine")
    if result.conflicts:
        print(f"{result.conflicts:,} of these for a conflict.\n{_CONFLICTS}")
    if isinstance(result.error, Interrupted):
        return ExitCode.INTERRUPTED
    if result.error:
        print_error(result.error, about=result.source)
        return ExitCode.PARTIAL if isinstance(result.error, SourceError) else result.error.exit_code
    return ExitCode.PARTIAL if result.left > result.conflicts else ExitCode.COMPLETE
