"""Seals are appended with what they are about, and never cover up what something else wrote."""

from collections.abc import Iterator
from contextlib import contextmanager

import msgspec
import pytest
from sqlalchemy import event, text

from archiver.model import ChatMessage
from archiver.store.database import Database
from archiver.store.lease import renew_lease
from archiver.store.sealing.digest import TranscriptDigest
from archiver.store.sealing.transcript import record
from archiver.store.sealing.update import update_seals
from tests.store.conftest import OpenRun
from tests.store.test_compare import HELD
from tests.support import dump
from tests.writes import note_writes


def message(key: int, said: str = "Hello", **changes: object) -> ChatMessage:
    return msgspec.structs.replace(HELD, chat_message_id=key, message=said, **changes)


def confirm(open_run: OpenRun, *chat_session_ids: int) -> int:
    """As a full visit of quiet chat sessions that found nothing new."""

    def seal(connection: object) -> int:
        source_id = open_run.lease.source_id
        now = renew_lease(connection, open_run.lease)  # type: ignore[arg-type]
        ids = chat_session_ids
        return update_seals(connection, source_id, open_run.run_id, touched=(), confirmed=ids, now=now)  # type: ignore[arg-type]

    return open_run.database.write(seal)


def log(open_run: OpenRun) -> list[tuple[int, str, int]]:
    rows = dump(open_run.database)["seal"]
    return [(row["chat_session_id"], row["kind"], row["message_count"]) for row in rows]


def by_hand(open_run: OpenRun, *statements: str) -> None:
    with open_run.database.writing() as connection:
        for statement in statements:
            connection.execute(text(statement))


def broken(open_run: OpenRun) -> list[tuple[int, str]]:
    """Chat session and detail of the open errors about seals."""
    errors = dump(open_run.database)["sync_error"]
    return [(row["chat_session_id"], row["detail"]) for row in errors if row["kind"] == "seal_broken"]


@contextmanager
def counted_statements(database: Database) -> Iterator[list[str]]:
    said: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_: object) -> None:
        said.append(statement)

    engine = database._engine
    event.listen(engine, "before_cursor_execute", note)
    yield said
    event.remove(engine, "before_cursor_execute", note)


def test_what_a_full_visit_confirms_is_sealed_to_the_letter(open_run: OpenRun) -> None:
    open_run.save(message(1, "one"), message(2, "two"))
    open_run.save(message(1, "one, edited"))
    assert confirm(open_run, 7) == 1
    (seal,), (key,) = (dump(open_run.database)[name] for name in ("seal", "seal_key"))
    digest = TranscriptDigest(key["hmac_key"])
    rows = {row["chat_message_id"]: row for row in dump(open_run.database)["chat_message"]}
    (earlier,) = dump(open_run.database)["chat_message_revision"]
    for chat_message_id, data in (
        (1, record("earlier", earlier)),
        (1, record("message", rows[1])),
        (2, record("message", rows[2])),
    ):
        digest.add(chat_message_id, data)
    digest.end()
    assert (seal["kind"], seal["message_count"], seal["digest"]) == ("sealed", *digest.says)
    assert key["marks"] == digest.marks


def test_what_is_confirmed_again_writes_no_row(open_run: OpenRun) -> None:
    open_run.save(message(1), message(2, chat_session_id=8))
    assert confirm(open_run, 7, 8) == 2
    writes = note_writes(open_run.database)
    assert confirm(open_run, 7, 8) == 0
    assert set(writes()) == {"UPDATE lease"}


@pytest.mark.parametrize(
    "news", [[message(2)], [message(1, "edited")], [message(1, "one"), message(1, "two"), message(3)]]
)
def test_news_of_a_sealed_chat_session_come_with_a_seal_and_are_confirmed_by_another(
    open_run: OpenRun, news: list[ChatMessage]
) -> None:
    open_run.save(message(1))
    confirm(open_run, 7)
    open_run.save(*news)
    count = len({1} | {each.chat_message_id for each in news})
    assert log(open_run) == [(7, "sealed", 1), (7, "changed", count)]
    assert confirm(open_run, 7) == 1
    assert log(open_run)[-1] == (7, "sealed", count)
    seals = dump(open_run.database)["seal"]
    assert seals[0]["digest"] != seals[1]["digest"] == seals[2]["digest"]
    assert broken(open_run) == []


def test_a_read_mark_opens_no_seal(open_run: OpenRun) -> None:
    open_run.save(message(1))
    confirm(open_run, 7)
    assert open_run.save(message(1, read_by_customer=1)).messages_changed == 1
    assert log(open_run) == [(7, "sealed", 1)]


def test_news_of_what_never_was_sealed_write_no_seal(open_run: OpenRun) -> None:
    open_run.save(message(1))
    open_run.save(message(1, "edited"), message(2))
    assert dump(open_run.database)["seal"] == dump(open_run.database)["seal_key"] == []


def test_a_chat_session_without_messages_can_be_sealed(open_run: OpenRun) -> None:
    assert confirm(open_run, 5) == 1
    assert log(open_run) == [(5, "sealed", 0)]
    open_run.save(message(1, chat_session_id=5))
    assert log(open_run) == [(5, "sealed", 0), (5, "changed", 1)]


BY_HAND = {
    "message 1 was changed": "UPDATE chat_message SET message = 'forged' WHERE chat_message_id = 1",
    "message 2 was removed": "DELETE FROM chat_message WHERE chat_message_id = 2",
    "message 3 was changed": "UPDATE chat_message_revision SET message = 'forged' WHERE chat_message_id = 3",
    "message 4 was added": "UPDATE chat_message SET chat_session_id = 7 WHERE chat_message_id = 4",
}


@pytest.mark.parametrize("said", BY_HAND)
@pytest.mark.parametrize("news", [message(5), message(1, "edited")], ids=["another message", "an edit"])
def test_what_was_altered_by_hand_is_noted_before_news_are_sealed(
    open_run: OpenRun, said: str, news: ChatMessage
) -> None:
    open_run.save(message(1), message(2), message(3, "first"), message(4, chat_session_id=8))
    open_run.save(message(3, "second"))
    confirm(open_run, 7)
    by_hand(open_run, BY_HAND[said])
    open_run.save(news)
    assert broken(open_run) == [(7, f"{said}; that was none of our doing")]
    assert log(open_run)[-1][:2] == (7, "changed")
    open_run.save(message(6))
    assert len(broken(open_run)) == 1
    assert dump(open_run.database)["sync_error"][0]["count"] == 1


def test_what_was_altered_by_hand_is_never_sealed_as_complete(open_run: OpenRun) -> None:
    open_run.save(message(1))
    confirm(open_run, 7)
    open_run.save(message(2))
    by_hand(open_run, "UPDATE chat_message SET author = 'Sam' WHERE chat_message_id = 2")
    assert confirm(open_run, 7) == 0
    assert broken(open_run) == [(7, "message 2 was changed; that was none of our doing")]
    by_hand(open_run, "UPDATE chat_message SET author = 'Kim' WHERE chat_message_id = 2")
    assert confirm(open_run, 7) == 1
    open_run.save(message(3))
    assert [row["resolved_at"] for row in dump(open_run.database)["sync_error"]] == [None]  # a person is to look


@pytest.mark.parametrize("statement", ["DELETE FROM seal_key", "UPDATE seal_key SET hmac_key = 'no key'"])
def test_a_chat_session_without_its_key_is_noted_and_gets_its_messages(open_run: OpenRun, statement: str) -> None:
    open_run.save(message(1))
    confirm(open_run, 7)
    by_hand(open_run, statement)
    assert open_run.save(message(2)).messages_added == 1
    assert broken(open_run) == [(7, "the key of its seals is missing; that was none of our doing")]
    assert log(open_run) == [(7, "sealed", 1)]


def test_many_chat_sessions_share_queries(open_run: OpenRun) -> None:
    ids = range(1, 301)
    open_run.save(*(message(10 * key + n, chat_session_id=key) for key in ids for n in range(5)))
    with counted_statements(open_run.database) as said:
        assert confirm(open_run, *ids) == 300
    assert len(said) < 30
    open_run.save(*(message(10 * key + n, f"edited {n}", chat_session_id=key) for key in ids for n in range(2)))
    confirm(open_run, *ids)
    assert (len(log(open_run)), broken(open_run)) == (900, [])


def test_a_long_chat_session_is_read_in_pages(open_run: OpenRun) -> None:
    open_run.save(*(message(n) for n in range(1, 2503)), message(5000, chat_session_id=8))
    open_run.save(*(message(n, "edited") for n in (1, 1000, 1001, 2001, 2502)))
    open_run.save(message(1001, "edited again"), message(2, "x" * 2_500_000), message(3, "y" * 1_000_000))
    with counted_statements(open_run.database) as said:
        confirm(open_run, 7, 8)
    pages = [each for each in said if "chat_message.first_archived_at" in each and "char" not in each]
    assert len(pages) >= 5
    (key, _), tables = dump(open_run.database)["seal_key"], dump(open_run.database)
    digest = TranscriptDigest(key["hmac_key"])
    for row in tables["chat_message"]:
        if row["chat_session_id"] == 7:
            for earlier in tables["chat_message_revision"]:
                if earlier["chat_message_id"] == row["chat_message_id"]:
                    digest.add(row["chat_message_id"], record("earlier", earlier))
            digest.add(row["chat_message_id"], record("message", row))
    digest.end()
    assert (tables["seal"][0]["message_count"], tables["seal"][0]["digest"]) == digest.says
    assert digest.says[0] == 2502


def test_what_a_replay_adds_to_a_sealed_chat_session_comes_with_a_seal(open_run: OpenRun) -> None:
    from archiver.model import Quarantined
    from archiver.store.ledger import RunCounts
    from archiver.store.quarantine import QuarantineItem, load_items, save_quarantined
    from archiver.store.resolving import save_replayed

    open_run.save(message(1))
    confirm(open_run, 7)
    odd = Quarantined(chat_session_id=7, chat_message_id=2, reason="odd", payload="{}", is_own=True)
    source_id = open_run.lease.source_id

    def replay(connection: object) -> None:
        now = renew_lease(connection, open_run.lease)  # type: ignore[arg-type]
        save_quarantined(connection, source_id, open_run.run_id, [odd], now)  # type: ignore[arg-type]
        (item,) = load_items(connection, source_id)  # type: ignore[arg-type]
        assert isinstance(item, QuarantineItem)
        save_replayed(connection, open_run.lease, open_run.run_id, item, [message(2)], RunCounts())  # type: ignore[arg-type]

    open_run.database.write(replay)
    assert log(open_run) == [(7, "sealed", 1), (7, "changed", 2)]
