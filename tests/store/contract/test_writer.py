"""The writer on real databases: what is stored, what is kept, and what a failure leaves."""

from collections.abc import Callable
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text

from archiver.errors import LeaseLost, StoreError
from archiver.model import ChatMessage
from archiver.store import tables
from archiver.store.database import Database
from archiver.store.messages import load_stored
from archiver.store.state import load_states
from archiver.store.visit import Visit
from tests.store.conftest import OpenRun
from tests.store.test_compare import HELD
from tests.support import dump
from tests.writes import note_writes

PLANTED = "planted-secret-5c1f"


def message(key: int, said: str = "Hello", **changes: object) -> ChatMessage:
    return msgspec.structs.replace(HELD, chat_message_id=key, message=said, **changes)


def texts(database: Database) -> list[tuple[int, str]]:
    table = tables.chat_message
    with database.reading() as connection:
        rows = connection.execute(select(table.c.chat_message_id, table.c.message).order_by(table.c.chat_message_id))
        return [(row.chat_message_id, row.message) for row in rows]


def test_a_batch_of_new_and_known_and_changed_messages_is_sorted_out(open_run: OpenRun) -> None:
    open_run.save(message(1, "one"), message(2, "two"), message(3, "three"))
    counts = open_run.save(message(2, "two, edited"), message(3, "three"), message(4, "four"))
    assert (counts.messages_added, counts.messages_changed) == (1, 1)
    assert texts(open_run.database) == [(1, "one"), (2, "two, edited"), (3, "three"), (4, "four")]


def test_every_earlier_content_is_kept(open_run: OpenRun) -> None:
    for said in ("first", "second", "third"):
        open_run.save(message(1, said))
    revisions = dump(open_run.database)["chat_message_revision"]
    assert [(row["revision"], row["message"]) for row in revisions] == [(1, "first"), (2, "second")]
    (row,) = dump(open_run.database)["chat_message"]
    assert (row["revision"], row["message"]) == (3, "third")


def test_the_same_messages_again_change_no_row(open_run: OpenRun) -> None:
    open_run.save(message(1), message(2))
    before = dump(open_run.database, without=("lease", "sync_run"))
    open_run.save(message(1), message(2))
    assert dump(open_run.database, without=("lease", "sync_run")) == before


def test_a_message_repeated_in_one_batch_is_stored_once(open_run: OpenRun) -> None:
    assert open_run.save(message(1), message(1), message(2)).messages_added == 2


def test_a_later_content_in_the_same_batch_is_an_edit_of_the_earlier(open_run: OpenRun) -> None:
    counts = open_run.save(message(1, "one"), message(2), message(1, "one, edited"))
    assert (counts.messages_added, counts.messages_changed, counts.chat_sessions_failed) == (2, 1, 0)
    assert texts(open_run.database) == [(1, "one, edited"), (2, "Hello")]
    (revision,) = dump(open_run.database)["chat_message_revision"]
    assert revision["message"] == "one"


def test_a_content_that_comes_back_in_the_same_batch_counts(open_run: OpenRun) -> None:
    open_run.save(message(1, "one"), message(1, "two"), message(1, "one"))
    assert texts(open_run.database) == [(1, "one")]
    assert len(dump(open_run.database)["chat_message_revision"]) == 2


def test_a_read_mark_that_comes_within_a_batch_is_no_conflict(open_run: OpenRun) -> None:
    counts = open_run.save(message(1), message(1, read_by_customer=1))
    assert (counts.messages_added, counts.messages_changed, counts.chat_sessions_failed) == (1, 1, 0)


def test_a_conflict_stays_an_open_error_when_the_source_says_nothing_new(open_run: OpenRun) -> None:
    open_run.save(message(1))
    open_run.save(message(1, "another", author="Sam", when_posted=None), message(2))
    open_run.save(message(3))
    (error,) = dump(open_run.database)["sync_error"]
    assert (error["kind"], error["resolved_at"]) == ("conflict", None)


def test_a_conflicting_message_of_another_chat_session_moves_no_cursor(open_run: OpenRun) -> None:
    open_run.save(message(1000, chat_session_id=8))
    foreign = message(1000, "another", chat_session_id=8, author="Sam", when_posted=None)
    visit = Visit(chat_session_id=7, before=None, messages=[message(5), foreign])
    open_run.save_visits([visit])
    states = {row["chat_session_id"]: row["last_message_id"] for row in dump(open_run.database)["chat_session_state"]}
    assert states == {7: 5, 8: 1000}
    (kept,) = dump(open_run.database)["quarantine"]
    assert kept["chat_session_id"] == 7  # where it was met


@pytest.mark.parametrize("year", [1, 1760, 9999])
def test_any_year_can_be_read_back(open_run: OpenRun, year: int) -> None:
    when = datetime(year, 12, 31, 23, 59, 59, tzinfo=UTC)
    open_run.save(message(1, when_posted=when))
    open_run.save(message(1, "Hello!", when_posted=when))
    assert dump(open_run.database)["chat_message"][0]["when_posted"] == when


def test_a_row_that_did_not_change_is_not_written_again(open_run: OpenRun) -> None:
    open_run.save(message(1), message(2))
    writes = note_writes(open_run.database)
    open_run.save(message(1), message(2), message(3))
    assert (writes()["INSERT chat_message"], writes()["UPDATE chat_message"]) == (1, 0)
    open_run.save(message(1, "edited"), message(2))
    assert (writes()["INSERT chat_message"], writes()["UPDATE chat_message"]) == (1, 1)


@pytest.mark.parametrize("asked", [[1, 3, 6], [6, 1, 10**6], []])
def test_what_lies_between_the_messages_asked_for_is_not_loaded(open_run: OpenRun, asked: list[int]) -> None:
    open_run.save(*(message(key) for key in range(1, 8)))
    with open_run.database.reading() as connection:
        stored = load_stored(connection, open_run.lease.source_id, asked)
    assert sorted(stored) == sorted(set(asked) & set(range(1, 8)))


def test_two_sources_keep_the_same_ids_apart(open_run: OpenRun, other_run: Callable[[], OpenRun]) -> None:
    open_run.save(message(1, "here"))
    assert other_run().save(message(1, "there")).messages_added == 1
    assert texts(open_run.database) == [(1, "here"), (1, "there")]


# NUL and lone surrogates are set aside when a reply is decoded: no text column holds them.
hostile = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(said=hostile, author=hostile, extra=st.none() | hostile)
def test_any_text_comes_back_as_it_went_in(open_run: OpenRun, said: str, author: str, extra: str | None) -> None:
    open_run.save(message(1, said, author=author, extra=extra))
    (row,) = dump(open_run.database)["chat_message"]
    assert (row["message"], row["author"], row["extra"]) == (said, author, extra)


@pytest.mark.parametrize(
    "said", ["\\N", "\\.", "a\tb\nc\rd", "quote \" and ' and \\", "", " ", "\ufeff", "👩‍👩‍👧 𝔘𝔫𝔦", "שלום", "\x01\x7f"]
)
def test_texts_that_trip_up_bulk_loading_survive(open_run: OpenRun, said: str) -> None:
    open_run.save(message(1, said))
    assert texts(open_run.database) == [(1, said)]


def test_a_text_of_ten_megabytes_is_held_whole(open_run: OpenRun) -> None:
    said = "ä" * 5_000_000
    open_run.save(message(1, said))
    assert texts(open_run.database) == [(1, said)]


def test_a_lost_lease_stops_the_batch_before_anything_is_written(open_run: OpenRun) -> None:
    with open_run.database.writing() as connection:
        connection.execute(tables.lease.update().values(fencing=99))
    before = dump(open_run.database)
    with pytest.raises(LeaseLost):
        open_run.save(message(1))
    assert dump(open_run.database) == before


def refuse_the_ledger(database: Database) -> None:
    """Let the database refuse what the writer writes last."""
    if database.dialect == "sqlite":
        statement = "CREATE TRIGGER refuse BEFORE UPDATE ON sync_run BEGIN SELECT RAISE(ABORT, 'refused'); END"
    else:
        statement = "ALTER TABLE sync_run ADD CONSTRAINT refuse CHECK (messages_added = 0)"
    with database.writing() as connection:
        connection.execute(text(statement))


def test_a_batch_that_fails_at_its_end_leaves_nothing(open_run: OpenRun) -> None:
    refuse_the_ledger(open_run.database)
    before = dump(open_run.database)
    with pytest.raises(StoreError):
        open_run.save(message(1), message(2))
    assert dump(open_run.database) == before


def test_a_database_error_never_carries_the_row(open_run: OpenRun) -> None:
    statement = (
        "CREATE TRIGGER refuse BEFORE INSERT ON chat_message BEGIN SELECT RAISE(ABORT, 'no'); END"
        if open_run.database.dialect == "sqlite"
        else f"ALTER TABLE chat_message ADD CONSTRAINT refuse CHECK (message <> '{PLANTED}')"
    )
    with open_run.database.writing() as connection:
        connection.execute(text(statement))
    with pytest.raises(StoreError) as caught:
        open_run.save(message(1, PLANTED, author=PLANTED))
    error: BaseException | None = caught.value
    assert error is not None
    assert PLANTED not in f"{error!r}{error}{error.__cause__!r}"
    assert error.__suppress_context__


def test_a_visit_without_messages_makes_its_state_row(open_run: OpenRun) -> None:
    visit = Visit(chat_session_id=5, before=None, is_absent=True)
    open_run.save_visits([visit], walked_to=5)
    (state,) = dump(open_run.database)["chat_session_state"]
    assert (state["chat_session_id"], state["state"], state["last_message_id"]) == (5, "absent", 0)
    (run,) = dump(open_run.database)["sync_run"]
    assert run["walked_to"] == 5


def test_only_the_states_that_were_asked_for_are_loaded(open_run: OpenRun) -> None:
    known = (1, 2, 3, 4, 900_000)
    open_run.save(*(message(key, chat_session_id=key) for key in known))
    for ids in ([1, 3, 4], [4, 1], [1, 900_000], [5], []):  # near each other, far apart, unknown, none
        with open_run.database.reading() as connection:
            found = load_states(connection, open_run.lease.source_id, ids)
        assert sorted(found) == sorted(set(ids) - {5})
