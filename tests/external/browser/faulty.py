"""A server that answers as a test says, wrongly or not at all, to pages of any origin."""

import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.support import HANGS_SECONDS, wait_until

# "drop": the connection is closed; "hang": no answer comes. Else status, body (text is HTML), headers.
Answer = str | tuple[int, Any, Mapping[str, str]]
CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Idempotency-Key, If-None-Match, Prefer",
    "Access-Control-Expose-Headers": "ETag, Retry-After",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, and when it came, in seconds of a clock of its own."""

    method: str
    path: str
    headers: Mapping[str, str]
    at: float


@dataclass(slots=True)
class Faulty:
    """`url` has no slash at its end; `answers` are given in their order."""

    url: str
    answers: list[Answer] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    ending: threading.Event = field(default_factory=threading.Event)

    def wait_for(self, count: int) -> None:
        """Wait until so many requests have come."""
        wait_until(lambda: len(self.asked) >= count)


@contextmanager
def run_faulty() -> Iterator[Faulty]:
    """The server, until the end."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            _answer(self, faulty)

        do_POST = do_GET

        def do_OPTIONS(self) -> None:
            _send(self, 204, b"", {})

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        faulty = Faulty(f"http://127.0.0.1:{server.server_port}")
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield faulty
        faulty.ending.set()
        server.shutdown()


def _answer(handler: BaseHTTPRequestHandler, faulty: Faulty) -> None:
    handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
    faulty.asked.append(Asked(handler.command, handler.path, dict(handler.headers), time.monotonic()))
    answer = faulty.answers.pop(0)
    if isinstance(answer, str):
        if answer == "hang":
            faulty.ending.wait(HANGS_SECONDS)
        handler.close_connection = True
        return
    status, body, headers = answer
    is_text = isinstance(body, str)
    kind = "text/html" if is_text else "application/problem+json" if status >= 400 else "application/json"
    content = body.encode() if is_text else json.dumps(body).encode()
    _send(handler, status, content, {"Content-Type": kind, **headers})


def _send(handler: BaseHTTPRequestHandler, status: int, content: bytes, headers: Mapping[str, str]) -> None:
    handler.send_response(status)
    for name, value in {**CORS, "Content-Length": str(len(content)), **headers}.items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(content)
