"""`check`: whether all that an archive needs is there, and what to do where it is not."""

from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Annotated

import typer

from archiver.cli.options import Json, Options, Sources, gravest, plain_table, print_error, to_json
from archiver.errors import ArchiverError, ConfigError, ExitCode

if TYPE_CHECKING:
    from archiver.cli.checks import Check
    from archiver.config.settings import Config, SourceSettings

_SHOWN_SOURCES = 10
"""So many are listed one by one; of more, those that fail."""

_Drift = Annotated[
    bool,
    typer.Option("--drift", help="Compare the database's schema with what this version declares, and nothing else."),
]
_Offline = Annotated[bool, typer.Option("--offline", help="Leave the sources out.")]


def add_to(app: typer.Typer) -> None:
    app.command()(check)


def check(
    context: typer.Context,
    source: Sources = None,
    offline: _Offline = False,
    drift: _Drift = False,
    as_json: Json = False,
) -> None:
    """Try all that an archive needs. Configuration, database, schema, what text survives, and every source.

    Nothing is left behind, and the sources are asked for nothing. Exits with 0 only if all holds, and with 4 when
    somebody changed the schema, which --drift tells in full.

    Example: archiver check
    """
    if drift and (source or offline):
        raise typer.BadParameter("--drift asks no source")
    if drift:
        _print_drift(context.obj, as_json=as_json)
    checks = list(_all_checks(context.obj, source, offline=offline))
    if as_json:
        print(to_json([each.as_dict() for each in checks]))
    else:
        _print_checks(checks)
    raise typer.Exit(gravest(each.exit_code for each in checks))


def _all_checks(options: Options, names: list[str] | None, *, offline: bool) -> "Iterator[Check]":
    from archiver.cli.checks import Check, check_archive, failed
    from archiver.cli.choosing import choose_sources
    from archiver.cli.wiring import connect
    from archiver.config.loading import load_config

    try:
        config = load_config(options.config)
    except ConfigError as error:
        yield failed("configuration", error)
        return
    chosen = choose_sources(config, names)
    count = len(config.source)
    yield Check(name="configuration", detail=f"{options.config}, {count} source{'s' * (count != 1)}")
    try:
        database = connect(config)
    except ArchiverError as error:
        yield failed("database", error)
    else:
        with closing(database):
            yield from check_archive(database)
    if not offline:
        yield from _check_sources(config, chosen)


def _check_sources(config: "Config", chosen: "list[SourceSettings]") -> "list[Check]":
    from archiver.cli.checks import check_sources
    from archiver.cli.progress import watch_work
    from archiver.daemon.signals import stop_on_signals

    with (
        stop_on_signals() as stop,
        watch_work("asking the sources", "check_progress", unit="sources") as report,
    ):
        return check_sources(chosen, config.retry, stop, report)


def _print_checks(checks: "list[Check]") -> None:
    from rich.console import Console

    table = plain_table("", "", "")
    table.show_header = False
    sources = [each for each in checks if each.source]
    answering = sum(each.is_ok for each in sources)
    is_long = len(sources) > _SHOWN_SOURCES
    for each in checks:
        if is_long and each.source and each.is_ok:
            continue
        what = f"{each.name} {each.source}" if each.source else each.name
        table.add_row("ok" if each.is_ok else "FAILED", what, each.detail)
        if each.advice:
            table.add_row("", "", f"-> {each.advice}")
    if is_long:
        table.add_row("ok" if answering else "", "sources", f"{answering:,} of {len(sources):,} sign in and answer")
    Console(highlight=False, markup=False).print(table)
    wrong = sum(not each.is_ok for each in checks)
    print("All is well." if not wrong else f"{wrong:,} of {len(checks):,} failed.")


def _print_drift(options: Options, *, as_json: bool) -> None:
    from archiver.cli.wiring import connect
    from archiver.config.loading import load_config
    from archiver.store.drift import find_drift

    with closing(connect(load_config(options.config))) as database:
        drift = find_drift(database)
        shown = str(database)
    if as_json:
        print(to_json(vars(drift)))
    else:
        for sentence in drift.differences:
            print(sentence)
        for note in drift.notes:
            print(f"{note}; it does no harm")
        if not drift.differences:
            print(f"{shown}: the schema is as declared")
    if drift.differences:
        error = ArchiverError(
            f"{len(drift.differences)} differences between the schema and what this version declares",
            hint="change back what was changed by hand; archiver migrate --sql prints what is declared when "
            "archive.url names an empty database",
        )
        print_error(error)
        raise typer.Exit(ExitCode.DIFFERENCES)
    raise typer.Exit
