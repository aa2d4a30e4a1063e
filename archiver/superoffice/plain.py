"""The plain common reply, and a request as bytes. Pure.

A head is plain when every parser would read it the same way, and the connection stays after its body. What is not is
left to the parser of the standard library. Source: RFC 9112, 4 and 6.
"""

import re
from dataclasses import dataclass
from typing import Self

from requests import PreparedRequest
from urllib3.util import parse_url

# 60 fields: http.client, which has a limit of 100 itself, may judge what comes near it.
_HEAD = re.compile(rb"HTTP/1\.1 200(?: [\t -~]*)?\r\n(?:[\w-]+:[\t -~]*\r\n){0,60}\r\n", re.ASCII)
_DECISIVE = re.compile(
    rb"^(content-length|transfer-encoding|content-encoding|content-type|connection):([\t -~]*)\r$",
    re.IGNORECASE | re.MULTILINE,
)
_LENGTH = re.compile(rb"[0-9]{1,15}")
_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class PlainHead:
    """The head of a reply with status 200."""

    size: int
    body_size: int | None
    """None: it comes in chunks."""
    content_type: str | None
    compression: str | None

    @classmethod
    def of(cls, received: bytes) -> Self | None:
        """The head that `received` begins with; None when it is not plain, or not there to its end."""
        match = _HEAD.match(received)
        if match is None:
            return None
        fields = _DECISIVE.findall(match[0])
        values: dict[bytes, bytes] = {name.lower(): value.strip(b"\t ") for name, value in fields}
        is_repeated = len(values) < len(fields)
        stays = values.get(b"connection", b"keep-alive").lower() == b"keep-alive"
        if is_repeated or not stays:
            return None
        length, coding = values.get(b"content-length"), values.get(b"transfer-encoding")
        if coding is None and length is not None and _LENGTH.fullmatch(length):
            body_size = int(length)
        elif length is None and coding is not None and coding.lower() == b"chunked":
            body_size = None
        else:
            return None
        return cls(match.end(), body_size, _text(values.get(b"content-type")), _text(values.get(b"content-encoding")))


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode("ascii")


class PlainRequest:
    """Requests to what lies below one address, all with the same headers."""

    def __init__(self, root: PreparedRequest) -> None:
        url = parse_url(root.url or "")
        host = url.host if url.port in (None, _DEFAULT_PORTS.get(url.scheme or "")) else url.netloc
        headers = {"Host": host, **root.headers}
        lines = [f"{name}: {value}\r\n" for name, value in headers.items() if name != "Content-Length"]
        self._path, self._headers = root.path_url.encode("ascii"), "".join(lines).encode("latin-1")

    def bytes_for(self, operation: str, body: bytes) -> bytes:
        path = b"%b/%b" % (self._path, operation.encode("ascii"))
        return b"POST %b HTTP/1.1\r\n%bContent-Length: %d\r\n\r\n%b" % (path, self._headers, len(body), body)
