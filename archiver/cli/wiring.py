"""Builds what the commands work with from the configuration and the command line."""

import logging
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

from archiver.cli.garbage import begin_garbage_collection
from archiver.config.settings import Config, SourceSettings
from archiver.ranges import IdRanges
from archiver.store.database import Database
from archiver.store.ledger import Kind
from archiver.store.schema import require_current_schema
from archiver.sync.order import PassOrder

if TYPE_CHECKING:
    from archiver.superoffice.client import SuperOfficeClient

logger = logging.getLogger(__name__)


def connect(config: Config) -> Database:
    """The configured database, whatever it holds. Raises: ConfigError."""
    begin_garbage_collection()  # whoever connects has loaded nearly all that it needs, and begins to work
    archive = config.archive
    database = Database(archive.url.reveal, folder=config.folder, schema=archive.db_schema)
    if database.caveat:
        logger.warning(
            "this kind of database is untried", extra={"event": "untried_database", "detail": database.caveat}
        )
    return database


@contextmanager
def open_archive(config: Config) -> Iterator[Database]:
    """The configured archive. Raises: ConfigError; SchemaOutOfDate, with the command that helps."""
    with closing(connect(config)) as database:
        require_current_schema(database)
        yield database


@contextmanager
def open_clients(config: Config, sources: list[SourceSettings]) -> "Iterator[dict[str, SuperOfficeClient]]":
    """A client for each source, by its name. Raises: ConfigError when a secret is missing."""
    from archiver.superoffice.client import SuperOfficeClient

    clients = {source.name: SuperOfficeClient(source, config.retry) for source in sources}
    try:
        yield clients
    finally:
        for client in clients.values():
            client.close()


def order_for(
    config: Config, source: SourceSettings, kind: Kind, chosen: IdRanges | None = None, **options: Any
) -> PassOrder:
    """A pass over what was chosen, or all that is configured; `options`: more fields of PassOrder."""
    configured = source.sessions.chosen
    chosen = chosen or configured
    return PassOrder(kind=kind, chosen=chosen, covers_all=chosen == configured, settle=config.settle, **options)
