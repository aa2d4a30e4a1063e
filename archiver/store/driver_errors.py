"""Database errors as ours, by class and code alone: their own text carries the row."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError

from archiver.errors import StoreError, StoreRefused, StoreUnavailable

_FULL = StoreRefused, "the disk of the archive's database is full", "make room; nothing was lost"
_READ_ONLY = StoreRefused, "the archive's database is read-only", "let this user write to it"
_LOCKED = StoreUnavailable, "the archive is locked by another program", "close it and run again"
_UNSOUND = StoreRefused, "the archive's file is no sound SQLite database", "check archive.url"
_KNOWN = {
    "SQLITE_FULL": _FULL,
    "SQLITE_READONLY": _READ_ONLY,
    "SQLITE_BUSY": _LOCKED,
    "SQLITE_LOCKED": _LOCKED,
    "SQLITE_NOTADB": _UNSOUND,
    "SQLITE_CORRUPT": _UNSOUND,
    "SQLITE_CANTOPEN": (
        StoreUnavailable,
        "the archive's file can't be opened",
        "check archive.url and who may write there",
    ),
    "SQLITE_IOERR": (StoreUnavailable, "the archive's file can't be read or written", "check the disk it is on"),
    "53100": _FULL,
    "25006": _READ_ONLY,
    "55P03": _LOCKED,
    "25P03": (StoreUnavailable, "the archive's database gave up waiting for us", "nothing was lost; run again"),
}
"""By SQLite's error name, its extensions such as SQLITE_BUSY_SNAPSHOT included, and by SQLSTATE."""


@contextmanager
def mapped_errors() -> Iterator[None]:
    """Within the block, what the database raises becomes a StoreError without a cause that tells more."""
    try:
        yield
    except DBAPIError as error:
        raise _mapped(error.orig, is_operational=isinstance(error, OperationalError | InterfaceError)) from None
    except SQLAlchemyError as error:
        raise StoreError(f"the database library failed: {type(error).__name__}") from None
    except Exception as error:
        if type(error).__module__.startswith(("psycopg", "sqlite3")):  # COPY speaks to the driver itself
            raise _mapped(error, is_operational="Operational" in type(error).__name__) from None
        raise


def _mapped(error: BaseException | None, *, is_operational: bool) -> StoreError:
    code = getattr(error, "sqlstate", None) or getattr(error, "sqlite_errorname", None) or ""
    known = _KNOWN.get(code) or _KNOWN.get("_".join(code.split("_")[:2]))
    if known:
        kind, message, hint = known
        return kind(message, hint=hint)
    name = f"{type(error).__name__} {code}".strip()
    if is_operational:
        hint = "check that it runs and that archive.url names it, its user and its password"
        return StoreUnavailable(f"the archive's database is unavailable ({name})", hint=hint)
    return StoreRefused(f"the archive's database refused a statement ({name})")
