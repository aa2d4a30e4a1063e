"""Every way in which a call can fail has its typed error, which holds nothing of what it must not hold."""

import gzip
import itertools
import logging
import socket
import ssl
import threading
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from archiver.errors import (
    AuthenticationFailed,
    ErrorReply,
    MisdirectedRequest,
    NullReply,
    PermissionDenied,
    RateLimited,
    ReplyCut,
    ReplyTooLarge,
    RequestRefused,
    SignInPage,
    SourceError,
    SourceUnavailable,
    UnexpectedReply,
    WrongAddress,
)
from archiver.sandbox import Sandbox
from tests.superoffice.conftest import CHAT_TEXT, SECRETS, ClientMaker, Serve

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]"
NOT_AN_ARRAY = "the reply is an object with the keys Message, MessageDetail, not an array"
ELSEWHERE = "the address does not lead to the API"

FAILURES: list[tuple[dict[str, Any], type[SourceError], str]] = [
    ({"kind": "null"}, NullReply, "The source answered null, which may be a failed call"),
    ({"kind": "error_object", "message": CHAT_TEXT}, ErrorReply, NOT_AN_ARRAY),
    ({"kind": "sign_in_page"}, SignInPage, "the reply is a sign-in page"),
    ({"kind": "short_body"}, ReplyCut, "the reply was cut off"),
    ({"kind": "reset_before"}, SourceUnavailable, "the source closed the connection"),
    ({"kind": "slow", "seconds": 60}, SourceUnavailable, "the source fell silent"),
    ({"kind": "drip", "seconds": 0.005, "piece_bytes": 1}, SourceUnavailable, "the reply was not complete in time"),
    ({"kind": "drip", "seconds": 60}, SourceUnavailable, "the source fell silent"),
    ({"kind": "redirect"}, WrongAddress, f"HTTP 302 from the source: {ELSEWHERE}"),
    ({"kind": "huge", "megabytes": 2}, ReplyTooLarge, "the reply is larger than 0.5 MB"),
    ({"status": 204}, UnexpectedReply, "HTTP 204 from the source"),
    ({"status": 304}, WrongAddress, f"HTTP 304 from the source: {ELSEWHERE}"),
    ({"status": 400}, RequestRefused, "HTTP 400 from the source: it calls our request invalid"),
    ({"status": 401}, AuthenticationFailed, "HTTP 401 from the source: it refuses our credentials"),
    ({"status": 403}, PermissionDenied, "HTTP 403 from the source: access is denied"),
    ({"status": 404}, WrongAddress, f"HTTP 404 from the source: {ELSEWHERE}"),
    ({"status": 408}, SourceUnavailable, "HTTP 408 from the source"),
    ({"status": 418}, UnexpectedReply, "HTTP 418 from the source"),
    ({"status": 421}, MisdirectedRequest, "HTTP 421 from the source: the tenant lives on another host"),
    ({"status": 429}, RateLimited, "HTTP 429 from the source: it asks us to slow down"),
    ({"status": 500}, SourceUnavailable, "HTTP 500 from the source"),
    ({"status": 502}, SourceUnavailable, "HTTP 502 from the source"),
    ({"status": 503}, SourceUnavailable, "HTTP 503 from the source"),
    ({"status": 504}, SourceUnavailable, "HTTP 504 from the source"),
]
SMALL = {"requests_per_second": 0, "max_reply_mb": 0.5}
SILENT = {**SMALL, "read_timeout": "0.1s", "reply_deadline": "60s"}
BUSY = {**SMALL, "read_timeout": "60s", "reply_deadline": "0.1s"}
"""Silence is allowed for longer than a reply may take."""


def limits_for(failure: dict[str, Any]) -> dict[str, Any]:
    if "seconds" not in failure:
        return SMALL
    return SILENT if failure["seconds"] > 1 else BUSY


@pytest.mark.parametrize(("failure", "kind", "message"), FAILURES, ids=lambda value: str(value))
def test_each_failure_has_its_error_which_tells_no_secret(
    sandbox: Sandbox,
    make_client: ClientMaker,
    stop: threading.Event,
    caplog: pytest.LogCaptureFixture,
    failure: dict[str, Any],
    kind: type[SourceError],
    message: str,
) -> None:
    caplog.set_level(logging.DEBUG)
    sandbox.oddities.add(**{"kind": "status", **failure})
    with pytest.raises(SourceError) as caught:
        make_client(limits=limits_for(failure)).fetch_messages(1, 0, stop)
    assert (type(caught.value), str(caught.value)) == (kind, message)
    assert_no_secret(caught.value, caplog)


def assert_no_secret(error: BaseException, caplog: pytest.LogCaptureFixture) -> None:
    told = [
        str(error),
        repr(error),
        *traceback.format_exception(error),
        *(str(each.__dict__) for each in caplog.records),
    ]
    assert [secret for secret in SECRETS for text in told if secret in text] == []


def test_a_success_logs_no_secret(
    make_client: ClientMaker, stop: threading.Event, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    make_client().fetch_messages(1, 0, stop)
    assert caplog.records
    assert_no_secret(Exception(), caplog)


def error_of(make_client: ClientMaker, base_url: str, **changes: Any) -> tuple[str, str]:
    client = make_client(base_url=base_url, **changes)
    with pytest.raises(SourceError) as caught:
        client.fetch_messages(1, 0, threading.Event())
    return caught.value.kind, str(caught.value)


def raw_error(make_client: ClientMaker, serve: Serve, *replies: Any, **changes: Any) -> tuple[str, str]:
    return error_of(make_client, f"http://127.0.0.1:{serve(*replies).port}", **changes)


def test_a_redirect_is_refused_and_nothing_reaches_the_other_host(
    sandbox: Sandbox, make_client: ClientMaker, stop: threading.Event
) -> None:
    with Sandbox.empty() as other:
        sandbox.oddities.add("redirect", location=f"{other.base_url}/v1/Agents/Chat/GetChatMessages")
        with pytest.raises(WrongAddress):
            make_client().fetch_messages(1, 0, stop)
        assert (len(sandbox.requests.all()), other.requests.all()) == (1, [])


@pytest.mark.parametrize("location", [b"\xff\xfe", b"http://[", b"http://a:b:c", b""])
def test_an_odd_redirect_is_a_redirect(make_client: ClientMaker, serve: Serve, location: bytes) -> None:
    reply = b"HTTP/1.1 302 Found\r\nLocation: " + location + b"\r\nContent-Length: 0\r\n\r\n"
    expected = ("wrong_address", f"HTTP 302 from the source: {ELSEWHERE}")
    assert raw_error(make_client, serve, reply) == expected


def test_the_body_of_a_redirect_is_not_read(make_client: ClientMaker, serve: Serve) -> None:
    head = b"HTTP/1.1 302 Found\r\nLocation: /login\r\nContent-Length: 1000000\r\n\r\n"
    limits = {**BUSY, "reply_deadline": "2s"}  # reading would take longer
    assert raw_error(make_client, serve, endless(head), limits=limits)[0] == "wrong_address"


def endless(head: bytes, drop: bytes = b" ") -> Iterator[bytes]:
    """More drops than a deadline allows, and yet an end, should there be no deadline."""
    return itertools.chain([head], itertools.repeat(drop, 3000))


def test_a_drip_of_headers_ends_at_the_deadline(make_client: ClientMaker, serve: Serve) -> None:
    drip = endless(b"HTTP/1.1 200 OK\r\nX-Slow: ", b"x")
    expected = ("source_unavailable", "the reply was not complete in time")
    assert raw_error(make_client, serve, drip, limits=BUSY) == expected


def test_a_drip_of_an_encrypted_reply_ends_at_the_deadline(
    make_client: ClientMaker, serve: Serve, tls: ssl.SSLContext, ca_file: Path
) -> None:
    url = f"https://localhost:{serve(endless(b'HTTP/1.1 200 OK', b'x'), tls=tls).port}"
    error = error_of(make_client, url, limits=BUSY, request={"ca_file": str(ca_file)})
    assert error == ("source_unavailable", "the reply was not complete in time")


def test_a_drip_of_a_chunked_reply_ends_at_the_deadline(make_client: ClientMaker, serve: Serve) -> None:
    drip = endless(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n")
    expected = ("source_unavailable", "the reply was not complete in time")
    assert raw_error(make_client, serve, drip, limits=BUSY) == expected


def test_a_drip_of_a_proxy_ends_at_the_deadline(make_client: ClientMaker, serve: Serve) -> None:
    proxy = serve(endless(b"HTTP/1.1 200 OK\r\nX-Slow: ", b"x"))
    request = {"proxy": f"http://127.0.0.1:{proxy.port}"}
    error = error_of(make_client, "https://localhost:9", limits=BUSY, request=request)
    assert error == ("source_unavailable", "the reply was not complete in time")


def test_a_connection_is_used_again_with_a_deadline_of_its_own(
    make_client: ClientMaker, serve: Serve, stop: threading.Event
) -> None:
    server = serve(OK, OK, endless(b"HTTP/1.1 200 OK\r\nX-Slow: ", b"x"))
    client = make_client(base_url=f"http://127.0.0.1:{server.port}", limits={**BUSY, "reply_deadline": "0.5s"})
    assert [client.fetch_messages(1, 0, stop).messages for _ in range(2)] == [[], []]
    with pytest.raises(SourceUnavailable, match="not complete in time"):
        client.fetch_messages(1, 0, stop)
    assert server.connection_count == 1


def test_cookies_are_not_kept(make_client: ClientMaker, serve: Serve, stop: threading.Event) -> None:
    server = serve(OK.replace(b"\r\n", b"\r\nSet-Cookie: a=b; Path=/\r\n", 1), OK)
    client = make_client(base_url=f"http://127.0.0.1:{server.port}")
    for _ in range(2):
        client.fetch_messages(1, 0, stop)
    names = {line.partition(b":")[0].lower() for line in server.request_lines}
    assert b"authorization" in names
    assert b"cookie" not in names


@pytest.mark.parametrize("encoding", ["gzip", "identity"])
def test_a_compressed_reply_is_read_in_drops(
    make_client: ClientMaker, serve: Serve, stop: threading.Event, encoding: str
) -> None:
    body = gzip.compress(b"[" + b" " * 5000 + b"]") if encoding == "gzip" else b"[" + b" " * 40 + b"]"
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: {encoding}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    server = serve([head, *(body[at : at + 1] for at in range(len(body)))])
    assert make_client(base_url=f"http://127.0.0.1:{server.port}").fetch_messages(1, 0, stop).messages == []


def test_a_compressed_flood_is_stopped_at_the_limit(make_client: ClientMaker, serve: Serve) -> None:
    body = gzip.compress(b" " * 20_000_000)
    reply = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(body)
    error = raw_error(make_client, serve, reply + body, limits=SMALL)
    assert error == ("reply_too_large", "the reply is larger than 0.5 MB")


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (
            b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n[]",
            "the reply's compression is broken",
        ),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n[]\r\n", "the reply was cut off"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "the reply was cut off"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n[]", "the reply was cut off"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "the reply is no HTTP"),
        (b"HTTP/1.1 abc\r\n\r\n", "the reply is no HTTP"),
        (b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 500 + b"\r\n", "the reply is no HTTP"),
        (b"HTTP/1.1 200 " + b"x" * 70_000, "the reply is no HTTP"),
        (b"", "the source closed the connection"),
    ],
    ids=range(9),
)
def test_what_is_no_http_is_unavailable(make_client: ClientMaker, serve: Serve, reply: bytes, message: str) -> None:
    kind = "reply_cut" if "cut off" in message else "source_unavailable"
    assert raw_error(make_client, serve, reply) == (kind, message)


def test_a_reply_cut_without_an_announced_length_is_no_answer(make_client: ClientMaker, serve: Serve) -> None:
    error = raw_error(make_client, serve, b"HTTP/1.0 200 OK\r\n\r\n[{")
    assert error == ("undecodable_reply", "the reply is no JSON")


def test_a_refused_connection_is_unreachable(make_client: ClientMaker) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    assert error_of(make_client, url) == ("source_unreachable", "the source's host refuses the connection")


def test_an_unknown_host_is_unreachable(make_client: ClientMaker) -> None:
    error = error_of(make_client, "https://host.invalid/api")
    assert error == ("source_unreachable", "the source's host name can't be resolved")


@pytest.mark.parametrize("host", ["a" * 70 + ".de", "a..de", "*.example.com", "ü" * 70])
def test_an_impossible_host_is_a_wrong_address(make_client: ClientMaker, host: str) -> None:
    assert error_of(make_client, f"https://{host}/api")[0] == "wrong_address"


def test_https_to_a_plain_port_is_unavailable(sandbox: Sandbox, make_client: ClientMaker) -> None:
    url = sandbox.base_url.replace("http:", "https:")
    assert error_of(make_client, url) == ("source_unavailable", "TLS with the source failed")


def test_a_certificate_that_nobody_vouches_for_is_refused(
    make_client: ClientMaker, serve: Serve, tls: ssl.SSLContext
) -> None:
    error = error_of(make_client, f"https://localhost:{serve(OK, tls=tls).port}")
    assert error == ("wrong_address", "the source's TLS certificate is not trusted")


def test_a_certificate_for_another_name_is_refused(
    make_client: ClientMaker, serve: Serve, tls: ssl.SSLContext, ca_file: Path
) -> None:
    url = f"https://127.0.0.1:{serve(OK, tls=tls).port}"
    error = error_of(make_client, url, request={"ca_file": str(ca_file)})
    assert error == ("wrong_address", "the source's TLS certificate is not trusted")


def test_a_certificate_of_ca_file_is_trusted(
    make_client: ClientMaker, serve: Serve, stop: threading.Event, tls: ssl.SSLContext, ca_file: Path
) -> None:
    url = f"https://localhost:{serve(OK, tls=tls).port}"
    client = make_client(base_url=url, request={"ca_file": str(ca_file)})
    assert client.fetch_messages(1, 0, stop).messages == []


def test_a_configured_proxy_is_used(sandbox: Sandbox, make_client: ClientMaker, stop: threading.Event) -> None:
    # The sandbox plays the proxy: it gets the whole address as its path and knows no such one.
    client = make_client(base_url="http://127.0.0.1:9/api", request={"proxy": sandbox.url})
    with pytest.raises(WrongAddress):
        client.fetch_messages(1, 0, stop)


@pytest.mark.parametrize(
    ("proxy", "error"),
    [
        ("http://127.0.0.1:9", ("source_unreachable", "the proxy can't be reached")),
        ("http://", ("wrong_address", "the address of the source or its proxy is none")),
        ("http://ü:→K3Y@127.0.0.1:9", ("source_unavailable", "the connection failed")),
        ("http://[", ("wrong_address", "the address of the source or its proxy is none")),
        ("socks5://127.0.0.1:9", ("wrong_address", "the address of the source or its proxy is none")),
    ],
)
def test_a_proxy_that_does_not_work_is_named(make_client: ClientMaker, proxy: str, error: tuple[str, str]) -> None:
    assert error_of(make_client, "https://localhost:9/api", request={"proxy": proxy}) == error
