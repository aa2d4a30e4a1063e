"""Which heads are plain, and what a request looks like."""

import pytest
import requests

from archiver.superoffice.plain import PlainHead, PlainRequest

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n"


def test_a_plain_head_says_all_that_is_needed() -> None:
    assert PlainHead.of(HEAD + b"[]") == PlainHead(len(HEAD), 2, "application/json", None)


@pytest.mark.parametrize("size", range(len(HEAD)))
def test_a_head_that_is_not_there_to_its_end_is_not_plain(size: int) -> None:
    assert PlainHead.of(HEAD[:size]) is None


@pytest.mark.parametrize("cookies", [1, 40])
def test_what_decides_nothing_may_be_repeated(cookies: int) -> None:
    head = HEAD.replace(b"OK\r\n", b"OK\r\n" + b"Set-Cookie: a=b\r\n" * cookies)
    assert PlainHead.of(head) == PlainHead(len(head), 2, "application/json", None)


def test_blanks_around_a_value_are_none_of_it() -> None:
    head = HEAD.replace(b": application/json", b":\t application/json \t")
    assert PlainHead.of(head) == PlainHead(len(head), 2, "application/json", None)


@pytest.mark.parametrize(
    ("root", "path", "host"),
    [
        ("https://crm.example.com/SuperOffice/api/v1", "/SuperOffice/api/v1", "crm.example.com"),
        ("https://crm.example.com:443/api/v1", "/api/v1", "crm.example.com"),
        ("https://crm.example.com:80/api/v1", "/api/v1", "crm.example.com:80"),
        ("http://crm.example.com:80/api/v1", "/api/v1", "crm.example.com"),
        ("http://127.0.0.1:8080/api/v1", "/api/v1", "127.0.0.1:8080"),
        ("http://[::1]:8080/api/v1", "/api/v1", "[::1]:8080"),
        ("https://[::1]/api/v1", "/api/v1", "[::1]"),
        ("https://CRM.example.com/Ærlig talt/api/v1", "/%C3%86rlig%20talt/api/v1", "crm.example.com"),
        ("https://bücher.example/api/v1", "/api/v1", "xn--bcher-kva.example"),
    ],
)
def test_a_request_goes_to_the_address(root: str, path: str, host: str) -> None:
    prepared = requests.Request("POST", root, headers={"SO-TimeZone": "UTC"}).prepare()
    expected = (
        f"POST {path}/Agents/Chat?id=1 HTTP/1.1\r\nHost: {host}\r\nSO-TimeZone: UTC\r\nContent-Length: 2\r\n\r\n"
    )
    assert PlainRequest(prepared).bytes_for("Agents/Chat?id=1", b"{}") == expected.encode() + b"{}"
