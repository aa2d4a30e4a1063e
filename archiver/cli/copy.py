"""`copy`: an archive moved to another database."""

from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from archiver.cli.options import Json, Options, plain_table, to_json
from archiver.errors import ConfigError, ExitCode

if TYPE_CHECKING:
    from archiver.config.settings import Config
    from archiver.store.database import Database
    from archiver.sync.moving import CopyResult

_To = Annotated[
    str | None,
    typer.Option(
        "--to",
        metavar="URL",
        help="The other database, written as in archive.url. Other users of this machine can see a password in it: "
        "use --to-config for one that has any.",
    ),
]
_ToConfig = Annotated[
    Path | None,
    typer.Option(
        "--to-config",
        metavar="FILE",
        help="The configuration to go on with: its archive.url names the other database and may be a secret.",
    ),
]


def add_to(app: typer.Typer) -> None:
    app.command()(copy)


def copy(context: typer.Context, to: _To = None, to_config: _ToConfig = None, as_json: Json = False) -> None:
    """Copy the archive into another database and compare the two. For instance to go on in PostgreSQL.

    No archiver can write either side meanwhile. Stopped at any point, it goes on when it is run again, and a second
    run brings only what is new. An empty database gets its tables first; one that holds another archive, or a copy
    that has been archived into since, is left alone.

    Example: archiver copy --to-config new.toml
    """
    from archiver.cli.progress import say_stopping, watch_work
    from archiver.cli.wiring import open_archive
    from archiver.config.loading import load_config
    from archiver.daemon.signals import stop_on_signals
    from archiver.sync.moving import copy_archive

    options: Options = context.obj
    config = load_config(options.config)
    with (
        open_archive(config) as origin,
        closing(_connect_target(config, to, to_config)) as target,
        stop_on_signals(partial(say_stopping, "finishing this page")) as stop,
        watch_work("a copy goes on", "copy_progress") as show,
    ):
        result = copy_archive(origin, target, stop, lambda step: show(step.done, step.total, step.phase))
    if as_json:
        print(to_json(_as_dict(origin, target, result)))
    else:
        _print_result(result)
        print(_what_next(origin, target, to_config) if result.is_same else _WHAT_IF_NOT)
    raise typer.Exit(ExitCode.COMPLETE if result.is_same else ExitCode.DIFFERENCES)


def _connect_target(config: "Config", to: str | None, to_config: Path | None) -> "Database":
    from archiver.cli.wiring import connect
    from archiver.config.loading import load_config
    from archiver.store.database import Database

    if (to is None) == (to_config is None):
        raise typer.BadParameter("name the other database with --to URL or with --to-config FILE")
    if to_config is not None:
        return connect(load_config(to_config))
    try:
        return Database(to or "", folder=config.folder)
    except ConfigError as error:
        problems = (problem.replace("archive.url", "--to") for problem in error.problems)
        raise ConfigError(*problems, hint=error.hint) from None


def _as_dict(origin: "Database", target: "Database", result: "CopyResult") -> dict[str, object]:
    return {
        "origin": str(origin),
        "target": str(target),
        "same": result.is_same,
        **vars(result.counts),
        "tables": [
            {"table": each.table, "same": each.is_same, "origin": vars(each.origin), "target": vars(each.target)}
            for each in result.tables
        ],
    }


def _print_result(result: "CopyResult") -> None:
    from rich.console import Console

    counts = result.counts
    table = plain_table("table", right=("rows", "in the copy", "same"))
    for each in result.tables:
        table.add_row(each.table, f"{each.origin.rows:,}", f"{each.target.rows:,}", "yes" if each.is_same else "NO")
    Console(highlight=False, markup=False).print(table)
    print(f"\n{counts.inserted:,} rows copied, {counts.updated:,} brought up to date, {counts.deleted:,} deleted.")


_WHAT_IF_NOT = """The two differ where it says NO. Run it again: it mends what differs. If that doesn't help,
something in the other database changes rows as they are written, a trigger perhaps. Don't go on there yet."""


def _what_next(origin: "Database", target: "Database", to_config: Path | None) -> str:
    if to_config:
        use, start = f"use {to_config} from now on", f"archiver --config {to_config} daemon"
    else:
        address = target.url.set(query={}).render_as_string(hide_password=True)
        use, start = f'set archive.url = "{address}", with its password and options', "archiver daemon"
    return f"""Every row was read again on both sides, and all of them are the same. What next:

  1. stop what still archives into {origin}
  2. if it has archived anything since, run this again: it brings only that
  3. {use}
  4. {start}
  5. keep {origin} until you are convinced"""
