"""The schema's version: brought up to date by `migrate`, checked by everybody else.

Views are never in a migration; there are none yet.
"""

import io
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, select
from sqlalchemy import column as sql_column
from sqlalchemy import table as sql_table
from sqlalchemy.schema import CreateSchema

import archiver
from archiver.errors import SchemaOutOfDate, StoreUnavailable
from archiver.store import tables
from archiver.store.backends.known import backend_of
from archiver.store.database import Database

if TYPE_CHECKING:
    from alembic.config import Config

CURRENT_REVISION = "0006"
"""The newest of migrations/versions, which are numbered. Known here so that only `migrate` loads Alembic."""
_VERSION = sql_table("alembic_version", sql_column("version_num"))
_REVISION = select(_VERSION.c.version_num)


def load_revision(database: Database) -> str | None:
    """The schema's revision; None where there is no archive. Makes no file."""
    if database.is_missing():  # connecting would make an empty one
        return None
    with database.reading() as connection:
        return _load_revision(connection)


def require_current_schema(database: Database) -> None:
    """Raises: SchemaOutOfDate, as below; StoreRefused for tables that can't hold every text as it is."""
    require_current_revision(database)
    with database.reading() as connection:
        backend_of(connection).require_sound(connection, tables.metadata.tables)


def require_current_revision(database: Database) -> None:
    """Raises: SchemaOutOfDate, with the command that helps, unless there is an archive of this version's revision."""
    if database.is_missing():
        raise SchemaOutOfDate(f"there is no archive at {database}", hint="archiver migrate makes one")
    revision = load_revision(database)
    if revision is None:
        raise SchemaOutOfDate(f"{database} holds no archive yet", hint="archiver migrate makes one")
    _refuse_other(revision)


def prove_current_revision(connection: Connection) -> None:
    """Prove within a transaction that the schema is still this version's: a daemon may have outlived a `migrate`.

    Raises: SchemaOutOfDate.
    """
    _refuse_other(connection.execute(_REVISION).scalar() or "")


def migrate(database: Database, prove: Callable[[Connection], None] = lambda _: None) -> tuple[str | None, str]:
    """Bring the schema up to date, in one transaction where the database can.

    Args:
        prove: called in the transaction before an existing archive is changed; raises when it must not be.
    Returns: (the revision before, the revision now).
    Raises: SchemaOutOfDate for a schema newer than this version.
    """
    from alembic import command  # 0.4 s of CPU that no other command should spend

    if database.is_missing() and (file := database.sqlite_file) and not file.parent.is_dir():
        raise StoreUnavailable(f"there is no folder {file.parent} for the archive", hint=f"mkdir -p {file.parent}")
    with database.writing() as connection, backend_of(connection).migrating(connection):
        if database.schema is not None and not inspect(connection).has_schema(database.schema):
            connection.execute(CreateSchema(database.schema))
        before = _load_revision(connection)
        _refuse_newer(before)
        if before not in (None, CURRENT_REVISION):
            prove(connection)
        config = alembic_config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    return before, CURRENT_REVISION


def migration_sql(database: Database, since: str | None = None) -> str:
    """The statements that `migrate` would run on a database of revision `since`, None for an empty one.

    Raises: SchemaOutOfDate for a schema newer than this version.
    """
    from alembic import command

    _refuse_newer(since)
    config = alembic_config()
    config.output_buffer = io.StringIO()
    config.attributes["dialect"] = database.dialect
    command.upgrade(config, f"{since}:head" if since else "head", sql=True)
    return config.output_buffer.getvalue()


def alembic_config() -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_migrations_folder()).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _load_revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table(_VERSION.name):
        return None
    revision: str | None = connection.execute(_REVISION).scalar()
    return revision


def _refuse_other(revision: str) -> None:
    if revision < CURRENT_REVISION:
        raise SchemaOutOfDate(
            f"the archive's schema is at {revision}, older than this version's {CURRENT_REVISION}",
            hint="archiver migrate brings it up to date",
        )
    _refuse_newer(revision)


def _refuse_newer(revision: str | None) -> None:
    if revision is not None and revision > CURRENT_REVISION:
        raise SchemaOutOfDate(
            f"the archive's schema is at {revision}, newer than this version's {CURRENT_REVISION}",
            hint=f"install a newer superoffice-chat-archiver than {archiver.__version__}; restart what still runs",
        )


def _migrations_folder() -> Path:
    """Where the migrations are: inside an installed wheel, or beside the package in a checkout."""
    package = Path(archiver.__file__).parent
    inside = package / "migrations"
    return inside if inside.is_dir() else package.parent / "migrations"
