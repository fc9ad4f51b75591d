"""The real web process: bodies without a Content-Length, and methods, as its server passes them on."""

import http.client
import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from core.shows.service import Show
from tests.api.asking import count_bookings
from tests.support import ADMIN, HANGS_SECONDS

KIB = 1024
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def wire(web: str, database: dict[str, str]) -> Iterator[http.client.HTTPConnection]:
    connection = http.client.HTTPConnection(urlsplit(web).netloc, timeout=HANGS_SECONDS)
    yield connection
    connection.close()


def send(
    wire: http.client.HTTPConnection, path: str, chunks: list[bytes], headers: dict[str, str] | None = None
) -> tuple[int, http.client.HTTPMessage, Any]:
    """POST without a Content-Length: the body comes in chunks."""
    wire.request("POST", path, iter(chunks), {**JSON, **(headers or {})}, encode_chunked=True)
    answer = wire.getresponse()
    return answer.status, answer.headers, json.loads(answer.read())


def test_chunked_body(wire: http.client.HTTPConnection, make_show: Callable[..., Show]) -> None:
    body = json.dumps({"show_id": make_show().id, "seats": ["1"]}).encode()
    status, headers, booking = send(wire, "/bookings", [body[:10], body[10:]])
    assert (status, booking["seats"]) == (202, ["1"])
    assert headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("path", "kib"), [("/bookings", 64), ("/bookings/batch", 256), ("/admin/shows", 32 * KIB)]
)
def test_chunked_body_that_is_too_long(wire: http.client.HTTPConnection, path: str, kib: int) -> None:
    short = [b"{}", *[b" " * KIB] * (kib - 1)]
    assert send(wire, path, short, ADMIN)[0] == 422
    status, headers, problem = send(wire, path, [*short, b" " * KIB], ADMIN)
    assert (status, problem["code"]) == (413, "payload_too_large")
    assert headers["Content-Type"] == "application/problem+json"
    assert headers["X-Request-ID"]
    assert count_bookings() == 0


def test_chunked_body_that_is_refused(wire: http.client.HTTPConnection) -> None:
    status, _, problem = send(wire, "/bookings", [b'{"show_id": 1, ', b'"show_id": 1}'])
    assert (status, problem["code"]) == (400, "malformed_json")


def test_chunked_body_of_an_action_is_read(
    wire: http.client.HTTPConnection, make_show: Callable[..., Show]
) -> None:
    body = json.dumps({"show_id": make_show().id, "seats": ["1"]}).encode()
    booking = send(wire, "/bookings", [body])[2]
    path = f"/bookings/{booking['id']}/cancel"
    assert send(wire, path, [b'{"unknown": 1}'])[2]["code"] == "invalid_request"
    assert send(wire, path, [b"{}"])[0] == 202


@pytest.mark.parametrize("path", ["/bookings", "/bookings/batch"])
@pytest.mark.parametrize("key", ["é", "\xff\xfe", "ok and é"])
def test_key_that_cannot_be_read_is_refused_and_not_overlooked(
    wire: http.client.HTTPConnection, make_show: Callable[..., Show], path: str, key: str
) -> None:
    wish = {"show_id": make_show().id, "seats": ["1"]}
    body = json.dumps(wish if path == "/bookings" else {"bookings": [wish]})
    wire.request("POST", path, body, {**JSON, "Idempotency-Key": key})
    answer = wire.getresponse()
    problem = json.loads(answer.read())
    assert (answer.status, problem["code"], count_bookings()) == (422, "invalid_request", 0)


def test_connection_is_good_for_the_next_request(wire: http.client.HTTPConnection) -> None:
    assert send(wire, "/bookings", [b"x" * 70 * KIB])[0] == 413
    wire.request("GET", "/healthz")
    assert wire.getresponse().read() == b'{"status":"ok"}'


@pytest.mark.parametrize(("path", "status"), [("/bookings", 413), ("/admin/shows", 401), ("/nowhere", 404)])
def test_answer_reaches_a_client_that_is_still_sending(
    wire: http.client.HTTPConnection, path: str, status: int
) -> None:
    wire.request("POST", path, b"x" * 10 * KIB * KIB, JSON)
    answer = wire.getresponse()
    assert (answer.status, json.loads(answer.read())["status"]) == (status, status)
    wire.request("GET", "/healthz")
    assert wire.getresponse().read() == b'{"status":"ok"}'


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "BREW", "DELETE"])
def test_methods(wire: http.client.HTTPConnection, method: str) -> None:
    wire.request(method, "/shows")
    answer = wire.getresponse()
    body = answer.read()
    expected = {"GET": 200, "HEAD": 200, "OPTIONS": 200}.get(method, 405)
    assert answer.status == expected
    assert answer.headers["X-Request-ID"]
    assert bool(body) == (method not in ("HEAD", "OPTIONS"))
    if method != "GET":
        assert method == "HEAD" or "GET" in answer.headers["Allow"]


def test_no_server_is_named(wire: http.client.HTTPConnection) -> None:
    wire.request("GET", "/healthz")
    answer = wire.getresponse()
    answer.read()
    assert "python" not in (answer.headers["Server"] or "").lower()
