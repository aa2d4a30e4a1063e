"""`verify --live`: the archive compared with its sources."""

import sys
from functools import partial
from typing import TYPE_CHECKING

from archiver.cli.options import gravest, to_json
from archiver.cli.verifying.report_text import STDOUT
from archiver.errors import ConfigError, ExitCode

if TYPE_CHECKING:
    from archiver.config.settings import Config
    from archiver.store.sources import ArchivedSource
    from archiver.sync.live import LiveResult

_NAMED_LENGTH = 200
"""Longer selections are named by how many they are."""


def compare_with_sources(
    config: "Config",
    archived: "list[ArchivedSource]",
    untouched: list[str],
    sessions: list[str] | None,
    sample: int | None,
    report: str | None,
    *,
    as_json: bool,
) -> ExitCode:
    """Compare the chosen chat sessions of each source, print what came of it, and write the report.

    Args:
        archived: what is archived of the chosen sources; `untouched`: those of which nothing is.
    Returns: how the command ends.
    """
    from archiver.cli.choosing import choose_chat_sessions
    from archiver.cli.each_source import each_source
    from archiver.cli.verifying import live_told
    from archiver.cli.wiring import order_for
    from archiver.sync.live import verify_live

    is_told = not as_json and report != STDOUT
    labels = {each.name: each.label for each in archived}
    _require_newest_epochs(config, archived)
    sources = [source for source in config.source if source.name in labels]
    chosen = choose_chat_sessions(sources, sessions, None)
    orders = {each.name: order_for(config, each, "reconcile", chosen[each.name]) for each in sources}
    work = partial(verify_live, sample=sample, named=_named(sessions))
    results: list[LiveResult | None] = []
    for result, _ in each_source(config, sources, orders, work, "live", on_stop=""):
        results.append(result)
        if result and is_told:
            live_told.print_result(labels[result.source], result)
    ended = [result for result in results if result]
    if as_json:
        print(to_json([live_told.as_dict(labels[result.source], result) for result in ended]))
    if is_told:
        for name in untouched:
            print(f"{name}: nothing archived yet")
        if any(result.differences for result in ended):
            live_told.print_what_to_do()
    if report:
        is_whole = len(ended) == len(results) and not any(result.error for result in ended)
        _report(config, archived, untouched, report, ended, is_whole=is_whole)
    return gravest(live_told.exit_code(result) if result else ExitCode.INTERRUPTED for result in results)


def _report(
    config: "Config",
    archived: "list[ArchivedSource]",
    untouched: list[str],
    to: str,
    results: "list[LiveResult]",
    *,
    is_whole: bool,
) -> None:
    """Write the report; not of a comparison that did not come to its end."""
    from archiver.cli.verifying.report import make_report
    from archiver.cli.verifying.report_text import findings_of_live

    if not is_whole:
        print("archiver: no report was written, since the comparison did not come to its end", file=sys.stderr)
        return
    found = {result.source_id: findings_of_live(result) for result in results if result.source_id is not None}
    make_report(config, archived, untouched, to, found)


def _require_newest_epochs(config: "Config", archived: "list[ArchivedSource]") -> None:
    """Only the newest epoch of a source is what it returns now. Raises: ConfigError."""
    from archiver.cli.wiring import open_archive
    from archiver.store.sources import load_source_id

    configured = {source.name for source in config.source}
    with open_archive(config) as database, database.reading() as connection:
        for each in archived:
            if each.name not in configured:
                raise ConfigError(
                    f"source {each.name!r} is archived and not configured: it can't be asked",
                    hint=f"configured: {', '.join(sorted(configured))}",
                )
            if load_source_id(connection, each.name) != each.id:
                raise ConfigError(
                    f"the source has nothing of {each.label} any more: only its newest epoch can be compared with it",
                    hint=f"archiver verify --source {each.label} compares the archive with its seals",
                )


def _named(sessions: list[str] | None) -> str:
    from archiver.sync.live import ALL

    if not sessions:
        return ALL
    named = ",".join(sessions)
    return named if len(named) <= _NAMED_LENGTH else f"{len(sessions):,} ids and ranges"
