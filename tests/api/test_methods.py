"""HEAD, OPTIONS and Allow as HTTP has them, on every address; through the door, and on the wire."""

import json
import re
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from typing import Any

import pytest
from flask import Flask

from core.shows.service import Show
from tests.acting import book
from tests.api.asking import Asking, assert_problem
from tests.door import DoorClient
from tests.measuring import measured
from tests.support import ADMIN, HANGS_SECONDS

MakeShow = Callable[..., Show]
READ = {"GET", "HEAD", "OPTIONS"}
# Of each answer its own; and what HEAD may leave out, since a stream has no length.
OWN = {"date", "x-request-id", "transfer-encoding"}
FILE = "/docs/static/swagger-ui.css"


def list_methods(answer: Any) -> set[str]:
    """The methods that Allow names."""
    return {name.strip() for name in answer.headers["Allow"].split(",")}


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/", READ),
        ("DELETE", "/shows", READ),
        ("POST", "/shows/1", READ),
        ("POST", "/shows/1/stream", READ),
        ("PUT", "/bookings", {*READ, "POST"}),
        ("PATCH", "/bookings/batch", {*READ, "POST"}),
        ("GET", "/bookings/x/confirm", {"OPTIONS", "POST"}),
        ("HEAD", "/bookings/x/confirm", {"OPTIONS", "POST"}),
        ("GET", "/admin/shows", {"OPTIONS", "POST"}),
        ("HEAD", "/admin/shows", {"OPTIONS", "POST"}),
        ("POST", "/admin/shows/1", {"OPTIONS", "PATCH"}),
        ("POST", "/problems/hold_expired", READ),
        ("POST", "/docs", READ),
        ("POST", "/docs/", READ),
        ("POST", "/openapi.json", READ),
        ("POST", FILE, READ),
        ("PUT", "/metrics", READ),
        ("BREW", "/healthz", READ),
        ("TRACE", "/shows", READ),
        ("PROPFIND", "/shows", READ),
        ("CONNECT", "/shows", READ),
        ("M-SEARCH", "/shows", READ),
        ("!", "/shows", READ),
    ],
)
def test_what_an_address_does_not_take(client: DoorClient, method: str, path: str, allowed: set[str]) -> None:
    answer = client.open(path, method=method, headers=ADMIN)
    if method == "HEAD":
        assert answer.status_code == 405
    else:
        assert_problem(answer, 405, "method_not_allowed")
    assert list_methods(answer) == allowed


@pytest.mark.parametrize("path", ["/nothing", "/docs/nothing", "/shows/", "/admin/nothing", "/problems/"])
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS", "BREW", "get"])
def test_where_nothing_is_no_method_is_taken(client: DoorClient, method: str, path: str) -> None:
    assert_problem(client.open(path, method=method, headers=ADMIN), 404, "not_found")


def test_options_names_what_each_address_takes(app: Flask, client: DoorClient) -> None:
    rules: dict[str, set[str]] = {}
    for rule in app.url_map.iter_rules():
        rules.setdefault(rule.rule, set()).update(rule.methods or ())
    for rule_, methods in rules.items():
        path = re.sub(r"<[^>]*>", "1", rule_)
        answer = client.options(path, headers=ADMIN)
        assert (answer.status_code, answer.data) == (200, b""), path
        # /bookings/batch is an id as well, of no booking.
        assert list_methods(answer) >= methods, path
        for method in {"GET", "HEAD", "POST", "PATCH", "PUT", "DELETE"} - list_methods(answer):
            assert client.open(path, method=method, headers=ADMIN).status_code == 405, path


def test_options_wants_the_key_where_all_else_does(client: DoorClient) -> None:
    for path in ("/admin/shows", "/admin/nothing"):
        answer = client.options(path)
        assert_problem(answer, 401, "unauthorized")
        assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.fixture
def wire(web: str, database: dict[str, str]) -> Iterator[HTTPConnection]:
    connection = HTTPConnection(web.removeprefix("http://"), timeout=HANGS_SECONDS)
    yield connection
    connection.close()


def ask(wire: HTTPConnection, method: str, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    """Status, headers by lower-case names, and body; the connection is good for the next request."""
    wire.request(method, path, headers={**ADMIN, **headers})
    answer = wire.getresponse()
    return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
def test_head_tells_what_get_would(wire: HTTPConnection, make_show: MakeShow, encoding: str) -> None:
    """Of each address that takes GET, files and pages and what is not there too."""
    large = make_show(sections=[{"name": "Stalls", "rows": 100, "seats_per_row": 100, "price": 100}])
    show_id, seat = make_show().id, "1"
    booking_id = book(show_id, seat)
    paths = [path for path, item in read_paths(wire).items() if "get" in item and "/stream" not in path]
    assert len(paths) > 15
    paths += ["/docs", "/docs/", FILE, "/openapi.json", "/nothing", "/shows/0", "/shows?limit=0", "/docs/no"]
    paths += [f"/shows/{large.id}/layout", f"/shows/{large.id}/seats?limit=10000", "/bookings?ids="]
    paths += [f"/shows/{large.id}/{rest}" for rest in ("layout?format=columns", "availability?format=states")]
    for template in paths:
        path = template.format(
            show_id=show_id,
            booking_id=booking_id,
            endpoint_id=1,
            key_id=1,
            ticket_code="x",
            code="hold_expired",
        ) + ("?quantity=1" if template.endswith("/suggestions") else "")
        (status, got, body), (head_status, headed, nothing) = (
            ask(wire, method, path, **{"Accept-Encoding": encoding}) for method in ("GET", "HEAD")
        )
        if path in ("/metrics", "/admin/stats"):
            # They count what was asked before.
            got["content-length"] = headed["content-length"]
        assert (head_status, nothing) == (status, b""), path
        assert leave_out_own(headed) == leave_out_own(got), path
        assert path in ("/metrics", "/admin/stats") or int(headed["content-length"]) == len(body), path


def read_paths(wire: HTTPConnection) -> dict[str, Any]:
    """The paths of the OpenAPI document."""
    return dict(json.loads(ask(wire, "GET", "/openapi.json")[2])["paths"])


def leave_out_own(headers: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name not in OWN}


def test_head_of_what_the_client_has(wire: HTTPConnection, make_show: MakeShow) -> None:
    show_id = make_show().id
    for path in ("/shows", f"/shows/{show_id}/layout", f"/bookings/{book(show_id, '1')}", FILE):
        tag = ask(wire, "GET", path)[1]["etag"]
        got, headed = (ask(wire, method, path, **{"If-None-Match": tag}) for method in ("GET", "HEAD"))
        assert (got[0], headed[0], headed[2]) == (304, 304, b"")
        assert leave_out_own(got[1]) == leave_out_own(headed[1])


def test_head_of_a_stream_ends(wire: HTTPConnection, make_show: MakeShow) -> None:
    status, headers, _ = ask(wire, "HEAD", f"/shows/{make_show().id}/stream")
    assert (status, headers["content-type"]) == (200, "text/event-stream")
    assert "content-length" not in headers
    assert ask(wire, "GET", "/healthz")[0] == 200


def test_head_of_a_stream_follows_nothing(asking: Asking) -> None:
    answer = asking.client.head(f"/shows/{asking.show_id}/stream")
    assert (answer.status_code, answer.content_type) == (200, "text/event-stream")
    assert asking.client.doorway.door._live._viewers == 0
    assert asking.client.head("/shows/0/stream").status_code == 404


def test_head_waits_as_get_does(asking: Asking) -> None:
    path = f"/bookings/{asking.book('1')}?wait=1"
    for method in ("GET", "HEAD"):
        with measured() as took:
            answer = asking.client.open(path, method=method)
        assert answer.status_code == 200
        assert took.wall >= 1
    asking.settle()
    assert asking.client.head(path).headers["ETag"] == asking.client.get(path).headers["ETag"]


@pytest.mark.parametrize("method", ["get", "Get", "post", "options", "head", "BREW", "PROPFIND", "PRI", "!#"])
def test_methods_are_case_sensitive(wire: HTTPConnection, make_show: MakeShow, method: str) -> None:
    """As their limits are: post would count against the allowance of what reads."""
    for path in ("/bookings", f"/shows/{make_show().id}", "/metrics", "/docs/", FILE):
        status, headers, _ = ask(wire, method, path)
        assert (status, headers["content-type"]) == (405, "application/problem+json")
        assert "OPTIONS" in headers["allow"]


def test_the_server_itself(web: str, wire: HTTPConnection) -> None:
    every = {"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST"}
    status, headers, body = ask(wire, "OPTIONS", "*")
    assert (status, body, set(headers["allow"].split(", "))) == (200, b"", every)
    status, headers, body = ask(wire, "GET", "*")
    assert (status, set(headers["allow"].split(", "))) == (405, every)
    tunnel = HTTPConnection(web.removeprefix("http://"), timeout=HANGS_SECONDS)
    tunnel.set_tunnel("elsewhere.example.com", 443)
    with pytest.raises(OSError, match="405"):
        tunnel.connect()


@pytest.mark.parametrize("name", ["Range", "If-Range", "If-Match", "If-Unmodified-Since"])
@pytest.mark.parametrize("path", [FILE, "/docs/", "/openapi.json", "/shows", "/problems"])
def test_what_pages_make_nothing_of(wire: HTTPConnection, path: str, name: str) -> None:
    """A range that cannot be satisfied, say, got a page of another server's."""
    for value in ("bytes=999999999-", "bytes=0-1", '"another"', "Thu, 01 Jan 1970 00:00:00 GMT"):
        status, headers, body = ask(wire, "GET", path, **{name: value})
        assert (status, int(headers["content-length"])) == (200, len(body))
        assert "content-range" not in headers


def test_no_answer_names_the_host_that_a_client_names(wire: HTTPConnection) -> None:
    for path in ("/docs", "/docs/", "/apidocs/index.html", "/openapi.json", "/"):
        _, headers, body = ask(wire, "GET", path, Host="evil.example.com")
        assert "evil.example.com" not in str(headers) + body.decode()


def test_lists_are_gzipped_for_clients_that_take_it(asking: Asking, make_show: MakeShow) -> None:
    for number in range(20):
        make_show(name=f"Show {number}")
    for path in ("/shows?limit=50", f"/shows/{asking.show_id}"):
        plain = asking.client.get(path, headers={"Accept-Encoding": "identity"})
        packed = asking.client.get(path, headers={"Accept-Encoding": "gzip"})
        assert "Accept-Encoding" in plain.headers.get_all("Vary")
        assert plain.headers["ETag"] == packed.headers["ETag"]
        assert "Content-Encoding" not in plain.headers
        is_large = len(plain.data) >= 1024
        assert ("gzip" in packed.headers.get_all("Content-Encoding")) == is_large
        assert len(packed.data) < len(plain.data) / 2 if is_large else packed.data == plain.data
