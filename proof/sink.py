"""A webhook receiver: a real HTTP server that records what it gets and answers as it is told."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks import Webhook


@dataclass(frozen=True, slots=True)
class Received:
    """A request that came in."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def event(self) -> dict[str, Any]:
        """The event in its body."""
        found: dict[str, Any] = json.loads(self.body)
        return found

    def verify(self, secret: str) -> None:
        """Raises where the signature is not by this secret."""
        Webhook(secret).verify(self.body, self.headers)


class Sink:
    """What came in, and how each path is answered: 204 unless `answers` has a status, or a function."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.received: list[Received] = []
        self.answers: dict[str, int | Callable[[BaseHTTPRequestHandler], None]] = {}
        self.headers: dict[str, str] = {}
        self.let_go = threading.Event()

    def at(self, path: str) -> list[Received]:
        """What came in at a path."""
        return [received for received in self.received if received.path == path]

    def hang(self, handler: BaseHTTPRequestHandler) -> None:
        """Answer nothing until it is let go."""
        self.let_go.wait(60)

    def drip(self, handler: BaseHTTPRequestHandler) -> None:
        """Answer a byte now and then, and never to the end."""
        handler.wfile.write(b"HTTP/1.1 ")
        while not self.let_go.wait(0.05):
            handler.wfile.write(b"x")


class Handler(BaseHTTPRequestHandler):
    """Records a request, and answers as the sink is told."""

    server: "Server"

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(length)
        if len(body) < length:
            # Whoever was sending it is dead.
            return
        sink = self.server.sink
        headers = {name.lower(): value for name, value in self.headers.items()}
        sink.received.append(Received(self.path, headers, body))
        answer = sink.answers.get(self.path, 204)
        if callable(answer):
            answer(self)
            return
        self.send_response(answer)
        for name, value in sink.headers.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Nothing."""

    def handle(self) -> None:
        # Who was cut off need not hear the end.
        with suppress(OSError):
            super().handle()


class Server(ThreadingHTTPServer):
    """The sink's server."""

    daemon_threads = True
    # Who finds the queue full comes back after a second.
    request_queue_size = 256
    sink: Sink


@contextmanager
def run_sink() -> Iterator[Sink]:
    """A receiver, until the end."""
    server = Server(("127.0.0.1", 0), Handler)
    sink = server.sink = Sink(server.server_port)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield sink
    finally:
        sink.let_go.set()
        server.shutdown()
        thread.join()
        server.server_close()
