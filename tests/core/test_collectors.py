"""The exporter's HTTP session: it follows no redirect, and reads a bounded part of a collector's answer."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler

import pytest
from requests import RequestException

from core.infra.spans import ANSWER_BYTES, open_session
from tests.collecting import serve
from tests.support import HANGS_SECONDS

# More than all sockets between two processes hold.
ENDLESS = 100_000_000


class Answering:
    """A collector that answers one thing, and what it saw."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/v1/traces"
        self.paths: list[str] = []
        self.ports: set[int] = set()
        self.sent = 0


@contextmanager
def answer_with(status: int, headers: Mapping[str, str], length: int) -> Iterator[Answering]:
    """A collector that answers so, with so many bytes."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            answering.paths.append(self.path)
            answering.ports.add(self.client_address[1])
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(length)}.items():
                self.send_header(name, value)
            self.end_headers()
            self.close_connection = length == ENDLESS
            with suppress(ConnectionError):
                for begin in range(0, length, ANSWER_BYTES):
                    answering.sent += self.wfile.write(bytes(min(ANSWER_BYTES, length - begin)))

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    # The server's end waits for the answers under way.
    with serve(Handler) as port:
        answering = Answering(port)
        yield answering


@pytest.mark.parametrize("status", [200, 400])
@pytest.mark.parametrize("headers", [{}, {"Content-Encoding": "gzip"}])
def test_an_answer_without_end_is_not_read(status: int, headers: dict[str, str]) -> None:
    with open_session() as session, answer_with(status, headers, ENDLESS) as collector:
        answer = session.post(collector.url, data=b"spans", timeout=HANGS_SECONDS)
    assert (answer.status_code, answer.content) == (status, b"")
    assert collector.sent < ENDLESS


@pytest.mark.parametrize("length", [0, 200])
def test_a_connection_serves_again_after_a_usual_answer(length: int) -> None:
    with open_session() as session, answer_with(200, {}, length) as collector:
        for _ in range(3):
            assert session.post(collector.url, data=b"spans", timeout=HANGS_SECONDS).ok
    assert len(collector.ports) == 1


@pytest.mark.parametrize("length", [0, ENDLESS])
@pytest.mark.parametrize("status", [301, 307])
def test_a_redirect_is_a_failure_and_not_followed(status: int, length: int) -> None:
    with (
        open_session() as session,
        answer_with(status, {"Location": "/elsewhere"}, length) as collector,
        pytest.raises(RequestException, match="it redirects"),
    ):
        session.post(collector.url, data=b"spans", timeout=HANGS_SECONDS)
    assert collector.paths == ["/v1/traces"]
    assert collector.sent < ENDLESS
