"""How times and numbers may be written, in bodies and queries: as JSON, RFC 3339 and HTTP have them."""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from api.documentation.document import build_document
from api.parsing import load_json
from core.shows.service import Show
from tests.api.asking import Asking, assert_problem, pointers, with_key
from tests.api.test_show_creation import PLAN
from tests.door import DoorClient
from tests.support import ADMIN

Post = Callable[..., TestResponse]


@pytest.fixture
def create(client: DoorClient, show_body: dict[str, Any]) -> Post:
    """POST /admin/shows with fields as JSON that is written by hand."""

    def send(**fields: str) -> TestResponse:
        written = {name: json.dumps(value) for name, value in show_body.items()} | fields
        body = ", ".join(f'"{name}": {value}' for name, value in written.items())
        return client.post("/admin/shows", data=f"{{{body}}}", content_type="application/json", headers=ADMIN)

    return send


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("2099-01-10T19:30:00.1234567Z", "2099-01-10T19:30:00.123456Z"),
        ("2099-01-10T19:30:00.999999999Z", "2099-01-10T19:30:00.999999Z"),
        ("2099-01-10T19:30:00.1Z", "2099-01-10T19:30:00.100000Z"),
        ("2099-12-31T23:59:59.9999999+01:00", "2099-12-31T22:59:59.999999Z"),
        ("2099-01-10t19:30:00z", "2099-01-10T19:30:00Z"),
        ("2099-01-10T19:30:00-00:00", "2099-01-10T19:30:00Z"),
        ("2099-01-10T19:30:00+23:59", "2099-01-09T19:31:00Z"),
        (f"2099-01-10T19:30:00.{'0' * 5000}Z", "2099-01-10T19:30:00Z"),
    ],
)
def test_times(create: Post, sent: str, kept: str) -> None:
    answer = create(total_seats="1", start_time=json.dumps(sent))
    assert (answer.status_code, answer.json["start_time"]) == (201, kept)


@pytest.mark.parametrize(
    ("sent", "why"),
    [
        ("2099-12-31T23:59:60Z", "leap second"),
        ("2099-12-31T23:59:60.5+00:00", "leap second"),
        ("2099-12-31T23:59:61Z", "time of day"),
        ("2099-12-31T23:60:00Z", "time of day"),
        ("2099-12-31T24:00:00Z", "time of day"),
        ("2099-01-10T19:30:00+24:00", "offset from"),
        ("2099-01-10T19:30:00-10:60", "offset from"),
        ("2099-02-29T19:30:00Z", "calendar"),
        ("2099-13-01T19:30:00Z", "calendar"),
        ("0000-01-01T00:00:00Z", "calendar"),
        ("1899-12-31T00:00:00Z", "year from 1900 to 9990"),
        ("1900-01-01T00:00:00+10:00", "year from 1900 to 9990"),
        ("9990-12-31T23:00:00-10:00", "year from 1900 to 9990"),
        ("9999-12-31T23:00:00-10:00", "year from 1900 to 9990"),
        ("2099-01-10 19:30:00Z", "RFC 3339"),
        ("2099-01-10T19:30:00", "RFC 3339"),
        ("2099-01-10T19:30:00.Z", "RFC 3339"),
        ("2099-01-10T19:30:00,5Z", "RFC 3339"),
        ("2099-01-10T19:30:00+01:00:00", "RFC 3339"),
        ("2099-01-10T19:30:00+0100", "RFC 3339"),
        ("2099-W02-6T19:30:00Z", "RFC 3339"),
        ("٢٠٩٩-01-10T19:30:00Z", "RFC 3339"),
        ("2099-01-10T19:30:00Z\n", "RFC 3339"),
        ("", "RFC 3339"),
    ],
)
def test_times_that_are_refused_in_our_words(client: DoorClient, create: Post, sent: str, why: str) -> None:
    in_body = create(total_seats="1", start_time=json.dumps(sent))
    in_query = client.get("/shows", query_string={"from": sent})
    for answer, pointer in ((in_body, "/start_time"), (in_query, "/from")):
        (fault,) = assert_problem(answer, 422, "invalid_request")["errors"]
        assert fault["pointer"] == pointer
        assert fault["detail"].startswith("must ")
        assert why in fault["detail"]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("51.0", 51),
        ("5.1e1", 51),
        ("1e0", 1),
        ("1E+2", 100),
        ("510e-1", 51),
        ("1.000", 1),
        ("100000.0", 100_000),
    ],
)
def test_integers_of_json_schema(create: Post, written: str, read: int) -> None:
    assert create(total_seats=written).json["total_seats"] == read


@pytest.mark.parametrize("written", ["0.0", "-0.0", "-0", "0e5", "0.0e-3"])
def test_zero(create: Post, written: str) -> None:
    assert create(total_seats="1", price=written).json["price"] == 0


@pytest.mark.parametrize(
    "written",
    ["51.5", '"51"', "true", "1e-1", "1e400", "-1e400", "1e-400", "1e999999999", "51.00000000000000000001",
     "9007199254740993.5", "1e19", "100000.1", "null", '"1e0"', "[51.0]"],
)  # fmt: skip
def test_what_is_no_integer(create: Post, written: str) -> None:
    answer = create(total_seats=written)
    assert pointers(assert_problem(answer, 422, "invalid_request")) == [
        "" if written == "null" else "/total_seats"
    ]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (b"9007199254740993.0", 9007199254740993),
        (b"9223372036854775807.0", 9223372036854775807.0),
        (b"9223372036854774784.0", 9223372036854774784),
        (b"1.5", 1.5),
        (b"-12.0", -12),
        (b"1e15", 10**15),
        (b"0." + b"0" * 100_000, 0.0),
        (b"1" + b"0" * 100_000 + b".0", float("inf")),
    ],
)
def test_no_number_becomes_its_neighbour(written: bytes, read: float) -> None:
    found = load_json(written)
    assert (type(found), found) == (type(read), read)


def test_every_integer_of_a_show(create: Post) -> None:
    whole = {"hold_seconds": 60, "max_seats_per_booking": 4, "max_seats_per_customer": 6, "price": 7}
    show = create(total_seats="2e1", **{name: f"{value}.0" for name, value in whole.items()}).json
    assert {name: show[name] for name in whole} == whole
    section = '{"name": "A", "rows": 2.0, "seats_per_row": 3e0, "price": 1.5e1}'
    show = create(sections=f'[{section}, {{"name": "B", "capacity": 4.0}}]').json
    assert (show["total_seats"], show["sections"][0]["price"]) == (10, 15)
    planned = create(seating_plan=json.dumps(PLAN), prices='{"Front": 9.0e2}').json
    assert planned["sections"][0]["price_max"] == 900


def test_one_body_however_its_numbers_are_written(asking: Asking) -> None:
    """Idempotency compares what was parsed."""

    def post(show_id: str) -> TestResponse:
        body = f'{{"show_id": {show_id}, "quantity": 2.0}}'
        return asking.client.post(
            "/bookings", data=body, content_type="application/json", headers=with_key("one body")
        )

    first = post(str(asking.show_id))
    assert (first.status_code, first.json["quantity"]) == (202, 2)
    again = post(f"{asking.show_id}.0")
    assert (again.json["id"], again.headers["Idempotent-Replayed"]) == (first.json["id"], "true")


def test_a_large_plan_of_whole_coordinates_is_read_at_once() -> None:
    seats = b", ".join(b'{"position": {"x": %d.0, "y": 7.0}}' % number for number in range(100_000))
    started = time.process_time()
    assert load_json(b"[" + seats + b"]")[51]["position"] == {"x": 51, "y": 7}
    assert time.process_time() - started < 5


def list_numbers(app: Flask) -> Iterator[tuple[str, str, str]]:
    """The path, name and type of every number that a query takes."""
    for path, operations in build_document(app)["paths"].items():
        for parameter in operations.get("get", {}).get("parameters", ()):
            kind = json.dumps(parameter["schema"])
            if parameter["in"] == "query" and ('"integer"' in kind or '"number"' in kind):
                yield path, parameter["name"], "integer" if '"integer"' in kind else "number"


def fill(path: str, asking: Asking) -> str:
    if "{booking_id}" in path:
        path = path.replace("{booking_id}", asking.book("1"))
    if "{endpoint_id}" in path:
        body = {"url": f"https://receiver.example/{uuid4()}"}
        endpoint = asking.client.post("/admin/webhook-endpoints", json=body, headers=ADMIN).json
        path = path.replace("{endpoint_id}", str(endpoint["id"]))
    return path.replace("{show_id}", str(asking.show_id))


def test_numbers_of_queries_are_of_digits(app: Flask, asking: Asking) -> None:
    found = list(list_numbers(app))
    assert len(found) >= 9
    for template, name, kind in found:
        path = fill(template, asking)
        refused = [
            "1_0",
            "+1",
            " 1",
            "1 ",
            "1e0",
            "0x1",
            "\u0661",
            "\uff11",
            "",
            "1\n",
            "nan",
            "inf",
            "9" * 40,
        ]
        for value in [*refused, *(["1.0"] if kind == "integer" else [])]:
            query = {"quantity": "1", name: value} if path.endswith("suggestions") else {name: value}
            answer = asking.client.get(path, query_string=query, headers=ADMIN)
            assert pointers(assert_problem(answer, 422, "invalid_request")) == [f"/{name}"], (path, value)


def test_numbers_of_queries_that_are_taken(asking: Asking, make_show: Callable[..., Show]) -> None:
    get = asking.client.get
    assert get("/shows?limit=010").status_code == 200
    booking_id = asking.settled("1")
    for seconds in ("0", "1.5", "00.50"):
        assert get(f"/bookings/{booking_id}?wait={seconds}").status_code == 200


def test_a_byte_order_mark_before_a_body_is_skipped(asking: Asking) -> None:
    body = "\ufeff" + json.dumps({"show_id": asking.show_id, "seats": ["1"]})
    post = asking.client.post
    first = post("/bookings", data=body.encode(), content_type="application/json", headers=with_key("mark"))
    assert first.status_code == 202
    again = asking.post("1", key="mark")
    assert (again.json["id"], again.headers["Idempotent-Replayed"]) == (first.json["id"], "true")
    twice = post("/bookings", data=("\ufeff" + body).encode(), content_type="application/json")
    assert_problem(twice, 400, "malformed_json")


@pytest.mark.parametrize(
    "path",
    ["/bookings", "/bookings/batch", "/bookings/{id}/confirm", "/bookings/{id}/cancel", "/admin/shows",
     "/bookings/{id}/extend", "/admin/shows/{show}/cancel", "/admin/webhook-endpoints"],
)  # fmt: skip
@pytest.mark.parametrize("coding", ["gzip", "br", "GZIP, identity", "deflate", "x-custom"])
def test_encoded_bodies_are_refused(asking: Asking, path: str, coding: str) -> None:
    path = path.replace("{id}", asking.book("1", hold=True)).replace("{show}", str(asking.show_id))
    answer = asking.client.post(
        path,
        data=b"{}",
        content_type="application/json",
        headers={**ADMIN, "Content-Encoding": coding},
    )
    problem = assert_problem(answer, 415, "unsupported_media_type")
    assert coding in problem["detail"]
    assert answer.headers["Accept-Encoding"] == "identity"


def test_identity_is_no_encoding(asking: Asking) -> None:
    body = {"show_id": asking.show_id, "seats": ["1"]}
    answer = asking.client.post("/bookings", json=body, headers={"Content-Encoding": "Identity"})
    assert answer.status_code == 202
    # Whoever sent another type is told so, and nothing of encodings.
    other = asking.client.post("/bookings", data=b"{}", content_type="text/plain")
    assert_problem(other, 415, "unsupported_media_type")
    assert "Accept-Encoding" not in other.headers
