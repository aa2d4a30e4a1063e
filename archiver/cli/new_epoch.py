"""`source new-epoch`: after a restored backup, the archive of a source goes on beside what it holds."""

from typing import TYPE_CHECKING, Annotated

import typer

from archiver.cli.options import Options

if TYPE_CHECKING:
    from archiver.config.settings import Config
    from archiver.store.database import Database
    from archiver.store.sources import ArchivedSource

_Yes = Annotated[bool, typer.Option("--yes", help="Begin it without asking.")]


def new_epoch(
    context: typer.Context,
    source: Annotated[str, typer.Argument(metavar="NAME", help="Its name in the archive.")],
    yes: _Yes = False,
) -> None:
    """Go on in a new epoch, after a backup was restored.

    Its ids are used again, and would be mixed up with those archived. What is archived stays as it is, and nothing is
    visited in it any more. Without a terminal to ask on it takes --yes, and exits with 5 otherwise.

    Example: archiver source new-epoch acme
    """
    from archiver.cli.asking import require_name
    from archiver.cli.choosing import epochs_of
    from archiver.cli.wiring import open_archive
    from archiver.config.loading import load_config
    from archiver.errors import ConfigError

    options: Options = context.obj
    config = load_config(options.config)
    with open_archive(config) as database:
        name, has_epoch, epoch = source.partition("@")
        current = epochs_of(database, name)[-1]
        if has_epoch and epoch != str(current.epoch):
            raise ConfigError(
                f"source {name!r} is in epoch {current.epoch}", hint="a new one follows the current one"
            )
        _print_what_ends(database, current)
        if not yes:
            require_name(current, "Type {} to begin a new epoch: ", "--yes to begin a new epoch")
        begun = _begin(config, database, current)
    print(f"{begun.label} is begun; {current.label} stays as it is, and nothing is visited in it any more.")
    if name in {each.name for each in config.source}:
        print(
            "The next pass archives what the source holds now, from the beginning: archiver backfill or the daemon.\n"
            f"Commands show {begun.label} from now on, and the earlier one by --source {current.label}."
        )
    else:
        print(f"The configuration does not name {name}: no pass visits it until it does.")


def _print_what_ends(database: "Database", current: "ArchivedSource") -> None:
    from archiver.cli.options import age
    from archiver.store.database import database_now
    from archiver.store.ledger import REWOUND, load_of_pass
    from archiver.store.overview import load_overviews

    with database.reading() as connection:
        now = database_now(connection)
        (overview,) = load_overviews(connection, {current.id})
        rewound = load_of_pass(connection, current.id, REWOUND)
    chat_sessions = sum(count for state, count in overview.chat_sessions.items() if state != "absent")
    print(f"{current.label}, archived since {current.created_at:%Y-%m-%d}")
    print(f"  chat sessions  {chat_sessions:,}")
    print(f"  messages       {overview.messages:,}")
    if overview.runs:
        last = overview.runs[0]
        print(f"  last pass      {last['outcome']}, {age(last['started_at'], now)}")
    print(f"  frozen         {rewound or 'no: no pass has found that it went back'}")


def _begin(config: "Config", database: "Database", current: "ArchivedSource") -> "ArchivedSource":
    """Under the lease of the current epoch, so that no pass is at work in it."""
    from functools import partial

    from archiver.cli.progress import say_stopping
    from archiver.daemon.signals import stop_on_signals
    from archiver.store.sources import begin_epoch
    from archiver.sync.turn import PATIENCE, holding_leases

    configured = {source.name: source.base_url for source in config.source}
    base_url = configured.get(current.name, current.base_url)
    with (
        stop_on_signals(say_stopping) as stop,
        holding_leases(database, {current.id: current.name}, stop, PATIENCE) as (lease,),
    ):
        return database.write(partial(begin_epoch, lease=lease, base_url=base_url))
