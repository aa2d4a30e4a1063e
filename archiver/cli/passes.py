"""`run`, `backfill`, `reconcile`: passes made by hand or by a timer."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from archiver.cli.options import MANY_SOURCES, FromFile, Json, Options, Sessions, Sources, gravest
from archiver.errors import ExitCode

if TYPE_CHECKING:
    from archiver.store.ledger import Kind
    from archiver.sync.estimate import Estimate
    from archiver.sync.order import PassResult

_ToBackfill = Annotated[
    list[str] | None,
    typer.Option(
        "--session",
        metavar="ID|A-B",
        help="A chat session or a range of them; repeatable. `run` goes on with it only if include has it too.",
    ),
]
_Plan = Annotated[bool, typer.Option("--plan", help="Say how many calls and minutes it takes; change nothing.")]
_DryRun = Annotated[bool, typer.Option("--dry-run", help="Make the calls, count what would change, write nothing.")]
_Accept = Annotated[
    bool,
    typer.Option(
        "--accept",
        help="Go on though a suspicious share of what is read was edited or is gone: you have looked at it.",
    ),
]


def add_to(app: typer.Typer) -> None:
    app.command()(run)
    app.command()(backfill)
    app.command()(reconcile)


def run(context: typer.Context, source: Sources = None, accept: _Accept = False) -> None:
    """Make one incremental pass per source: fetch what is new. It visits every configured chat session.

    Those that went quiet are read whole in the end, now and then, as [settle] says.

    Example: archiver run
    """
    _make_passes(context.obj, "incremental", source, is_accepted=accept)


def backfill(
    context: typer.Context,
    source: Sources = None,
    session: _ToBackfill = None,
    from_file: FromFile = None,
    plan: _Plan = False,
    accept: _Accept = False,
    as_json: Json = False,
) -> None:
    """Walk history: every configured chat session, or those named. Goes on where it was cut.

    Example: archiver backfill --session 1000-1999 --session 606
    """
    if as_json and not plan:
        raise typer.BadParameter("--json goes with --plan")
    if plan:
        _print_plan(context.obj, source, session, from_file, as_json=as_json)
    else:
        _make_passes(context.obj, "backfill", source, session, from_file, is_accepted=accept)


def reconcile(
    context: typer.Context,
    source: Sources = None,
    session: Sessions = None,
    from_file: FromFile = None,
    dry_run: _DryRun = False,
    accept: _Accept = False,
) -> None:
    """Read chat sessions whole, now: record edits and deletions. Nothing archived is lost by it.

    Late arrivals are added, earlier contents are kept as revisions. A message that is missing is gone when a second
    reading, at least settle.confirm_after later, misses it too; its row stays.

    Example: archiver reconcile --session 606
    """
    _make_passes(context.obj, "reconcile", source, session, from_file, is_dry=dry_run, is_accepted=accept)


def _make_passes(
    options: Options,
    kind: "Kind",
    names: list[str] | None,
    sessions: list[str] | None = None,
    from_file: Path | None = None,
    **flags: bool,
) -> None:
    """`flags`: those of PassOrder."""
    from archiver.cli.choosing import choose_chat_sessions, choose_sources
    from archiver.cli.each_source import each_source
    from archiver.cli.watching import print_result, print_summary
    from archiver.cli.wiring import order_for
    from archiver.config.loading import load_config
    from archiver.sync.passes import run_pass

    config = load_config(options.config)
    sources = choose_sources(config, names)
    chosen = choose_chat_sessions(sources, sessions, from_file)
    orders = {each.name: order_for(config, each, kind, chosen[each.name], **flags) for each in sources}
    ended: list[PassResult | None] = []
    for result, took_s in each_source(config, sources, orders, run_pass, kind):
        if result:
            print_result(result, took_s)
        ended.append(result)
    if len(sources) > MANY_SOURCES:
        print_summary(ended)
    if flags.get("is_dry"):
        print("A dry run: nothing was changed.")
    raise typer.Exit(gravest(_exit_code(result) if result else ExitCode.INTERRUPTED for result in ended))


def _exit_code(result: "PassResult") -> ExitCode:
    match result.outcome:
        case "interrupted":
            return ExitCode.INTERRUPTED
        case "failed":
            return result.error.exit_code if result.error else ExitCode.FAILED
        case "partial":
            return ExitCode.PARTIAL
    return ExitCode.COMPLETE


def _print_plan(
    options: Options,
    names: list[str] | None,
    sessions: list[str] | None,
    from_file: Path | None,
    *,
    as_json: bool,
) -> None:
    from archiver.cli.choosing import choose_chat_sessions, choose_sources
    from archiver.cli.options import to_json
    from archiver.cli.wiring import open_archive
    from archiver.config.loading import load_config
    from archiver.sync.estimate import estimate_backfill

    config = load_config(options.config)
    sources = choose_sources(config, names)
    chosen = choose_chat_sessions(sources, sessions, from_file)
    with open_archive(config) as database:
        estimates = [estimate_backfill(database, source, chosen[source.name]) for source in sources]
    if as_json:
        print(to_json([vars(estimate) for estimate in estimates]))
    else:
        for estimate in estimates:
            _print_estimate(estimate)
        if len(estimates) > MANY_SOURCES:
            print(f"{len(estimates):,} sources: {sum(estimate.calls for estimate in estimates):,} calls")
        print("Nothing was changed.")


def _print_estimate(estimate: "Estimate") -> None:
    e = estimate
    print(f"{e.source}: {e.chat_sessions:,} chat sessions to visit, {e.never_visited:,} of them never visited")
    if e.resumes_after:
        print(f"  goes on after chat session {e.resumes_after}, where the last backfill was cut")
    holes = f", up to {e.calls_at_most:,} if there are holes" if e.calls_at_most > e.calls else ""
    print(f"  calls:   {e.calls:,}{holes}")
    if e.minutes is None:
        print("  minutes: as few as the source allows (requests_per_second is 0)")
    else:
        print(f"  minutes: {e.minutes:,.1f} or more, by the configured requests_per_second")
    guess = "unknown until some are archived" if e.rows is None else f"about {e.rows:,}"
    print(f"  rows:    {guess}")
