"""A sandbox, clients of it, and a server that sends bytes as they are, for what no HTTP framework would send."""

import contextlib
import select
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest

from archiver.config.settings import RetrySettings, SourceSettings
from archiver.sandbox import Credentials, Sandbox
from archiver.superoffice.client import SuperOfficeClient

PASSWORD = "pass-wörd-K3Y"
APP_TOKEN = "app-tok-K3Y"
CHAT_TEXT = "my-chat-text-K3Y"
SECRETS = (PASSWORD, APP_TOKEN, CHAT_TEXT, "K3Y")

BASIC = {"scheme": "basic", "username": "archive", "password": PASSWORD}
ONCE = RetrySettings(attempts=1)
QUICK = RetrySettings(attempts=4, max_wait=timedelta(milliseconds=1))
"""Tries again, and hardly waits."""


def source_settings(**changes: Any) -> SourceSettings:
    tables = {
        "name": "acme",
        "auth": BASIC,
        "sessions": {"include": [1]},
        "limits": {"requests_per_second": 0},
        "request": {"app_token": APP_TOKEN},
        **changes,
    }
    return SourceSettings.model_validate(tables, context={"folder": Path()})


class ClientMaker:
    """Makes clients of the sandbox, or of another address, and closes them."""

    def __init__(self, base_url: str, stack: contextlib.ExitStack) -> None:
        self._base_url = base_url
        self._stack = stack

    def __call__(self, retry: RetrySettings = ONCE, **changes: Any) -> SuperOfficeClient:
        source = source_settings(**{"base_url": self._base_url, **changes})
        return self._stack.enter_context(contextlib.closing(SuperOfficeClient(source, retry)))


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A tenant with chat session 1, which holds one message."""
    with Sandbox.empty(credentials=Credentials(password=PASSWORD)) as running:
        running.tenant.post(running.tenant.open_chat_session(), message=CHAT_TEXT * 20)
        yield running


@pytest.fixture
def make_client(sandbox: Sandbox) -> Iterator[ClientMaker]:
    with contextlib.ExitStack() as stack:
        yield ClientMaker(sandbox.base_url, stack)


@pytest.fixture
def stop() -> threading.Event:
    return threading.Event()


class RawServer:
    """Answers one request after the other with the pieces given, a few milliseconds apart, then closes.

    Where the pieces raise ConnectionError, the connection is closed there and the next one answered.
    """

    def __init__(self, replies: list[Iterable[bytes]], tls: ssl.SSLContext | None = None) -> None:
        self.connection_count = 0
        self.hangups = threading.Semaphore(0)
        """Released each time the server has closed a connection."""
        self.request_lines: list[bytes] = []
        self._replies = replies
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._serve)

    @property
    def port(self) -> int:
        port: int = self._listener.getsockname()[1]
        return port

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._ended.set()
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port), timeout=5).close()  # wakes accept
        self._thread.join()
        self._listener.close()

    def _serve(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            if self._ended.is_set():
                connection.close()
                return
            self.connection_count += 1
            with contextlib.suppress(OSError), connection:
                connection.settimeout(5)
                self._converse(self._tls.wrap_socket(connection, server_side=True) if self._tls else connection)
            self.hangups.release()

    def _converse(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as requests:
            while self._read_request(requests):
                for piece in self._replies.pop(0):
                    connection.sendall(piece)
                    if self._ended.wait(0.003):
                        return
                if not self._replies:
                    return

    def _read_request(self, stream: Any) -> bool:
        length = 0
        for line in iter(stream.readline, b""):
            self.request_lines.append(line)
            if line.lower().startswith(b"content-length:"):
                length = int(line.partition(b":")[2])
            if line == b"\r\n":
                stream.read(length)
                return True
        return False


Serve = Callable[..., RawServer]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts a RawServer: `serve(reply, reply, tls=...)`, each reply bytes or an iterable of pieces."""
    with contextlib.ExitStack() as stack:

        def start(*replies: bytes | Iterable[bytes], tls: ssl.SSLContext | None = None) -> RawServer:
            pieces = [[reply] if isinstance(reply, bytes) else reply for reply in replies]
            return stack.enter_context(RawServer(pieces, tls))

        yield start


class Tunnel:
    """A proxy that opens one tunnel after the other, and counts them."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls
        self.count = 0
        self.hangups = threading.Semaphore(0)
        """Released each time a tunnel has been closed."""
        self._listener = socket.create_server(("127.0.0.1", 0))
        port = self._listener.getsockname()[1]
        self.url = f"https://localhost:{port}" if tls else f"http://127.0.0.1:{port}"
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)  # ends accept
        self._thread.join()
        self._listener.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                with self._tls.wrap_socket(client, server_side=True) if self._tls else client as client:
                    head = client.recv(65536)
                    host, _, port = head.split()[1].decode().rpartition(":")
                    with socket.create_connection((host, int(port))) as source:
                        client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                        self.count += 1
                        _pass_on(client, source)
                self.hangups.release()


def _pass_on(one: socket.socket, other: socket.socket) -> None:
    others = {one: other, other: one}
    while True:
        for ready in select.select(list(others), [], [])[0]:
            data = ready.recv(65536)
            if not data:
                return
            others[ready].sendall(data)


@pytest.fixture(params=["http", "https"])
def tunnel(request: pytest.FixtureRequest, tls: ssl.SSLContext) -> Iterator[Tunnel]:
    with Tunnel(tls if request.param == "https" else None) as running:
        yield running


# For localhost and no other name, signed by itself, until 2126. It guards nothing.
CERTIFICATE = """\
-----BEGIN CERTIFICATE-----
MIIBnTCCAUOgAwIBAgIUTZywpzWlOGtGEuw6fZfJefoy7lswCgYIKoZIzj0EAwIw
GDEWMBQGA1UEAwwNYXJjaGl2ZXIgdGVzdDAgFw0yNjExMjMxNDQyMzVaGA8yMTI2
MTAzMDE0NDIzNVowGDEWMBQGA1UEAwwNYXJjaGl2ZXIgdGVzdDBZMBMGByqGSM49
AgEGCCqGSM49AwEHA0IABMwvPY3JakQFePkciu9VGDlAvXbDlKv6qE+rN/C02eAB
RYnkiRwwBMbUPoD38qH7XK1maYpGO57z+vprhKoTE0CjaTBnMB0GA1UdDgQWBBRL
VrMXE4LBoWVcL30NJg7d7oALqDAfBgNVHSMEGDAWgBRLVrMXE4LBoWVcL30NJg7d
7oALqDAPBgNVHRMBAf8EBTADAQH/MBQGA1UdEQQNMAuCCWxvY2FsaG9zdDAKBggq
hkjOPQQDAgNIADBFAiEA0Ml5oxSRJj9qdzLGPr/zym5jDMtjhku/sQ5Zx6/9qR4C
IFM2eCYq44kFe8IiQSj2qp73HqfIt4IaX5sWcIIw6esS
-----END CERTIFICATE-----
"""
CERTIFICATE_KEY = """\
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgKl478cVqq6RBiV7m
N+Ep9teEEsk/beqYB07XE5LHwVihRANCAATMLz2NyWpEBXj5HIrvVRg5QL12w5Sr
+qhPqzfwtNngAUWJ5IkcMATG1D6A9/Kh+1ytZmmKRjue8/r6a4SqExNA
-----END PRIVATE KEY-----
"""


@pytest.fixture
def ca_file(tmp_path: Path) -> Path:
    path = tmp_path / "ca.pem"
    path.write_text(CERTIFICATE)
    return path


@pytest.fixture
def tls(tmp_path: Path, ca_file: Path) -> ssl.SSLContext:
    """What a server of that certificate needs."""
    key = tmp_path / "key.pem"
    key.write_text(CERTIFICATE_KEY)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(ca_file, key)
    return context
