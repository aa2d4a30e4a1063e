"""The bench server as a process of its own, and how it is told what to serve."""

import http.client
import json
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

from bench.chats import Shape

_TOP = Path(__file__).parent.parent
_LOADS_WITHIN_S = 300


class BenchServer:
    """Runs while the block lasts."""

    def __enter__(self) -> Self:
        # In a session of its own: Ctrl-C is for us, who then end it.
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.server"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=_TOP,
            start_new_session=True,
        )
        assert self._process.stdout
        self.port = int(self._process.stdout.readline())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.communicate()

    def load(self, shape: Shape, latency_ms: int = 0) -> None:
        """Serve these chat sessions, each reply after that latency."""
        told = {"chat_sessions": shape.chat_sessions, "messages": shape.messages, "latency_s": latency_ms / 1000}
        self._tell("load", told)

    def grow(self) -> None:
        """Add a message to 1 % of the chat sessions."""
        self._tell("grow")

    def reset(self) -> None:
        """Be as when it was loaded."""
        self._tell("reset")

    def spent(self) -> tuple[int, float]:
        """(calls answered, CPU in seconds), both since it began."""
        told = self._tell("spent")
        return int(told["calls"]), told["cpu_s"]

    def _tell(self, verb: str, told: dict[str, float] | None = None) -> dict[str, float]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=_LOADS_WITHIN_S)
        try:
            connection.request("POST", f"/control/{verb}", json.dumps(told or {}))
            answer: dict[str, float] = json.load(connection.getresponse())
        finally:
            connection.close()
        return answer
