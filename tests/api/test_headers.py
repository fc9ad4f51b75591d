"""A request's headers, as granian has them: lists joined, nothing lost, no singleton taken twice."""

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.errors import MalformedRequestError
from api.gate.headers import SINGLETONS, UNREADABLE, join_headers
from local.embedded import find_free_port
from tests.support import HANGS_SECONDS, ROOT, wait_for_http

ECHO = """
import json
from api.errors import MalformedRequestError
from api.gate.headers import read_headers

class Echo:
    async def __rsgi__(self, scope, protocol):
        try:
            status, found = 200, read_headers(scope.headers)
        except MalformedRequestError as error:
            status, found = 400, error.detail
        protocol.response_str(status, [("content-type", "application/json")], json.dumps(found))

echo = Echo()
"""


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A real granian's, which answers with the headers that it read."""
    folder, port = tmp_path_factory.mktemp("echo"), find_free_port()
    Path(folder / "echo_headers.py").write_text(ECHO)
    program = Path(sys.executable).parent / "granian"
    command = [program, "--interface", "rsgi", "--port", str(port), "--log-level", "warning"]
    process = subprocess.Popen(
        [*command, "--working-dir", folder, "echo_headers:echo"], env={"PYTHONPATH": str(ROOT)}
    )
    wait_for_http(f"http://127.0.0.1:{port}/")
    yield port
    process.terminate()
    process.wait(HANGS_SECONDS)


def ask(port: int, *lines: bytes) -> tuple[int, object]:
    """The status, and what was read of a request of these header lines."""
    with socket.create_connection(("127.0.0.1", port), HANGS_SECONDS) as connection:
        head = [b"GET / HTTP/1.1", b"Host: x", b"Connection: close", *lines, b"", b""]
        connection.sendall(b"\r\n".join(head))
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    first, _, body = answer.partition(b"\r\n\r\n")
    return int(first.split()[1]), json.loads(body)


def test_headers_by_lower_case_name(port: int) -> None:
    read = ask(port, b"X-Request-ID: a b", b"ACCEPT: */*", b"X-Empty:")
    expected = {"host": "x", "connection": "close", "x-request-id": "a b", "accept": "*/*", "x-empty": ""}
    assert read == (200, expected)


def test_lists_are_joined_in_their_order(port: int) -> None:
    _, read = ask(port, b"Prefer: wait=1", b"If-None-Match: a", b"prefer: respond-async", b"If-None-Match: b")
    assert isinstance(read, dict)
    assert (read["prefer"], read["if-none-match"]) == ("wait=1, respond-async", "a, b")


def test_what_may_come_once_is_refused_twice(port: int) -> None:
    assert ask(port, b"Idempotency-Key: one", b"idempotency-key: one")[0] == 400
    assert ask(port, b"Host: y")[0] == 400


def test_what_is_not_ascii_is_there_and_fits_nothing(port: int) -> None:
    _, read = ask(port, "Idempotency-Key: é".encode(), b"X-Other: \xff", b"Prefer: wait=1", b"Prefer: \xff")
    assert isinstance(read, dict)
    assert read["idempotency-key"] == read["x-other"] == UNREADABLE
    assert read["prefer"] == "wait=1"


@pytest.mark.parametrize("name", sorted(SINGLETONS))
def test_singletons(name: str) -> None:
    assert join_headers([(name, "a"), ("accept", "b")]) == {name: "a", "accept": "b"}
    with pytest.raises(MalformedRequestError, match=name):
        join_headers([(name, "a"), ("accept", "b"), (name, "a")])


@pytest.mark.parametrize("name", ["prefer", "if-none-match", "x-forwarded-for", "accept", "x-unknown"])
def test_lists(name: str) -> None:
    assert join_headers([(name, "a"), (name, "b"), (name, "c")]) == {name: "a, b, c"}
