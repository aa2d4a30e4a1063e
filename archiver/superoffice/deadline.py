"""A deadline for a whole reply, head and body, however busily it drips.

The read timeout of a socket starts anew with every byte, so it bounds silence only. Here the timeout is set again
before each read, to what is left. No thread watches: it works the same for http and https, through a proxy, and on a
connection that is used again.
"""

import contextvars
import io
import math
import socket
import time
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")
R = TypeVar("R")

reply_due_at: contextvars.ContextVar[float] = contextvars.ContextVar("reply_due_at", default=math.inf)
"""When the reply to this thread's next request has to be complete, by time.monotonic()."""


class ReplyTooLate(TimeoutError):
    """The reply was not complete in time"""


class Deadline:
    """That of one reply, whose parts may be `silence_s` apart; None: any time."""

    def __init__(self, sock: socket.socket, silence_s: float | None) -> None:
        self._sock = sock
        self._silence_s = silence_s
        self._due_at = reply_due_at.get()

    def keep(self, call: Callable[[T], R], argument: T) -> R:
        """Let `call`, which uses the socket once, take no longer than is left."""
        left_s = self._due_at - time.monotonic()
        if left_s <= 0:
            raise ReplyTooLate
        is_last = self._silence_s is None or left_s < self._silence_s
        timeout_s = left_s if is_last else self._silence_s
        if self._sock.gettimeout() != timeout_s:  # to set it is a call of the system, for which others get their turn
            self._sock.settimeout(timeout_s)
        try:
            return call(argument)
        except TimeoutError:
            raise ReplyTooLate if is_last else TimeoutError from None


class TimedStream(io.RawIOBase):
    """What a socket gives, until the deadline."""

    def __init__(self, stream: io.RawIOBase, sock: socket.socket, begun: bytes = b"") -> None:
        """`begun`: what the socket gave already, and comes first here."""
        self._stream = stream
        self._begun = begun
        self._deadline = Deadline(sock, sock.gettimeout())

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:  # no narrower type for a buffer before Python 3.12
        if self._begun:
            piece, self._begun = self._begun[: len(buffer)], self._begun[len(buffer) :]
            buffer[: len(piece)] = piece
            return len(piece)
        return self._deadline.keep(self._stream.readinto, buffer)

    def close(self) -> None:
        self._stream.close()
        super().close()
