"""The real web process under clients that do not finish: everybody else is answered in time."""

import json
import socket
from collections.abc import Callable
from contextlib import ExitStack
from urllib.parse import urlsplit

import pytest

from api.server.body import DRAIN_SECONDS
from core.shows.service import Show
from tests.api.test_waiting import call, insist
from tests.measuring import measured
from tests.support import HANGS_SECONDS

MakeShow = Callable[..., Show]
ANSWERED_WITHIN_SECONDS = 2.5


def connect(web: str, request: bytes) -> socket.socket:
    """A connection on which so much was sent."""
    address = urlsplit(web)
    connection = socket.create_connection(
        (str(address.hostname), int(address.port or 80)), timeout=HANGS_SECONDS
    )
    connection.sendall(request)
    return connection


def begin(path: str, length: int, sent: bytes = b"{") -> bytes:
    """A request that has begun, and will not go on."""
    lines = [f"POST {path} HTTP/1.1", "Host: x", f"Content-Length: {length}"]
    return "\r\n".join([*lines, "Content-Type: application/json", "", ""]).encode() + sent


@pytest.mark.parametrize("path", ["/bookings", "/nowhere", "/admin/shows"])
def test_clients_that_do_not_finish_keep_nobody_waiting(web: str, make_show: MakeShow, path: str) -> None:
    show = make_show()
    with ExitStack() as stack:
        for _ in range(300):
            stack.enter_context(connect(web, begin(path, 1000)))
        with measured() as took:
            status, _, booking = insist("POST", f"{web}/bookings", {"show_id": show.id, "seats": ["1"]})
            assert (status, booking["status"]) == (202, "PENDING")
            assert call("GET", f"{web}/healthz")[0] == 200
        assert took.quiet < ANSWERED_WITHIN_SECONDS


def test_body_that_is_too_large_and_does_not_end(web: str, database: dict[str, str]) -> None:
    """It is refused as too large, once its sender has had a while to go on; sooner than one that is not."""
    with connect(web, begin("/bookings", 1_000_000, b"x" * 300_000)) as connection, measured() as took:
        answer = connection.recv(65536)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert took.quiet < DRAIN_SECONDS + 2


def test_body_that_does_not_come(web: str, database: dict[str, str]) -> None:
    with connect(web, begin("/bookings", 1000)) as connection:
        answer = connection.recv(65536).decode()
    assert answer.startswith("HTTP/1.1 400 ")
    problem = json.loads(answer.partition("\r\n\r\n")[2])
    assert (problem["code"], problem["instance"]) == ("malformed_json", "/bookings")
    assert "x-request-id" in answer.lower()
