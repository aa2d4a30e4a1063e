"""Database errors as ours, by class and code alone: their own text carries the row."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError

from archiver.errors import ConnectionLost, KeyExists, StoreBusy, StoreError, StoreRefused, StoreUnavailable

_Known = tuple[type[StoreError], str, str]

_FULL: _Known = (StoreRefused, "the disk of the archive's database is full", "make room; nothing was lost")
_READ_ONLY: _Known = (StoreRefused, "the archive's database is read-only", "let this user write to it")
_LOCKED: _Known = (StoreBusy, "the archive is locked by another program", "close it and run again")
_CALLED_OFF: _Known = (
    StoreBusy,
    "the archive's database called a transaction off in favour of another",
    "nothing was lost; run again",
)
_UNSOUND: _Known = (StoreRefused, "the archive's file is no sound SQLite database", "check archive.url")
_LOST: _Known = (
    ConnectionLost,
    "the connection to the archive's database is lost",
    "check that it runs; nothing was lost",
)
_UNREACHED: _Known = (
    ConnectionLost,
    "the archive's database can't be reached",
    "check that it runs, and the host and port in archive.url; nothing was lost",
)
_DENIED: _Known = (
    StoreRefused,
    "the archive's database refuses our user or its password",
    "check archive.url, and what this user is granted",
)
_NO_RIGHT: _Known = (
    StoreRefused,
    "the archive's database doesn't grant our user what this takes",
    "grant it all rights on the database that archive.url names, and check that name; docs/databases.md shows how",
)
_NO_SUCH: _Known = (StoreRefused, "the server has no database of that name", "check archive.url, or make it")
_NO_SCHEMA: _Known = (
    StoreRefused,
    "the database has no schema of that name",
    "set archive.schema, or what this user's search_path names",
)
_TOO_LONG: _Known = (
    StoreUnavailable,
    "the archive's database cut a statement short",
    "give this user more time (statement_timeout, max_statement_time)",
)
_TOO_MANY: _Known = (
    ConnectionLost,
    "the archive's database has no connection left",
    "allow more of them, or lower schedule.workers",
)
_TOO_LARGE: _Known = (
    StoreRefused,
    "a message is larger than the archive's database takes",
    "SET GLOBAL max_allowed_packet = 1073741824, and in its configuration file",
)

_NO_ODBC: _Known = (StoreRefused, "the ODBC driver that archive.url names can't be loaded", "check driver= in it")
_KEY_EXISTS: _Known = (KeyExists, "the archive has a row of this key already", "")

_SQLITE: dict[str | int, _Known] = {
    "SQLITE_CONSTRAINT_PRIMARYKEY": _KEY_EXISTS,
    "SQLITE_CONSTRAINT_UNIQUE": _KEY_EXISTS,
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
}
"""By error name; its extensions, such as SQLITE_BUSY_SNAPSHOT, are included."""
_SQLSTATES: dict[str | int, _Known] = {
    "08": _LOST,
    "57P": _LOST,  # the server shuts down, crashed, or is not up yet
    "25P03": _LOST,  # it gave up waiting for us
    "53300": _TOO_MANY,
    "53100": _FULL,
    "25006": _READ_ONLY,
    "55P03": _LOCKED,
    "40": _CALLED_OFF,
    "23505": _KEY_EXISTS,
    "28": _DENIED,
    "42501": _NO_RIGHT,
    "3D000": _NO_SUCH,
    **dict.fromkeys(("IM0", "01000"), _NO_ODBC),
    "3F000": _NO_SCHEMA,
    "57014": _TOO_LONG,
}
"""By their beginning. Source: PostgreSQL, appendix "Error Codes"; ODBC drivers give the same."""
_MARIADB: dict[str | int, _Known] = {
    **dict.fromkeys((1020, 1205, 1213, 1305), _CALLED_OFF),  # 1305: a deadlock took the savepoint with it
    **dict.fromkeys((0, 1053, 1152, 1158, 1159, 1160, 1161, 1317, 1927, 2006, 2013, 2055, 4031), _LOST),
    **dict.fromkeys((2002, 2003), _UNREACHED),
    1062: _KEY_EXISTS,
    1040: _TOO_MANY,
    1203: _TOO_MANY,
    **dict.fromkeys((1045, 1698), _DENIED),
    **dict.fromkeys((1044, 1142, 1143, 1227), _NO_RIGHT),  # 1044: also where there is no database of that name
    1049: _NO_SUCH,
    1969: _TOO_LONG,
    3024: _TOO_LONG,
    1021: _FULL,
    1114: _FULL,
    1153: _TOO_LARGE,
    **dict.fromkeys((1290, 1792, 1836), _READ_ONLY),
}
"""By number. Source: MariaDB, "Error Codes"."""


@contextmanager
def mapped_errors() -> Iterator[None]:
    """Within the block, what the database raises becomes a StoreError without a cause that tells more."""
    try:
        yield
    except DBAPIError as last:
        error = _beginning(last)
        is_operational = isinstance(error, OperationalError | InterfaceError)
        raise _mapped(error.orig, is_lost=error.connection_invalidated, is_operational=is_operational) from None
    except SQLAlchemyError as error:
        raise StoreError(f"the database library failed: {type(error).__name__}") from None
    except Exception as error:
        if type(error).__module__.startswith(("psycopg", "sqlite3", "pymysql")):  # those that spoke to the driver
            is_operational = "Operational" in type(error).__name__
            raise _mapped(error, is_lost=False, is_operational=is_operational) from None
        raise


def too_large() -> StoreError:
    """As the database says it where it says anything: it may as well hang up."""
    kind, message, hint = _TOO_LARGE
    return kind(message, hint=hint)


def is_about_a_value(error: DBAPIError) -> bool:
    """Whether the database refuses what a row says, and would take another."""
    known = _known(_code(error.orig))
    is_failing = error.connection_invalidated or isinstance(error, OperationalError | InterfaceError)
    return not is_failing and (known is None or known is _KEY_EXISTS)


def _beginning(error: DBAPIError) -> DBAPIError:
    """What a savepoint was rolled back for, where that failed too: a full disk or a deadlock ends it by itself."""
    if not (error.statement or "").startswith("ROLLBACK TO SAVEPOINT"):
        return error
    before = error.__context__
    while before is not None and not isinstance(before, DBAPIError):  # the driver's own comes between
        before = before.__context__
    return before or error


def _mapped(error: BaseException | None, *, is_lost: bool, is_operational: bool) -> StoreError:
    code = _code(error)
    if known := _known(code):
        kind, message, hint = known
        return kind(message, hint=hint)
    name = f"{type(error).__name__} {code}".strip()
    if is_operational and not isinstance(code, int):  # MariaDB's driver calls so whatever it doesn't know
        # libpq gives no code when it can't connect.
        kind = ConnectionLost if is_lost or not code else StoreUnavailable
        hint = "check that it runs and that archive.url names it, its user and its password"
        return kind(f"the archive's database is unavailable ({name})", hint=hint)
    return StoreRefused(f"the archive's database refused a statement ({name})")


def _code(error: BaseException | None) -> str | int:
    """SQLite's error name, SQLSTATE, or MariaDB's number; "" where the driver tells none."""
    first = error.args[0] if error is not None and error.args else None
    if type(error).__module__.startswith("pymysql") and isinstance(first, int):
        return first  # its SQLSTATE says less
    named = getattr(error, "sqlite_errorname", None) or getattr(error, "sqlstate", None)
    if named is None and type(error).__module__ == "pyodbc":
        named = first
    return str(named or "")


def _known(code: str | int) -> _Known | None:
    if isinstance(code, int):
        return _MARIADB.get(code)
    if code.startswith("SQLITE_"):
        return _SQLITE.get(code) or _SQLITE.get("_".join(code.split("_")[:2]))
    return next((_SQLSTATES[code[:length]] for length in (5, 3, 2) if code[:length] in _SQLSTATES), None)
