"""What holds for every reply, however odd: one meaning, nothing lost, nothing that can't be decoded again."""

import json

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from archiver.errors import UndecodableReply
from archiver.model import Reply, as_row
from archiver.superoffice.decode import decode_quarantined, decode_reply
from archiver.superoffice.documented import decode_documented
from archiver.superoffice.tolerant import decode_tolerantly
from tests.superoffice.replies import (
    VALUES,
    body_of,
    documented_rows,
    odd_rows,
    said_by,
    said_by_message,
    said_by_notes,
    with_instant,
)
from tests.superoffice.test_decode import BOM, ROW

ANY_ROWS = st.lists(documented_rows() | documented_rows() | odd_rows(), max_size=3)


@given(ANY_ROWS, st.sampled_from(["", "", " \n", "\ufeff"]))
def test_both_paths_give_the_same_rows(rows: list[str], prefix: str) -> None:
    body = body_of(rows, prefix)
    fast = decode_documented(body)
    if fast is not None:
        tolerant, undecodable = decode_tolerantly(body, 7)
        assert (list(map(repr, tolerant)), undecodable) == (list(map(repr, fast)), [])


@given(st.lists(documented_rows(), min_size=1, max_size=3))
def test_the_comparison_is_no_empty_one(rows: list[str]) -> None:
    fast = decode_documented(body_of(rows, ""))
    assume(fast is not None)  # Hypothesis fails where that is hardly ever so
    assert fast
    assert len(fast) == len(rows)


@given(st.lists(st.fixed_dictionaries({}, optional={"Message": st.text(), "WhenPosted": st.text()}), max_size=3))
def test_the_fast_path_takes_what_is_documented(changes: list[dict[str, str]]) -> None:
    body = json.dumps([{**ROW, **each} for each in changes]).encode()
    doubtful = b"u0000" in body or b'\\\\"' in body
    assert decode_documented(body) is not None or doubtful


ONE = json.dumps(ROW, separators=(",", ":"))


@pytest.mark.parametrize(
    "body",
    [
        ONE.replace('"Type":', '"Type":"a","Type":'),
        ONE.replace('"Type":', '"Type" :"a","Type":'),
        ONE.replace('"Type":', '"\\u0054ype":"a","Type":'),
        ONE.replace('"ChatMessageId":', '"ChatMessageId":1,"ChatMessageId":'),
        ONE.replace('"ChatMessageId":41', '"ChatMessageId":1,"ChatMessageId":41').replace("Hello", '\\":\\"'),
        ONE.replace('"ChatMessageId":41', '"ChatMessageId":1,"ChatMessageId":41').replace('""', '"\\\\"'),
        ONE.replace('"ChatMessageId":41', '"ChatMessageId":1,"ChatMessageId":41')
        .replace("Hello", "Hello\\\\")
        .replace("Kim", "Kim\\\\"),
        ONE.replace("Hello", "a\\u0000b"),
        ONE.replace("Hello", "a\\ud800b"),
        ONE.replace("Hello", "a\nb"),
        ONE.replace('"ReadByCustomer":0', '"ReadByCustomer":1.0'),
        ONE.replace('"ReadByCustomer":0', '"ReadByCustomer":true'),
    ],
    ids=range(12),
)
def test_the_fast_path_leaves_what_it_would_misread(body: str) -> None:
    assert body != ONE
    assert decode_documented(b"[" + ONE.encode() + b"]") is not None
    assert decode_documented(b"[" + ONE.encode() + b"," + body.encode() + b"]") is None


@given(documented_rows() | odd_rows())
def test_every_row_can_be_told_from_what_is_kept(row: str) -> None:
    reply = decode_reply(body_of([row]), 7)
    said = said_by(row)
    for message in reply.messages:
        told = said_by_message(message)
        is_exact = message.when_posted is not None and told[1].get("WhenPosted") == [message.when_posted]
        assert told == (with_instant(said) if is_exact else said)
    for undecodable in reply.quarantined:
        assert undecodable.payload.isascii()
        assert said_by_notes(json.loads(undecodable.payload)) == said


@given(VALUES)
def test_what_is_no_row_can_be_told_from_its_payload(value: str) -> None:
    (undecodable,) = decode_reply(body_of([value]), 7).quarantined
    assert said_by_notes(json.loads(undecodable.payload)) == said_by(value)


@given(odd_rows())
def test_what_is_stored_is_what_a_column_holds(row: str) -> None:
    for message in decode_reply(body_of([row]), 7).messages:
        texts = [message.type, message.message, message.author, message.special_type, message.special_param]
        assert not any("\0" in text for text in texts if text is not None)
        assert "".join(text or "" for text in texts).encode().decode() == "".join(text or "" for text in texts)
        assert type(message.read_by_customer) in (int, type(None))
        assert message.extra is None or message.extra.isascii()


@given(documented_rows() | odd_rows())
def test_every_payload_is_decoded_again_to_the_same(row: str) -> None:
    reply = decode_reply(body_of([row]), 7)
    for message in reply.messages:
        assert decode_quarantined(as_row(message), 7) == Reply(pieces=[[message]], quarantined=[], row_count=1)
    for undecodable in reply.quarantined:
        assert decode_quarantined(undecodable.payload, 7) == Reply(
            pieces=[[]], quarantined=[undecodable], row_count=1
        )


@given(st.binary() | st.text().map(str.encode), st.sampled_from([b"[", BOM + b"[", b" \n["]))
def test_a_reply_that_can_not_be_read_is_kept_to_the_byte(rest: bytes, start: bytes) -> None:
    error = error_of(start + rest)
    if error is not None:  # else it happens to be an array
        assert error.payload is not None
        assert error.payload.isascii()
        assert json.loads(error.payload).encode("utf-8", errors="surrogateescape") == start + rest
        with pytest.raises(UndecodableReply) as again:
            decode_quarantined(error.payload, 7)
        assert (str(again.value), again.value.payload) == (str(error), error.payload)


def error_of(body: bytes) -> UndecodableReply | None:
    try:
        decode_reply(body, 7)
    except UndecodableReply as error:
        return error
    return None
