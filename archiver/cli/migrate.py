"""`migrate`: the schema brought up to date."""

from contextlib import closing
from typing import Annotated

import typer

from archiver.cli.options import Options


def add_to(app: typer.Typer) -> None:
    app.command()(migrate)


def migrate(
    context: typer.Context,
    sql: Annotated[
        bool, typer.Option("--sql", help="Print the statements for an empty database instead; touch nothing.")
    ] = False,
) -> None:
    """Bring the archive's schema up to date, or make it.

    Example: archiver migrate
    """
    from archiver.cli.wiring import connect
    from archiver.config.loading import load_config
    from archiver.store import schema

    options: Options = context.obj
    with closing(connect(load_config(options.config))) as database:
        if sql:
            print(schema.migration_sql(database), end="")
            return
        before, now = schema.migrate(database)
    if before == now:
        print(f"{database}: the schema is up to date ({now})")
    else:
        print(f"{database}: the schema is now {now}" + (f" (was {before})" if before else ""))
