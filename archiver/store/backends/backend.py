"""What a kind of database may do its own way; as it stands here, it is what any SQLAlchemy dialect can do."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Table, insert, text
from sqlalchemy.engine import URL

from archiver.errors import ConfigError

Row = tuple[Any, ...]
"""A row's values; rows come by the thousand, and a dict for each would cost as much as the rest of the work."""


class Backend:
    """A kind of database."""

    label: str
    """As people call it."""
    dialect: str
    """SQLAlchemy's name for it."""
    driver: str
    """The one driver that we know the ways of."""
    example: str
    """A URL to write."""
    install: str
    """What the driver comes with."""
    clock: str
    """The query for the present time, which has to move within a transaction."""
    table_engine = ""
    """What keeps the tables, where a database has more than one way."""
    has_transactional_ddl = True
    caveat = ""
    """What an operator has to know before relying on it."""
    takes_any_size = True
    """Whether a row may hold as much as any reply; else `fits` says."""
    has_savepoints = True
    """Whether a batch is inserted as if all of it were new, and undone when a key exists; else keys are looked up
    first. The lookup is the plain path, which needs nothing that a dialect might do in its own way."""

    def checked_url(self, url: URL, _folder: Path) -> URL:
        """The URL, complete. Raises: ConfigError when it names no database that we can write."""
        if not url.database:
            raise ConfigError("archive.url names no database", hint=f"write {self.example}")
        return url

    def engine_options(self, url: URL, _patience_s: float) -> dict[str, Any]:
        """For create_engine. Raises: ConfigError for an option in the URL that would void what we promise."""
        # A daemon's connection may have been cut since its last pass.
        return {"connect_args": self.connect_arguments(url), "pool_pre_ping": True}

    def connect_arguments(self, _url: URL) -> dict[str, Any]:
        return {}

    def attach(self, _engine: Engine, schema: str | None, _patience_s: float) -> None:
        """Have each new connection set up.

        Args:
            patience_s: how long to wait for whoever holds a row or a table of ours: beyond that they are stuck.
        Raises: ConfigError when there are no schemas to choose from.
        """
        if schema is not None:
            raise ConfigError(f"archive.schema is for PostgreSQL; {self.label} has none", hint="take it out")

    def now(self, connection: Connection) -> datetime:
        """The database's clock, as aware UTC."""
        instant: datetime = connection.execute(text(self.clock)).scalar_one()
        return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)

    def insert_rows(self, connection: Connection, table: Table, names: Sequence[str], rows: Sequence[Row]) -> None:
        """Insert rows, at least one. Raises: IntegrityError when a key exists.

        Args:
            names: of the columns that the values of each row are for.
        """
        connection.execute(insert(table), [dict(zip(names, row, strict=True)) for row in rows])

    def number_after(self, connection: Connection, table: Table) -> None:
        """Have the database number new rows beyond those that came with a number; most see to that by themselves."""

    def overwrite_removed(self, connection: Connection) -> None:
        """Have what this transaction removes overwritten, where a file would keep it."""

    def version(self, connection: Connection) -> str:
        """What the database is and its version, as people call it."""
        return f"{self.label} {'.'.join(map(str, connection.dialect.server_version_info or ()))}".strip()

    def require_sound(self, connection: Connection, names: Iterable[str]) -> None:
        """Raises: StoreRefused when tables of ours were made in a way that can't hold every text as it is."""

    def fits(self, _connection: Connection, _texts: Collection[str], _beyond: int) -> bool:
        """Whether the database takes a row of these texts, and of so many bytes beyond them."""
        return True

    def spelled(self, type_: str) -> str:
        """A type as the dialect spells it, without what makes no difference or is compared by itself."""
        return type_

    def is_numbered(self, column: Mapping[str, Any], _type: str, _primary_key: Sequence[str]) -> bool:
        """Whether the database numbers the rows by this column.

        Args:
            column: as SQLAlchemy's Inspector tells it.
        """
        return bool(column.get("identity")) or column.get("autoincrement") is True

    def text_collation(self, _connection: Connection) -> str:
        """What columns of text are made with; empty where it is the database's, or told with the type."""
        return ""

    def live_collations(self, _connection: Connection, _table: str) -> dict[str, str]:
        """What the columns of a table have, by column; without what `text_collation` leaves out."""
        return {}

    @contextmanager
    def migrating(self, _connection: Connection) -> Iterator[None]:
        """Make those that migrate at the same time take turns."""
        yield


def refuse_options(url: URL, known: set[str], label: str) -> None:
    """Raises: ConfigError for an option in the URL that is none of `known`: drivers have others, such as autocommit,
    which would void every promise that rests on a transaction."""
    if unknown := sorted(set(url.query) - known):
        raise ConfigError(f"archive.url: {unknown[0]!r} is no connection option of {label}")
