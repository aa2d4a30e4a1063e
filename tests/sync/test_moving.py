"""An archive copied from each kind of database to each kind, and the pass that goes on there."""

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, update

from archiver.errors import (
    ArchiverError,
    ArchivesDiverged,
    ConfigError,
    Interrupted,
    LeaseHeld,
    LeaseLost,
    SchemaOutOfDate,
    StoreRefused,
)
from archiver.store import tables
from archiver.store.copying import page
from archiver.store.copying.walk import CopyCounts
from archiver.store.database import Database
from archiver.store.lease import acquire_lease, forget_lease, release_lease
from archiver.store.sources import ensure_source
from archiver.store.verifying.archive import verify_archive
from archiver.superoffice.decode import decode_reply
from archiver.sync.moving import CopyProgress, CopyResult, copy_archive
from tests.store.conftest import open_run_in
from tests.superoffice.replies import body_of
from tests.support import Archive, dump

TEXTS = (
    "",
    " ",
    "trailing  ",
    "Case",
    "case",
    "Å",
    "A\u030a",
    "ß",
    "👋🏽‍♀️\U0010ffff\uffff\ufeff",
    "\t\r\n\x01\x7f\x85\u2028",
    "\\N\\.\\\\ %s %(a)s :b ? ' \" `",
    "עברית العربية",
    "ä" * 70_000,
)
each_kind_once = pytest.mark.parametrize(
    ("database_url", "other_database"),
    [("sqlite", "postgresql"), ("postgresql", "mariadb"), ("mariadb", "sqlite")],
    indirect=True,
)
"""Each kind once as origin and once as target, where the pair is no matter: that every pair can carry every row is
the matter of one test."""
LATER = CopyCounts(inserted=0, updated=0, deleted=0)


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages of a few rows, so that few rows are many pages."""
    monkeypatch.setattr("archiver.store.copying.rows.PAGE_ROWS", 3)
    monkeypatch.setattr(page.reach, "__kwdefaults__", {"rows": 3, "characters": 1000})


@pytest.fixture
def filled(archive: Archive, chat: Callable[..., int]) -> Archive:
    """Two sources, odd texts, revisions, seals, quarantine, errors, and times at both ends of the calendar."""
    archive.configure(settle='after = "0.001s"')
    tenant = archive.sandbox.tenant
    messages = tenant.messages(chat(*TEXTS))
    chat("Hello", "Hi")
    chat("Good night")
    tenant.edit(messages[0].chat_message_id, Colour={"number": 1}, when_posted="0001-01-01T00:00:01.1234567Z")
    tenant.edit(messages[1].chat_message_id, when_posted="9999-12-31T23:59:59.999999Z", author=None)
    tenant.edit(messages[2].chat_message_id, ChatMessageId=None)
    archive.run("backfill")
    tenant.edit(messages[3].chat_message_id, message="edited")
    archive.sandbox.oddities.add("error_object", chat_session_id=2)
    archive.run("reconcile")
    archive.sandbox.oddities.clear()
    verify_archive(archive.database, 1, threading.Event(), lambda *_: None)
    add_source(archive.database, "globex")
    return archive


def add_source(database: Database, name: str) -> None:
    rows = [
        f'{{"ChatMessageId":{number},"ChatSessionId":7,"Type":"ToUser","Message":"{"x" * number}","Author":"Kim",'
        '"ReadByCustomer":0,"SpecialType":"None","SpecialParam":"","WhenPosted":"2026-03-02T08:15:30Z"}'
        for number in range(1, 11)
    ]
    run = open_run_in(database, name)
    run.save(*decode_reply(body_of(rows), 7).messages)
    forget_lease(run.lease)
    with database.writing() as connection:
        release_lease(connection, run.lease)


def copy(origin: Database, target: Database, report: Callable[[CopyProgress], None] = lambda _: None) -> CopyResult:
    return copy_archive(origin, target, threading.Event(), report, patience=timedelta(0))


def held(database: Database) -> dict[str, list[dict[str, object]]]:
    return dump(database, without=("lease",))


def test_every_row_arrives_and_the_next_pass_goes_on_from_the_cursors(
    filled: Archive, other_database: Database, small_pages: None, tmp_path: Path
) -> None:
    before = held(filled.database)
    assert {name for name, rows in before.items() if not rows} == set()
    result = copy(filled.database, other_database)
    assert (result.is_same, result.counts.inserted) == (True, sum(map(len, before.values())) - 2)  # sources go ahead
    assert held(other_database) == before == held(filled.database)
    (tmp_path / "moved").mkdir()
    with Archive(other_database, filled.sandbox, tmp_path / "moved") as moved:
        passed = moved.run()
        assert (passed.outcome, passed.counts.messages_added, passed.counts.messages_changed) == ("partial", 0, 0)
        assert passed.run_id == 1 + max(int(str(row["id"])) for row in before["sync_run"])
        assert moved.table("chat_message") == before["chat_message"]
        moved.sandbox.tenant.post(2, message="after the move")
        moved.sandbox.tenant.edit(moved.sandbox.tenant.messages(2)[0].chat_message_id, ChatMessageId="x")
        assert moved.run("reconcile").counts.messages_added == 1
    with other_database.writing() as connection:
        assert ensure_source(connection, "initech", "https://crm.example.com") == 3


@each_kind_once
def test_a_copy_of_what_did_not_change_writes_nothing_and_one_of_what_did_the_difference(
    filled: Archive, other_database: Database
) -> None:
    copy(filled.database, other_database)
    assert copy(filled.database, other_database).counts == LATER
    filled.sandbox.tenant.post(1, message="later")
    filled.run()
    counts = copy(filled.database, other_database).counts
    # A message and the run; and what failed before is sealed now: a seal and its key.
    assert (counts.inserted, counts.deleted) == (4, 0)
    assert held(other_database) == held(filled.database)


@each_kind_once
def test_a_copy_cut_after_any_page_claims_nothing_that_it_does_not_hold(
    filled: Archive, other_database: Database, small_pages: None
) -> None:
    pages = 0

    def look(_progress: CopyProgress) -> None:
        nonlocal pages
        pages += 1
        if pages % 3 == 0:
            check_that_nothing_is_claimed(other_database, filled.database)

    assert copy(filled.database, other_database, look).is_same
    assert pages > 20


@each_kind_once
def test_a_copy_cut_again_and_again_goes_on_when_it_is_run_again(
    filled: Archive, other_database: Database, small_pages: None
) -> None:
    class Cut(Exception):
        pass

    for pages in (2, 6, 10, 20):
        left = iter(range(pages, -1, -1))

        def cut(_progress: CopyProgress, left: Iterator[int] = left) -> None:
            if next(left) == 0:
                raise Cut

        with pytest.raises(Cut):
            copy(filled.database, other_database, cut)
    assert copy(filled.database, other_database).is_same
    assert held(other_database) == held(filled.database)


def check_that_nothing_is_claimed(target: Database, origin: Database) -> None:
    """While a cursor or a run is there, every message is."""
    there = held(target)
    here = held(origin) if there["chat_session_state"] or there["sync_run"] else there
    if there["chat_session_state"] or there["sync_run"]:
        for name in ("chat_message", "chat_message_revision", "quarantine"):
            assert there[name] == here[name]
    if there["sync_run"]:
        assert there["chat_session_state"] == here["chat_session_state"]


@pytest.fixture
def target(tmp_path: Path) -> Iterator[Database]:
    """An SQLite file to copy to, where the kind makes no difference."""
    made = Database(f"sqlite:///{tmp_path / 'target.db'}")
    yield made
    made.close()


def test_a_stop_is_heard_between_two_pages(filled: Archive, target: Database) -> None:
    stop = threading.Event()
    with pytest.raises(Interrupted, match="what was copied is committed"):
        copy_archive(filled.database, target, stop, lambda _: stop.set())
    assert [row["holder"] for row in dump(filled.database)["lease"]] == [None, None]
    assert copy(filled.database, target).is_same


def test_what_was_erased_or_changed_in_the_origin_is_so_in_the_copy(filled: Archive, target: Database) -> None:
    copy(filled.database, target)
    message, revision = tables.chat_message, tables.chat_message_revision
    with filled.database.writing() as connection:
        connection.execute(delete(revision))
        connection.execute(update(message).where(message.c.chat_message_id == 5).values(message=None))
    assert copy(filled.database, target).counts == CopyCounts(inserted=0, updated=2, deleted=1)
    assert held(target) == held(filled.database)


def test_what_somebody_changed_in_the_copy_is_mended(filled: Archive, target: Database) -> None:
    copy(filled.database, target)
    message, state = tables.chat_message, tables.chat_session_state
    with target.writing() as connection:
        connection.execute(delete(message).where(message.c.chat_message_id == 5))
        connection.execute(update(message).where(message.c.chat_message_id == 6).values(author="KIM"))
        connection.execute(update(state).where(state.c.chat_session_id == 7).values(last_message_id=11))
        connection.execute(update(tables.source).where(tables.source.c.id == 2).values(tenant="x"))
    result = copy(filled.database, target)
    assert (result.is_same, held(target)) == (True, held(filled.database))


@each_kind_once
def test_a_copy_that_was_archived_into_is_left_alone(
    filled: Archive, other_database: Database, tmp_path: Path
) -> None:
    copy(filled.database, other_database)
    (tmp_path / "moved").mkdir()
    with Archive(other_database, filled.sandbox, tmp_path / "moved") as moved:
        moved.run()
    before = held(other_database)
    with pytest.raises(ArchivesDiverged, match="has gone its own way: its run 4") as refused:
        copy(filled.database, other_database)
    assert (held(other_database), int(refused.value.exit_code)) == (before, 5)
    filled.run()  # as many runs on both sides, and not the same ones
    with pytest.raises(ArchivesDiverged):
        copy(filled.database, other_database)


def test_another_archive_is_left_alone(filled: Archive, target: Database) -> None:
    with pytest.raises(SchemaOutOfDate):
        copy(target, filled.database)
    copy(filled.database, target)
    with target.writing() as connection:
        ensure_source(connection, "initech", "https://crm.example.com")
    before = dump(target)
    with pytest.raises(ArchivesDiverged, match="its source initech@1 is none of"):
        copy(filled.database, target)
    assert dump(target) == before


def test_a_source_that_was_renamed_is_renamed_in_the_copy_even_when_a_new_one_has_its_name(
    filled: Archive, target: Database
) -> None:
    copy(filled.database, target)
    with filled.database.writing() as connection:
        connection.execute(update(tables.source).where(tables.source.c.id == 2).values(name="initech"))
    add_source(filled.database, "globex")
    assert copy(filled.database, target).is_same
    assert held(target) == held(filled.database)


def test_sources_that_swapped_names_are_so_in_the_copy(filled: Archive, target: Database) -> None:
    copy(filled.database, target)
    for old, new in (("acme", "x"), ("globex", "acme"), ("x", "globex")):
        with filled.database.writing() as connection:
            connection.execute(update(tables.source).where(tables.source.c.name == old).values(name=new))
    assert copy(filled.database, target).is_same
    assert held(target) == held(filled.database)


def test_an_archive_is_not_copied_onto_itself(filled: Archive, tmp_path: Path) -> None:
    url = filled.database.url.render_as_string(hide_password=False)
    if filled.database.sqlite_file:
        (tmp_path / "link.db").symlink_to(filled.database.sqlite_file)
        url = f"sqlite:///{tmp_path / 'link.db'}"
    itself = Database(url)
    with pytest.raises(ConfigError, match="is the archive itself"):
        copy(filled.database, itself)
    itself.close()
    assert filled.run().outcome == "partial"


def test_an_empty_archive_needs_no_copy(database: Database, target: Database) -> None:
    with pytest.raises(ArchiverError, match="nothing is archived yet"):
        copy(database, target)
    assert target.is_missing()


def test_a_target_of_another_version_is_named(filled: Archive, target: Database) -> None:
    copy(filled.database, target)
    with target.writing() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(SchemaOutOfDate, match=r"target\.db: the archive's schema is at 9999, newer"):
        copy(filled.database, target)


@pytest.mark.parametrize("side", ["origin", "target"])
def test_an_archiver_at_work_on_either_side_is_waited_for(filled: Archive, target: Database, side: str) -> None:
    copy(filled.database, target)
    at_work = filled.database if side == "origin" else target
    with at_work.writing() as connection:
        lease = acquire_lease(connection, 2)
    with pytest.raises(LeaseHeld):
        copy(filled.database, target)
    with at_work.writing() as connection:
        release_lease(connection, lease)
    forget_lease(lease)
    assert copy(filled.database, target).is_same


@pytest.mark.parametrize("side", ["origin", "target"])
def test_nothing_is_written_of_a_source_that_another_archiver_took_over(
    filled: Archive, target: Database, side: str
) -> None:
    taken: list[object] = []

    def take_over(_progress: CopyProgress) -> None:
        if not taken:
            taken.append(held(target))
            with (filled.database if side == "origin" else target).writing() as connection:
                connection.execute(update(tables.lease).values(fencing=tables.lease.c.fencing + 1))

    with pytest.raises(LeaseLost):
        copy(filled.database, target, take_over)
    assert held(target) == taken[0]


def test_a_source_that_comes_up_meanwhile_waits_for_the_next_copy(filled: Archive, target: Database) -> None:
    def add_once(_progress: CopyProgress) -> None:
        if len(held(filled.database)["source"]) == 2:
            add_source(filled.database, "initech")

    first = copy(filled.database, target, add_once)
    assert (first.is_same, len(held(target)["source"])) == (True, 2)
    assert copy(filled.database, target).is_same
    assert held(target) == held(filled.database)


def test_a_row_that_the_target_refuses_is_named_by_its_key_and_its_neighbours_arrive(
    archive: Archive, chat: Callable[..., int], target: Database
) -> None:
    chat("one", "secret", "three")
    archive.run()
    copy(archive.database, target)
    refuse = "CREATE TRIGGER t BEFORE INSERT ON chat_message WHEN NEW.message = 'secret' BEGIN {} END"
    with target.writing() as connection:
        connection.exec_driver_sql(refuse.format("SELECT RAISE(ABORT, 'secret');"))
        connection.execute(delete(tables.chat_message))
    with pytest.raises(StoreRefused) as refused:
        copy(archive.database, target)
    assert str(refused.value).startswith("chat_message (source_id 1, chat_message_id 2): ")
    assert "secret" not in str(refused.value)
    assert [row["message"] for row in dump(target)["chat_message"]] == ["one"]


def test_a_target_that_changes_what_is_written_is_found(filled: Archive, target: Database) -> None:
    copy(filled.database, target)
    with target.writing() as connection:
        connection.exec_driver_sql(
            "CREATE TRIGGER t AFTER INSERT ON chat_message BEGIN UPDATE chat_message SET author = upper(author); END"
        )
        connection.execute(delete(tables.chat_message))
    result = copy(filled.database, target)
    assert [each.table for each in result.tables if not each.is_same] == ["chat_message"]
    assert [each.origin.rows - each.target.rows for each in result.tables] == [0] * len(result.tables)


def test_a_lease_of_the_copy_has_a_number_of_its_own_and_no_holder(filled: Archive, target: Database) -> None:
    copy(filled.database, target)
    here, there = ({row["source_id"]: row for row in dump(each)["lease"]} for each in (filled.database, target))
    assert all(there[source_id]["fencing"] >= here[source_id]["fencing"] for source_id in here)
    assert {row["holder"] for row in there.values()} == {None}
