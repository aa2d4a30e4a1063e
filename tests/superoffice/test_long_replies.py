"""A very long reply: in pieces, the same rows as in one, and valid to its last byte before the first is given."""

import json
import threading
import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.errors import UndecodableReply
from archiver.superoffice.decode import decode_reply
from archiver.superoffice.long_replies import PIECE_BYTES, decode_long
from tests.superoffice.conftest import ClientMaker, Serve
from tests.superoffice.replies import body_of, documented_rows, odd_rows
from tests.superoffice.test_decode import BOM, ROW
from tests.superoffice.test_same_judgement import chunked, http

BETWEEN = '},{"ChatMessageId":'
"""Where a reply is cut, when it is no text."""
SIZES = st.integers(1, 400)


@given(st.lists(documented_rows() | documented_rows() | odd_rows(), max_size=5), SIZES)
def test_in_pieces_or_in_one_the_rows_are_the_same(rows: list[str], piece_bytes: int) -> None:
    body = body_of(rows)
    reply = decode_long(body, piece_bytes)
    if reply is not None:
        whole = decode_reply(body, 7)
        assert (reply.messages, reply.row_count) == (whole.messages, whole.row_count)
        assert whole.quarantined == []


FOOLING = st.lists(
    st.sampled_from([BETWEEN, "}", ",", "{", '"', "\\", "]", "[", '"},{', '{"ChatMessageId":1', "ChatMessageId", "é"])
).map("".join)
INDENTS = st.sampled_from([None, 0, 2])


@given(st.lists(st.tuples(FOOLING, FOOLING), min_size=2, max_size=6), SIZES, INDENTS)
def test_no_text_fools_the_knife(texts: list[tuple[str, str]], piece_bytes: int, indent: int | None) -> None:
    rows = [
        {**ROW, "ChatMessageId": at, "Message": message, "SpecialParam": param}
        for at, (message, param) in enumerate(texts, start=1)
    ]
    separators = (",", ":") if indent is None else None
    body = json.dumps(rows, indent=indent, separators=separators, ensure_ascii=False).encode()
    whole = decode_reply(body, 7).messages
    reply = decode_long(body, piece_bytes)
    if reply is None:  # too short for a cut, or with a backslash that makes the fast path doubt
        assert b"\\\\" in body or piece_bytes > 100
    else:
        assert reply.messages == whole
        assert len(list(reply.pieces)) > 1


def rows_up_to(last: int, **changes: object) -> list[dict[str, Any]]:
    return [{**ROW, "ChatMessageId": at, **changes} for at in range(1, last + 1)]


def as_body(rows: list[Any]) -> bytes:
    return json.dumps(rows, separators=(",", ":")).encode()


def test_pieces_are_as_long_as_asked_and_can_be_gone_through_again() -> None:
    reply = decode_long(as_body(rows_up_to(100)), 1000)
    assert reply is not None
    pieces = list(reply.pieces)
    assert list(reply.pieces) == pieces
    assert {len(piece) for piece in pieces[:-1]} == {6}
    assert [message.chat_message_id for message in reply.messages] == list(range(1, 101))
    assert (reply.row_count, reply.quarantined) == (100, [])


@pytest.mark.parametrize(
    "rows",
    [
        [*rows_up_to(20), {**ROW, "ChatMessageId": 20}],
        [*rows_up_to(20), {**ROW, "ChatMessageId": 19}],
        [*rows_up_to(20), {**ROW, "ChatMessageId": 21, "Colour": "red"}],
        [*rows_up_to(20), {**ROW, "ChatMessageId": 21, "Message": None}],
        [*rows_up_to(20), None],
        [{**ROW, "Colour": rows_up_to(20)}],
        rows_up_to(1),
        [],
    ],
    ids=range(8),
)
def test_what_is_not_as_documented_throughout_is_not_taken_apart(rows: list[Any]) -> None:
    assert decode_long(as_body(rows), 100) is None


@pytest.mark.parametrize(
    "change", [(b"}]", b"}"), (b"}]", b"}]]"), (b"}]", b"}],"), (b"[{", BOM + b"[{"), (b"[{", b"{")]
)
def test_a_long_reply_that_is_not_valid_gives_no_piece(change: tuple[bytes, bytes]) -> None:
    assert decode_long(as_body(rows_up_to(20)).replace(*change), 100) is None


LONG = as_body(rows_up_to(10_000))
"""About 2 MB."""


def test_a_long_reply_that_is_cut_off_is_none() -> None:
    with pytest.raises(UndecodableReply):
        decode_reply(LONG[:-1], 7)


def in_chunks(body: bytes) -> bytes:
    return chunked(*[body[at : at + 8192] for at in range(0, len(body), 8192)])


@pytest.mark.parametrize("framed", [http, in_chunks])
def test_a_long_reply_comes_in_pieces_from_the_wire(
    make_client: ClientMaker, serve: Serve, stop: threading.Event, framed: Any
) -> None:
    server = serve(framed(b"[]"), framed(LONG))
    client = make_client(base_url=f"http://127.0.0.1:{server.port}")
    client.fetch_messages(1, 0, stop)
    reply = client.fetch_messages(1, 0, stop)
    pieces = list(reply.pieces)
    assert len(pieces) == len(LONG) // PIECE_BYTES + 1
    assert [message.chat_message_id for piece in pieces for message in piece] == list(range(1, 10_001))


def test_a_short_reply_is_one_piece() -> None:
    assert [len(piece) for piece in decode_reply(as_body(rows_up_to(100)), 7).pieces] == [100]


@pytest.mark.parametrize("framed", [http, in_chunks])
def test_a_long_reply_takes_little_more_memory_than_its_bytes(
    make_client: ClientMaker, serve: Serve, stop: threading.Event, framed: Any
) -> None:
    body = as_body(rows_up_to(20_000, Message="x" * 200))
    server = serve(framed(b"[]"), framed(body))
    client = make_client(base_url=f"http://127.0.0.1:{server.port}")
    client.fetch_messages(1, 0, stop)
    tracemalloc.start()
    try:
        ids = [piece[-1].chat_message_id for piece in client.fetch_messages(1, 0, stop).pieces]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert ids[-1] == 20_000
    assert peak < 1.6 * len(body), (peak, len(body))  # the messages alone would be twice as much
