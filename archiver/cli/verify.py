"""`verify`: the archive against its own seals."""

from typing import TYPE_CHECKING, Annotated

import typer

from archiver.cli.options import Json, Options, Sessions, Sources, to_json
from archiver.errors import ConfigError, ExitCode

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from archiver.ranges import IdRanges
    from archiver.store.sources import ArchivedSource

_Anchor = Annotated[
    list[str] | None,
    typer.Option(
        "--anchor",
        metavar="HASH",
        help="A hash that archiver seal head printed earlier, and that was kept elsewhere; repeatable.",
    ),
]
_Live = Annotated[bool, typer.Option("--live", help="Compare with the source instead, message by message.")]
_Sample = Annotated[
    int | None, typer.Option("--sample", metavar="N", min=1, help="With --live: so many chat sessions, at random.")
]
_Report = Annotated[
    str | None, typer.Option("--report", metavar="FILE", help="Write a report to sign, as Markdown; - prints it.")
]


def add_to(app: typer.Typer) -> None:
    app.command()(verify)


def verify(
    context: typer.Context,
    source: Sources = None,
    session: Sessions = None,
    anchor: _Anchor = None,
    live: _Live = False,
    sample: _Sample = None,
    report: _Report = None,
    as_json: Json = False,
) -> None:
    """Compare the archive with its own seals. Names what was changed, added or removed by anything but the archiver.

    With --live, compare it with the source: what either side lacks, and what differs (docs/verifying.md).

    Passes may go on meanwhile. Exits with 4 when something differs. What a seal proves, and what it takes an anchor
    for, is in docs/seals.md.

    Example: archiver verify --source acme
    """
    from archiver.cli.choosing import choose_archived, names_without_rows
    from archiver.cli.progress import say_stopping, watch_work
    from archiver.cli.verifying.live import compare_with_sources
    from archiver.cli.verifying.report import make_report
    from archiver.cli.verifying.report_text import STDOUT, findings_of_archive
    from archiver.cli.verifying.seals_told import as_dict, print_result, print_what_to_do
    from archiver.cli.wiring import open_archive
    from archiver.config.loading import load_config
    from archiver.daemon.signals import stop_on_signals
    from archiver.store.verifying.archive import verify_archive

    options: Options = context.obj
    _require_sense(anchor, sample, report, is_live=live, as_json=as_json)
    config = load_config(options.config)
    if live:
        with open_archive(config) as database, database.reading() as connection:
            archived = choose_archived(config, connection, source)
        untouched = names_without_rows(config, archived, source)
        raise typer.Exit(compare_with_sources(config, archived, untouched, session, sample, report, as_json=as_json))
    results = []
    with open_archive(config) as database:
        with database.reading() as connection:
            archived = choose_archived(config, connection, source)
        untouched = names_without_rows(config, archived, source)
        ids, anchors = chosen_ids(session), checked_anchors(anchor)
        if ids or anchors:
            _require_one_source("chat session ids and anchors belong", archived, untouched)
        with database.reading() as connection:
            _require_own_anchors(connection, archived, anchors)
            earlier = _earlier_epochs(connection, archived)
        with (
            stop_on_signals(say_stopping) as stop,
            watch_work("a verification goes on", "verification_progress") as show,
        ):
            for each in archived:
                result = verify_archive(database, each.id, stop, show, ids=ids, anchors=anchors)
                results.append((each.label, result))
    if report:
        found = zip(archived, results, strict=True)
        make_report(
            config, archived, untouched, report, {each.id: findings_of_archive(result) for each, (_, result) in found}
        )
    if as_json:
        print(to_json([as_dict(name, result) for name, result in results]))
    elif report != STDOUT:
        for name, result in results:
            print_result(name, result)
        for name in untouched:
            print(f"{name}: nothing archived yet")
        if not source:
            for name in earlier:
                print(f"{name}, an earlier epoch, was not compared: archiver verify --source {name}")
        if any(result.differences for _, result in results):
            print_what_to_do()
    differs = any(result.differences for _, result in results)
    raise typer.Exit(ExitCode.DIFFERENCES if differs else ExitCode.COMPLETE)


def _require_sense(
    anchors: list[str] | None, sample: int | None, report: str | None, *, is_live: bool, as_json: bool
) -> None:
    """Raises: BadParameter for options that don't go together; ConfigError for a report that can't be written."""
    from archiver.cli.verifying.report_text import STDOUT, require_writable

    if sample is not None and not is_live:
        raise typer.BadParameter("--sample goes with --live")
    if anchors and is_live:
        raise typer.BadParameter("--anchor is for the seals: leave --live out")
    if as_json and report == STDOUT:
        raise typer.BadParameter("--json and --report - would print over each other")
    if report:
        require_writable(report)


def chosen_ids(sessions: list[str] | None) -> "IdRanges | None":
    """The chat sessions that --session names; None when it is left out. Raises: ConfigError."""
    from archiver.ranges import IdRanges

    try:
        return IdRanges.of(*sessions) if sessions else None
    except ValueError as error:
        raise ConfigError(str(error)) from None


def checked_anchors(anchors: list[str] | None) -> list[str]:
    """In the spelling of the log. Raises: ConfigError for what can't be a hash."""
    lower = [each.strip().lower() for each in anchors or ()]
    for each in lower:
        if len(each) != 64 or not set(each) <= set("0123456789abcdef"):
            raise ConfigError(f"{each[:80]!r} is no anchor", hint="archiver seal head prints one: 64 digits")
    return lower


def _require_one_source(what: str, archived: "list[ArchivedSource]", untouched: list[str]) -> None:
    names = [each.label for each in archived] + untouched
    if len(names) != 1:
        raise ConfigError(f"{what} to one source: name it with --source", hint=f"there are: {', '.join(names)}")


def _earlier_epochs(connection: "Connection", archived: "list[ArchivedSource]") -> list[str]:
    from archiver.store.sources import load_epochs

    return [each.label for newest in archived for each in load_epochs(connection, newest.name) if each.id < newest.id]


def _require_own_anchors(connection: "Connection", archived: "list[ArchivedSource]", anchors: "list[str]") -> None:
    """Raises: ConfigError for an anchor of another epoch, which says nothing of this one's log."""
    from archiver.store.sealing.log import load_sources_of
    from archiver.store.sources import load_sources

    if not anchors:
        return
    of = {each: load_sources_of(connection, [each]) for each in anchors}
    labels = {each.id: each.label for each in load_sources(connection)}
    own = {each.id for each in archived}
    for anchor, ids in of.items():
        others = [labels[key] for key in sorted(ids) if key in labels]
        if others and not ids & own:
            raise ConfigError(
                f"the anchor {anchor} is in the log of {others[0]}",
                hint=f"archiver verify --source {others[0]} --anchor {anchor}",
            )
