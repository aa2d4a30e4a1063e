"""`verify`: the archive against its own seals, or against its source."""

from typing import Annotated

import typer

from archiver.cli.options import Json, Options, Sessions, Sources

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
    from archiver.cli.verifying.live import compare_with_sources
    from archiver.cli.verifying.seals import compare_with_seals
    from archiver.cli.wiring import open_archive
    from archiver.config.loading import load_config

    options: Options = context.obj
    _require_sense(anchor, sample, report, is_live=live, as_json=as_json)
    config = load_config(options.config)
    with open_archive(config) as database, database.reading() as connection:
        archived = choose_archived(config, connection, source)
    untouched = names_without_rows(config, archived, source)
    if live:
        code = compare_with_sources(config, archived, untouched, session, sample, report, as_json=as_json)
    else:
        code = compare_with_seals(
            config, archived, untouched, session, anchor, report, as_json=as_json, names_earlier=not source
        )
    raise typer.Exit(code)


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
