"""A deadline for a whole reply, head and body, however busily it drips.

The read timeout of a socket starts anew with every byte, so it bounds silence only. Here the stream that a reply is
read from sets the timeout again before each read, to what is left. No thread watches: it works the same for http and
https, through a proxy, and on a connection that is used again.
"""

import contextvars
import http.client
import io
import math
import socket
import time
from typing import Any

import urllib3
from requests.adapters import HTTPAdapter

reply_due_at: contextvars.ContextVar[float] = contextvars.ContextVar("reply_due_at", default=math.inf)
"""When the reply to this thread's next request has to be complete, by time.monotonic()."""


class ReplyTooLate(TimeoutError):
    """The reply was not complete in time"""


class _TimedStream(io.RawIOBase):
    """What a socket gives, until the deadline."""

    def __init__(self, stream: io.RawIOBase, sock: socket.socket) -> None:
        self._stream = stream
        self._sock = sock
        self._silence_s = sock.gettimeout()
        self._due_at = reply_due_at.get()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:  # no narrower type for a buffer before Python 3.12
        left_s = self._due_at - time.monotonic()
        if left_s <= 0:
            raise ReplyTooLate
        is_last = self._silence_s is None or left_s < self._silence_s
        self._sock.settimeout(left_s if is_last else self._silence_s)
        try:
            return self._stream.readinto(buffer)
        except TimeoutError:
            raise ReplyTooLate if is_last else TimeoutError from None

    def close(self) -> None:
        self._stream.close()
        super().close()


class _Response(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **options: Any) -> None:
        super().__init__(sock, *args, **options)
        self.fp = io.BufferedReader(_TimedStream(self.fp.detach(), sock))


class _Connection(urllib3.connection.HTTPConnection):
    response_class = _Response


class _TlsConnection(urllib3.connection.HTTPSConnection):
    response_class = _Response


class _Pool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


class DeadlineAdapter(HTTPAdapter):
    """An HTTPAdapter whose replies end by `reply_due_at`, or fail with ReplyTooLate as the cause."""

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, *args: Any, **options: Any) -> Any:
        manager = super().proxy_manager_for(*args, **options)
        manager.pool_classes_by_scheme = _POOLS
        return manager


_POOLS = {"http": _Pool, "https": _TlsPool}
