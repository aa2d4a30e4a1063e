"""The connections of `requests`, opened and kept by urllib3, with what it lacks for us.

A reply ends by its deadline. All connections of a client share one TLS context. And a connection can be used beside
urllib3, in which case whatever is found odd goes back to it: a request that was sent already is sent "again" over a
connection that says nothing and whose reply begins with what has come of it. So there is one judgement of all that is
odd, that of urllib3 and http.client.
"""

import http.client
import io
import socket
import ssl
from collections.abc import Iterable
from typing import Any

import urllib3
from requests import PreparedRequest
from requests.adapters import HTTPAdapter
from requests.utils import DEFAULT_CA_BUNDLE_PATH
from urllib3.util import create_urllib3_context

from archiver.superoffice.deadline import TimedStream


def tls_context(ca_file: str | None) -> ssl.SSLContext:
    """What urllib3 would make for each connection anew, which takes 25 ms. `ca_file`: default the well-known issuers.

    Raises: OSError.
    """
    context = create_urllib3_context()
    context.load_verify_locations(ca_file or DEFAULT_CA_BUNDLE_PATH)
    context.set_alpn_protocols(["http/1.1"])
    # urllib3 would set them again with each connection, while another thread may be opening one.
    context.set_alpn_protocols = _set_already  # type: ignore[method-assign, assignment]
    return context


def _set_already(protocols: Iterable[str]) -> None:
    pass


class _Response(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, begun: bytes = b"", **options: Any) -> None:
        super().__init__(sock, *args, **options)
        self.fp = io.BufferedReader(TimedStream(self.fp.detach(), sock, begun))


class Connection(urllib3.connection.HTTPConnection):
    """A connection whose reply may have begun."""

    begun: bytes | None = None
    """What has come of the reply to a request that was sent beside urllib3; None when none was."""

    def response_class(self, *args: Any, **options: Any) -> _Response:  # type: ignore[override]
        begun, self.begun = self.begun or b"", None
        return _Response(*args, begun=begun, **options)

    @property
    def is_connected(self) -> bool:
        return self.begun is not None or super().is_connected

    def close(self) -> None:
        self.begun = None
        super().close()

    def send(self, data: Any) -> None:
        if self.begun is None:
            super().send(data)


class _TlsConnection(Connection, urllib3.connection.HTTPSConnection):
    pass


class Pool(urllib3.HTTPConnectionPool):
    ConnectionCls = Connection

    def kept(self) -> Connection | None:
        """The connection that the next request would be sent on; None when it would have to be opened."""
        waiting = self.pool.queue if self.pool else None
        connection: Connection | None = waiting[-1] if waiting else None
        return connection if connection and connection.is_connected else None


class _TlsPool(Pool, urllib3.HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


class Adapter(HTTPAdapter):
    """An HTTPAdapter of such connections.

    Their replies end by `reply_due_at`, or fail with ReplyTooLate as the cause.
    """

    def __init__(self, tls: ssl.SSLContext | None, **options: Any) -> None:
        self._tls = tls
        super().__init__(**options)

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, *args: Any, **options: Any) -> Any:
        manager = super().proxy_manager_for(*args, proxy_ssl_context=self._tls, **options)
        manager.pool_classes_by_scheme = _POOLS
        return manager

    def build_connection_pool_key_attributes(
        self, request: PreparedRequest, verify: bool | str, cert: Any = None
    ) -> tuple[Any, Any]:
        host, _ = super().build_connection_pool_key_attributes(request, verify, cert)
        return host, {"ssl_context": self._tls}

    def pool_of(self, request: PreparedRequest, proxies: dict[str, str]) -> Pool:
        pool = self.get_connection_with_tls_context(request, verify=True, proxies=proxies)
        assert isinstance(pool, Pool)
        return pool

    def cert_verify(self, *args: Any, **options: Any) -> None:
        """Leave it to the context, which verifies and knows whom to trust."""


_POOLS = {"http": Pool, "https": _TlsPool}
