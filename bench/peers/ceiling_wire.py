"""The least of HTTP that gets a reply out of a server which always tells its length."""

import socket
from typing import Any

_HEAD = (
    "POST /SuperOffice/api/v1/Agents/Chat/GetChatMessages HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    "Authorization: Basic YXJjaGl2ZTp4\r\nAccept: application/json\r\n"
    "Content-Type: application/json; charset=utf-8\r\nContent-Length: "
)
_LENGTH = b"Content-Length: "
_READS_BYTES = 256 * 1024


def connect(port: int, first: bytes) -> socket.socket:
    """A connection on which the first request is under way."""
    http = socket.create_connection(("127.0.0.1", port))
    http.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    http.sendall(first)
    return http


def request(chat_session_id: int, after: int) -> bytes:
    body = f'{{"ChatSessionId":{chat_session_id},"After":{after}}}'
    return f"{_HEAD}{len(body)}\r\n\r\n{body}".encode()


def read(http: socket.socket) -> Any:
    """The body of one reply."""
    data = http.recv(_READS_BYTES)
    head = data.index(b"\r\n\r\n") + 4
    length = data.index(_LENGTH) + len(_LENGTH)
    end = head + int(data[length : data.index(b"\r", length)])
    if len(data) < end:
        parts, missing = [data], end - len(data)
        while missing:
            part = http.recv(_READS_BYTES)
            if not part:
                raise ConnectionError("the server hung up")
            parts.append(part)
            missing -= len(part)
        data = b"".join(parts)
    return memoryview(data)[head:]
