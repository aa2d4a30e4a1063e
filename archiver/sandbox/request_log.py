"""Every SuperOffice request that the sandbox saw, for tests and for the demo's counting."""

from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass
from threading import Condition

KEPT_REQUESTS = 100_000  # some 100 MB; older ones are forgotten


@dataclass(frozen=True, kw_only=True)
class RecordedRequest:
    """One request and the status it was answered with."""

    method: str
    path: str
    query: str  # as sent, without the question mark
    headers: Mapping[str, str]  # lower-case names; a repeated header's last value
    body: str  # undecodable bytes as replacement characters
    operation: str  # "GetChatMessages", ... or "Unknown"
    chat_session_id: int | None  # None when the request names none, or not legibly
    status: int | None  # None: the connection was closed without a reply


class RequestLog:
    """The last `KEPT_REQUESTS` requests, oldest first. A request is in before its reply is sent."""

    def __init__(self) -> None:
        self._lock = Condition()
        self._requests: deque[RecordedRequest] = deque(maxlen=KEPT_REQUESTS)

    def record(self, request: RecordedRequest) -> None:
        """Add one."""
        with self._lock:
            self._requests.append(request)
            self._lock.notify_all()

    def wait_for(self, count: int, *, timeout_s: float) -> None:
        """Return once `count` requests are kept. Raises: TimeoutError."""
        with self._lock:
            if not self._lock.wait_for(lambda: len(self._requests) >= count, timeout_s):
                raise TimeoutError(f"{len(self._requests)} requests came within {timeout_s:g} s, not {count}")

    def all(self) -> list[RecordedRequest]:
        """Those kept, oldest first."""
        with self._lock:
            return list(self._requests)

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._requests.clear()

    def count_by_operation(self) -> dict[str, int]:
        """Operation -> number of requests kept."""
        return dict(Counter(request.operation for request in self.all()))
