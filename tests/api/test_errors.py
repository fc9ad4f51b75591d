"""Errors: whatever is sent, the answer is one of the contract's problem documents."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text
from werkzeug.test import TestResponse

from core.infra import db
from core.shows.service import Show
from tests.api.asking import Asking, assert_problem, count_bookings
from tests.door import DoorClient
from tests.support import ADMIN

JSON = "application/json"
BODIES = {
    "nothing": (b"", 400),
    "not JSON": (b"{", 400),
    "two documents": (b"{}{}", 400),
    "trailing comma": (b'{"show_id": 1,}', 400),
    "a field twice": (b'{"show_id": 1, "show_id": 1, "seats": ["1"]}', 400),
    "a field twice inside": (b'{"x": {"a": 1, "a": 1}}', 400),
    "NaN": (b'{"show_id": NaN}', 400),
    "Infinity": (b'{"show_id": -Infinity}', 400),
    "not UTF-8": (b'{"show_id": 1, "customer": "\xff"}', 400),
    "byte order mark": (b'\xef\xbb\xbf{"show_id": 1}', 422),
    "two byte order marks": (b'\xef\xbb\xbf\xef\xbb\xbf{"show_id": 1}', 400),
    "byte order mark alone": (b"\xef\xbb\xbf", 400),
    "UTF-16": ('{"show_id": 1}'.encode("utf-16"), 400),
    "raw NUL": (b'{"show_id": 1, "customer": "a\0b"}', 400),
    "half a character": (b'{"show_id": 1, "seats": ["1"], "customer": "\\ud800"}', 400),
    "half a character as a name": (b'{"\\udfff": 1}', 400),
    "deep list": (b"[" * 30_000, 400),
    "deep object": (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, 400),
    "an integer of 60,000 digits": (b'{"show_id": ' + b"9" * 60_000 + b"}", 400),
    "an integer of 4,000 digits": (b'{"show_id": ' + b"9" * 4_000 + b"}", 422),
    "a number beyond doubles": (b'{"show_id": 1e999}', 422),
    "a fraction": (b'{"show_id": 1.5}', 422),
    "escaped NUL": (b'{"show_id": 1, "seats": ["1"], "customer": "a\\u0000b"}', 422),
    "escaped NUL as a name": (b'{"\\u0000": 1}', 422),
    "null": (b"null", 422),
    "a list": (b"[]", 422),
    "a text": (b'"show_id"', 422),
    "a number": (b"1", 422),
    "prototype": (b'{"__proto__": {}, "__class__": 1}', 422),
}
ROUTES = ["/bookings", "/bookings/batch", "/admin/shows"]


@pytest.fixture
def post(client: DoorClient, database: dict[str, str]) -> Callable[..., TestResponse]:
    def send(path: str, body: bytes, content_type: str | None = JSON) -> TestResponse:
        return client.post(path, data=body, content_type=content_type, headers=ADMIN)

    return send


@pytest.mark.parametrize(("body", "status"), BODIES.values(), ids=BODIES.keys())
@pytest.mark.parametrize("path", ROUTES)
def test_bodies(post: Callable[..., TestResponse], path: str, body: bytes, status: int) -> None:
    assert_problem(post(path, body), status, "malformed_json" if status == 400 else "invalid_request")
    assert count_bookings() == 0


@pytest.mark.parametrize("body", [body for body, _ in BODIES.values()], ids=BODIES.keys())
def test_bodies_inside_a_batch(post: Callable[..., TestResponse], body: bytes) -> None:
    answer = post("/bookings/batch", b'{"bookings": [' + body + b"]}")
    assert answer.status_code in (400, 422)
    assert_problem(
        answer, answer.status_code, {400: "malformed_json", 422: "invalid_request"}[answer.status_code]
    )


@pytest.mark.parametrize("path", [*ROUTES, "/bookings/0199c0de-0000-7000-8000-000000000000/confirm"])
@pytest.mark.parametrize(
    "content_type",
    [None, "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/jsonp",
     "application/xml", "*/*", ""],
)  # fmt: skip
def test_content_types_that_are_refused(
    post: Callable[..., TestResponse], path: str, content_type: str | None
) -> None:
    answer = post(path, b'{"show_id": 1}', content_type)
    assert_problem(answer, 415, "unsupported_media_type")
    assert answer.headers["Accept"] == JSON
    # It would say that an encoding was refused (RFC 9110, 12.5.3).
    assert "Accept-Encoding" not in answer.headers


def test_content_types_that_are_taken(asking: Asking) -> None:
    body = json.dumps({"show_id": asking.show_id, "seats": ["1"]})
    for content_type in ("application/json; charset=utf-8", "APPLICATION/JSON"):
        assert asking.client.post("/bookings", data=body, content_type=content_type).status_code == 202


LIMITS = {"/bookings": 64 * 1024, "/bookings/batch": 256 * 1024, "/admin/shows": 32 * 1024 * 1024}


@pytest.mark.parametrize(("path", "limit"), LIMITS.items())
def test_bodies_of_the_longest_length(post: Callable[..., TestResponse], path: str, limit: int) -> None:
    assert_problem(post(path, b"{}".ljust(limit)), 422, "invalid_request")
    assert_problem(post(path, b"{}".ljust(limit + 1)), 413, "payload_too_large")


@pytest.mark.parametrize("action", ["confirm", "extend", "cancel"])
def test_long_bodies_of_actions(asking: Asking, action: str) -> None:
    path = f"/bookings/{asking.book('1')}/{action}"
    answer = asking.client.post(path, data=b"{}".ljust(64 * 1024 + 1), content_type=JSON)
    assert_problem(answer, 413, "payload_too_large")


def test_a_number_of_a_million_digits(post: Callable[..., TestResponse], show_body: dict[str, Any]) -> None:
    body = json.dumps({**show_body, "total_seats": 0}).replace("0}", "9" * 10**6 + "}").encode()
    problem = assert_problem(post("/admin/shows", body), 400, "malformed_json")
    assert len(json.dumps(problem)) < 1000


def test_nothing_here(client: DoorClient) -> None:
    for path in (
        "/nothing",
        "/bookings/a/b",
        "/shows/1/",
        "/%00",
        "/%c3%bf",
        "/admin",
        "/shows//1",
        "/a" * 2000,
    ):
        assert_problem(client.get(path), 404, "not_found")


@pytest.mark.parametrize("path", ["/%ff", "/shows/%ff", "/shows?q=%ff", "/healthz?%ff", "/bookings?ids=%c3"])
def test_neither_path_nor_query_is_text(client: DoorClient, path: str) -> None:
    assert_problem(client.get(path), 400, "malformed_request")


def test_internal_error_tells_nothing(client: DoorClient, show: Show) -> None:
    with db.transaction() as connection:
        connection.execute(text("ALTER TABLE show_versions RENAME COLUMN version TO gone"))
    try:
        answer = client.get(f"/shows/{show.id}", headers={"X-Request-ID": "mine"})
    finally:
        with db.transaction() as connection:
            connection.execute(text("ALTER TABLE show_versions RENAME COLUMN gone TO version"))
    problem = assert_problem(answer, 500, "internal_error")
    assert problem["request_id"] == answer.headers["X-Request-ID"] == "mine"
    for secret in ("SELECT", "Traceback", "psycopg", "show_versions", "127.0.0.1", "localhost"):
        assert secret not in answer.text
