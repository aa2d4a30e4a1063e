"""The canonical form of a transcript, to the byte."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from archiver.model import ascii_json
from archiver.store.sealing.transcript import message_records

HELLO: dict[str, Any] = {
    "chat_message_id": 41,
    "chat_session_id": 7,
    "type": "ToUser",
    "message": "Grüße",
    "author": "Kim",
    "read_by_customer": 0,
    "special_type": "None",
    "special_param": "",
    "when_posted": datetime(2026, 3, 2, 8, 15, 30, tzinfo=UTC),
    "extra": None,
}
SAYS = "7:message,2:41,1:7,6:ToUser,7:Grüße,3:Kim,4:None,0:,27:2026-03-02T08:15:30.000000Z,-,".encode()


def test_a_message_is_a_netstring_of_the_netstrings_of_its_fields() -> None:
    assert message_records(HELLO) == b"%d:%b," % (len(SAYS), SAYS)


def test_earlier_contents_come_before_what_the_message_says_now() -> None:
    earlier = HELLO | {"message": None}
    was = SAYS.replace(b"7:message,", b"7:earlier,").replace("7:Grüße,".encode(), b"-,")
    assert message_records(HELLO, [earlier]) == b"%d:%b,%d:%b," % (len(was), was, len(SAYS), SAYS)


@pytest.mark.parametrize(
    "change",
    [
        {"read_by_customer": 1},
        {"extra": ascii_json({"ReadByCustomer": True})},
        {"extra": ascii_json({"WhenPosted": "2026-03-02T09:15:30"})},
        {"when_posted": datetime(2026, 3, 2, 9, 15, 30, tzinfo=timezone(timedelta(hours=1)))},
        {"revision": 3, "gone_at": datetime(2026, 3, 3, tzinfo=UTC)},
    ],
)
def test_what_is_no_content_makes_no_difference(change: dict[str, Any]) -> None:
    assert message_records(HELLO | change) == message_records(HELLO)


@pytest.mark.parametrize(
    "change",
    [
        {"message": "Grüsse"},
        {"message": None},
        {"message": ""},
        {"author": "kim"},
        {"chat_session_id": 8},
        {"special_param": None},
        {"when_posted": datetime(2026, 3, 2, 8, 15, 30, 1, tzinfo=UTC)},
        {"when_posted": None},
        {"extra": ascii_json({"Mood": "odd", "ReadByCustomer": True})},
    ],
)
def test_what_is_content_makes_a_difference(change: dict[str, Any]) -> None:
    assert message_records(HELLO | change) != message_records(HELLO)
