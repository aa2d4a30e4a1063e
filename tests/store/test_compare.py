"""The one decision about a message whose key exists."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.model import ChatMessage, ascii_json
from archiver.store.compare import Verdict, compare

HELD = ChatMessage(
    chat_message_id=41,
    chat_session_id=7,
    type="ToUser",
    message="Hello",
    author="Kim",
    read_by_customer=0,
    special_type="None",
    special_param="",
    when_posted=datetime(2026, 3, 2, 8, 15, 30, tzinfo=UTC),
)


def stored(message: ChatMessage, /, **ours: Any) -> dict[str, Any]:
    return msgspec.structs.asdict(message) | {"erased_at": None} | ours


@dataclass(frozen=True)
class Case:
    changes: dict[str, Any]
    verdict: Verdict


@pytest.mark.parametrize(
    "case",
    [
        Case({}, Verdict.SAME),
        Case({"read_by_customer": 1}, Verdict.READ_MARK),
        Case({"read_by_customer": None}, Verdict.READ_MARK),
        Case({"message": "Hello!"}, Verdict.EDIT),
        Case({"message": "hello"}, Verdict.EDIT),
        Case({"message": "Hello "}, Verdict.EDIT),
        Case({"message": None}, Verdict.EDIT),
        Case({"message": "Hello!", "read_by_customer": 1}, Verdict.EDIT),
        Case({"special_param": None}, Verdict.EDIT),
        Case({"extra": '{"Colour":"red"}'}, Verdict.EDIT),
        Case({"author": "Sam", "message": "Bye"}, Verdict.EDIT),
        Case({"chat_session_id": 8}, Verdict.CONFLICT),
        Case({"author": "Sam", "message": "Bye", "when_posted": None}, Verdict.CONFLICT),
        Case({"author": None, "message": None, "when_posted": None}, Verdict.EDIT),
    ],
    ids=str,
)
def test_each_kind_of_change_has_its_verdict(case: Case) -> None:
    assert compare(stored(HELD), msgspec.structs.replace(HELD, **case.changes)) is case.verdict


@pytest.mark.parametrize(
    ("before", "after", "verdict"),
    [
        ('{"ReadByCustomer":false}', '{"ReadByCustomer":true}', Verdict.READ_MARK),
        (None, '{"ReadByCustomer":false}', Verdict.READ_MARK),
        ('{"ReadByCustomer":{"repeated":[0,1]}}', None, Verdict.READ_MARK),
        ('{"Colour":1,"ReadByCustomer":false}', '{"Colour":1,"ReadByCustomer":true}', Verdict.READ_MARK),
        ('{"Colour":1,"ReadByCustomer":false}', '{"Colour":1}', Verdict.READ_MARK),
        ('{"Colour":1,"ReadByCustomer":false}', '{"Colour":true,"ReadByCustomer":true}', Verdict.EDIT),
        ('{"Colour":1}', '{"Colour":2}', Verdict.EDIT),
        ('{"Colour":"ReadByCustomer"}', None, Verdict.EDIT),
    ],
)
@pytest.mark.parametrize("mark", [0, 1])
def test_how_a_read_mark_was_given_is_part_of_it(
    before: str | None, after: str | None, verdict: Verdict, mark: int
) -> None:
    held = msgspec.structs.replace(HELD, extra=before)
    fetched = msgspec.structs.replace(HELD, extra=after, read_by_customer=mark)
    assert compare(stored(held), fetched) is verdict
    assert compare(stored(held), held) is Verdict.SAME


@pytest.mark.parametrize(
    ("before", "after", "verdict"),
    [
        (None, "2026-03-02T08:15:30", Verdict.READ_MARK),
        ("2026-03-02T08:15:30", None, Verdict.READ_MARK),
        ("2026-03-02T08:15:30.000", "2026-03-02 08:15:30Z", Verdict.READ_MARK),
        (None, "2026-03-02T08:15:30.0000001Z", Verdict.EDIT),
        ("2026-03-02T08:15:30.0000001Z", "2026-03-02T08:15:30.0000002Z", Verdict.EDIT),
        (None, {"missing": True}, Verdict.EDIT),
    ],
)
def test_the_same_instant_in_another_spelling_is_no_edit(before: object, after: object, verdict: Verdict) -> None:
    held, fetched = (
        msgspec.structs.replace(HELD, extra=None if text is None else ascii_json({"WhenPosted": text}))
        for text in (before, after)
    )
    assert compare(stored(held), fetched) is verdict
    assert compare(stored(fetched), held) is verdict


def test_the_unset_date_is_one_in_all_its_spellings_and_not_none() -> None:
    spellings = ["0001-01-01T00:00:00", "0001-01-01T00:00:00Z", "0001-01-01T01:00:00+01:00"]
    unset = [
        msgspec.structs.replace(HELD, when_posted=None, extra=ascii_json({"WhenPosted": text})) for text in spellings
    ]
    null = msgspec.structs.replace(HELD, when_posted=None)
    assert [compare(stored(unset[0]), each) for each in unset] == [Verdict.SAME, *[Verdict.READ_MARK] * 2]
    assert compare(stored(null), unset[0]) is Verdict.EDIT


def test_an_erased_message_is_never_filled_again() -> None:
    erased = stored(HELD, message=None, erased_at=datetime(2026, 5, 1, tzinfo=UTC))
    assert compare(erased, HELD) is Verdict.ERASED


texts = st.none() | st.text()


@given(st.builds(dict, message=texts, author=texts, special_param=texts, read_by_customer=st.none() | st.integers()))
def test_only_equal_contents_are_the_same(content: dict[str, Any]) -> None:
    fetched = msgspec.structs.replace(HELD, **content)
    assert (compare(stored(HELD), fetched) is Verdict.SAME) == (fetched == HELD)


@given(st.builds(ChatMessage))
def test_a_row_that_says_what_came_is_the_same(message: ChatMessage) -> None:
    """What `judge` sees at a glance is what `compare` would say."""
    assert compare(stored(message), message) is Verdict.SAME
