"""Fetching a document: the whole of it or nothing, in a bounded time."""

from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from core.infra.fetching import CONNECT_SECONDS, fetch
from tests.measuring import measured
from tests.security.issuer import Issuer, run_issuer, send
from tests.support import HANGS_SECONDS, run_deaf_port, run_silent_port

SHORT_SECONDS = 0.3


@pytest.fixture
def server() -> Iterator[Issuer]:
    """A server whose answers are up to the test."""
    with run_issuer() as running:
        yield running


def ask(server: Issuer, path: str, *, seconds: float = HANGS_SECONDS, most_bytes: int = 100) -> bytes:
    return fetch(server.url + path, seconds=seconds, most_bytes=most_bytes)


def test_what_is_asked_for_is_that_very_document(server: Issuer) -> None:
    hosts: list[str] = []

    def note_host(handler: BaseHTTPRequestHandler) -> None:
        hosts.append(handler.headers["Host"])
        send(handler, b"e")

    server.answers["/a%20b?c=d"] = note_host
    assert ask(server, "/a%20b?c=d#f") == b"e"
    server.answers["/"] = lambda handler: send(handler, b"f")
    assert ask(server, "") == b"f"
    assert hosts == [server.url.removeprefix("http://")]


def test_no_more_is_read_than_it_may_have(server: Issuer) -> None:
    server.answers["/100"] = lambda handler: send(handler, b"x" * 100)
    server.answers["/101"] = lambda handler: send(handler, b"x" * 101)
    assert len(ask(server, "/100")) == 100
    with pytest.raises(ValueError, match="more than 100 bytes"):
        ask(server, "/101")


def test_who_sends_a_byte_now_and_then_is_cut_off(server: Issuer) -> None:
    server.answers["/"] = server.drip
    with measured() as took, pytest.raises(TimeoutError):
        ask(server, "/", seconds=SHORT_SECONDS, most_bytes=10**6)
    assert took.wall >= SHORT_SECONDS
    assert took.quiet < 10 * SHORT_SECONDS


@pytest.mark.parametrize("run_port", [run_silent_port, run_deaf_port])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_who_is_silent_is_cut_off(run_port: Callable[[], Any], scheme: str) -> None:
    with run_port() as port, measured() as took, pytest.raises(OSError):
        fetch(f"{scheme}://127.0.0.1:{port}/", seconds=SHORT_SECONDS, most_bytes=100)
    assert took.quiet < CONNECT_SECONDS + 10 * SHORT_SECONDS
