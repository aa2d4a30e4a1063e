"""One request, one reply's bytes, or one typed error: no retries, no meaning.

A reply is bounded in silence, in time and in size.
"""

import threading
import time
from collections.abc import Mapping
from urllib.parse import urlsplit

from archiver.config.settings import LimitSettings, RequestSettings
from archiver.superoffice.broken import BREAKS, broken_call
from archiver.superoffice.connections import tls_context
from archiver.superoffice.deadline import reply_due_at
from archiver.superoffice.line import Line, LineSettings


class Transport:
    """Lines to one source: as many as threads call at once, each used by one thread at a time."""

    def __init__(self, root: str, limits: LimitSettings, request: RequestSettings) -> None:
        """`root`: what the addresses of all calls begin with."""
        self._root, self._limits = root, limits
        self._proxy = request.proxy.reveal() if request.proxy else None
        self._ca_file = str(request.ca_file) if request.ca_file else None
        self._deadline_s = limits.reply_deadline.total_seconds()
        self._line_settings: LineSettings | None = None
        self._idle: list[Line] = []
        self._is_closed = False
        self._lock = threading.Lock()

    def post(self, operation: str, body: bytes, headers: Mapping[str, str]) -> bytes:
        """Post JSON and read the whole reply.

        Args:
            headers: those of an earlier call are known by their identity; others need another mapping.
        Returns: the body of a reply with status 200 that says it is JSON, decompressed.
        Raises: SourceError's leaves, none of which holds any of the body.
        """
        reply_due_at.set(time.monotonic() + self._deadline_s)
        line: Line | None = None
        try:
            line = self._take()
            return line.post(operation, body, headers)
        except BREAKS as error:
            raise broken_call(error) from None
        finally:
            if line:
                self._give_back(line)

    def close(self) -> None:
        """Close the connections; one that is in use is closed when its call ends."""
        with self._lock:
            self._is_closed = True
        self.hang_up()

    def hang_up(self) -> None:
        """Close the connections that are idle, and one that is in use when its call ends.

        The next call opens one anew, and reads request.ca_file anew.
        """
        with self._lock:
            self._line_settings = None
            while self._idle:
                self._idle.pop().close()

    def _take(self) -> Line:
        with self._lock:
            if self._idle:
                return self._idle.pop()
            if self._line_settings is None:
                self._line_settings = self._new_line_settings()
            return Line(self._line_settings)

    def _give_back(self, line: Line) -> None:
        with self._lock:
            if self._is_closed or line.settings is not self._line_settings:  # hung up meanwhile
                line.close()
            else:
                self._idle.append(line)

    def _new_line_settings(self) -> LineSettings:
        uses_tls = "https" in (urlsplit(address).scheme for address in (self._root, self._proxy or ""))
        return LineSettings(
            root=self._root,
            connect_timeout_s=self._limits.connect_timeout.total_seconds(),
            read_timeout_s=self._limits.read_timeout.total_seconds(),
            max_bytes=self._limits.max_reply_bytes,
            proxy=self._proxy,
            tls=tls_context(self._ca_file) if uses_tls else None,
        )
