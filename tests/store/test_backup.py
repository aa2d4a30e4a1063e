"""A copy of an archive that is in use is one of its states, whole, or it is not there."""

import os
import shutil
import sqlite3
import stat
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from archiver.errors import ArchiverError, ConfigError, Interrupted, StoreRefused
from archiver.store.backup import back_up
from archiver.store.database import Database
from tests.support import Archive, dump, wire_rows

Chat = Callable[..., int]
GO_ON = threading.Event()

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where backups go."""
    made = tmp_path / "backups"
    made.mkdir()
    return made


@pytest.fixture
def filled(archive: Archive, chat: Chat) -> Archive:
    """An archive of some chat sessions."""
    for _ in range(10):
        chat("Hello", "Good morning", "Bye")
    archive.run()
    return archive


def opened(file: Path) -> Database:
    return Database(f"sqlite:///{file}")


def content(file: Path) -> dict[str, object]:
    """All that a copy holds; read from another copy, since reading makes files beside it."""
    database = opened(Path(shutil.copy(file, file.with_name("opened.db"))))
    try:
        return dict(dump(database))
    finally:
        database.close()


def assert_consistent(file: Path) -> None:
    """Each cursor is the largest message stored, and the ledger counts what there is."""
    with sqlite3.connect(f"file:{file}?mode=ro&immutable=1", uri=True) as copy:
        holes = copy.execute(
            "SELECT s.chat_session_id, s.last_message_id, max(m.chat_message_id) FROM chat_session_state s"
            " JOIN chat_message m USING (source_id, chat_session_id) GROUP BY 1, 2"
            " HAVING s.last_message_id <> max(m.chat_message_id)"
        ).fetchall()
        stored, counted = copy.execute(
            "SELECT (SELECT count(*) FROM chat_message), (SELECT sum(messages_added) FROM sync_run)"
        ).fetchone()
    copy.close()
    assert (holes, stored) == ([], counted)


def test_a_backup_is_the_archive_as_it_was_when_it_began_while_passes_go_on(
    filled: Archive, chat: Chat, folder: Path
) -> None:
    before, steps = dump(filled.database), []

    def write_between_two_steps(done: int, total: int) -> None:
        steps.append((done, total))
        if len(steps) % 10 == 1:
            chat("Are you there?")
            assert filled.run().outcome == "complete"

    made = back_up(filled.database, folder / "copy.db", GO_ON, write_between_two_steps, pages_at_once=1)
    assert content(made.path) == before
    assert made.messages == len(before["chat_message"]) < len(filled.rows()) - 2
    assert steps[-1] == (made.size_bytes, made.size_bytes)
    assert len({total for _, total in steps}) == 1  # it never began anew


def test_backups_beside_a_writer_in_a_thread_are_consistent(filled: Archive, chat: Chat, folder: Path) -> None:
    done = threading.Event()

    def write() -> None:
        while not done.is_set():
            chat("Are you there?", "Yes.")
            filled.run()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(5):
            assert_consistent(back_up(filled.database, folder / f"{number}.db", GO_ON, pages_at_once=3).path)
    finally:
        done.set()
        writer.join()


def test_a_restored_backup_goes_on_to_what_the_source_has_now(filled: Archive, chat: Chat, folder: Path) -> None:
    made = back_up(filled.database, folder / "copy.db", GO_ON)
    chat("Written after the backup")
    filled.run()
    filled.database.close()
    archive = filled.database.sqlite_file
    assert archive
    for end in ("-wal", "-shm"):
        archive.with_name(archive.name + end).unlink(missing_ok=True)
    shutil.copy(made.path, archive)
    assert len(wire_rows(filled.database)) == made.messages
    assert filled.run().outcome == "complete"
    assert filled.rows() == filled.truth()


def test_the_copy_is_one_private_file_that_can_be_read_where_nothing_may_be_written(
    filled: Archive, folder: Path
) -> None:
    made = back_up(filled.database, folder / "copy.db", GO_ON)
    assert [path.name for path in folder.iterdir()] == ["copy.db"]
    assert stat.S_IMODE(made.path.stat().st_mode) == 0o600
    assert made.size_bytes == made.path.stat().st_size
    assert made.path.read_bytes()[18:20] == b"\x01\x01"  # no write-ahead log; source: SQLite's file format, 1.3
    assert_consistent(made.path)


@pytest.mark.parametrize("pages_at_once", [1, 1024])
def test_an_interrupted_backup_leaves_nothing_behind(filled: Archive, folder: Path, pages_at_once: int) -> None:
    stop = threading.Event()
    with pytest.raises(Interrupted):
        back_up(filled.database, folder / "copy.db", stop, lambda *_: stop.set(), pages_at_once=pages_at_once)
    assert list(folder.iterdir()) == []


def test_an_existing_file_is_replaced_only_on_request_and_only_by_a_complete_copy(
    filled: Archive, folder: Path
) -> None:
    file, stop = folder / "copy.db", threading.Event()
    file.write_text("precious")
    with pytest.raises(ConfigError, match="exists already"):
        back_up(filled.database, file, GO_ON)
    with pytest.raises(Interrupted):
        back_up(filled.database, file, stop, lambda *_: stop.set(), replace=True, pages_at_once=1)
    assert file.read_text() == "precious"
    back_up(filled.database, file, GO_ON, replace=True)
    assert_consistent(file)


def test_a_file_that_appears_meanwhile_is_not_replaced(filled: Archive, folder: Path) -> None:
    file = folder / "copy.db"

    def make_it(_done: int, _total: int) -> None:
        file.write_text("precious")

    with pytest.raises(ConfigError, match="exists already"):
        back_up(filled.database, file, GO_ON, make_it)
    assert [(path.name, path.read_text()) for path in folder.iterdir()] == [("copy.db", "precious")]


@pytest.mark.parametrize(
    "name", ["archive.db", "archive.db-wal", "archive.db-journal", "link.db", "backups/../archive.db"]
)
def test_the_archive_itself_is_never_the_backup(filled: Archive, tmp_path: Path, folder: Path, name: str) -> None:
    (tmp_path / "link.db").hardlink_to(tmp_path / "archive.db")
    before = dump(filled.database)
    with pytest.raises(ConfigError, match="belongs to the archive itself"):
        back_up(filled.database, tmp_path / name, GO_ON, replace=True)
    assert dump(filled.database) == before


def test_a_file_that_another_program_has_open_is_not_replaced_under_it(filled: Archive, folder: Path) -> None:
    file = back_up(filled.database, folder / "copy.db", GO_ON).path
    other = opened(file)
    with other.reading() as connection:
        connection.exec_driver_sql("SELECT 1 FROM source")
        with pytest.raises(ConfigError, match=r"copy\.db-wal is there: the earlier copy\.db is in use"):
            back_up(filled.database, file, GO_ON, replace=True)
    other.close()


@pytest.mark.parametrize(
    ("name", "says"), [("nowhere/copy.db", "there is no folder"), (".", "is no file"), ("..", "is no file")]
)
def test_a_place_where_no_file_can_be_gets_a_sentence(filled: Archive, folder: Path, name: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        back_up(filled.database, folder / name, GO_ON, replace=True)


def test_a_damaged_archive_gives_no_backup(filled: Archive, folder: Path) -> None:
    archive = filled.database.sqlite_file
    assert archive
    filled.database.close()  # writes the log into the file
    with archive.open("r+b") as file:
        for page in range(3, archive.stat().st_size // 4096):
            file.seek(page * 4096)
            file.write(os.urandom(64))
    with pytest.raises(ArchiverError) as caught:
        back_up(filled.database, folder / "copy.db", GO_ON)
    assert isinstance(caught.value, StoreRefused)
    assert list(folder.iterdir()) == []
