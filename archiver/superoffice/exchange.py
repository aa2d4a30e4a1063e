"""One request and its plain reply, on a connection that is open: the common case, and nothing but.

`requests`, urllib3 and http.client spend most of a call's CPU on what never happens here: redirects, cookies, bodies
that are streams, headers by the hundred. What is odd goes back to them (see connections.py).
"""

import http.client
import io
import socket

from archiver.superoffice.connections import Connection
from archiver.superoffice.deadline import Deadline
from archiver.superoffice.nonanswers import too_large
from archiver.superoffice.plain import PlainHead

_PIECE_BYTES = 64 * 1024
"""Most replies come in one such piece, head and all."""
_MAX_LINE_BYTES = 64 * 1024
"""As for http.client: a longer line is none to either."""


def exchange(
    connection: Connection, request: bytes, *, silence_s: float, max_bytes: int
) -> tuple[PlainHead, bytes] | None:
    """Send the request and read its reply.

    Returns: None when the reply is not plain; the request then has to be sent "again" through urllib3.
    Raises: ReplyTooLarge, OSError, http.client.HTTPException; the connection is closed then.
    """
    sock: socket.socket = connection.sock
    deadline = Deadline(sock, silence_s)
    try:
        deadline.keep(sock.sendall, request)
        received = deadline.keep(sock.recv, _PIECE_BYTES)
        head = PlainHead.of(received)
        if head is None:
            connection.begun = received
            return None
        incoming = _Incoming(sock, deadline, received, head.size)
        body = incoming.take_chunks(max_bytes) if head.body_size is None else incoming.take(head.body_size, max_bytes)
    except BaseException:
        connection.close()
        raise
    if not incoming.is_used_up:
        connection.close()
    return head, body


class _Incoming:
    """The bytes of a reply as they come."""

    def __init__(self, sock: socket.socket, deadline: Deadline, received: bytes, at: int) -> None:
        self._sock, self._deadline = sock, deadline
        self._received, self._at = received, at
        self._is_ended = False

    @property
    def is_used_up(self) -> bool:
        """Whether the next reply can begin here."""
        return self._at == len(self._received)

    def take(self, size: int, max_bytes: int) -> bytes:
        """The next `size` bytes."""
        end = self._at + size
        if end <= len(self._received) and size <= max_bytes:  # nearly always
            body, self._at = self._received[self._at : end], end
            return body
        whole = io.BytesIO()
        self._read(size, whole, max_bytes)
        return whole.getvalue()

    def take_chunks(self, max_bytes: int) -> bytes:
        """All chunks, read as leniently as http.client does."""
        whole = io.BytesIO()
        while size := _chunk_size(self._line()):
            self._read(size, whole, max_bytes)
            self._read(2, io.BytesIO(), 2)  # the line's end
        while self._line() not in (b"\r\n", b"\n", b""):  # trailers, which say nothing
            pass
        return whole.getvalue()

    def _read(self, size: int, into: io.BytesIO, max_bytes: int) -> None:
        while True:
            piece = self._received[self._at : self._at + size]
            self._at += len(piece)
            if into.tell() + len(piece) > max_bytes:
                raise too_large(max_bytes)
            into.write(piece)
            size -= len(piece)
            if not size:
                return
            self._receive()
            if self._is_ended:
                raise http.client.IncompleteRead(b"")

    def _line(self) -> bytes:
        """The next line with its end; what is there of it where nothing follows."""
        while (end := self._received.find(b"\n", self._at) + 1) == 0 and not self._is_ended:
            begun = self._received[self._at :]
            if len(begun) > _MAX_LINE_BYTES:
                break
            self._receive()
            self._received = begun + self._received
        line = self._received[self._at : end or None]
        if len(line) > _MAX_LINE_BYTES:
            raise http.client.LineTooLong("chunk size")
        self._at += len(line)
        return line

    def _receive(self) -> None:
        """Replace what was used up by what comes next."""
        self._received, self._at = self._deadline.keep(self._sock.recv, _PIECE_BYTES), 0
        self._is_ended = not self._received


def _chunk_size(line: bytes) -> int:
    try:
        size = int(line.partition(b";")[0], 16)
    except ValueError:
        raise http.client.IncompleteRead(b"") from None
    if size < 0:
        raise http.client.IncompleteRead(b"")
    return size
