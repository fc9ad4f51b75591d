"""What clients send that is not in escapes, or no text at all: it means the same, or is refused as that."""

import json
import socket
from collections.abc import Callable
from http.client import HTTPResponse
from typing import Any
from urllib.parse import quote, urlsplit

import pytest

from core.shows.service import Show
from tests.acting import ask as ask_database
from tests.support import ADMIN_KEY, HANGS_SECONDS

MakeShow = Callable[..., Show]
HOST = b"Host: x"


def ask(
    web: str, target: bytes, *headers: bytes, method: bytes = b"GET", body: bytes = b""
) -> tuple[int, Any]:
    """Status and document of the answer to a request of exactly these bytes."""
    address = urlsplit(web)
    lines = [b" ".join((method, target, b"HTTP/1.1")), *(headers if HOST in headers else (HOST, *headers))]
    if body:
        lines += [b"Content-Type: application/json", b"Content-Length: %d" % len(body)]
    lines += [b"Connection: close", b"", b""]
    with socket.create_connection(
        (str(address.hostname), int(address.port or 80)), timeout=HANGS_SECONDS
    ) as connection:
        connection.sendall(b"\r\n".join(lines) + body)
        answer = HTTPResponse(connection, method=method.decode())
        answer.begin()
        # A stream has no end.
        content = answer.read() if answer.length is not None else b""
    return answer.status, json.loads(content) if content else None


@pytest.mark.parametrize("q", ["Händel", "Dvořák", "ヘンデル", "🎭", "Händel & Söhne"])
def test_a_query_means_the_same_in_escapes_and_without(web: str, make_show: MakeShow, q: str) -> None:
    show, _ = make_show(name=f"{q}: Messiah"), make_show(name="Hamlet")
    ways = [quote(q).encode(), q.replace("&", "%26").replace(" ", "+").encode()]
    for sent in ways:
        status, page = ask(web, b"/shows?q=" + sent)
        assert (status, [item["id"] for item in page["items"]]) == (200, [show.id])


def test_every_query_of_text(web: str, make_show: MakeShow) -> None:
    show = make_show(sections=[{"name": "Größe", "rows": 1, "seats_per_row": 3, "price": 1}])
    for name in ("Größe", "Gr%C3%B6%C3%9Fe"):
        status, page = ask(web, f"/shows/{show.id}/seats?section={name}".encode())
        assert (status, len(page["seats"])) == (200, 3)
        near = f"/shows/{show.id}/suggestions?quantity=1&near={name}-A-2&section={name}"
        assert ask(web, near.encode())[1]["suggestions"][0]["seats"] == ["Größe-A-2"]
    assert ask(web, f"/shows/{show.id}/seats?section=Grösse".encode())[0] == 422
    admin = f"Authorization: Bearer {ADMIN_KEY}".encode()
    for customer in ("Zoë", "Zo%C3%AB"):
        assert ask(web, f"/admin/bookings?customer={customer}".encode(), admin)[0] == 200


NO_TEXT = [b"%FF", b"%C3", b"%C3%28", b"%ED%A0%80", b"%F5%80%80%80", b"%C0%80"]


@pytest.mark.parametrize("sent", NO_TEXT)
def test_what_is_no_text_is_refused_as_that(web: str, database: dict[str, str], sent: bytes) -> None:
    for target in (
        b"/shows?q=" + sent,
        b"/shows?" + sent + b"=1",
        b"/shows/" + sent,
        b"/" + sent,
        b"/healthz?" + sent,
    ):
        status, problem = ask(web, target)
        assert (target, status, problem["code"]) == (target, 400, "malformed_request")


@pytest.mark.parametrize("sent", [b"\xff", b"\xc3", b"\xed\xa0\x80"])
def test_what_is_no_text_and_not_in_escapes(web: str, database: dict[str, str], sent: bytes) -> None:
    """The server refuses it by itself."""
    for target in (b"/shows?q=" + sent, b"/shows/" + sent):
        assert ask(web, target)[0] == 400


@pytest.mark.parametrize(
    ("target", "status", "code"),
    [
        ("/shows/ä", 404, "show_not_found"),
        ("/shows/%C3%A4", 404, "show_not_found"),
        ("/bookings/ä", 404, "booking_not_found"),
        ("/ä", 404, "not_found"),
        ("/shows/%00", 404, "show_not_found"),
        ("/%00", 404, "not_found"),
        ("/shows?q=%00", 422, "invalid_request"),
        ("/shows?q=%0A", 422, "invalid_request"),
        ("/shows?ä=1", 422, "invalid_request"),
        ("/shows?limit=٣٠٠", 422, "invalid_request"),
        ("/shows?cursor=ä", 422, "invalid_request"),
        ("/shows/1/seats?cursor=%C3%A4", 422, "invalid_request"),
        ("/bookings?ids=ä", 200, None),
    ],
)
def test_text_that_nothing_takes(
    web: str, database: dict[str, str], target: str, status: int, code: str | None
) -> None:
    found, document = ask(web, target.encode())
    assert (found, document.get("code")) == (status, code)


def test_a_path_is_read_once(web: str, make_show: MakeShow) -> None:
    show_id = make_show().id
    escaped = "".join(f"%{ord(digit):x}" for digit in str(show_id))
    assert ask(web, f"/shows/{escaped}".encode())[0] == 200
    assert ask(web, f"/shows/{escaped.replace('%', '%25')}".encode())[0] == 404


@pytest.mark.parametrize("value", [b"\xc3\xa9", b"\xff", b"caf\xc3\xa9"])
def test_header_values_that_are_not_ascii(web: str, make_show: MakeShow, value: bytes) -> None:
    """They are no value that anything takes, and not as if nothing had been sent."""
    show_id = make_show().id
    body = json.dumps({"show_id": show_id, "seats": ["1"]}).encode()
    for name in (
        b"User-Agent",
        b"If-None-Match",
        b"X-Request-ID",
        b"X-Forwarded-For",
        b"Accept",
    ):
        assert ask(web, b"/shows", name + b": " + value)[0] == 200
        assert ask(web, f"/shows/{show_id}/availability".encode(), name + b": " + value)[0] == 200
    for path in (b"/admin/stats", b"/shows"):
        assert ask(web, path, b"Authorization: Bearer " + value)[0] == 401
    stream = f"/shows/{show_id}/stream".encode()
    assert ask(web, stream, b"Last-Event-ID: " + value)[0] == 422
    before = ask_database("SELECT count(*) FROM bookings")
    keyed = ask(web, b"/bookings", b"Idempotency-Key: " + value, method=b"POST", body=body)
    assert (keyed[0], keyed[1]["code"]) == (422, "invalid_request")
    assert ask_database("SELECT count(*) FROM bookings") == before


def test_what_a_connection_is_asked_to_become_changes_nothing(web: str, make_show: MakeShow) -> None:
    target = f"/shows/{make_show().id}".encode()
    assert ask(web, target, b"Upgrade: websocket", b"Connection: Upgrade")[0] == 200
    assert ask(web, target, b"Upgrade: h2c")[0] == 200


PRIVATE = [b"/admin/stats", b"/admin/shows", b"/admin/bookings", b"/admin/events", b"/metrics"]


@pytest.mark.parametrize("prefix", [b"/", b"//", b"/%2f", b"/%2F%2f", b"http://x/"])
@pytest.mark.parametrize("path", PRIVATE)
def test_nothing_has_a_second_address(web: str, database: dict[str, str], prefix: bytes, path: bytes) -> None:
    """What stands before a path is no way round the gate, which judges paths."""
    for method in (b"GET", b"POST", b"OPTIONS"):
        status, problem = ask(web, prefix + path, method=method)
        assert (status, problem["code"]) == (404, "not_found")


def test_slashes_within_a_path_are_no_redirect(web: str, make_show: MakeShow) -> None:
    show_id = make_show().id
    for target in (f"/shows//{show_id}", f"//shows/{show_id}", "/bookings//batch", "//"):
        assert ask(web, target.encode())[0] == 404


def ask_raw(web: str, request: bytes) -> int:
    """Status of the answer to exactly these bytes."""
    address = urlsplit(web)
    with socket.create_connection(
        (str(address.hostname), int(address.port or 80)), timeout=HANGS_SECONDS
    ) as connection:
        connection.sendall(request)
        answer = HTTPResponse(connection, method="GET")
        answer.begin()
        return answer.status


@pytest.mark.parametrize("path", [b"/shows", b"/healthz", b"/nowhere"])
def test_host_is_part_of_http_1_1(web: str, database: dict[str, str], path: bytes) -> None:
    assert ask_raw(web, b"GET %b HTTP/1.1\r\n\r\n" % path) == 400
    assert ask_raw(web, b"GET %b HTTP/1.1\r\nHost:\r\n\r\n" % path) != 400
    # Of HTTP/1.0 it is not.
    assert ask_raw(web, b"GET %b HTTP/1.0\r\n\r\n" % path) != 400


@pytest.mark.parametrize("coding", [b"gzip, chunked", b"gzip,chunked", b"deflate, chunked"])
def test_codings_that_nothing_undoes_are_refused(web: str, database: dict[str, str], coding: bytes) -> None:
    head = b"POST /bookings HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    head += b"Transfer-Encoding: %b\r\n\r\n"
    assert ask_raw(web, head % coding + b"2\r\n{}\r\n0\r\n\r\n") == 400
    assert ask_raw(web, head % b"Chunked" + b"2\r\n{}\r\n0\r\n\r\n") == 422
