"""`migrate`: the schema brought up to date."""

import sys
from contextlib import closing
from typing import TYPE_CHECKING, Annotated

import typer

from archiver.cli.options import Options

if TYPE_CHECKING:
    from archiver.store.database import Database


def add_to(app: typer.Typer) -> None:
    app.command()(migrate)


def migrate(
    context: typer.Context,
    sql: Annotated[
        bool, typer.Option("--sql", help="Print the statements that the database still needs; change nothing.")
    ] = False,
) -> None:
    """Bring the archive's schema up to date, or make it. Waits for passes that are under way.

    Example: archiver migrate
    """
    from archiver.cli.wiring import connect
    from archiver.config.loading import load_config
    from archiver.daemon.signals import stop_on_signals
    from archiver.sync.migrating import migrate_in_turn

    options: Options = context.obj
    with closing(connect(load_config(options.config))) as database:
        if sql:
            _print_statements(database)
            return
        with stop_on_signals() as stop:
            before, now = migrate_in_turn(database, stop)
        if before == now:
            print(f"{database}: the schema is up to date ({now})")
        else:
            print(f"{database}: the schema is now {now}" + (f" (was {before})" if before else ""))


def _print_statements(database: "Database") -> None:
    """What brings the database from its revision to ours: all, where there is no archive or no server to ask."""
    from archiver.errors import StoreUnavailable
    from archiver.store.schema import CURRENT_REVISION, load_revision, migration_sql

    try:
        before = load_revision(database)
    except StoreUnavailable as error:
        before = None
        print(f"archiver: {error}; these are the statements for an empty database", file=sys.stderr)
    if before == CURRENT_REVISION:
        print(f"-- the schema is up to date ({before})")
        return
    statements = migration_sql(database, before)
    print(f"-- from {before or 'an empty database'} to {CURRENT_REVISION}; stop every archiver before")
    print(statements, end="")
