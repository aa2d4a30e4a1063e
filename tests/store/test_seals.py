"""The log of seals, and what digests and marks tell."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.store.sealing.as_before import records_with_before
from archiver.store.sealing.digest import TranscriptDigest, new_key
from archiver.store.sealing.log import (
    FIRST,
    NewSeal,
    append_seals,
    load_head,
    load_newest_seals,
    load_seal_count,
    seal_hash,
)
from archiver.store.sealing.mark_differences import MarkDifference, compare_marks
from archiver.store.sealing.transcript import message_records, record
from archiver.store.sealing.transcript_rows import groups
from tests.store.conftest import OpenRun
from tests.store.test_transcript import HELLO
from tests.support import dump

THEN = datetime(2026, 3, 2, 8, 15, 30, 123456, tzinfo=UTC)
NOW = THEN + timedelta(hours=1)


def new(chat_session_id: int, digit: str = "a") -> NewSeal:
    return NewSeal(chat_session_id=chat_session_id, kind="sealed", message_count=3, digest=digit * 64)


def append(open_run: OpenRun, *seals: NewSeal, at: datetime = THEN) -> None:
    with open_run.database.writing() as connection:
        append_seals(connection, open_run.lease.source_id, seals, at)


def test_each_seal_carries_the_hash_of_the_one_before_it(open_run: OpenRun) -> None:
    append(open_run, new(7), new(8))
    append(open_run, new(7, "b"), at=NOW)
    log = dump(open_run.database)["seal"]
    assert [row["previous_hash"] for row in log] == [FIRST, log[0]["hash"], log[1]["hash"]]
    for row in log:
        covered = ("previous_hash", "chat_session_id", "kind", "message_count", "digest", "sealed_at")
        assert row["hash"] == seal_hash(**{name: row[name] for name in covered})
    with open_run.database.reading() as connection:
        head = load_head(connection, open_run.lease.source_id)
        newest = load_newest_seals(connection, open_run.lease.source_id, [7, 8, 9])
        assert load_seal_count(connection, open_run.lease.source_id) == 3
    assert head is not None
    assert vars(head) == log[2]
    assert {key: seal.digest[0] for key, seal in newest.items()} == {7: "b", 8: "a"}


def test_each_source_has_a_log_of_its_own(open_run: OpenRun, other_run: object) -> None:
    append(open_run, new(7))
    append(other_run(), new(7))  # type: ignore[operator]
    assert [row["previous_hash"] for row in dump(open_run.database)["seal"]] == [FIRST, FIRST]


@pytest.mark.parametrize(
    "change",
    [
        {"previous_hash": "1" * 64},
        {"chat_session_id": 8},
        {"kind": "changed"},
        {"message_count": 4},
        {"digest": "b" * 64},
        {"sealed_at": THEN + timedelta(microseconds=1)},
    ],
)
def test_a_hash_covers_each_part_of_a_seal(change: dict[str, object]) -> None:
    seal: dict[str, object] = {"previous_hash": FIRST, "sealed_at": THEN, **vars(new(7))}
    assert seal_hash(**seal) != seal_hash(**seal | change)  # type: ignore[arg-type]


def digest_of(key: str, *messages: tuple[int, bytes]) -> TranscriptDigest:
    digest = TranscriptDigest(key)
    for chat_message_id, data in messages:
        digest.add(chat_message_id, data)
    digest.end()
    return digest


def test_no_two_keys_are_alike_and_each_makes_other_digests_and_marks() -> None:
    one, other = (digest_of(new_key(), (1, b"a")) for _ in range(2))
    assert one.says[0] == other.says[0] == 1
    assert one.says[1] != other.says[1]
    assert one.marks != other.marks


def test_marks_name_what_was_changed_added_and_removed() -> None:
    key = new_key()
    before = digest_of(key, (1, b"a"), (2, b"b"), (4, b"d"))
    now = digest_of(key, (1, b"a"), (2, b"B"), (3, b"c"))
    assert compare_marks(before.marks, now.marks) == [
        MarkDifference(chat_message_id=2, what="changed"),
        MarkDifference(chat_message_id=3, what="added"),
        MarkDifference(chat_message_id=4, what="removed"),
    ]


@pytest.mark.parametrize("marks", [None, "1", "x:y", "1:2:3"])
def test_marks_that_are_missing_or_spoilt_name_nothing(marks: str | None) -> None:
    assert compare_marks(marks, "1:ab") == []


def test_a_transcript_of_very_many_messages_has_a_digest_and_no_marks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("archiver.store.sealing.digest.MOST_MARKS", 2)
    key = new_key()
    assert digest_of(key, (1, b"a"), (2, b"b")).marks is not None
    many = digest_of(key, (1, b"a"), (2, b"b"), (3, b"c"))
    assert (many.says[0], many.marks) == (3, None)


@given(st.lists(st.integers(1, 30), max_size=20), st.integers(1, 20))
def test_chat_sessions_are_read_together_as_far_as_a_page_goes(counts: list[int], rows: int) -> None:
    made = list(groups(list(enumerate(counts)), rows=rows))
    assert [key for group in made for key in group] == list(range(len(counts)))
    assert all(len(group) == 1 or sum(counts[key] for key in group) <= rows for group in made)
    both = itertools.pairwise(made)
    assert all(sum(counts[key] for key in [*one, other[0]]) > rows for one, other in both)


@given(added=st.booleans(), before=st.integers(0, 3), during=st.integers(0, 3))
def test_what_a_message_said_before_a_transaction_is_told_from_what_it_says_after(
    added: bool, before: int, during: int
) -> None:
    contents = [HELLO | {"message": str(number)} for number in range(before + during + 1)]
    *earlier, message = contents
    earlier = [row | {"replaced_at": THEN if at < before else NOW} for at, row in enumerate(earlier)]
    message = message | {"first_archived_at": NOW if added else THEN}
    if added:
        earlier = [row | {"replaced_at": NOW} for row in earlier]
    both = list(records_with_before(message, earlier, NOW))
    assert b"".join(now for now, _ in both) == message_records(message, earlier)
    was = b"".join(was for _, was in both)
    assert was == (b"" if added else message_records(contents[before], contents[:before]))


def test_spoilt_extra_counts_to_the_letter() -> None:
    for spoilt in (
        '{"ReadByCustomer":',
        '{ "ReadByCustomer":1}',
        '["ReadByCustomer"]',
        '{"ReadByCustomer":1,"a":1,"a":1}',
    ):
        assert spoilt.encode() in record("message", HELLO | {"extra": spoilt})


@pytest.mark.parametrize(
    ("extra", "told"),
    [
        ('{"WhenPosted":"0001-01-01T00:00:00"}', '{"WhenPosted":"unset"}'),
        ('{"WhenPosted":"0001-01-01T00:00:00Z"}', '{"WhenPosted":"unset"}'),
        ('{"WhenPosted":"yesterday"}', '{"WhenPosted":"yesterday"}'),
        ('{"ReadByCustomer":null,"WhenPosted":12}', '{"WhenPosted":12}'),
    ],
)
def test_a_time_that_is_no_instant_is_content_and_an_unset_one_is_spelled_in_many_ways(extra: str, told: str) -> None:
    without = HELLO | {"when_posted": None}
    assert record("message", without | {"extra": extra}).endswith(f",{len(told)}:{told},,".encode())
