"""The server that all contenders call: replies rendered before, on one thread, with the latency that is asked for.

It knows one call of the WebAPI, GetChatMessages, says `null` to any other, and obeys `/control/...`. Credentials are
not looked at. A process of its own: `python -m bench.server` prints its port, and ends with its standard input.
"""

import asyncio
import json
import re
import sys
import time

from bench.chats import Shape, render

_CALL = re.compile(rb'"ChatSessionId": *(\d+), *"After": *(\d+)')
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_BACKLOG = 1024


class Tenant:
    """The chat sessions, as replies."""

    def __init__(self, shape: Shape) -> None:
        self._shape = shape
        ids = range(1, shape.chat_sessions + 1)
        self._whole = {key: _reply([render(message) for message in shape.messages_of(key)]) for key in ids}
        self._new: dict[int, bytes] = {}

    def grow(self) -> None:
        """Add a message to 1 % of the chat sessions, once."""
        self._new = {key: _reply([render(self._shape.new_message_of(key))]) for key in self._shape.growing}

    def reset(self) -> None:
        """Be as before it grew."""
        self._new = {}

    def reply(self, chat_session_id: int, after: int) -> bytes:
        shape, has_new = self._shape, chat_session_id in self._new
        if not 1 <= chat_session_id <= shape.chat_sessions or after > shape.rows:
            return _EMPTY
        if after >= chat_session_id * shape.messages:
            return self._new[chat_session_id] if has_new else _EMPTY
        if after == 0 and not has_new:
            return self._whole[chat_session_id]
        # No job asks so; a contender that does is answered rightly, if slowly.
        rows = [*shape.messages_of(chat_session_id), *([shape.new_message_of(chat_session_id)] if has_new else [])]
        return _reply([render(row) for row in rows if row.chat_message_id > after])


class Service:
    """What all connections share."""

    def __init__(self) -> None:
        self.tenant = Tenant(Shape(0, 0))
        self.latency_s = 0.0
        self.calls = 0

    def control(self, verb: str, told: dict[str, float]) -> dict[str, float]:
        """Do as the bench asks; answers with the calls counted, and the CPU spent, until now."""
        match verb:
            case "load":
                self.tenant = Tenant(Shape(int(told["chat_sessions"]), int(told["messages"])))
                self.latency_s = told["latency_s"]
            case "grow":
                self.tenant.grow()
            case "reset":
                self.tenant.reset()
        return {"calls": self.calls, "cpu_s": time.process_time()}


class Connection(asyncio.Protocol):
    """One connection that is kept open; requests on it are answered in turn."""

    def __init__(self, service: Service) -> None:
        self._service, self._rest = service, b""
        self._loop = asyncio.get_running_loop()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        data = self._rest + data
        while (head := data.find(b"\r\n\r\n") + 4) >= 4:
            length = _LENGTH.search(data, 0, head)
            end = head + (int(length[1]) if length else 0)
            if len(data) < end:
                break
            self._answer(data, head, end)
            data = data[end:]
        self._rest = data

    def _answer(self, data: bytes, head: int, end: int) -> None:
        service = self._service
        if call := _CALL.search(data, head, end):
            service.calls += 1
            reply = service.tenant.reply(int(call[1]), int(call[2]))
            if service.latency_s:
                self._loop.call_later(service.latency_s, self._transport.write, reply)
            else:
                self._transport.write(reply)
        elif data.startswith(b"POST /control/"):
            verb = data[len("POST /control/") :].split(b" ", 1)[0].decode()
            answer = service.control(verb, json.loads(data[head:end] or b"{}"))
            self._transport.write(_wrap(json.dumps(answer).encode()))
        else:
            service.calls += 1
            self._transport.write(_wrap(b"null"))


def _reply(rows: list[str]) -> bytes:
    return _wrap(b"[" + ",".join(rows).encode() + b"]")


def _wrap(body: bytes) -> bytes:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: %d\r\n\r\n"
    return head % len(body) + body


_EMPTY = _wrap(b"[]")


async def _serve() -> None:
    service, ended = Service(), asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(sys.stdin, ended.set)  # whoever started us is gone, however it ended
    server = await loop.create_server(lambda: Connection(service), "127.0.0.1", 0, backlog=_BACKLOG)
    print(server.sockets[0].getsockname()[1], flush=True)
    await ended.wait()


if __name__ == "__main__":
    asyncio.run(_serve())
