"""From bytes to rows: nothing that surprises is lost, and nothing that surprises spoils its neighbours."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.model import ChatMessage, Quarantined
from archiver.superoffice.decode import decode_reply

BOM = b"\xef\xbb\xbf"
"""Legal before JSON, yet nothing that the fast path takes: it sends the same rows down the tolerant one."""
ROW: dict[str, Any] = {
    "ChatMessageId": 41,
    "ChatSessionId": 7,
    "Type": "ToUser",
    "Message": "Hello",
    "Author": "Kim",
    "ReadByCustomer": 0,
    "SpecialType": "None",
    "SpecialParam": "",
    "WhenPosted": "2026-03-02T08:15:30Z",
}
MESSAGE: dict[str, Any] = {
    "chat_message_id": 41,
    "chat_session_id": 7,
    "type": "ToUser",
    "message": "Hello",
    "author": "Kim",
    "read_by_customer": 0,
    "special_type": "None",
    "special_param": "",
    "when_posted": datetime(2026, 3, 2, 8, 15, 30, tzinfo=UTC),
}


def decode_one(body: bytes) -> ChatMessage:
    reply = decode_reply(body, 7)
    assert reply.quarantined == []
    (message,) = reply.messages
    return message


def body_with(**changes: object) -> bytes:
    return json.dumps([{**ROW, **changes}]).encode()


def message_with(extra: object = None, **changes: object) -> ChatMessage:
    text = None if extra is None else json.dumps(extra, separators=(",", ":"), sort_keys=True)
    return ChatMessage(**{**MESSAGE, **changes}, extra=text)


@pytest.mark.parametrize("prefix", [b"", BOM])
def test_a_documented_row_is_decoded(prefix: bytes) -> None:
    assert decode_one(prefix + body_with()) == message_with()


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"Type": "Brand New"}, message_with(type="Brand New")),
        ({"SpecialType": "Sticker"}, message_with(special_type="Sticker")),
        ({"Type": 2}, message_with({"Type": 2}, type="2")),
        ({"SpecialType": True}, message_with({"SpecialType": True}, special_type=None)),
        ({"Colour": "red"}, message_with({"Colour": "red"})),
        ({"Colour": {"a": [None, 1.5]}}, message_with({"Colour": {"a": [None, 1.5]}})),
        ({"message": "lower"}, message_with({"message": "lower"})),
        ({"Message": None}, message_with(message=None)),
        ({"Message": 5}, message_with({"Message": 5}, message=None)),
        ({"Message": "a\0b"}, message_with({"Message": "a\0b"}, message="a\ufffdb")),
        ({"Author": "a\ud800b"}, message_with({"Author": "a\ud800b"}, author="a\ufffdb")),
        ({"Message": "\\u0000"}, message_with(message="\\u0000")),
        ({"Message": "\x01\x7f\n👋"}, message_with(message="\x01\x7f\n👋")),
        ({"ReadByCustomer": True}, message_with({"ReadByCustomer": True}, read_by_customer=1)),
        ({"ReadByCustomer": False}, message_with({"ReadByCustomer": False})),
        ({"ReadByCustomer": None}, message_with(read_by_customer=None)),
        ({"ReadByCustomer": -(2**31)}, message_with(read_by_customer=-(2**31))),
        ({"ReadByCustomer": 2**31}, message_with({"ReadByCustomer": 2**31}, read_by_customer=None)),
        ({"ReadByCustomer": 10**30}, message_with({"ReadByCustomer": 10**30}, read_by_customer=None)),
        ({"ReadByCustomer": 1.0}, message_with({"ReadByCustomer": 1.0}, read_by_customer=None)),
        ({"ReadByCustomer": "1"}, message_with({"ReadByCustomer": "1"}, read_by_customer=None)),
        ({"ChatSessionId": 8}, message_with(chat_session_id=8)),
        ({"ChatMessageId": 2**31}, message_with(chat_message_id=2**31)),
        ({"ChatMessageId": 2**63 - 1}, message_with(chat_message_id=2**63 - 1)),
        ({"ChatMessageId": "41"}, message_with({"ChatMessageId": "41"})),
        ({"ChatMessageId": 41.0}, message_with({"ChatMessageId": 41.0})),
        ({"ChatSessionId": "007"}, message_with({"ChatSessionId": "007"})),
        ({"Colour": {"number": 5}}, message_with({"Colour": {"given": {"number": 5}}})),
        ({"Message": {"missing": True}}, message_with({"Message": {"given": {"missing": True}}}, message=None)),
        ({"WhenPosted": None}, message_with(when_posted=None)),
        ({"WhenPosted": 5}, message_with({"WhenPosted": 5}, when_posted=None)),
        ({"WhenPosted": "soon"}, message_with({"WhenPosted": "soon"}, when_posted=None)),
        ({"WhenPosted": "2026-03-02T09:15:30+01:00"}, message_with()),
        ({"WhenPosted": "2026-03-02T09:15:30+0100"}, message_with()),
        ({"WhenPosted": "2026-03-02T08:15:30"}, message_with({"WhenPosted": "2026-03-02T08:15:30"})),
        (
            {"WhenPosted": "2999-03-02T08:15:30Z"},
            message_with(when_posted=datetime(2999, 3, 2, 8, 15, 30, tzinfo=UTC)),
        ),
        (
            {"WhenPosted": "2026-03-02T08:15:30.1234567Z"},
            message_with(
                {"WhenPosted": "2026-03-02T08:15:30.1234567Z"},
                when_posted=MESSAGE["when_posted"] + timedelta(microseconds=123456),
            ),
        ),
    ],
    ids=lambda value: ascii(value)[:60] if isinstance(value, dict) else "",
)
def test_a_surprise_is_stored_as_faithfully_as_can_be(change: dict[str, object], expected: ChatMessage) -> None:
    assert decode_one(body_with(**change)) == expected
    assert decode_one(BOM + body_with(**change)) == expected


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00", "0001-01-01T00:00:00Z", "0001-01-01T01:00:00+01:00"])
def test_the_unset_date_is_null_and_its_spelling_is_kept(text: str) -> None:
    assert decode_one(body_with(WhenPosted=text)) == message_with({"WhenPosted": text}, when_posted=None)


@pytest.mark.parametrize("name", [name for name in ROW if not name.endswith("Id")])
def test_a_missing_property_is_told_from_null(name: str) -> None:
    row = {key: value for key, value in ROW.items() if key != name}
    missing = decode_one(json.dumps([row]).encode())
    null = decode_one(body_with(**{name: None}))
    assert (missing.extra, null.extra) == (f'{{"{name}":{{"missing":true}}}}', None)
    assert msgspec.structs.replace(missing, extra=None) == null


@pytest.mark.parametrize("prefix", [b"", BOM])
@pytest.mark.parametrize(
    ("written", "more", "expected"),
    [
        (b'"Hello"', b'"first", "Message": "last"', message_with({"Message": ["first", "last"]}, message="last")),
        (b'"Hello"', b'"Hello", "Mess\\u0061ge" : "Hello"', message_with({"Message": ["Hello", "Hello"]})),
        (
            b": 41",
            b': null, "ChatMessageId": 40, "ChatMessageId": 41',
            message_with({"ChatMessageId": [None, 40, 41]}),
        ),
        (b": 7", b': 8, "ChatSessionId": 7', message_with({"ChatSessionId": [8, 7]})),
        (b'"Kim"', b'"Kim", "Colour": 1, "Colour": 1.0', message_with({"Colour": [1, 1.0]})),
    ],
    ids=["message", "same", "id", "chat session", "unknown"],
)
def test_of_a_repeated_key_the_last_counts_and_all_are_told(
    prefix: bytes, written: bytes, more: bytes, expected: ChatMessage
) -> None:
    ((name, values),) = json.loads(expected.extra or "").items()
    assert decode_one(prefix + body_with().replace(written, more)) == msgspec.structs.replace(
        expected, extra=json.dumps({name: {"repeated": values}}, separators=(",", ":"))
    )


@pytest.mark.parametrize(
    ("number", "extra"),
    [
        (b"NaN", {"number": "NaN"}),
        (b"-Infinity", {"number": "-Infinity"}),
        (b"1e999", {"number": "1e999"}),
        (b"1e2", {"number": "1e2"}),
        (b"0.10000000000000000001", {"number": "0.10000000000000000001"}),
        (b"9" * 5000, {"number": "9" * 5000}),
    ],
    ids=["nan", "infinity", "1e999", "1e2", "fraction", "digits"],
)
def test_a_number_that_python_would_refuse_or_round_is_kept_as_its_text(number: bytes, extra: object) -> None:
    message = decode_one(body_with().replace(b'"ReadByCustomer": 0', b'"ReadByCustomer": ' + number))
    assert message == message_with({"ReadByCustomer": extra}, read_by_customer=None)


def test_bytes_that_are_no_utf8_spoil_only_their_own_text() -> None:
    body = b"[" + body_with()[1:-1] + b"," + body_with(ChatMessageId=42).replace(b"Hello", b"H\xe9llo")[1:-1] + b"]"
    first, second = decode_reply(body, 7).messages
    assert first == message_with()
    assert second == message_with({"Message": "H\udce9llo"}, chat_message_id=42, message="H\ufffdllo")


def test_two_raw_surrogates_that_belong_together_are_one_character() -> None:
    assert decode_one(body_with().replace(b"Hello", b"\xed\xa0\xbd\xed\xb1\x8b")) == message_with(message="👋")


def test_an_odd_byte_in_one_row_does_not_change_how_another_is_read() -> None:
    emoji, odd = b"\xed\xa0\xbd\xed\xb8\x80", b"\xff"
    alone = decode_reply(body_with(Message="@").replace(b"@", emoji), 7).messages
    other = body_with(ChatMessageId=42, Message="@").replace(b"@", odd)
    beside = decode_reply(body_with(Message="@").replace(b"@", emoji)[:-1] + b"," + other[1:], 7).messages
    assert beside[0] == alone[0]
    assert alone[0].message == "\U0001f600"


def test_a_raw_surrogate_is_kept_as_its_escape() -> None:
    message = decode_one(body_with().replace(b"Hello", b"a\xed\xa0\x80b"))
    assert message == message_with({"Message": "a\ud800b"}, message="a\ufffdb")


def test_raw_control_characters_spoil_no_reply() -> None:
    message = decode_one(body_with().replace(b"Hello", b"a\nb\0"))
    assert message == message_with({"Message": "a\nb\0"}, message="a\nb\ufffd")


def test_extra_is_ascii() -> None:
    message = decode_one(body_with(Smile="👋\0\ud800"))
    assert message.extra == '{"Smile":"\\ud83d\\udc4b\\u0000\\ud800"}'


@pytest.mark.parametrize("name", ["ChatMessageId", "ChatSessionId"])
@pytest.mark.parametrize(
    "value",
    [
        0,
        -1,
        None,
        True,
        False,
        2**63,
        [],
        {},
        "",
        "0",
        "-1",
        " 41",
        "4e1",
        "٤١",
        "9" * 19,
        "9" * 20,
        41.5,
        0.0,
        -1.0,
        2.0**53,
    ],
    ids=ascii,
)
def test_a_row_without_a_usable_id_is_quarantined_alone(name: str, value: object) -> None:
    odd = {**ROW, "ChatMessageId": 40, name: value}
    reply = decode_reply(json.dumps([odd, ROW]).encode(), 7)
    (undecodable,) = reply.quarantined
    assert reply.messages == [message_with()]
    assert undecodable == Quarantined(
        chat_session_id=7,
        chat_message_id=40 if name == "ChatSessionId" else None,
        reason=f"{name} is no id",
        payload=json.dumps(odd, separators=(",", ":"), sort_keys=True),
        is_own=name == "ChatMessageId",
    )


@pytest.mark.parametrize("odd", [None, 5, "text", [], [ROW], True])
def test_what_is_no_row_is_quarantined_alone(odd: object) -> None:
    reply = decode_reply(json.dumps([ROW, odd]).encode(), 7)
    (undecodable,) = reply.quarantined
    payload = json.dumps(odd, separators=(",", ":"), sort_keys=True)
    assert reply.messages == [message_with()]
    assert undecodable == Quarantined(
        chat_session_id=7, chat_message_id=None, reason="the row is no object", payload=payload, is_own=False
    )


def test_rows_come_in_ascending_order_each_once() -> None:
    rows = [
        {**ROW, "ChatMessageId": each, "Message": text} for each, text in [(9, "a"), (2, "b"), (9, "a"), (5, "d")]
    ]
    messages = decode_reply(json.dumps(rows).encode(), 7).messages
    assert [(each.chat_message_id, each.message) for each in messages] == [(2, "b"), (5, "d"), (9, "a")]


def test_what_contradicts_an_earlier_row_of_the_same_reply_is_set_aside() -> None:
    rows = [{**ROW, "Message": "one"}, {**ROW, "Message": "another"}]
    reply = decode_reply(json.dumps(rows).encode(), 7)
    assert [message.message for message in reply.messages] == ["one"]
    (odd,) = reply.quarantined
    assert (odd.chat_message_id, odd.reason) == (41, "the same reply says something else under this id")
    assert json.loads(odd.payload) == {**ROW, "Message": "another", "WhenPosted": "2026-03-02T08:15:30+00:00"}


ODD_ROWS = st.dictionaries(st.sampled_from([*ROW, "Colour"]), st.none() | st.booleans() | st.floats() | st.text())


@given(ODD_ROWS, ODD_ROWS, st.none() | st.booleans() | st.integers() | st.text())
def test_neighbours_do_not_change_a_row(one: dict[str, object], other: dict[str, object], no_row: object) -> None:
    # Two contents under one id would be odd.
    rows = [{**ROW, **one, "ChatMessageId": 41}, {**ROW, **other, "ChatMessageId": 42}]
    rows = [{**row, "ChatSessionId": 7} for row in rows]
    together = decode_reply(json.dumps([rows[0], no_row, rows[1]]).encode(), 7)
    assert together.messages == [decode_one(json.dumps([row]).encode()) for row in rows]
    assert len(together.quarantined) == 1
