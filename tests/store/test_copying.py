"""How a copy reads, decides and compares: the rules by themselves, and pages of a real database."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert

from archiver.store import tables
from archiver.store.copying.comparing import canonical
from archiver.store.copying.page import PageWork, nearer, reach, work_for
from archiver.store.copying.rows import do_work, is_text, load_rows, walk_pages
from archiver.store.copying.sections import NOT_COPIED, copied_tables, sections_of
from archiver.store.database import Database
from tests.store.conftest import OpenRun
from tests.support import dump

KEYS = st.tuples(st.integers(0, 5), st.integers(0, 5))
PAGES = st.dictionaries(KEYS, st.sampled_from("abc")).map(
    lambda page: {key: (*key, page[key]) for key in sorted(page)}
)
SIZES = st.lists(st.tuples(KEYS, st.integers(0, 20)), unique_by=lambda row: row[0]).map(sorted)


@given(PAGES, PAGES)
def test_the_work_makes_the_target_what_the_origin_is_and_touches_nothing_else(
    ours: dict[tuple[int, ...], tuple[object, ...]], theirs: dict[tuple[int, ...], tuple[object, ...]]
) -> None:
    work = work_for(ours, theirs)
    after = {key: row for key, row in theirs.items() if row not in work.delete}
    assert all(row[:2] in after for row in work.update)
    assert not any(row[:2] in theirs for row in work.insert)
    after |= {row[:2]: row for row in work.update + work.insert}
    assert after == ours
    assert len(work.rows) == sum(ours.get(key) != theirs.get(key) for key in ours.keys() | theirs.keys())
    assert sum(map(len, (one.rows for one in work.one_by_one()))) == len(work.rows)
    assert bool(work) == (ours != theirs)


@given(SIZES, st.integers(1, 5), st.integers(0, 40))
def test_a_page_holds_as_much_as_fits_and_one_row_at_least(
    sizes: list[tuple[tuple[int, ...], int]], rows: int, characters: int
) -> None:
    end = reach(sizes[: rows + 1], rows=rows, characters=characters)
    within = [size for key, size in sizes if end is None or key <= end]
    assert len(within) <= 1 or (len(within) <= rows and sum(within) <= characters)
    if end is not None:
        assert len(within) == rows or sum(within) + sizes[len(within)][1] > characters
    else:
        assert len(within) == len(sizes)


@given(st.none() | KEYS, st.none() | KEYS)
def test_a_page_ends_where_the_first_of_both_sides_does(
    ours: tuple[int, ...] | None, theirs: tuple[int, ...] | None
) -> None:
    ends = [end for end in (ours, theirs) if end is not None]
    assert nearer(ours, theirs) == (min(ends) if ends else None)


VALUES = st.none() | st.integers() | st.text() | st.datetimes().map(lambda at: at.replace(tzinfo=UTC))
ROWS = st.lists(VALUES, min_size=2, max_size=2).map(tuple)


@given(ROWS, ROWS)
def test_two_rows_have_the_same_canonical_form_only_if_they_are_the_same(
    one: tuple[object, ...], other: tuple[object, ...]
) -> None:
    assert (canonical(one) == canonical(other)) == (one == other)


def test_an_instant_has_one_canonical_form_in_every_zone() -> None:
    at = datetime(2026, 3, 2, 8, 15, 30, 1, tzinfo=UTC)
    assert canonical((at,)) == canonical((at.astimezone(timezone(timedelta(hours=5))),))


def test_no_table_is_forgotten_and_what_covers_others_comes_last() -> None:
    names = [table.name for table in copied_tables()]
    assert {*names, *(table.name for table in NOT_COPIED)} == set(tables.metadata.tables)
    assert names.index("source") < names.index("quarantine")  # which refers to it
    assert names[-2:] == ["chat_session_state", "sync_run"]


def test_every_column_can_be_keyed_and_compared() -> None:
    for table in copied_tables():
        assert {column.type.python_type for column in table.primary_key} == {int}
        others = [column for column in table.c if not isinstance(column.type, tables.UtcDateTime)]
        assert {column.type.python_type for column in others} <= {int, str}
        assert any(map(is_text, table.c)) or table.name == "lease"
        assert all(column.table is table for section in sections_of(table, [1, 2]) for column in section.key)


REVISION_KEYS = st.lists(st.tuples(st.integers(1, 4), st.integers(1, 4)), unique=True)


def revision(message_id: int, number: int, text: str) -> dict[str, object]:
    now = datetime(2026, 3, 2, tzinfo=UTC)
    ours = {"source_id": 1, "chat_message_id": message_id, "revision": number, "chat_session_id": 7}
    return ours | {"message": text, "replaced_at": now, "run_id": 1}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(keys=REVISION_KEYS, after=st.none() | KEYS, last=st.none() | KEYS)
def test_a_range_of_a_key_of_several_columns_is_what_sorts_between(
    open_run: OpenRun, keys: list[tuple[int, int]], after: tuple[int, int] | None, last: tuple[int, int] | None
) -> None:
    table = tables.chat_message_revision
    (section,) = sections_of(table, [1])
    with open_run.database.writing() as connection:
        connection.execute(delete(table))
        if keys:
            connection.execute(insert(table), [revision(*key, "x") for key in keys])
        found = load_rows(connection, section, after, last, [1])
    assert list(found) == [key for key in sorted(keys) if (not after or key > after) and (not last or key <= last)]


def test_the_pages_of_a_section_hold_every_row_once_and_no_page_too_much(
    open_run: OpenRun, other_run: Callable[[], OpenRun]
) -> None:
    table, long = tables.chat_message_revision, "ä" * 900_000
    rows = [revision(number, 1, long if number in (5, 6, 7, 9) else "x") for number in range(1, 2500)]
    with open_run.database.writing() as connection:
        connection.execute(insert(table), rows)
        connection.execute(insert(table), [revision(1, 1, "another source's") | {"source_id": 2}])
    (section,) = sections_of(table, [1])
    pages = list(walk_pages(open_run.database, section, [1]))
    assert [row[1] for page in pages for row in page] == list(range(1, 2500))
    assert [len(page) for page in pages] == [6, 1000, 1000, 493]


def test_work_is_done_row_by_row_as_it_is_at_once(database: Database) -> None:
    (section,) = sections_of(tables.source, [1, 2, 3])
    born = datetime(2026, 3, 2, tzinfo=UTC)
    rows = [(number, f"s{number}", 1, None, "https://a", born) for number in (1, 2, 3)]
    first = PageWork(insert=tuple(rows[:2]))
    second = PageWork(delete=(rows[0],), update=((2, "s2", 1, "t", "https://b", born),), insert=(rows[2],))
    for work in [first, *second.one_by_one()]:
        database.write(lambda connection, work=work: do_work(connection, section, work))  # type: ignore[misc]
    assert [tuple(row.values()) for row in dump(database)["source"]] == [*second.update, *second.insert]
