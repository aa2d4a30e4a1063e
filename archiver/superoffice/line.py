"""Calls one after the other, over the one connection that `requests` opens and keeps for them.

The first call on a connection goes through `requests`; those that follow are made on the connection itself, and come
back to `requests` when their reply is odd. Never through a `requests.Session`: it would follow redirects, and carry
SO-AppToken along to another host; replace our Authorization header by what .netrc says; and keep cookies, for which
the server wants an XSRF value that we have no use for.
"""

import io
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field

import requests
import urllib3

from archiver import __version__
from archiver.superoffice.connections import Adapter, Connection, Pool
from archiver.superoffice.exchange import exchange
from archiver.superoffice.nonanswers import refusal, too_large, wrong_content
from archiver.superoffice.plain import PlainRequest

_OWN_HEADERS = {"Accept-Encoding": "gzip, deflate", "User-Agent": f"superoffice-chat-archiver/{__version__}"}
_PIECE_BYTES = 256 * 1024
"""Read at once. A recent urllib3 decompresses no more than that beyond what is allowed."""


@dataclass(frozen=True, kw_only=True)
class LineSettings:
    """How a source is reached, and what a reply may take."""

    root: str
    """What the addresses of all calls begin with."""
    connect_timeout_s: float
    read_timeout_s: float
    max_bytes: int
    proxy: str | None = field(repr=False)
    tls: ssl.SSLContext | None

    @property
    def is_forwarded(self) -> bool:
        """Whether a proxy gets the requests, rather than opening a tunnel for them."""
        return self.proxy is not None and not self.root.lower().startswith("https:")


class Line:
    """A connection to a source, for one thread at a time."""

    def __init__(self, settings: LineSettings) -> None:
        self.settings = settings
        self._proxies = {"http": settings.proxy, "https": settings.proxy} if settings.proxy else {}
        self._adapter = Adapter(settings.tls, pool_connections=1, pool_maxsize=1, max_retries=0)
        self._pool: Pool | None = None
        self._headers: Mapping[str, str] | None = None
        self._plain: PlainRequest

    def close(self) -> None:
        self._adapter.close()

    def post(self, operation: str, body: bytes, headers: Mapping[str, str]) -> bytes:
        """Post JSON and read the whole reply, as `Transport.post`.

        Raises: SourceError's leaves; what `requests` and its kin raise.
        """
        connection = self._pool.kept() if self._pool else None
        if connection is None or (reply := self._exchange(connection, operation, body, headers)) is None:
            return self._by_requests(operation, body, headers)
        return reply

    def _exchange(
        self, connection: Connection, operation: str, body: bytes, headers: Mapping[str, str]
    ) -> bytes | None:
        if headers is not self._headers:
            self._headers, self._plain = headers, PlainRequest(self._prepared(self.settings.root, b"", headers))
        request = self._plain.bytes_for(operation, body)
        reply = exchange(
            connection, request, silence_s=self.settings.read_timeout_s, max_bytes=self.settings.max_bytes
        )
        if reply is None:
            return None
        head, content = reply
        if head.compression is not None:
            content = self._decompressed(content, head.compression)
        if error := wrong_content(head.content_type, content):
            raise error
        return content

    def _by_requests(self, operation: str, body: bytes, headers: Mapping[str, str]) -> bytes:
        request = self._prepared(f"{self.settings.root}/{operation}", body, headers)
        timeout = (self.settings.connect_timeout_s, self.settings.read_timeout_s)
        with self._adapter.send(request, stream=True, timeout=timeout, proxies=self._proxies) as response:
            if response.status_code != 200:
                raise refusal(response.status_code, response.headers)
            reply = self._read(response.raw)
            if error := wrong_content(response.headers.get("Content-Type"), reply):
                raise error
        if self._pool is None and not self.settings.is_forwarded:
            self._pool = self._adapter.pool_of(request, self._proxies)
        return reply

    def _prepared(self, url: str, body: bytes, headers: Mapping[str, str]) -> requests.PreparedRequest:
        return requests.Request("POST", url, data=body, headers={**_OWN_HEADERS, **headers}).prepare()

    def _decompressed(self, content: bytes, compression: str) -> bytes:
        headers = {"Content-Encoding": compression}
        return self._read(urllib3.HTTPResponse(io.BytesIO(content), headers, preload_content=False))

    def _read(self, response: urllib3.HTTPResponse) -> bytes:
        body = io.BytesIO()
        while piece := response.read1(_PIECE_BYTES, decode_content=True):
            body.write(piece)
            if body.tell() > self.settings.max_bytes:
                raise too_large(self.settings.max_bytes)
        return body.getvalue()
