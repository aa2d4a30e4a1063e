"""A tenant whose replies a test holds back, and lets go when it likes."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import requests

from archiver.sandbox import Sandbox

ENOUGH_S = 60
_PASSED_ON = ("Authorization", "Content-Type", "SO-TimeZone")


class Gate:
    """Stands before a sandbox, as a slow network would."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self._came = threading.Semaphore(0)
        self._may_pass = threading.Semaphore(0)
        self._is_open = threading.Event()

    def wait_for(self, count: int) -> None:
        """Until so many more requests came."""
        assert all(self._came.acquire(timeout=ENOUGH_S) for _ in range(count))

    def let_pass(self, count: int) -> None:
        self._may_pass.release(count)

    def open(self) -> None:
        self._is_open.set()
        self._may_pass.release(100)

    def hold(self) -> None:
        """Keep the request that asks until it may pass."""
        self._came.release()
        if not self._is_open.is_set():
            self._may_pass.acquire(timeout=ENOUGH_S)


@contextmanager
def gate_before(sandbox: Sandbox) -> Iterator[Gate]:
    """A server that passes requests on to the sandbox, those that may pass."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"] or 0))
            gate.hold()
            headers = {name: self.headers[name] for name in _PASSED_ON if self.headers[name]}
            reply = requests.post(upstream + self.path, data=body, headers=headers, timeout=ENOUGH_S)
            self.send_response(reply.status_code)
            self.send_header("Content-Type", reply.headers["Content-Type"])
            self.send_header("Content-Length", str(len(reply.content)))
            self.end_headers()
            self.wfile.write(reply.content)

        def log_message(self, *_: Any) -> None:
            pass

    address = urlsplit(sandbox.base_url)
    upstream = f"http://{address.netloc}"
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        gate = Gate(f"http://127.0.0.1:{server.server_port}{address.path}")
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield gate
        finally:
            gate.open()
            server.shutdown()
            thread.join()
