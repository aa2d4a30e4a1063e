"""`backup`: a consistent copy of an SQLite archive while it is in use."""

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from archiver.cli.options import Options

if TYPE_CHECKING:
    from archiver.store.database import Database

_TOOLS = {
    "PostgreSQL": "pg_dump --format=custom --file=FILE DATABASE",
    "MariaDB": "mariadb-dump --single-transaction --result-file=FILE DATABASE",
}


def add_to(app: typer.Typer) -> None:
    app.command()(backup)


def backup(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The copy to make.")],
    force: Annotated[bool, typer.Option("--force", help="Replace FILE, once the copy is complete.")] = False,
) -> None:
    """Copy an SQLite archive into one file while passes go on. The copy is consistent, and checked.

    Example: archiver backup archive-monday.db
    """
    from archiver.cli.progress import say_stopping, watch_work
    from archiver.cli.wiring import connect
    from archiver.config.loading import load_config
    from archiver.daemon.signals import stop_on_signals
    from archiver.store.backup import back_up
    from archiver.store.schema import require_current_schema

    options: Options = context.obj
    with closing(connect(load_config(options.config))) as database:
        _require_sqlite(database)
        require_current_schema(database)
        with (
            stop_on_signals(say_stopping) as stop,
            watch_work("copying the archive", "backup_progress", unit="bytes") as report,
        ):
            made = back_up(database, file, stop, report, replace=force)
    print(f"{made.path}: {made.size_bytes / 1e6:,.1f} MB, {made.messages:,} messages, checked")


def _require_sqlite(database: "Database") -> None:
    """Raises: ConfigError that names the tool which the database's own makers give."""
    from archiver.errors import ConfigError

    if database.sqlite_file:
        return
    raise ConfigError(
        f"archiver backup copies SQLite archives, and this one is in {database.label}",
        hint=f"use {_TOOLS.get(database.label, 'what its makers give')}",
    )
