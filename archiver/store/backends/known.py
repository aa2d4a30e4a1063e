"""Which kinds of database there are, and which one a URL or a connection means."""

from sqlalchemy import Connection
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from archiver.errors import ConfigError
from archiver.store.backends.backend import Backend
from archiver.store.backends.mariadb import MariaDB
from archiver.store.backends.postgresql import PostgreSQL
from archiver.store.backends.sqlite import SQLite
from archiver.store.backends.sqlserver import SQLServer

_BACKENDS: dict[str, Backend] = {
    backend.dialect: backend for backend in (SQLite(), PostgreSQL(), MariaDB(), SQLServer())
}
BARE = ("sqlite", "postgresql")
"""What may be written without a driver: SQLAlchemy means ours by it."""
_REFUSED = {
    "oracle": "Oracle takes an empty text for none, and every message without text would look edited",
}


def backend_for(written: str) -> tuple[Backend, URL]:
    """What a URL means; its spelling is checked, not yet what else it says.

    Raises: ConfigError, with how to write it.
    """
    examples = " or ".join(backend.example for backend in list(_BACKENDS.values())[:3])
    try:
        url = make_url(written)
        driver = url.get_driver_name() if "+" in url.drivername else ""
    except (ArgumentError, ValueError):
        raise ConfigError("archive.url is no database URL", hint=f"write {examples}") from None
    if url.password is not None and "@" in f"{url.host}{url.database}":
        raise ConfigError(
            "archive.url: an @ stands where none can, after the one that ends the password",
            hint="write a password's own @ as %40, : as %3A, / as %2F and % as %25",
        )
    if "?" in written and not url.query:
        raise ConfigError("archive.url: no option follows its ?", hint=f"write {examples}")
    dialect = url.drivername.partition("+")[0]
    if dialect in _REFUSED:
        raise ConfigError(f"archive.url: {_REFUSED[dialect]}", hint=f"write {examples}")
    backend = _BACKENDS.get("mysql" if dialect == "mariadb" else dialect)
    if backend is None:
        raise ConfigError(f"archive.url: {url.drivername}:// is not supported", hint=f"write {examples}")
    if driver != backend.driver and not (driver == "" and dialect in BARE):
        raise ConfigError(
            f"archive.url: {url.drivername}:// means another driver than the one we use",
            hint=f"write {backend.example}",
        )
    return backend, url.set(drivername=f"{backend.dialect}+{backend.driver}")


def backend_of(connection: Connection) -> Backend:
    return _BACKENDS[connection.dialect.name]
