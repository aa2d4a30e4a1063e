"""The ceiling: the same calls and the same rows as the archiver, as fast as this machine can in Python.

A straight line without retries, ledger, lease, revisions or checks: it believes every reply and dies of every error.
Sockets are asked in turn, so that one reply is decoded while the next ones travel. Tables are those of `archiver
migrate`; durability is at its production setting.

    ceiling.py DATABASE_URL PORT CHAT_SESSIONS CONNECTIONS
"""

import sys
from collections import deque
from itertools import islice

import msgspec
from ceiling_stores import open_store
from ceiling_wire import connect, read, request

_BATCH = 10_000
"""Rows a transaction: beyond it, the databases gain no more."""


class Row(msgspec.Struct, gc=False, rename="pascal"):
    chat_message_id: int
    chat_session_id: int
    type: str
    message: str
    author: str
    read_by_customer: int
    special_type: str
    special_param: str
    when_posted: str


def main() -> None:
    url, port, chat_sessions, connections = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    store = open_store(url)
    cursors = store.load_cursors()
    decode = msgspec.json.Decoder(list[Row]).decode
    ids = iter(range(1, chat_sessions + 1))
    waiting = deque(connect(port, request(each, cursors.get(each, 0))) for each in islice(ids, connections))
    rows: list[Row] = []
    moved: list[Row] = []
    while waiting:
        http = waiting.popleft()
        body = read(http)
        if (following := next(ids, None)) is not None:
            http.sendall(request(following, cursors.get(following, 0)))
            waiting.append(http)
        if new := decode(body):
            rows += new
            moved.append(new[-1])
            if len(rows) >= _BATCH:
                store.save(rows, moved)
                rows, moved = [], []
    if rows:
        store.save(rows, moved)


if __name__ == "__main__":
    main()
