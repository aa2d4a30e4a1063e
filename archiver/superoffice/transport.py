"""One request, one reply's bytes, or one typed error: no retries, no meaning.

Redirects are refused, since `requests` would carry SO-AppToken along to another host. The environment is not read:
a .netrc would replace our Authorization header. A reply is bounded in silence, in time and in size.

Requests go through the session's adapter. `Session.send` would first read the whole body of a redirect, unbounded, to
follow it or not, and would keep cookies, for which the server wants an XSRF value that we have no use for.
"""

import http.client
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import requests
import urllib3

from archiver.config.settings import LimitSettings, RequestSettings
from archiver.errors import (
    AuthenticationFailed,
    PermissionDenied,
    RateLimited,
    RequestRefused,
    SourceError,
    SourceUnavailable,
    SourceUnreachable,
    UnexpectedReply,
    WrongAddress,
)
from archiver.superoffice.deadline import DeadlineAdapter, ReplyTooLate, reply_due_at
from archiver.superoffice.retry import parse_retry_after

_PIECE_BYTES = 256 * 1024
_NO_ADDRESS = (
    requests.exceptions.InvalidURL,
    requests.exceptions.InvalidSchema,
    urllib3.exceptions.LocationValueError,
)
_NO_CONNECTION = (
    urllib3.exceptions.ConnectTimeoutError,
    urllib3.exceptions.NewConnectionError,
    urllib3.exceptions.NameResolutionError,
    urllib3.exceptions.ProxyError,
)
_UNAVAILABLE = frozenset({408, 500, 502, 503, 504})


class Transport:
    """HTTP sessions to one source: as many as threads call at once, each used by one thread at a time."""

    def __init__(self, headers: dict[str, str], limits: LimitSettings, request: RequestSettings) -> None:
        self._headers = headers
        self._timeout = (limits.connect_timeout.total_seconds(), limits.read_timeout.total_seconds())
        self._deadline_s = limits.reply_deadline.total_seconds()
        self._max_bytes = limits.max_reply_bytes
        proxy = request.proxy.reveal() if request.proxy else None
        self._proxies = {"http": proxy, "https": proxy} if proxy else {}
        self._verify = str(request.ca_file) if request.ca_file else True
        self._idle: list[requests.Session] = []
        self._is_closed = False
        self._lock = threading.Lock()

    def post(self, url: str, body: bytes) -> bytes:
        """Post JSON and read the whole reply.

        Returns: the body of a reply with status 200, decompressed.
        Raises: SourceError's leaves, none of which holds any of the body.
        """
        reply_due_at.set(time.monotonic() + self._deadline_s)
        with self._session() as session:
            try:
                request = session.prepare_request(requests.Request("POST", url, data=body))
                with session.get_adapter(url).send(
                    request, stream=True, timeout=self._timeout, verify=self._verify, proxies=self._proxies
                ) as response:
                    if response.status_code != 200:
                        _refuse(response)
                    return self._read(response)
            # OSError holds requests' own errors, ValueError those of addresses and headers.
            except (OSError, ValueError, urllib3.exceptions.HTTPError, http.client.HTTPException) as error:
                raise _mapped(error) from None

    def close(self) -> None:
        """Close the connections; one that is in use is closed when its call ends."""
        with self._lock:
            self._is_closed = True
            while self._idle:
                self._idle.pop().close()

    @contextmanager
    def _session(self) -> Iterator[requests.Session]:
        with self._lock:
            session = self._idle.pop() if self._idle else None
        session = session or self._new_session()
        try:
            yield session
        finally:
            with self._lock:
                if self._is_closed:
                    session.close()
                else:
                    self._idle.append(session)

    def _new_session(self) -> requests.Session:
        session = requests.Session()
        session.trust_env = False
        session.headers.clear()
        session.headers.update({**self._headers, "Accept-Encoding": "gzip, deflate"})
        adapter = DeadlineAdapter(pool_connections=1, pool_maxsize=1, max_retries=0)
        session.mount("https://", adapter)
        session.mount("http://", adapter)
        return session

    def _read(self, response: requests.Response) -> bytes:
        body = bytearray()
        while piece := response.raw.read1(_PIECE_BYTES, decode_content=True):
            body += piece
            if len(body) > self._max_bytes:
                raise UnexpectedReply(
                    f"the reply is larger than {self._max_bytes / 2**20:g} MB",
                    hint="raise limits.max_reply_mb if chat sessions can be so large",
                )
        return bytes(body)


def _refuse(response: requests.Response) -> NoReturn:
    """Raise what a status other than 200 means."""
    status = response.status_code
    where = f"HTTP {status} from the source"
    retry_after_s = parse_retry_after(response.headers.get("Retry-After"))
    if status == 401:
        raise AuthenticationFailed(f"{where}: it refuses our credentials", hint="check auth in the configuration")
    if status == 403:
        raise PermissionDenied(f"{where}: access is denied", hint="the user may lack rights, or a token has expired")
    if status == 429:
        raise RateLimited(f"{where}: it asks us to slow down", retry_after_s=retry_after_s)
    if status in _UNAVAILABLE:
        raise SourceUnavailable(where, retry_after_s=retry_after_s)
    if status == 421 or status == 404 or 300 <= status < 400:
        raise WrongAddress(f"{where}: the address does not lead to the API", hint="check base_url")
    if status == 400:
        raise RequestRefused(f"{where}: it calls our request invalid")
    raise UnexpectedReply(where)


def _mapped(error: Exception) -> SourceError:
    """The typed error for what `requests`, urllib3, http.client or the socket raised; never holds their text."""
    chain = list(_causes(error))
    if any(isinstance(cause, ReplyTooLate) for cause in chain):
        return SourceUnavailable("the reply was not complete in time", hint="limits.reply_deadline bounds it")
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in chain):
        return WrongAddress(
            "the source's TLS certificate is not trusted",
            hint="check base_url, or name the issuer's certificate in request.ca_file",
        )
    if any(isinstance(cause, _NO_ADDRESS) for cause in chain):
        return WrongAddress("the address of the source or its proxy is none", hint="check base_url and request.proxy")
    why = next((why for cause in chain if (why := _why(cause))), "the connection failed")
    if any(isinstance(cause, _NO_CONNECTION) for cause in chain):
        return SourceUnreachable(why, hint="check base_url, request.proxy and the network")
    return SourceUnavailable(why)


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    queue: list[object] = [error]
    while queue:
        cause = queue.pop(0)
        if isinstance(cause, BaseException) and id(cause) not in seen:
            seen.add(id(cause))
            yield cause
            queue += [*cause.args, getattr(cause, "reason", None), cause.__cause__, cause.__context__]


def _why(cause: BaseException) -> str:
    match cause:
        case urllib3.exceptions.NameResolutionError():
            return "the source's host name can't be resolved"
        case urllib3.exceptions.ProxyError():
            return "the proxy can't be reached"
        # Since urllib3 2, a refused connection is a NewConnectionError and that a ConnectTimeoutError.
        case urllib3.exceptions.ConnectTimeoutError() if not isinstance(cause, urllib3.exceptions.NewConnectionError):
            return "the source could not be reached in time"
        case urllib3.exceptions.ReadTimeoutError() | TimeoutError():
            return "the source fell silent"
        case ConnectionRefusedError():
            return "the source's host refuses the connection"
        case urllib3.exceptions.IncompleteRead() | http.client.IncompleteRead():
            return "the reply was cut off"
        case ConnectionResetError() | BrokenPipeError() | http.client.RemoteDisconnected():
            return "the source closed the connection"
        case urllib3.exceptions.DecodeError():
            return "the reply's compression is broken"
        case http.client.HTTPException():
            return "the reply is no HTTP"
        case ssl.SSLError():
            return "TLS with the source failed"
        case OSError() if cause.errno is not None and cause.strerror:
            return f"the network failed: {cause.strerror}"
    return ""
