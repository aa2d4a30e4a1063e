"""A running, empty sandbox and a signed-in client of it."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from archiver.sandbox import Sandbox


class Client:
    """A requests.Session that knows the sandbox's addresses."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.http = requests.Session()
        self.http.trust_env = False
        self.http.auth = ("archive", "sandbox")
        self.http.headers["SO-TimeZone"] = "UTC, includeTZOffset"
        self._sandbox = sandbox

    def get_chat_messages(self, chat_session_id: int, after: int = 0, **options: Any) -> requests.Response:
        body = {"ChatSessionId": chat_session_id, "After": after}
        return self.post("/Agents/Chat/GetChatMessages", json=body, **options)

    def post(self, path: str, **options: Any) -> requests.Response:
        return self.http.post(f"{self._sandbox.base_url}/v1{path}", timeout=10, **options)

    def get(self, path: str, **options: Any) -> requests.Response:
        return self.http.get(f"{self._sandbox.base_url}/v1{path}", timeout=10, **options)

    def control(self, method: str, path: str, **options: Any) -> requests.Response:
        return requests.request(method, f"{self._sandbox.url}/control{path}", timeout=10, **options)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox.empty() as running:
        yield running


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[Client]:
    made = Client(sandbox)
    with made.http:
        yield made
