"""`verify` without --live: the archive compared with its own seals."""

from typing import TYPE_CHECKING

from archiver.cli.options import to_json
from archiver.cli.verifying.report_text import STDOUT
from archiver.errors import ConfigError, ExitCode

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from archiver.config.settings import Config
    from archiver.ranges import IdRanges
    from archiver.store.sources import ArchivedSource
    from archiver.store.verifying.results import ArchiveResult


def compare_with_seals(
    config: "Config",
    archived: "list[ArchivedSource]",
    untouched: list[str],
    sessions: list[str] | None,
    anchors: list[str] | None,
    report: str | None,
    *,
    as_json: bool,
    names_earlier: bool,
) -> ExitCode:
    """Compare sources with their seals, print what came of it, and write the report.

    Args:
        archived: what is archived of the chosen sources; `untouched`: those of which nothing is.
        names_earlier: whether to say which earlier epochs were left out.
    Returns: how the command ends.
    """
    from archiver.cli.verifying.report import make_report
    from archiver.cli.verifying.report_text import findings_of_archive
    from archiver.cli.verifying.seals_told import as_dict, print_result, print_what_to_do

    results, earlier = _verify(config, archived, untouched, sessions, anchors)
    told = list(zip(archived, results, strict=True))
    if report:
        findings = {source.id: findings_of_archive(result) for source, result in told}
        make_report(config, archived, untouched, report, findings)
    differs = any(result.differences for result in results)
    if as_json:
        print(to_json([as_dict(source.label, result) for source, result in told]))
    elif report != STDOUT:
        for source, result in told:
            print_result(source.label, result)
        for name in untouched:
            print(f"{name}: nothing archived yet")
        for name in earlier if names_earlier else ():
            print(f"{name}, an earlier epoch, was not compared: archiver verify --source {name}")
        if differs:
            print_what_to_do()
    return ExitCode.DIFFERENCES if differs else ExitCode.COMPLETE


def _verify(
    config: "Config",
    archived: "list[ArchivedSource]",
    untouched: list[str],
    sessions: list[str] | None,
    anchors: list[str] | None,
) -> "tuple[list[ArchiveResult], list[str]]":
    """Each source's result, in their order; and the earlier epochs that are left out."""
    from archiver.cli.progress import say_stopping, watch_work
    from archiver.cli.wiring import open_archive
    from archiver.daemon.signals import stop_on_signals
    from archiver.store.verifying.archive import verify_archive

    ids, hashes = _chosen_ids(sessions), _checked_anchors(anchors)
    if ids or hashes:
        _require_one_source("chat session ids and anchors belong", archived, untouched)
    with open_archive(config) as database:
        with database.reading() as connection:
            _require_own_anchors(connection, archived, hashes)
            earlier = _earlier_epochs(connection, archived)
        with (
            stop_on_signals(say_stopping) as stop,
            watch_work("a verification goes on", "verification_progress") as show,
        ):
            results = [verify_archive(database, each.id, stop, show, ids=ids, anchors=hashes) for each in archived]
    return results, earlier


def _chosen_ids(sessions: list[str] | None) -> "IdRanges | None":
    """The chat sessions that --session names; None when it is left out. Raises: ConfigError."""
    from archiver.ranges import IdRanges

    try:
        return IdRanges.of(*sessions) if sessions else None
    except ValueError as error:
        raise ConfigError(str(error)) from None


def _checked_anchors(anchors: list[str] | None) -> list[str]:
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
