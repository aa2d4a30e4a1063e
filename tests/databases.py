"""The tests' databases: made for one test each, quickly, and dropped after it."""

import shutil
import sqlite3
import uuid
from functools import cached_property
from pathlib import Path
from typing import Protocol

import sqlalchemy
from sqlalchemy import text
from sqlalchemy.engine import URL, make_url

from archiver.store.database import Database
from archiver.store.schema import migrate
from tests.selection import KINDS
from tests.servers import OwnServer

DATABASES = tuple(KINDS)


class Server(Protocol):
    """What makes databases of one kind."""

    @property
    def name(self) -> str:
        """Kind, version and whereabouts, for people."""

    def create(self, *, migrated: bool = False) -> str:
        """A new database's URL; `migrated`: with our schema in it."""

    def drop(self, url: str) -> None: ...


class SQLite:
    """Makes files in one folder, as copies of one that is migrated already."""

    name = f"SQLite {sqlite3.sqlite_version}"

    def __init__(self, folder: Path, template: Path) -> None:
        self._folder, self._template = folder, template

    def create(self, *, migrated: bool = False) -> str:
        file = self._folder / "archive.db"
        if migrated:
            if not self._template.exists():
                migrate_at(f"sqlite:///{self._template}")
            shutil.copy(self._template, file)
        return f"sqlite:///{file}"

    def drop(self, url: str) -> None:
        """The folder goes by itself."""


class PostgreSQL:
    """Makes databases as copies of one that is migrated already."""

    def __init__(self, url: URL, where: str, own: OwnServer | None = None) -> None:
        self._url, self._where = url, where
        self.own = own

    @cached_property
    def name(self) -> str:
        version = _execute(self._url, "SHOW server_version")
        return f"PostgreSQL {str(version).split()[0]}{self._where}"

    @cached_property
    def _template(self) -> str:
        return _migrated(self)

    def create(self, *, migrated: bool = False, encoding: str = "UTF8") -> str:
        name = _new_name()
        template = make_url(self._template).database if migrated else "template0"
        options = "" if migrated else f" ENCODING '{encoding}' LOCALE 'C'"
        _execute(self._url, f'CREATE DATABASE "{name}" TEMPLATE "{template}"{options}')
        return _shown(self._url.set(database=name))

    def drop(self, url: str) -> None:
        _execute(self._url, f'DROP DATABASE IF EXISTS "{make_url(url).database}" WITH (FORCE)')

    def close(self) -> None:
        if "_template" in vars(self):
            self.drop(self._template)


class MariaDB:
    """Makes databases, table by table as in one that is migrated already: here, no database is a copy of another."""

    def __init__(self, url: URL, where: str, own: OwnServer | None = None) -> None:
        self._url, self._where = url.set(database=None), where
        self.own = own

    @cached_property
    def name(self) -> str:
        version = _execute(self._url, "SELECT VERSION()")
        return f"MariaDB {str(version).split('-')[0]}{self._where}"

    @cached_property
    def _template(self) -> str:
        return _migrated(self)

    @cached_property
    def _statements(self) -> list[str]:
        """What makes the tables of the template, with their rows; the foreign keys ask for no order."""
        template = make_url(self._template)
        engine = sqlalchemy.create_engine(template, poolclass=sqlalchemy.NullPool)
        statements = ["SET FOREIGN_KEY_CHECKS = 0"]
        with engine.connect() as connection:
            for name in connection.execute(text("SHOW FULL TABLES WHERE Table_type = 'BASE TABLE'")).scalars():
                statements.append(connection.execute(text(f"SHOW CREATE TABLE `{name}`")).one()[1])
                if connection.execute(text(f"SELECT COUNT(*) FROM `{name}`")).scalar_one():
                    statements.append(f"INSERT INTO `{name}` SELECT * FROM `{template.database}`.`{name}`")
        return statements

    def create(
        self, *, migrated: bool = False, options: str = "CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin"
    ) -> str:
        statements = self._statements if migrated else []
        url = self._url.set(database=_new_name())
        _execute(self._url, f"CREATE DATABASE `{url.database}` {options}")
        _execute(url, *statements)
        return _shown(url)

    def drop(self, url: str) -> None:
        _execute(self._url, f"DROP DATABASE IF EXISTS `{make_url(url).database}`")

    def close(self) -> None:
        if "_template" in vars(self):
            self.drop(self._template)


def migrate_at(url: str) -> None:
    database = Database(url)
    migrate(database)
    database.close()


def _migrated(server: Server) -> str:
    url = server.create()
    try:
        migrate_at(url)
    except Exception:
        server.drop(url)
        raise
    return url


def _new_name() -> str:
    return f"archiver_test_{uuid.uuid4().hex}"


def _shown(url: URL) -> str:
    return url.render_as_string(hide_password=False)


def _execute(url: URL, *statements: str) -> object:
    """Run statements, each by itself; the first value that the last one returns, if any."""
    value = None
    engine = sqlalchemy.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sqlalchemy.NullPool)
    with engine.connect() as connection:
        plain = connection.execution_options(no_parameters=True)  # or each % would be one's place
        for statement in statements:
            result = plain.exec_driver_sql(statement)
            value = result.scalar() if result.returns_rows else None
    return value
