"""One request, one reply's bytes, or one typed error: no retries, no meaning.

Redirects are refused, since `requests` would carry SO-AppToken along to another host. The environment is not read:
a .netrc would replace our Authorization header. A reply is bounded in silence, in time and in size.

Requests go through the session's adapter. `Session.send` would first read the whole body of a redirect, unbounded, to
follow it or not, and would keep cookies, for which the server wants an XSRF value that we have no use for.
"""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import requests

from archiver.config.settings import LimitSettings, RequestSettings
from archiver.errors import ReplyTooLarge
from archiver.superoffice.broken import BREAKS, broken_call
from archiver.superoffice.deadline import DeadlineAdapter, reply_due_at
from archiver.superoffice.nonanswers import refusal, wrong_content

_PIECE_BYTES = 256 * 1024


class Transport:
    """HTTP sessions to one source: as many as threads call at once, each used by one thread at a time."""

    def __init__(self, limits: LimitSettings, request: RequestSettings) -> None:
        self._timeout = (limits.connect_timeout.total_seconds(), limits.read_timeout.total_seconds())
        self._deadline_s = limits.reply_deadline.total_seconds()
        self._max_bytes = limits.max_reply_bytes
        proxy = request.proxy.reveal() if request.proxy else None
        self._proxies = {"http": proxy, "https": proxy} if proxy else {}
        self._verify = str(request.ca_file) if request.ca_file else True
        self._idle: list[requests.Session] = []
        self._is_closed = False
        self._lock = threading.Lock()

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> bytes:
        """Post JSON and read the whole reply.

        Returns: the body of a reply with status 200 that says it is JSON, decompressed.
        Raises: SourceError's leaves, none of which holds any of the body.
        """
        reply_due_at.set(time.monotonic() + self._deadline_s)
        with self._session() as session:
            try:
                request = session.prepare_request(requests.Request("POST", url, data=body, headers=headers))
                with session.get_adapter(url).send(
                    request, stream=True, timeout=self._timeout, verify=self._verify, proxies=self._proxies
                ) as response:
                    if response.status_code != 200:
                        raise refusal(response.status_code, response.headers)
                    reply = self._read(response)
                    if error := wrong_content(response.headers.get("Content-Type"), reply):
                        raise error
                    return reply
            except BREAKS as error:
                raise broken_call(error) from None

    def close(self) -> None:
        """Close the connections; one that is in use is closed when its call ends."""
        with self._lock:
            self._is_closed = True
        self.hang_up()

    def hang_up(self) -> None:
        """Close the connections that are idle; the next call opens one anew."""
        with self._lock:
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
        session.headers["Accept-Encoding"] = "gzip, deflate"
        adapter = DeadlineAdapter(pool_connections=1, pool_maxsize=1, max_retries=0)
        session.mount("https://", adapter)
        session.mount("http://", adapter)
        return session

    def _read(self, response: requests.Response) -> bytes:
        body = bytearray()
        while piece := response.raw.read1(_PIECE_BYTES, decode_content=True):
            body += piece
            if len(body) > self._max_bytes:
                raise ReplyTooLarge(
                    f"the reply is larger than {self._max_bytes / 2**20:g} MB",
                    hint="raise limits.max_reply_mb if chat sessions can be so large",
                )
        return bytes(body)
