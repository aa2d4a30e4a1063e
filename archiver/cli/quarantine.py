"""`quarantine`: what could not be stored, listed, shown and tried again."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from archiver.cli.options import Json, Options, Sessions, Sources, age, plain_table, print_error, to_json
from archiver.errors import ExitCode

if TYPE_CHECKING:
    from archiver.store.healing import QuarantineItem
    from archiver.sync.quarantine import RetryResult

    Listed = list[tuple[str, QuarantineItem]]
    """Items with their sources' names."""

_All = Annotated[bool, typer.Option("--all", help="The settled ones too.")]


def add_to(app: typer.Typer) -> None:
    group = typer.Typer(invoke_without_command=True, no_args_is_help=False)
    group.callback()(quarantine)
    group.command()(show)
    group.command()(retry)
    app.add_typer(group, name="quarantine")


def quarantine(
    context: typer.Context, source: Sources = None, with_settled: _All = False, as_json: Json = False
) -> None:
    """List what could not be stored as a row and is kept whole: where it was met, why, since when. Never its text.

    Example: archiver quarantine
    """
    if context.invoked_subcommand:
        if source or with_settled or as_json:
            raise typer.BadParameter(f"write the options after {context.invoked_subcommand}")
        return
    listed, now = _load(context.obj, source, with_settled=with_settled)
    if as_json:
        print(to_json([{"source": name, **vars(item)} for name, item in listed]))
    elif listed:
        _print_items(listed, now)
    else:
        print("Nothing was ever in quarantine." if with_settled else "Nothing is in quarantine.")


def show(context: typer.Context, item: Annotated[int, typer.Argument(metavar="ID")]) -> None:
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
    """Try again: store what this version can read, then read the chat sessions concerned whole from the source.

    Exits with 3 while something is left.

    Example: archiver quarantine retry
    """
    from archiver.cli.choosing import choose_chat_sessions, choose_sources
    from archiver.cli.watching import say_stopping, watch_pass
    from archiver.cli.wiring import open_archive, open_clients, order_for
    from archiver.config.loading import load_config
    from archiver.daemon.signals import stop_on_signals
    from archiver.sync.quarantine import EVERY_ID, retry_quarantine

    options: Options = context.obj
    config = load_config(options.config)
    sources = choose_sources(config, source)
    chosen = choose_chat_sessions(sources, session, None) if session else {}
    codes = []
    with (
        open_archive(config) as database,
        open_clients(config, sources) as clients,
        stop_on_signals(say_stopping) as stop,
    ):
        for each in sources:
            if stop.is_set():
                codes.append(ExitCode.INTERRUPTED)
                break
            order = order_for(config, each, "reconcile", chosen.get(each.name, EVERY_ID))
            with watch_pass(f"{each.name} quarantine") as report:
                result = retry_quarantine(database, clients[each.name], each, order, stop, report)
            codes.append(_print_result(result))
    raise typer.Exit(_gravest(codes))


def _load(options: Options, names: list[str] | None, *, with_settled: bool) -> "tuple[Listed, datetime]":
    """The items of the chosen sources, and the database's time."""
    from archiver.cli.choosing import choose_sources
    from archiver.cli.wiring import open_archive
    from archiver.config.loading import load_config
    from archiver.store.database import database_now
    from archiver.store.quarantine import load_items
    from archiver.store.sources import load_source_id

    config = load_config(options.config)
    listed: Listed = []
    with open_archive(config) as database, database.reading() as connection:
        for source in choose_sources(config, names):
            source_id = load_source_id(connection, source.name)
            if source_id is not None:
                items = load_items(connection, source_id, with_settled=with_settled)
                listed += [(source.name, item) for item in items]
        return listed, database_now(connection)


def _print_items(listed: "Listed", now: datetime) -> None:
    from rich.console import Console

    table = plain_table("id", "source", "chat session", "message", "reason", "since", "settled", right=("bytes",))
    for name, item in listed:
        message = "" if item.chat_message_id is None else str(item.chat_message_id)
        settled = age(item.resolved_at, now) if item.resolved_at else ""
        since = age(item.quarantined_at, now)
        size = f"{item.payload_bytes:,}"
        table.add_row(str(item.id), name, str(item.chat_session_id), message, item.reason, since, settled, size)
    Console(highlight=False, markup=False).print(table)
    again = (
        "archiver quarantine retry tries the open ones again; " if any(not i.resolved_at for _, i in listed) else ""
    )
    print(f"{again}archiver quarantine show ID prints one, chat text included")


def _print_result(result: "RetryResult") -> ExitCode:
    """Say what came of a retry. Returns: how the command would end if it were for this source alone."""
    from archiver.errors import Interrupted, SourceError

    if not (result.replayed or result.healed or result.left or result.error):
        print(f"{result.source}: nothing is in quarantine")
        return ExitCode.COMPLETE
    print(
        f"{result.source}: {result.replayed:,} replayed, {result.healed:,} healed by reading again, "
        f"{result.left:,} still in quarantine"
    )
    if result.conflicts:
        print(
            f"  {result.conflicts:,} because another message is stored under the id: a person must look "
            "(archiver quarantine show ID); nothing was overwritten"
        )
    if isinstance(result.error, Interrupted):
        return ExitCode.INTERRUPTED
    if result.error:
        print_error(result.error, about=result.source)
        if not isinstance(result.error, SourceError):
            return result.error.exit_code
    return ExitCode.PARTIAL if result.left else ExitCode.COMPLETE


def _gravest(codes: list[ExitCode]) -> ExitCode:
    for outcome in (ExitCode.INTERRUPTED, ExitCode.DECISION_NEEDED, ExitCode.FAILED, ExitCode.PARTIAL):
        if outcome in codes:
            return outcome
    return ExitCode.COMPLETE
