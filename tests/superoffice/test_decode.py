"""From bytes to rows: nothing that surprises is lost, and nothing that surprises spoils its neighbours."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.errors import NullReply, SourceError
from archiver.model import ChatMessage, Undecodable
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
    assert reply.undecodable == []
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
        ({"ReadByCustomer": True}, message_with(read_by_customer=1)),
        ({"ReadByCustomer": False}, message_with(read_by_customer=0)),
        ({"ReadByCustomer": None}, message_with(read_by_customer=None)),
        ({"ReadByCustomer": -(2**31)}, message_with(read_by_customer=-(2**31))),
        ({"ReadByCustomer": 2**31}, message_with({"ReadByCustomer": 2**31}, read_by_customer=None)),
        ({"ReadByCustomer": 10**30}, message_with({"ReadByCustomer": 10**30}, read_by_customer=None)),
        ({"ReadByCustomer": 1.0}, message_with({"ReadByCustomer": 1.0}, read_by_customer=None)),
        ({"ReadByCustomer": "1"}, message_with({"ReadByCustomer": "1"}, read_by_customer=None)),
        ({"ChatSessionId": 8}, message_with(chat_session_id=8)),
        ({"ChatMessageId": 2**31}, message_with(chat_message_id=2**31)),
        ({"ChatMessageId": 2**63 - 1}, message_with(chat_message_id=2**63 - 1)),
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
def test_of_a_repeated_key_the_last_counts(prefix: bytes) -> None:
    body = prefix + body_with().replace(b'"Hello"', b'"first", "Message": "last"')
    assert decode_one(body) == message_with(message="last")


@pytest.mark.parametrize(
    ("number", "extra"),
    [
        (b"NaN", {"number": "NaN"}),
        (b"-Infinity", {"number": "-Infinity"}),
        (b"1e999", {"number": "1e999"}),
        (b"9" * 5000, {"number": "9" * 5000}),
    ],
    ids=["nan", "infinity", "1e999", "digits"],
)
def test_a_number_that_json_or_python_refuses_is_kept_as_its_text(number: bytes, extra: object) -> None:
    message = decode_one(body_with().replace(b'"ReadByCustomer": 0', b'"ReadByCustomer": ' + number))
    assert message == message_with({"ReadByCustomer": extra}, read_by_customer=None)


def test_bytes_that_are_no_utf8_spoil_only_their_own_text() -> None:
    body = b"[" + body_with()[1:-1] + b"," + body_with(ChatMessageId=42).replace(b"Hello", b"H\xe9llo")[1:-1] + b"]"
    first, second = decode_reply(body, 7).messages
    assert first == message_with()
    assert second == message_with({"Message": "H\udce9llo"}, chat_message_id=42, message="H\ufffdllo")


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
@pytest.mark.parametrize("value", ["41", 0, -1, None, 41.0, True, 2**63, [], {}])
def test_a_row_without_a_usable_id_is_quarantined_alone(name: str, value: object) -> None:
    odd = {**ROW, "ChatMessageId": 40, name: value}
    reply = decode_reply(json.dumps([odd, ROW]).encode(), 7)
    (undecodable,) = reply.undecodable
    assert reply.messages == [message_with()]
    assert undecodable == Undecodable(
        chat_session_id=7,
        chat_message_id=40 if name == "ChatSessionId" else None,
        reason=f"{name} is no id",
        payload=json.dumps(odd, separators=(",", ":"), sort_keys=True),
        is_own=name == "ChatMessageId",
    )


@pytest.mark.parametrize("odd", [None, 5, "text", [], [ROW], True])
def test_what_is_no_row_is_quarantined_alone(odd: object) -> None:
    reply = decode_reply(json.dumps([ROW, odd]).encode(), 7)
    (undecodable,) = reply.undecodable
    payload = json.dumps(odd, separators=(",", ":"), sort_keys=True)
    assert reply.messages == [message_with()]
    assert undecodable == Undecodable(
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
    (odd,) = reply.undecodable
    assert (odd.chat_message_id, odd.reason) == (41, "the same reply says something else under this id")
    assert json.loads(odd.payload)["message"] == "another"


@pytest.mark.parametrize("body", [b"[]", b" [ ]\r\n", BOM + b"[]"])
def test_an_empty_array_is_an_answer(body: bytes) -> None:
    assert decode_reply(body, 7).messages == []


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "the reply is no JSON"),
        (b"[", "the reply is no JSON"),
        (body_with()[:-1], "the reply is no JSON"),
        (body_with() + b"]", "the reply is no JSON"),
        (b"\x00\x01\xff", "the reply is no JSON"),
        (b"[" * 100_000, "the reply is nested too deeply"),
        (b" \n<!DOCTYPE html><html>", "the reply is an HTML page"),
        (BOM + b"<HTML>", "the reply is an HTML page"),
        (b'"a text"', "the reply is a JSON str, not an array"),
        (b"12", "the reply is a JSON int, not an array"),
        (b"true", "the reply is a JSON bool, not an array"),
        (b"{}", "the reply is an object with the keys (none), not an array"),
        (b'{"Message":"K3Y","Error":1}', "the reply is an object with the keys Error, Message, not an array"),
        (b'{"kim@example.com":1,"Code 7":2,"E":3}', "the reply is an object with the keys E, not an array"),
    ],
    ids=range(14),
)
def test_only_an_array_is_an_answer(body: bytes, message: str) -> None:
    with pytest.raises(SourceError) as caught:
        decode_reply(body, 7)
    assert str(caught.value) == message


@pytest.mark.parametrize("body", [b"null", b" null ", BOM + b"null"])
def test_null_proves_nothing(body: bytes) -> None:
    with pytest.raises(NullReply):
        decode_reply(body, 7)


TEXTS = st.text(st.characters(exclude_categories=()), max_size=8)
TIMES = st.sampled_from(
    ["2026-03-02T08:15:30Z", "0001-01-01T01:00:00+01:00", "2026-03-02T08:15:30.1234567+02:00", "x"]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXTS, inner, max_size=2),
    max_leaves=4,
)
IDS = st.integers(1, 2**40)
SOUND_ROWS = st.fixed_dictionaries(
    {
        **dict.fromkeys(["ChatMessageId", "ChatSessionId"], IDS),
        **dict.fromkeys(["Type", "Message", "Author", "SpecialType", "SpecialParam"], st.text(max_size=8)),
        "ReadByCustomer": st.integers(-(2**31), 2**31 - 1),
        "WhenPosted": TIMES | st.datetimes().map(lambda at: at.isoformat() + "Z"),
    }
)
ODD_ROWS = st.fixed_dictionaries(
    {"ChatMessageId": IDS, "ChatSessionId": IDS},
    optional={
        **{name: VALUES for name in ROW if not name.endswith("Id")},
        "Colour": VALUES,
    },
)


@given(st.lists(SOUND_ROWS, max_size=4), st.booleans())
def test_both_paths_give_the_same_rows(rows: list[dict[str, object]], ascii_only: bool) -> None:
    body = json.dumps(rows, ensure_ascii=ascii_only).encode()
    assert decode_reply(body, 7) == decode_reply(BOM + body, 7)


@given(ODD_ROWS)
def test_an_odd_row_can_be_told_from_what_is_stored(row: dict[str, object]) -> None:
    body = json.dumps([row]).encode()
    (sent,) = json.loads(body)
    message = decode_one(body)
    extra = json.loads(message.extra or "{}")
    known = {name: getattr(message, column) for name, column in zip(ROW, MESSAGE, strict=True) if name not in extra}
    stored = {name: value for name, value in {**known, **extra}.items() if value != {"missing": True}}
    assert {**stored, "WhenPosted": None} == {**sent, "WhenPosted": None}
    for column in ("type", "message", "author", "special_type", "special_param"):
        text = getattr(message, column) or ""
        assert "\0" not in text
        assert text.encode().decode() == text


@given(ODD_ROWS, SOUND_ROWS, VALUES)
def test_neighbours_do_not_change_a_row(odd: dict[str, object], sound: dict[str, object], no_row: object) -> None:
    odd["ChatMessageId"], sound["ChatMessageId"] = 41, 42  # two contents under one id would be odd
    together = decode_reply(json.dumps([odd, no_row, sound]).encode(), 7)
    alone = [decode_one(json.dumps([row]).encode()) for row in (odd, sound)]
    assert together.messages == alone
    assert len(together.undecodable) == 1


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_any_bytes_are_rows_or_a_typed_error(body: bytes) -> None:
    try:
        reply = decode_reply(body, 7)
    except SourceError:
        return
    assert body.strip().startswith((b"[", BOM))
    assert reply.messages == []
