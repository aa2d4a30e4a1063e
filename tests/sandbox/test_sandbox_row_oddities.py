"""Oddities in the rows of a reply: each shows what its sentence says, and says it again at a second reading."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from archiver.sandbox import Sandbox
from archiver.sandbox.oddities.catalogue import CATALOGUE
from archiver.sandbox.oddities.rows import BY_ROW, YEAR_1
from tests.sandbox.conftest import Client

AT = datetime(2026, 3, 2, 8, 15, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
ROWS = [kind for kind, entry in CATALOGUE.items() if entry.group == "rows"]


@pytest.fixture(autouse=True)
def chats(sandbox: Sandbox) -> None:
    """Chat session 1 with messages 1 to 30, a minute apart; chat session 2 with message 31."""
    sandbox.tenant.open_chat_session()
    for minute in range(30):
        sandbox.tenant.post(1, message="Hello", author="Kim", type="ToUser", when_posted=AT + minute * MINUTE)
    sandbox.tenant.post(sandbox.tenant.open_chat_session(), message="Elsewhere", when_posted=AT)


def ids(rows: list[dict[str, Any]]) -> list[int]:
    return [row["ChatMessageId"] for row in rows]


def changed(rows: list[dict[str, Any]], truth: list[dict[str, Any]], name: str) -> list[Any]:
    """The values of one property, all the others being true."""
    assert [{**row, name: None} for row in rows] == [{**row, name: None} for row in truth]
    return [row[name] for row in rows]


def test_an_inclusive_after_brings_the_message_of_that_id_again(sandbox: Sandbox, client: Client) -> None:
    sandbox.oddities.add("inclusive_after")
    assert ids(client.get_chat_messages(1, after=28).json()) == [28, 29, 30]
    assert ids(client.get_chat_messages(1, after=30).json()) == [30]
    assert ids(client.get_chat_messages(1, after=31).json()) == []
    assert ids(client.get_chat_messages(1).json()) == list(range(1, 31))
    assert ids(client.get("/ChatSession/1/Messages", params={"after": 28}).json()) == [28, 29, 30]


def test_a_cap_keeps_the_lowest_ids(sandbox: Sandbox, client: Client) -> None:
    sandbox.oddities.add("capped", rows=10)
    sandbox.oddities.add("any_order")
    assert sorted(ids(client.get_chat_messages(1).json())) == list(range(1, 11))
    assert sorted(ids(client.get_chat_messages(1, after=10).json())) == list(range(11, 21))


def test_any_order_shuffles_and_loses_nothing(sandbox: Sandbox, client: Client) -> None:
    sandbox.oddities.add("any_order")
    rows = client.get_chat_messages(1).json()
    assert ids(rows) != list(range(1, 31))
    assert sorted(rows, key=lambda row: row["ChatMessageId"]) == sandbox.tenant.rows(1)


def test_duplicate_rows_come_twice(sandbox: Sandbox, client: Client) -> None:
    sandbox.oddities.add("duplicate_rows")
    assert client.get_chat_messages(1).json() == [row for row in sandbox.tenant.rows(1) for _ in range(2)]


def test_a_foreign_row_is_a_true_one_in_the_request_s_own_time_zone(sandbox: Sandbox, client: Client) -> None:
    sandbox.oddities.add("foreign_row")
    client.http.headers["SO-TimeZone"] = "US-NY, includeTZOffset"
    *own, foreign = client.get_chat_messages(1).json()
    assert ids(own) == list(range(1, 31))
    assert foreign == {**sandbox.tenant.rows(2)[0], "WhenPosted": "2026-03-02T03:15:30-05:00"}
    assert client.get_chat_messages(1, after=30).json() == []  # it comes along, never alone


def test_unknown_enum_names_stand_in_both_enums(sandbox: Sandbox, client: Client) -> None:
    sandbox.oddities.add("unknown_enum")
    row = client.get_chat_messages(2).json()[0]
    assert row == {**sandbox.tenant.rows(2)[0], "Type": "ToSupervisor", "SpecialType": "VideoCallStarted"}


def test_an_extra_property_is_added_to_the_nine(sandbox: Sandbox, client: Client) -> None:
    sandbox.oddities.add("extra_property")
    row = client.get_chat_messages(2).json()[0]
    assert row.pop("SandboxProperty")["Nothing"] is None
    assert row == sandbox.tenant.rows(2)[0]


def test_read_by_customer_comes_as_a_bool(sandbox: Sandbox, client: Client) -> None:
    sandbox.tenant.edit(2, read_by_customer=1)
    sandbox.oddities.add("read_as_bool")
    values = changed(client.get_chat_messages(1).json(), sandbox.tenant.rows(1), "ReadByCustomer")
    assert values == [False, True, *[False] * 28]


def test_a_number_comes_as_text(sandbox: Sandbox, client: Client) -> None:
    sandbox.oddities.add("number_as_text")
    assert changed(client.get_chat_messages(2).json(), sandbox.tenant.rows(2), "ReadByCustomer") == ["0"]
    sandbox.oddities.clear()
    sandbox.oddities.add("number_as_text", property_name="ChatMessageId")
    assert changed(client.get_chat_messages(2).json(), sandbox.tenant.rows(2), "ChatMessageId") == ["31"]


@pytest.mark.parametrize("kind", ["missing_property", "null_property", "wrong_type"])
def test_one_property_is_spoilt_and_by_itself_never_an_id(sandbox: Sandbox, client: Client, kind: str) -> None:
    sandbox.oddities.add(kind)
    spoilt = set()
    for row, true in zip(client.get_chat_messages(1).json(), sandbox.tenant.rows(1), strict=True):
        differing = [name for name, value in true.items() if name not in row or row[name] != value]
        assert len(differing) == 1
        spoilt.update(differing)
    assert spoilt == {*sandbox.tenant.rows(1)[0]} - {"ChatMessageId", "ChatSessionId"}


def test_a_named_property_is_the_one_spoilt(sandbox: Sandbox, client: Client) -> None:
    true = sandbox.tenant.rows(2)[0]
    for kind, name in (("missing_property", "ChatMessageId"), ("null_property", "Message"), ("wrong_type", "Author")):
        sandbox.oddities.add(kind, property_name=name)
    row = client.get_chat_messages(2).json()[0]
    assert not isinstance(row["Author"], str)
    del true["ChatMessageId"]
    assert row == {**true, "Message": None, "Author": row["Author"]}


def test_times_are_odd_in_five_ways(sandbox: Sandbox, client: Client) -> None:
    def times(kind: str) -> list[str]:
        sandbox.oddities.add(kind)
        values = changed(client.get_chat_messages(1).json(), sandbox.tenant.rows(1), "WhenPosted")
        sandbox.oddities.clear()
        return values

    true = [str(row["WhenPosted"]) for row in sandbox.tenant.rows(1)]
    assert times("time_without_suffix") == [each.removesuffix("Z") for each in true]
    assert all(re.fullmatch(r"2026-03-02T08:\d\d:30\.\d{6}[1-9]Z", each) for each in times("time_seven_digits"))
    assert set(times("time_year_1")) == set(YEAR_1)
    assert all("2036-03-02" <= each < "2036-03-04" for each in times("time_in_future"))
    shifted = times("time_out_of_order")
    assert shifted != sorted(shifted)
    off = [datetime.fromisoformat(a) - datetime.fromisoformat(b) for a, b in zip(shifted, true, strict=True)]
    assert all(timedelta(0) < abs(each) <= timedelta(hours=1) for each in off)


@pytest.mark.parametrize("value", [None, 5, "soon", "2026-03-02", "0001-01-01"])
def test_what_is_no_time_is_left_alone(sandbox: Sandbox, client: Client, value: Any) -> None:
    sandbox.tenant.edit(31, when_posted=value)
    for kind in ("time_out_of_order", "time_in_future", "time_seven_digits", "time_without_suffix"):
        sandbox.oddities.add(kind)
    (row,) = client.get_chat_messages(2).json()
    assert row["WhenPosted"] == value


@pytest.mark.parametrize("kind", ROWS)
def test_a_second_reading_says_the_same(sandbox: Sandbox, client: Client, kind: str) -> None:
    sandbox.oddities.add(kind, probability=0.5)
    first, second = (client.get_chat_messages(1).json() for _ in range(2))
    assert first == second


@pytest.mark.parametrize("kind", [*BY_ROW, "duplicate_rows"])
def test_a_probability_is_the_share_of_messages_that_are_odd(sandbox: Sandbox, client: Client, kind: str) -> None:
    sandbox.oddities.add(kind, probability=0.5)
    rows, truth = client.get_chat_messages(1).json(), sandbox.tenant.rows(1)
    texts = [json.dumps(row) for row in rows]  # as text, since False equals 0
    untouched = [row for row in truth if texts.count(json.dumps(row)) == 1]
    assert 5 < len(untouched) < 25
    tail = client.get_chat_messages(1, after=15).json()
    assert tail == [row for row in rows if row.get("ChatMessageId", 0) > 15]


def test_oddities_of_rows_go_together(sandbox: Sandbox, client: Client) -> None:
    for kind in ("any_order", "duplicate_rows", "read_as_bool", "time_without_suffix", "time_seven_digits"):
        sandbox.oddities.add(kind)
    rows = client.get_chat_messages(1).json()
    assert sorted(ids(rows)) == sorted([*range(1, 31)] * 2) != ids(rows)
    assert {row["ReadByCustomer"] for row in rows} == {False}
    assert all(re.fullmatch(r"[-\d]+T[:\d]+\.\d{7}", row["WhenPosted"]) for row in rows)


def test_rows_stay_odd_when_the_reply_is_slow_or_dripping(sandbox: Sandbox, client: Client) -> None:
    sandbox.oddities.add("duplicate_rows")
    sandbox.oddities.add("slow", seconds=0)
    assert len(client.get_chat_messages(2).json()) == 2


def test_only_a_reply_that_was_changed_counts(sandbox: Sandbox, client: Client) -> None:
    sandbox.oddities.add("duplicate_rows", times=1, chat_session_id=2)
    lengths = [len(client.get_chat_messages(1).json()), len(client.get_chat_messages(2, after=31).json())]
    lengths += [len(client.get_chat_messages(2).json()) for _ in range(2)]
    assert lengths == [30, 0, 2, 1]


def test_other_operations_keep_their_replies(sandbox: Sandbox, client: Client) -> None:
    sandbox.tenant.edit_chat_session(1, WhenFetched="")
    before = client.get("/ChatSession/1").json()
    for kind in ROWS:
        sandbox.oddities.add(kind)
    assert client.get("/ChatSession/1").json() == before
    assert client.get("/ChatSession/9/Messages").status_code == 404


@pytest.mark.parametrize("value", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2026-99-99T99:99:99Z"])
def test_a_time_at_the_edge_of_the_calendar_is_no_trouble(sandbox: Sandbox, client: Client, value: str) -> None:
    sandbox.tenant.edit(31, when_posted=value)
    sandbox.oddities.add("time_out_of_order")
    (row,) = client.get_chat_messages(2).json()
    assert len(row["WhenPosted"]) == len(value)
