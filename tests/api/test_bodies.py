"""How a body comes, on the wire: whole, in chunks, cut, awaited."""

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from http.client import HTTPResponse
from typing import Any
from urllib.parse import urlsplit

import pytest

from api.server.body import CUT
from core.shows.service import Show
from tests.api.asking import count_bookings
from tests.support import ADMIN_KEY, HANGS_SECONDS

MakeShow = Callable[..., Show]
KIB = 1024
CHUNKED = b"Transfer-Encoding: chunked"
AWAITED = b"Expect: 100-continue"
ADMIN = b"Authorization: Bearer " + ADMIN_KEY.encode()
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Wire:
    """A connection to the real web process, on which anything can be sent."""

    def __init__(self, web: str) -> None:
        address = urlsplit(web)
        self.socket = socket.create_connection(
            (str(address.hostname), int(address.port or 80)), timeout=HANGS_SECONDS
        )

    def begin(self, path: str, *headers: bytes) -> None:
        """Send a POST's head."""
        lines = [b"POST " + path.encode() + b" HTTP/1.1", b"Host: x", b"Content-Type: application/json"]
        self.send(b"\r\n".join([*lines, *headers, b"", b""]))

    def send(self, *pieces: bytes) -> None:
        """Send these bytes."""
        self.socket.sendall(b"".join(pieces))

    def read(self) -> tuple[int, dict[str, str], Any]:
        """The next answer: its status, headers by lower-case names, and document."""
        answer = HTTPResponse(self.socket, method="POST")
        answer.begin()
        headers = {name.lower(): value for name, value in answer.getheaders()}
        content = answer.read()
        return answer.status, headers, json.loads(content) if content else None

    def stop_sending(self) -> None:
        """Say that nothing more comes; the answer can still be read."""
        self.socket.shutdown(socket.SHUT_WR)


@pytest.fixture
def wire(web: str, database: dict[str, str]) -> Iterator[Wire]:
    found = Wire(web)
    with closing(found.socket):
        yield found


@pytest.fixture
def body(make_show: MakeShow) -> bytes:
    """A booking's."""
    return json.dumps({"show_id": make_show().id, "seats": ["1"]}).encode()


def chunk(piece: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(piece), piece)


END = b"0\r\n\r\n"


@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_chunks_of_any_size(wire: Wire, body: bytes, size: int) -> None:
    wire.begin("/bookings", CHUNKED)
    wire.send(*(chunk(body[at : at + size]) for at in range(0, len(body), size)), END)
    assert wire.read()[0] == 202


def test_chunks_with_extensions_and_trailers(wire: Wire, body: bytes) -> None:
    wire.begin("/bookings", CHUNKED, b"Trailer: X-Sum")
    wire.send(b"%x;a=b\r\n%s\r\n" % (len(body), body), b"0\r\nX-Sum: 1\r\n\r\n")
    assert wire.read()[0] == 202
    wire.begin("/bookings", b"Content-Length: 2")
    wire.send(b"{}")
    assert wire.read()[0] == 422


CUTS = {
    "in chunks, at once": (CHUNKED, b""),
    "in chunks, after whole JSON": (CHUNKED, b"%b"),
    "in chunks, in a chunk": (CHUNKED, b"%b40\r\n "),
    "in chunks, within the last": (CHUNKED, b"%b0\r\n"),
    "in chunks, in trailers": (CHUNKED, b"%b0\r\nX-Sum: 1\r\n"),
    "in chunks, by what is no chunk": (CHUNKED, b"%bno chunk\r\n"),
    "shorter than its length": (b"Content-Length: 1000", b"{}"),
    "shorter than a length beyond the limit": (b"Content-Length: 100000", b"{}"),
}


@pytest.mark.parametrize(("length", "sent"), CUTS.values(), ids=CUTS.keys())
@pytest.mark.parametrize("path", ["/bookings", "/bookings/batch"])
def test_what_is_cut_is_refused_whatever_came_of_it(
    wire: Wire, body: bytes, path: str, length: bytes, sent: bytes
) -> None:
    whole = body if path == "/bookings" else b'{"bookings": [%b]}' % body
    wire.begin(path, length)
    wire.send(sent.replace(b"%b", chunk(whole)))
    wire.stop_sending()
    status, _, problem = wire.read()
    assert (status, problem["code"], problem["detail"]) == (
        400, "malformed_json", CUT
    )  # fmt: skip
    assert wire.socket.recv(1) == b""
    assert count_bookings() == 0


def test_what_is_cut_by_its_client_going_away_books_nothing(web: str, body: bytes) -> None:
    for _ in range(10):
        with closing((wire := Wire(web)).socket):
            wire.begin("/bookings", CHUNKED)
            wire.send(chunk(body))
    with closing((wire := Wire(web)).socket):
        wire.begin("/bookings", CHUNKED)
        wire.send(chunk(body), END)
        assert wire.read()[0] == 202
    assert count_bookings() == 1


@pytest.mark.parametrize("headers", [(CHUNKED, b"Content-Length: 2"), (b"Content-Length: 2", CHUNKED)])
def test_chunks_win_over_a_length_and_end_the_connection(
    wire: Wire, body: bytes, headers: tuple[bytes, bytes]
) -> None:
    """A proxy that went by the length would take the rest for another request."""
    wire.begin("/bookings", *headers)
    wire.send(chunk(body), END)
    status, answered, _ = wire.read()
    assert (status, answered["connection"]) == (202, "close")
    assert wire.socket.recv(1) == b""


@pytest.mark.parametrize("headers", [(CHUNKED, b"Content-Length: 2"), (b"Content-Length: 2", CHUNKED)])
def test_a_length_does_not_lift_the_limit_of_chunks(wire: Wire, headers: tuple[bytes, bytes]) -> None:
    wire.begin("/bookings", *headers)
    wire.send(*[chunk(b" " * KIB)] * 65, END)
    assert wire.read()[0] == 413


@pytest.mark.parametrize(
    "headers",
    [
        [b"Transfer-Encoding: gzip"],
        [b"Transfer-Encoding: chunked, gzip"],
        [b"Content-Length: 1", b"Content-Length: 2"],
        [b"Content-Length: -1"],
        [b"Content-Length: +1"],
        [b"Content-Length: 1, 2"],
        [b"Content-Length: 99999999999999999999999"],
    ],
)
def test_no_such_length(wire: Wire, headers: list[bytes]) -> None:
    wire.begin("/bookings", *headers)
    assert wire.read()[0] == 400
    assert wire.socket.recv(1) == b""


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET /healthz\r\n\r\n", 400),
        (b"G(T /healthz HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"GET /a b HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"GET /healthz HTTP/1.1\r\nno header\r\n\r\n", 400),
        (b"GET /healthz HTTP/1.1\r\nX-Long: %b\r\n\r\n" % (b"x" * 100 * KIB), 431),
        (b"GET /%b HTTP/1.1\r\nHost: x\r\n\r\n" % (b"x" * 100 * KIB), 431),
    ],
)
def test_what_never_gets_to_the_api(wire: Wire, sent: bytes, status: int) -> None:
    """As integrators are told: a bare status, and the end of the connection."""
    wire.send(sent)
    assert wire.read()[::2] == (status, None)
    assert wire.socket.recv(1) == b""


AWAITED_IN_VAIN = {
    "too large": ("/bookings", [b"Content-Length: 70000"], 413),
    "a batch that is too large": ("/bookings/batch", [b"Content-Length: 300000"], 413),
    "no key": ("/admin/shows", [b"Content-Length: 1000000"], 401),
    "no key, in chunks": ("/admin/shows", [CHUNKED], 401),
    "nothing there": ("/nothing", [b"Content-Length: 1000"], 404),
    "not taken": ("/shows", [b"Content-Length: 1000"], 405),
    "a header twice": ("/bookings", [b"Content-Length: 10", b"Origin: a", b"Origin: b"], 400),
}


@pytest.mark.parametrize(("path", "headers", "status"), AWAITED_IN_VAIN.values(), ids=AWAITED_IN_VAIN.keys())
def test_a_body_that_is_not_wanted_is_not_asked_for(
    wire: Wire, path: str, headers: list[bytes], status: int
) -> None:
    wire.begin(path, AWAITED, *headers)
    first = wire.socket.recv(12, socket.MSG_PEEK | socket.MSG_WAITALL)
    assert first == b"HTTP/1.1 %d" % status
    found, _, problem = wire.read()
    assert (found, problem["status"]) == (status, status)


@pytest.mark.parametrize("expect", [AWAITED, b"expect: 100-Continue"])
def test_a_body_that_is_wanted_is_asked_for(wire: Wire, body: bytes, expect: bytes) -> None:
    for headers, sent in (([b"Content-Length: %d" % len(body)], body), ([CHUNKED], chunk(body) + END)):
        wire.begin("/bookings", expect, *headers)
        asked = wire.socket.recv(len(CONTINUE), socket.MSG_WAITALL)
        assert asked == CONTINUE
        wire.send(sent)
        assert wire.read()[0] == 202


def test_a_body_that_comes_unasked_is_taken(wire: Wire, body: bytes) -> None:
    wire.begin("/bookings", AWAITED, b"Content-Length: %d" % len(body))
    wire.send(body)
    assert wire.read()[0] == 202
