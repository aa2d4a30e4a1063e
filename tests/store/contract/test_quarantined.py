"""The quarantine's rows: each kept once, in whatever number, and what becomes of one that comes again."""

from dataclasses import replace
from datetime import UTC, datetime

import msgspec

from archiver.model import Quarantined
from archiver.store.quarantine import from_conflict, load_items, load_to_reread, save_quarantined
from archiver.store.state import load_states
from archiver.store.visit import Visit
from tests.store.conftest import OpenRun
from tests.store.test_compare import HELD
from tests.support import dump

NOW = datetime(2026, 11, 23, tzinfo=UTC)
ODD = Quarantined(chat_session_id=1, chat_message_id=None, reason="odd", payload="{}", is_own=True)


def of_many(count: int) -> list[Visit]:
    """Visits to three hundred chat sessions that could read none of so many rows."""
    odd = [msgspec.structs.replace(ODD, chat_session_id=1 + at % 300, payload=f"[{at}]") for at in range(count)]
    return [
        Visit(chat_session_id=key, before=None, quarantined=[item for item in odd if item.chat_session_id == key])
        for key in range(1, 301)
    ]


def save(run: OpenRun, visits: list[Visit]) -> None:
    with run.database.reading() as connection:
        states = load_states(connection, run.lease.source_id, [visit.chat_session_id for visit in visits])
    visits = [replace(visit, before=states.get(visit.chat_session_id)) for visit in visits]
    run.save_visits(visits)


def open_ids(run: OpenRun) -> list[int]:
    with run.database.reading() as connection:
        return [item.id for item in load_items(connection, run.lease.source_id)]


def test_thousands_in_one_batch_are_kept_once_each_and_resolved_together(open_run: OpenRun) -> None:
    visits = of_many(3000)
    for _ in range(2):
        save(open_run, visits)
    kept = dump(open_run.database)["quarantine"]
    assert len(kept) == len(open_ids(open_run)) == 3000
    assert {row["kind"] for row in kept} == {"undecodable"}
    save(open_run, [replace(visit, quarantined=(), is_whole=True) for visit in visits])
    assert open_ids(open_run) == []
    save(open_run, visits)
    assert len(open_ids(open_run)) == len(dump(open_run.database)["quarantine"]) == 3000  # open again, none twice


def test_the_same_row_of_two_chat_sessions_is_kept_for_each(open_run: OpenRun) -> None:
    save(open_run, [Visit(chat_session_id=key, before=None, quarantined=[odd]) for key, odd in two_alike()])
    assert [row["chat_session_id"] for row in dump(open_run.database)["quarantine"]] == [1, 2]


def two_alike() -> list[tuple[int, Quarantined]]:
    return [(key, msgspec.structs.replace(ODD, chat_session_id=key)) for key in (1, 2)]


def test_what_comes_again_as_a_conflict_is_one_from_then_on(open_run: OpenRun) -> None:
    conflict = from_conflict(HELD, asked_for=1)
    unsure = msgspec.structs.replace(conflict, kind="undecodable", reason="odd")
    for item, to_reread in ((unsure, [1]), (conflict, []), (unsure, [])):
        with open_run.database.writing() as connection:
            save_quarantined(connection, open_run.lease.source_id, open_run.run_id, [item], NOW)
            assert load_to_reread(connection, open_run.lease.source_id) == to_reread
    (row,) = dump(open_run.database)["quarantine"]
    assert (row["kind"], row["reason"], row["resolved_at"]) == ("conflict", conflict.reason, None)
