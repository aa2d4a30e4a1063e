"""What is an answer, what is none, and what is nested too deeply to be read."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.errors import NullReply, SourceError, UndecodableReply
from archiver.superoffice.decode import decode_quarantined, decode_reply
from archiver.superoffice.lossless_json import MAX_LEVELS
from archiver.superoffice.tolerant import MOST_UNREADABLE
from tests.superoffice.test_decode import BOM, body_with, decode_one, message_with


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
        (b" \n<!DOCTYPE html><html>", "the reply is a web page"),
        (BOM + b"<HTML>", "the reply is a web page"),
        (b'"a text"', "the reply is a JSON str, not an array"),
        (b"12", "the reply is a JSON int, not an array"),
        (b"true", "the reply is a JSON bool, not an array"),
        (b"1e999", "the reply is a JSON float, not an array"),
        (b'{"given":1}', "the reply is an object with the keys given, not an array"),
        (b'{"a":' * 100_000, "the reply is nested too deeply"),
        (b"{}", "the reply is an object with the keys (none), not an array"),
        (b'{"Message":"K3Y","Error":1}', "the reply is an object with the keys Error, Message, not an array"),
        (b'{"kim@example.com":1,"Code 7":2,"E":3}', "the reply is an object with the keys E, not an array"),
    ],
    ids=range(17),
)
def test_only_an_array_is_an_answer(body: bytes, message: str) -> None:
    with pytest.raises(SourceError) as caught:
        decode_reply(body, 7)
    assert str(caught.value) == message
    may_hold_messages = body.startswith(b"[")
    assert (getattr(caught.value, "payload", None) is not None) == may_hold_messages


@pytest.mark.parametrize("body", [b"null", b" null ", BOM + b"null"])
def test_null_proves_nothing(body: bytes) -> None:
    with pytest.raises(NullReply):
        decode_reply(body, 7)


@pytest.mark.parametrize("level", [MAX_LEVELS + 1, 900, 100_000])
def test_what_is_nested_too_deeply_spoils_only_its_own_row(level: int) -> None:
    deep = body_with(ChatMessageId=40).replace(b'"Hello"', b'{"a,]":[' * (level // 2) + b"1" + b"]}" * (level // 2))
    rows = [body_with()[1:-1], deep[1:-1], b"5", body_with(ChatMessageId=42)[1:-1]]
    reply = decode_reply(BOM + b" [" + b" , ".join(rows) + b"]\n", 7)
    assert reply.messages == [message_with(), message_with(chat_message_id=42)]
    odd, no_row = reply.quarantined
    assert (odd.reason, no_row.payload) == ("the row is nested too deeply", "5")
    assert json.loads(odd.payload).encode() == b"[ " + rows[1] + b" ]"
    assert decode_quarantined(odd.payload, 7).quarantined == [odd]


def test_what_is_nested_as_deeply_as_we_read_is_a_row() -> None:
    deep = b"[" * (MAX_LEVELS - 1) + b"]" * (MAX_LEVELS - 1)
    message = decode_one(body_with(Colour=1).replace(b": 1}", b": " + deep + b"}"))
    assert message.extra == f'{{"Colour":{deep.decode()}}}'


def test_a_text_that_is_no_row_is_decoded_again_as_one() -> None:
    assert decode_quarantined('"[\\ud800"', 7).quarantined[0].reason == "the row is no object"


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_any_bytes_are_rows_or_a_typed_error(body: bytes) -> None:
    try:
        reply = decode_reply(body, 7)
    except SourceError:
        return
    assert body.strip().startswith((b"[", BOM))
    assert reply.messages == []


def test_many_quotes_in_a_text_that_never_ends_take_no_quadratic_time() -> None:
    body = b"[" * 100_000 + b'"' + b'\\"' * 200_000  # minutes, when each quote is tried anew
    with pytest.raises(UndecodableReply, match="nested too deeply"):
        decode_reply(body, 7)


def test_of_more_unreadable_rows_than_anybody_looks_through_the_reply_is_kept_once() -> None:
    body = b"[" + b"0," * (MOST_UNREADABLE + 1) + body_with()[1:]
    reply = decode_reply(body, 7)
    (whole,) = reply.quarantined
    assert (len(reply.messages), json.loads(whole.payload)) == (1, body.decode())
    assert (whole.chat_message_id, whole.is_own) == (None, False)
    assert decode_quarantined(whole.payload, 7) == reply


def test_up_to_that_many_are_kept_each_by_itself() -> None:
    reply = decode_reply(b"[" + b"0," * (MOST_UNREADABLE - 1) + b"0]", 7)
    assert len(reply.quarantined) == MOST_UNREADABLE
