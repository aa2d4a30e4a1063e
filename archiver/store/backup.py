"""A consistent copy of an SQLite archive while it is in use, by SQLite's online backup API.

The copying connection holds a read transaction open from beginning to end. Without one, the API begins anew whenever
another connection has written (tried: with a write between any two steps it never ends); with one, it copies the
snapshot that this transaction sees, and nobody who writes has to wait, since the archive is in WAL mode. The price is
that the write-ahead log can't be emptied meanwhile: it grows by what is written during the backup.

Everything is made in a folder of its own beside the copy-to-be, so that whatever SQLite puts beside a database goes
with it, and the copy appears under its name whole, checked and on the disk.
"""

import os
import shutil
import sqlite3
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from archiver.errors import ConfigError, Interrupted, StoreRefused
from archiver.store.database import Database
from archiver.store.driver_errors import mapped_errors
from archiver.store.schema import CURRENT_REVISION

PAGES_AT_ONCE = 1024
"""Pages of 4 KiB in one step: after each, progress is told and a stop noticed."""
_BUSY_TIMEOUT_S = 30
_CHECK_STOP_EVERY = 100_000
"""Instructions of SQLite's machine between two looks for a stop, while the copy is checked: some milliseconds."""
_NOT_WRITTEN = ("SQLITE_FULL", "SQLITE_IOERR_WRITE", "SQLITE_IOERR_TRUNCATE", "SQLITE_IOERR_FSYNC")
_BESIDE = ("", "-wal", "-shm", "-journal")
"""The names of a database and of what SQLite puts beside it."""

Report = Callable[[int, int], None]
"""Called with the bytes copied so far and those there are."""


@dataclass(frozen=True, kw_only=True)
class Backup:
    """A copy that was made."""

    path: Path
    size_bytes: int
    messages: int


def check_destination(file: Path, archive: Path, *, replace: bool) -> None:
    """Raises: ConfigError when no backup may be made under this name."""
    if not file.parent.is_dir():
        raise ConfigError(f"there is no folder {file.parent} for the backup", hint=f"mkdir -p {file.parent}")
    if any(_is_same(file, archive.with_name(archive.name + end)) for end in _BESIDE):
        raise ConfigError(f"{file} belongs to the archive itself", hint="name another file")
    if file.exists() and not file.is_file():
        raise ConfigError(f"{file} is no file", hint="name a file, which the backup makes")
    if not replace and os.path.lexists(file):
        raise _exists(file)
    # SQLite would take these for the new file's own and spoil it with them.
    if left := [name for end in _BESIDE[1:] if (name := file.with_name(file.name + end)).exists()]:
        raise ConfigError(f"{left[0]} is there: the earlier {file.name} is in use", hint="close what uses it first")


def back_up(
    database: Database,
    file: Path,
    stop: threading.Event,
    report: Report = lambda _done, _total: None,
    *,
    replace: bool = False,
    pages_at_once: int = PAGES_AT_ONCE,
) -> Backup:
    """Copy the archive into a file that is complete in itself.

    Args:
        replace: whether a file of that name may be replaced, by the complete copy and at once.
    Raises: ConfigError; StoreError; Interrupted. No part of a copy is left behind then.
    """
    assert database.sqlite_file, "only SQLite archives are copied so"
    check_destination(file, database.sqlite_file, replace=replace)
    with mapped_errors(), _destination_errors(file), _scratch_folder(file) as folder:
        part = folder / file.name
        part.touch(mode=0o600, exist_ok=False)
        _copy(database.sqlite_file, part, stop, report, pages_at_once)
        messages = _check(part, stop)
        _flush(part)
        if stop.is_set():
            raise Interrupted
        size = part.stat().st_size
        _publish(part, file, replace=replace)
        _flush(file.parent)
    return Backup(path=file, size_bytes=size, messages=messages)


def _copy(archive: Path, part: Path, stop: threading.Event, report: Report, pages_at_once: int) -> None:
    def step(_status: int, remaining: int, total: int) -> None:
        if stop.is_set():
            raise Interrupted
        report((total - remaining) * page_size, total * page_size)

    with closing(_open(archive)) as source:
        source.execute("BEGIN")
        source.execute("SELECT 1 FROM sqlite_master").fetchone()  # the snapshot is taken by the first read
        page_size = source.execute("PRAGMA page_size").fetchone()[0]
        with closing(_open(part)) as copy:
            copy.execute("PRAGMA synchronous=OFF")  # a copy that isn't complete is worth nothing; see _flush
            source.backup(copy, pages=pages_at_once, progress=step)
    with closing(_open(part)) as copy:
        # The copy says WAL too, which a reader without the right to write beside it could not open.
        copy.execute("PRAGMA journal_mode=DELETE")


def _check(part: Path, stop: threading.Event) -> int:
    """Read the copy from end to end. Returns: the number of messages in it. Raises: StoreRefused; Interrupted."""
    with closing(_open(part)) as copy:
        copy.set_progress_handler(stop.is_set, _CHECK_STOP_EVERY)
        try:
            verdict = copy.execute("PRAGMA quick_check(1)").fetchone()[0]
            revision = copy.execute("SELECT version_num FROM alembic_version").fetchone()
            messages: int = copy.execute("SELECT count(*) FROM chat_message").fetchone()[0]
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT:
                raise Interrupted from None
            raise
    if verdict != "ok" or revision != (CURRENT_REVISION,):
        raise StoreRefused("the copy is not sound, and neither may the archive be", hint="check the disk it is on")
    return messages


def _open(file: Path) -> sqlite3.Connection:
    """A connection to a file that is there."""
    address = f"file:{quote(str(file.absolute()))}?mode=rw"
    return sqlite3.connect(address, uri=True, timeout=_BUSY_TIMEOUT_S, isolation_level=None)


@contextmanager
def _destination_errors(file: Path) -> Iterator[None]:
    """What can't be written is the copy: of the archive's own file, nothing is."""
    try:
        yield
    except (OSError, sqlite3.OperationalError) as error:
        code = getattr(error, "sqlite_errorname", "")
        if isinstance(error, sqlite3.OperationalError) and not code.startswith(_NOT_WRITTEN):
            raise
        why = "the disk is full" if code == "SQLITE_FULL" else getattr(error, "strerror", "") or "the disk refuses"
        hint = "make room there, or name a file on another disk; the archive is untouched"
        raise StoreRefused(f"the backup can't be written in {file.parent}: {why}", hint=hint) from None


@contextmanager
def _scratch_folder(file: Path) -> Iterator[Path]:
    """A folder beside the file, for us alone; whatever is in it at the end goes."""
    folder = Path(tempfile.mkdtemp(prefix=f".{file.name}.", suffix=".part", dir=file.parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _flush(path: Path) -> None:
    """Wait until a file, or what a folder lists, is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _publish(part: Path, file: Path, *, replace: bool) -> None:
    """Give the copy its name, in one step. Raises: ConfigError when somebody else took the name meanwhile."""
    if replace:
        part.replace(file)
        return
    try:
        file.hardlink_to(part)  # unlike a renaming, it refuses to replace
    except FileExistsError:
        raise _exists(file) from None
    except OSError:  # a file system without hard links
        part.rename(file)


def _is_same(one: Path, other: Path) -> bool:
    """Whether two names are those of one file, which may be yet to come."""
    try:
        return one.samefile(other)
    except OSError:
        return one.resolve() == other.resolve()


def _exists(file: Path) -> ConfigError:
    return ConfigError(f"{file} exists already", hint="name another file, or replace it with --force")
