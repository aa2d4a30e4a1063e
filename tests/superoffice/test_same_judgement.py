"""A reply means the same on a connection just opened, where `requests` reads it, and on one that was kept."""

import contextlib
import gzip
import itertools
import threading
import zlib
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archiver.errors import SourceError
from archiver.superoffice.client import SuperOfficeClient
from tests.superoffice.conftest import BASIC, ONCE, ClientMaker, RawServer, source_settings
from tests.superoffice.test_decode import body_with
from tests.superoffice.test_transport import BUSY, OK, SILENT, SMALL, endless

ROWS = body_with()
PAGE = b"<html><input type=password></html>"


def http(body: bytes, *fields: bytes, status: bytes = b"200 OK") -> bytes:
    return b"\r\n".join([b"HTTP/1.1 " + status, *fields, b"Content-Length: %d" % len(body), b"", body])


def chunked(*chunks: bytes, fields: Iterable[bytes] = (), end: bytes = b"0\r\n\r\n") -> bytes:
    head = b"\r\n".join([b"HTTP/1.1 200 OK", *fields, b"Transfer-Encoding: chunked", b"", b""])
    return head + b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks) + end


GZIP, DEFLATE = gzip.compress(ROWS), zlib.compress(ROWS)
GZIPPED, DEFLATED = b"Content-Encoding: gzip", b"Content-Encoding: deflate"

ANSWERS = {
    "no length": http(ROWS).replace(b"Length: ", b"Length: x"),
    "a negative length": http(ROWS).replace(b"Length: ", b"Length: -"),
    "another coding": http(ROWS, b"Transfer-Encoding: gzip, chunked"),
    "rows": http(ROWS),
    "cookies": http(ROWS, b"Set-Cookie: a=b", b"Set-Cookie: c=d"),
    "sixty-one fields": http(ROWS, *(b"X-%d: y" % n for n in range(61))),
    "small letters": http(ROWS).replace(b"Content-Length", b"content-length"),
    "blanks": http(ROWS, b"Content-Type: \t application/json \t"),
    "no reason": http(ROWS, status=b"200 "),
    "no blank before the reason": http(ROWS, status=b"200"),
    "a strange reason": http(ROWS, status=b"200 \xff\x80"),
    "a folded field": http(ROWS, b"X-Folded: a\r\n b"),
    "bare line ends": http(ROWS).replace(b"\r\n", b"\n"),
    "a field without a name": http(ROWS, b": x"),
    "a blank before the colon": http(ROWS, b"X-Odd : x"),
    "keep-alive": http(ROWS, b"Connection: Keep-Alive", b"Keep-Alive: timeout=5"),
    "close": http(ROWS, b"Connection: close"),
    "a list": http(ROWS, b"Connection: keep-alive, Upgrade"),
    "continue": b"HTTP/1.1 100 Continue\r\n\r\n" + http(ROWS),
    "HTTP/1.0": http(ROWS).replace(b"HTTP/1.1", b"HTTP/1.0"),
    "HTTP/1.0 kept": http(ROWS, b"Connection: keep-alive").replace(b"HTTP/1.1", b"HTTP/1.0"),
    "the same length twice": http(ROWS, b"Content-Length: %d" % len(ROWS)),
    "+length": http(ROWS).replace(b"Length: ", b"Length: +"),
    "chunks": chunked(ROWS[:7], ROWS[7:]),
    "Chunked": chunked(ROWS).replace(b": chunked", b": CHUNKED"),
    "chunks and a length": chunked(ROWS, fields=[b"Content-Length: 5"]),
    "a chunk's extension": chunked(ROWS).replace(b"\r\n[", b";a=b\r\n["),
    "a padded size": chunked(ROWS).replace(b"\r\n[", b"  \r\n["),
    "trailers": chunked(ROWS, end=b"0\r\nX-Sum: 1\r\nX-More: 2\r\n\r\n"),
    "trailers without an end": chunked(ROWS, end=b"0\r\nX-Sum: 1\r\n"),
    "an end without trailers": chunked(ROWS, end=b"0\r\n"),
    "an unmarked chunk": chunked(ROWS, end=b"").removesuffix(b"\r\n") + b"xx0\r\n\r\n",
    "gzip": http(GZIP, GZIPPED),
    "gzip in chunks": chunked(GZIP[:9], GZIP[9:], fields=[GZIPPED]),
    "two gzips": http(gzip.compress(ROWS[:9]) + gzip.compress(ROWS[9:]), GZIPPED),
    "gzip and more": http(GZIP + b"more", GZIPPED),
    "deflate": http(DEFLATE, DEFLATED),
    "deflate, gzip": http(gzip.compress(DEFLATE), b"Content-Encoding: deflate, gzip"),
    "identity": http(ROWS, b"Content-Encoding: identity"),
    "an unknown compression": http(ROWS, b"Content-Encoding: zap"),
    "up to the end": b"HTTP/1.1 200 OK\r\n\r\n" + ROWS,
}
NO_ANSWERS = {
    "early hints": b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + http(ROWS),
    "null": http(b"null"),
    "a page": http(PAGE, b"Content-Type: text/html"),
    "another type": http(ROWS, b"Content-Type: text/plain"),
    "two types": http(ROWS, b"Content-Type: application/json", b"Content-Type: text/html"),
    "no content": http(b"", status=b"204 No Content"),
    "a redirect": http(b"", b"Location: /login", status=b"302 Found"),
    "busy": http(b"{}", b"Retry-After: 7", status=b"503 Busy"),
    "a refusal": http(b"", status=b"401 Unauthorized"),
    "another version": http(ROWS).replace(b"HTTP/1.1", b"HTTP/2.0"),
    "no HTTP": b"SSH-2.0-OpenSSH_9.2\r\n",
    "nothing": b"",
    "half a head": http(ROWS)[:20],
    "many fields": http(ROWS, *(b"X-%d: y" % n for n in range(500))),
    "a long field": http(ROWS, b"X: " + b"y" * 70_000),
    "two lengths": http(ROWS, b"Content-Length: 2"),
    "cut": http(ROWS)[:-1],
    "cut chunks": chunked(ROWS, end=b""),
    "a cut chunk": chunked(ROWS, end=b"")[:-9],
    "a cut size": chunked(ROWS, end=b"f"),
    "no size": chunked(ROWS, end=b"zz\r\n"),
    "an empty size": chunked(ROWS, end=b"\r\n"),
    "an endless size": chunked(ROWS, end=b"1" * 70_000 + b"\r\n"),
    "a negative size": chunked(ROWS, end=b"-1\r\n"),
    "no gzip": http(ROWS, GZIPPED),
    "cut gzip": http(GZIP[:-9], GZIPPED),
    "too large": http(b"[%b]" % (b" " * 600_000)),
    "too many chunks": chunked(*[b" " * 6000] * 100),
    "one chunk too large": chunked(b" " * 600_000),
    "a flood": http(gzip.compress(b" " * 20_000_000), GZIPPED),
}


def outcome(client: SuperOfficeClient) -> tuple[str, Any]:
    try:
        return "answer", client.fetch_messages(1, 0, threading.Event())
    except SourceError as error:
        return error.kind, (str(error), getattr(error, "retry_after_s", None))


def outcomes(make_client: ClientMaker, reply: Any, **changes: Any) -> list[tuple[str, Any]]:
    """On a new connection and on a kept one."""
    found = []
    for before in ([], [[OK]]):
        pieces = [reply] if isinstance(reply, bytes) else reply()
        with RawServer([*before, pieces]) as server:
            client = make_client(base_url=f"http://127.0.0.1:{server.port}", **changes)
            for _ in before:
                assert outcome(client)[0] == "answer"
            found.append(outcome(client))
            client.close()
    return found


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_is_one_on_either(make_client: ClientMaker, name: str) -> None:
    new, kept = outcomes(make_client, ANSWERS[name], limits=SMALL)
    assert new == kept
    assert [len(each.messages) for kind, each in (new, kept) if kind == "answer"] == [1, 1]


@pytest.mark.parametrize("name", NO_ANSWERS)
def test_what_is_no_answer_is_none_on_either(make_client: ClientMaker, name: str) -> None:
    new, kept = outcomes(make_client, NO_ANSWERS[name], limits=SMALL)
    assert new == kept
    assert new[0] != "answer"


DRIPS = {
    "the head": lambda: endless(b"HTTP/1.1 200 OK\r\nX-Slow: ", b"x"),
    "the body": lambda: endless(b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n"),
    "chunks": lambda: endless(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    "a chunk's size": lambda: endless(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"0"),
    "trailers": lambda: endless(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"X: y\r\n"),
}


@pytest.mark.parametrize("name", DRIPS)
def test_a_drip_ends_at_the_deadline_on_either(make_client: ClientMaker, name: str) -> None:
    expected = ("source_unavailable", ("the reply was not complete in time", None))
    assert outcomes(make_client, DRIPS[name], limits=BUSY) == [expected] * 2


@pytest.mark.parametrize("begun", [b"", b"HTTP/1.1 200 OK\r\n", http(ROWS)[:-5], chunked(ROWS, end=b"")])
def test_silence_is_noticed_on_either(make_client: ClientMaker, begun: bytes) -> None:
    expected = ("source_unavailable", ("the source fell silent", None))
    silence = itertools.repeat(b"")
    assert outcomes(make_client, lambda: itertools.chain([begun], silence), limits=SILENT) == [expected] * 2


SPLITTABLE = [http(ROWS, b"Set-Cookie: a=b"), chunked(ROWS[:9], ROWS[9:50], ROWS[50:]), http(GZIP, GZIPPED)]


@settings(max_examples=40)
@given(st.sampled_from(SPLITTABLE), st.sets(st.integers(1, 250), max_size=6))
def test_where_a_reply_is_split_makes_no_difference(reply: bytes, ends: set[int]) -> None:
    cuts = [0, *sorted(end for end in ends if end < len(reply)), len(reply)]
    pieces = [reply[start:end] for start, end in itertools.pairwise(cuts)]
    with RawServer([[OK], pieces, [OK]]) as server, client_of(server) as client:
        replies = [outcome(client) for _ in range(3)]
        assert [len(each.messages) for kind, each in replies if kind == "answer"] == [0, 1, 0]
        assert server.connection_count == 1


@pytest.mark.parametrize("reply", SPLITTABLE, ids=["length", "chunks", "gzip"])
def test_a_reply_may_come_byte_by_byte(reply: bytes) -> None:
    pieces = [reply[at : at + 1] for at in range(len(reply))]
    with RawServer([[OK], pieces, [OK]]) as server, client_of(server) as client:
        assert [outcome(client)[0] for _ in range(3)] == ["answer"] * 3
        assert server.connection_count == 1


@contextlib.contextmanager
def client_of(server: RawServer) -> Iterator[SuperOfficeClient]:
    source = source_settings(base_url=f"http://127.0.0.1:{server.port}", auth=BASIC)
    with contextlib.closing(SuperOfficeClient(source, ONCE)) as client:
        yield client
