"""Whatever is done to a sealed chat session by plain SQL is found and named; what passes do is not."""

import itertools
import threading
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, text

from archiver.errors import Interrupted
from archiver.ranges import IdRanges
from archiver.store import tables
from archiver.store.database import Database
from archiver.store.sealing.log import NewSeal, append_seals, load_head
from archiver.store.sealing.transcript_rows import T, within
from archiver.store.verifying.archive import verify_archive
from archiver.store.verifying.differences import Difference
from archiver.store.verifying.results import ArchiveResult
from archiver.store.verifying.transcripts import TRIES, check_transcripts
from tests.store.conftest import OpenRun
from tests.store.test_sealing import by_hand, confirm, message
from tests.support import dump

Found = set[tuple[str, int | None, int | None]]
SEALED, UNSEALED = (7, 8), 9


@pytest.fixture
def sealed(open_run: OpenRun) -> OpenRun:
    """Chat sessions 7 and 8 are sealed, 9 is not; message 3 has two revisions, 11 has one."""
    open_run.save(*(message(key, f"text {key}") for key in (1, 2, 3, 4)))
    open_run.save(*(message(key, chat_session_id=8, extra='{"Mood":"odd"}') for key in (11, 12)))
    open_run.save(message(21, chat_session_id=9), message(22, chat_session_id=9))
    open_run.save(message(3, "edited", when_posted=None), message(11, "edited", chat_session_id=8, author=None))
    open_run.save(message(3, "edited again"))
    assert confirm(open_run, *SEALED) == 2
    return open_run


def verify(open_run: OpenRun, **options: Any) -> ArchiveResult:
    report = options.pop("report", lambda *_: None)
    stop = options.pop("stop", threading.Event())
    return verify_archive(open_run.database, open_run.lease.source_id, stop, report, **options)


def found(differences: Sequence[Difference]) -> Found:
    return {(each.kind, each.chat_session_id, each.chat_message_id) for each in differences}


def found_after(open_run: OpenRun, *statements: str) -> Found:
    """What would be found after some statements, of which nothing stays."""

    def look(connection: Connection) -> Found:
        for statement in statements:
            connection.execute(text(statement))
        return found(check_transcripts(within(connection), open_run.lease.source_id, SEALED).differences)

    return open_run.database.rehearse(look)


def test_what_nobody_altered_is_as_it_was_sealed(sealed: OpenRun) -> None:
    result = verify(sealed)
    assert result.differences == []
    counts = ("seals", "chat_sessions", "messages", "sealed", "changed", "unsealed", "restless")
    assert [getattr(result, name) for name in counts] == [2, 2, 6, 2, 0, 1, 0]
    sealed.save(message(5))
    result = verify(sealed)
    assert [getattr(result, name) for name in counts] == [3, 2, 7, 1, 1, 1, 0]
    assert result.differences == []


def test_what_came_of_it_is_kept(sealed: OpenRun) -> None:
    by_hand(sealed, "DELETE FROM chat_message WHERE chat_message_id IN (1, 2)")
    result = verify(sealed, ids=IdRanges.of("7-8"))
    (row,) = dump(sealed.database)["verification"]
    assert row["started_at"] <= row["finished_at"]
    del row["id"], row["started_at"], row["finished_at"]
    assert result.head is not None
    assert row == {
        "source_id": sealed.lease.source_id,
        "kind": "archive",
        "scope": "7-8",
        "chat_sessions": 2,
        "messages": 6,
        "sealed": 2,
        "differences": 2,
        "seal_head": result.head.hash,
    }


TEXTS = ("type", "message", "author", "special_type", "special_param", "extra")
MESSAGES = {1: 7, 2: 7, 3: 7, 4: 7, 11: 8, 12: 8}
REVISIONS = {(3, 1): 7, (3, 2): 7, (11, 1): 8}


@st.composite
def single_changes(draw: st.DrawFn) -> tuple[str, Found]:
    """A statement that changes one thing of what is sealed, and what is to be found."""
    if draw(st.booleans()):
        key = draw(st.sampled_from(sorted(MESSAGES)))
        table, owner, where = "chat_message", MESSAGES[key], f"chat_message_id = {key}"
    else:
        key, revision = draw(st.sampled_from(sorted(REVISIONS)))
        table, owner = "chat_message_revision", REVISIONS[key, revision]
        where = f"chat_message_id = {key} AND revision = {revision}"
    changed: Found = {("message_changed", owner, key)}
    column = draw(st.sampled_from((*TEXTS, "when_posted", "chat_session_id", "a new row", "no row")))
    if column == "no row":
        removed: Found = {("message_removed", owner, key)}
        return f"DELETE FROM {table} WHERE {where}", removed if table == "chat_message" else changed
    if column == "a new row":
        names = [name for name in columns_of(table) if name not in ("chat_message_id", "revision")]
        new = "30, 1" if table == "chat_message" else f"{key}, 99"
        columns = ", ".join(names)
        values = f"SELECT {columns}, {new} FROM {table} WHERE {where}"
        added: Found = {("message_added", owner, 30)}
        statement = f"INSERT INTO {table} ({columns}, chat_message_id, revision) {values}"
        return statement, added if table == "chat_message" else changed
    if column == "chat_session_id" and table == "chat_message":
        other = draw(st.sampled_from(sorted({7, 8, 9, 1000} - {owner})))
        moved: Found = {("message_removed", owner, key)}
        if other in SEALED:
            moved.add(("message_added", other, key))
        return f"UPDATE {table} SET chat_session_id = {other} WHERE {where}", moved
    others = {"when_posted": "'2026-03-02 08:15:31'", "chat_session_id": "1000", "extra": '\'{"Mood":"other"}\''}
    value = others.get(column) or draw(st.sampled_from(["'forged'", "' None'", "'text'", "'HELLO'"]))
    return f"UPDATE {table} SET {column} = {value} WHERE {where}", changed


def columns_of(table: str) -> list[str]:
    return list(tables.metadata.tables[table].c.keys())


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=120)
@given(change=single_changes())
def test_any_single_change_by_plain_sql_is_found_and_named(sealed: OpenRun, change: tuple[str, Found]) -> None:
    statement, expected = change
    assert found_after(sealed, statement) == expected


def test_what_is_found_is_found_by_the_next_verification_too(sealed: OpenRun) -> None:
    by_hand(sealed, "UPDATE chat_message SET message = 'forged' WHERE chat_message_id = 12")
    for _ in range(2):
        assert found(verify(sealed).differences) == {("message_changed", 8, 12)}


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE chat_message SET read_by_customer = 1, gone_at = first_archived_at, revision = 5",
        "UPDATE chat_message SET message = 'not sealed' WHERE chat_session_id = 9",
        "DELETE FROM chat_message WHERE chat_session_id = 9",
    ],
)
def test_what_no_seal_covers_is_no_difference(sealed: OpenRun, statement: str) -> None:
    assert found_after(sealed, statement) == set()


def test_a_difference_that_no_mark_tells_names_the_chat_session(sealed: OpenRun) -> None:
    for marks in ("NULL", "'spoilt'", "'1:2:3 x'"):
        spoil = f"UPDATE seal_key SET marks = {marks}"
        statements = (spoil, "DELETE FROM chat_message WHERE chat_message_id = 1")
        assert found_after(sealed, *statements) == {("transcript_differs", 7, None)}


@pytest.mark.parametrize("statement", ["DELETE FROM seal_key", "UPDATE seal_key SET hmac_key = 'no key'"])
def test_a_chat_session_without_its_key_can_not_be_shown_to_be_sound(sealed: OpenRun, statement: str) -> None:
    assert found_after(sealed, statement) == {("key_missing", 7, None), ("key_missing", 8, None)}


@pytest.mark.parametrize("value", ["'yesterday'", "x'00ff'", "'2026-13-01 00:00:00.000000'"])
@pytest.mark.parametrize("column", ["when_posted", "message", "extra"])
@pytest.mark.parametrize("table", ["chat_message", "chat_message_revision"])
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_value_that_can_not_be_read_is_a_difference_like_any_other(
    sealed: OpenRun, table: str, column: str, value: str
) -> None:
    spoil = f"UPDATE {table} SET {column} = {value} WHERE chat_message_id = 3"
    other = "DELETE FROM chat_message WHERE chat_message_id = 4"
    assert found_after(sealed, spoil, other) == {("message_changed", 7, 3), ("message_removed", 7, 4)}


LOG = {
    "UPDATE seal SET digest = 'forged' WHERE id = 2": [("seal_altered", 2)],
    "UPDATE seal SET kind = 'changed' WHERE id = 1": [("seal_altered", 1)],
    "UPDATE seal SET hash = 'forged' WHERE id = 2": [("seal_altered", 2), ("chain_broken", 3)],
    "DELETE FROM seal WHERE id = 2": [("chain_broken", 3)],
    "DELETE FROM seal WHERE id = 1": [("chain_broken", 2)],
    "DELETE FROM seal WHERE id = 4": [("head_missing", None), ("transcript_differs", 2)],
    "DELETE FROM seal": [("head_missing", None), ("seals_missing", None), ("seals_missing", None)],
}


@pytest.mark.parametrize("statement", LOG)
def test_whatever_is_done_to_the_log_is_found(sealed: OpenRun, statement: str) -> None:
    sealed.save(message(5), message(13, chat_session_id=8))
    assert verify(sealed).differences == []
    by_hand(sealed, statement)
    for _ in range(2):
        differences = verify(sealed).differences
        about_the_log = [(each.kind, each.seal_id) for each in differences if each.chat_message_id is None]
        assert about_the_log == LOG[statement]


SPOILT_LOG = {
    "UPDATE seal SET sealed_at = 'yesterday' WHERE id = 1": {("seal_altered", 7, None)},
    "UPDATE seal SET sealed_at = 5 WHERE id = 1": {("seal_altered", 7, None)},
    "UPDATE seal SET hash = x'00ff' WHERE id = 2": {("seal_altered", 8, None)},
    "UPDATE seal SET digest = x'00ff' WHERE id = 1": {("seal_altered", 7, None), ("transcript_differs", 7, None)},
    "UPDATE seal SET message_count = 'x' WHERE id = 1": {("seal_altered", 7, None), ("transcript_differs", 7, None)},
    "UPDATE seal_key SET hmac_key = x'00ff' WHERE chat_session_id = 7": {("key_missing", 7, None)},
    "UPDATE seal_key SET hmac_key = x'00ff', marks = x'00ff' WHERE chat_session_id = 7": {("key_missing", 7, None)},
}


@pytest.mark.parametrize("statement", SPOILT_LOG)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_seal_that_can_not_be_read_is_a_difference_like_any_other(sealed: OpenRun, statement: str) -> None:
    by_hand(sealed, statement)
    assert found(verify(sealed).differences) == SPOILT_LOG[statement]


def test_an_anchor_is_looked_for(sealed: OpenRun) -> None:
    anchor = dump(sealed.database)["seal"][-1]["hash"]
    sealed.save(message(5))
    result = verify(sealed, anchors=[anchor])
    assert result.differences == []
    assert result.anchored is not None
    assert (result.anchored.id, result.since_anchor, result.chat_sessions) == (2, 1, 2)
    by_hand(sealed, "DELETE FROM seal")
    lost = [each for each in verify(sealed, anchors=[anchor]).differences if each.kind == "anchor_missing"]
    assert [each.about for each in lost] == [f"the anchor {anchor}"]


def test_only_the_chosen_chat_sessions_are_read(sealed: OpenRun) -> None:
    by_hand(sealed, "UPDATE chat_message SET message = 'forged'")
    result = verify(sealed, ids=IdRanges.of(8, "20-30"))
    assert (found(result.differences), result.chat_sessions, result.unsealed) == (
        {("message_changed", 8, 11), ("message_changed", 8, 12)},
        1,
        0,
    )


def test_a_verification_can_be_stopped(sealed: OpenRun) -> None:
    stop = threading.Event()
    with pytest.raises(Interrupted):
        verify(sealed, stop=stop, report=lambda *_: stop.set())
    assert dump(sealed.database)["verification"] == []


def test_it_tells_how_far_it_is(sealed: OpenRun) -> None:
    told: list[tuple[int, int, str]] = []
    verify(sealed, report=lambda done, total, phase="": told.append((done, total, phase)))
    assert told == [(2, 2, "the log of seals"), (2, 2, "chat sessions")]


def reading_while(database: Database, act: Callable[[int], None]) -> Any:
    """Reads as `verify` does, while `act` is called with the number of each reading that went before."""
    numbers = itertools.count()

    def read(work: Callable[[Connection], T], /) -> T:
        result = database.read(work)
        act(next(numbers))
        return result

    return read


def test_a_pass_that_commits_while_it_reads_makes_no_difference(sealed: OpenRun) -> None:
    source_id = sealed.lease.source_id
    steps = itertools.count(100)
    for at in range(8):

        def post(number: int, at: int = at) -> None:
            if number == at:
                sealed.save(message(next(steps)), message(2, f"edited {at}"))

        checked = check_transcripts(reading_while(sealed.database, post), source_id, SEALED)
        assert (checked.differences, checked.restless, len(checked.seals)) == ([], 0, 2)


def test_a_forgery_while_it_reads_is_found(sealed: OpenRun) -> None:
    def forge(number: int) -> None:
        if number == 0:
            by_hand(sealed, "UPDATE chat_message SET message = 'forged' WHERE chat_message_id = 12")

    checked = check_transcripts(reading_while(sealed.database, forge), sealed.lease.source_id, SEALED)
    assert found(checked.differences) == {("message_changed", 8, 12)}


def test_a_chat_session_that_never_rests_is_left_for_another_time(sealed: OpenRun) -> None:
    steps = itertools.count(100)

    def post(_: int) -> None:
        sealed.save(message(next(steps)))

    checked = check_transcripts(reading_while(sealed.database, post), sealed.lease.source_id, SEALED)
    assert (checked.restless, checked.differences, [seal.chat_session_id for seal in checked.seals]) == (1, [], [8])
    assert next(steps) > 100 + TRIES


def test_two_sources_are_told_apart(sealed: OpenRun, other_run: Callable[[], OpenRun]) -> None:
    other = other_run()
    other.save(message(1, "elsewhere"))
    confirm(other, 7)
    by_hand(sealed, f"DELETE FROM chat_message WHERE source_id = {other.lease.source_id}")
    assert verify(sealed).differences == []
    assert found(verify(other).differences) == {("message_removed", 7, 1)}


steps_of_a_source = st.lists(
    st.tuples(st.integers(1, 6), st.sampled_from(["Hello", "edited", "again", ""]), st.booleans()), max_size=6
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15)
@given(batches=st.lists(steps_of_a_source, max_size=4), confirmed=st.sets(st.sampled_from([7, 8, 9])))
def test_whatever_passes_store_leaves_every_seal_whole(
    sealed: OpenRun, batches: list[list[tuple[int, str, bool]]], confirmed: set[int]
) -> None:
    for batch in batches:
        sealed.save(*(message(key, said, author="Kim", read_by_customer=int(read)) for key, said, read in batch))
        assert verify(sealed).differences == []
        confirm(sealed, *confirmed)
    assert verify(sealed).differences == []
    assert dump(sealed.database)["sync_error"] == []


def test_a_seal_that_says_erased_hides_nothing(sealed: OpenRun) -> None:
    """Whoever can write the log makes one whose hash fits; what it claims is compared all the same."""
    with sealed.database.writing() as connection:
        head = load_head(connection, sealed.lease.source_id)
        assert head
        seal = NewSeal(chat_session_id=7, kind="erased", message_count=0, digest="0" * 64)
        append_seals(connection, sealed.lease.source_id, [seal], head.sealed_at)
    result = verify(sealed)
    assert {each.chat_session_id for each in result.differences} == {7}
