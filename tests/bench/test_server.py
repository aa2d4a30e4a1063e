"""The server that the bench measures with: it says what the truth is, so it has to be true itself."""

import http.client
import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bench.chats import Shape, digest_of, render
from bench.control import BenchServer

SHAPE = Shape(150, 3)
STARTS_AND_WAITS = (
    "from bench.control import BenchServer\nwith BenchServer() as http: print(http.port, flush=True); input()"
)


@pytest.fixture
def server() -> Iterator[BenchServer]:
    with BenchServer() as running:
        running.load(SHAPE)
        yield running


def ask(server: BenchServer, chat_session_id: int, after: int) -> list[dict[str, Any]]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    body = json.dumps({"ChatSessionId": chat_session_id, "After": after})
    connection.request("POST", "/SuperOffice/api/v1/Agents/Chat/GetChatMessages", body)
    reply: list[dict[str, Any]] = json.load(connection.getresponse())
    connection.close()
    return reply


def test_it_answers_with_what_comes_after_a_message(server: BenchServer) -> None:
    rows = [json.loads(render(message)) for message in SHAPE.messages_of(7)]
    assert [row["ChatMessageId"] for row in rows] == [19, 20, 21]
    assert ask(server, 7, 0) == rows
    assert ask(server, 7, 19) == rows[1:]
    assert ask(server, 7, 21) == []
    assert ask(server, 151, 0) == []
    assert server.spent()[0] == 4


def test_one_percent_of_the_chat_sessions_grow_until_it_is_reset(server: BenchServer) -> None:
    server.grow()
    grown = [key for key in range(1, 151) if ask(server, key, key * 3)]
    assert grown == [1, 101]
    (new,) = ask(server, 101, 303)
    assert new["ChatMessageId"] == 452
    assert ask(server, 101, 452) == []
    assert [row["ChatMessageId"] for row in ask(server, 101, 0)] == [301, 302, 303, 452]
    server.reset()
    assert ask(server, 101, 303) == []


def test_the_truth_has_each_row_that_is_served_and_no_other(server: BenchServer) -> None:
    server.grow()
    served = {row["ChatMessageId"] for key in range(1, 151) for row in ask(server, key, 0)}
    assert digest_of(SHAPE, grown=True).rows == len(served) == 452
    assert digest_of(SHAPE, grown=True) != digest_of(SHAPE, grown=False)


def test_it_ends_with_whoever_started_it_even_when_that_is_killed() -> None:
    top = Path(__file__).parents[2]
    with subprocess.Popen(
        [sys.executable, "-c", STARTS_AND_WAITS], cwd=top, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as owner:
        assert owner.stdout
        with socket.create_connection(("127.0.0.1", int(owner.stdout.readline()))) as connected:
            owner.send_signal(signal.SIGKILL)
            assert connected.recv(1) == b""
