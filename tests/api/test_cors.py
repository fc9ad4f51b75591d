"""Which pages may call, and what their browsers are told."""

import pytest

from api.gate.cors import EXPOSE, allow_methods, allow_origin, is_preflight, is_public_path
from tests.api.asking import assert_problem
from tests.door import DoorClient

PAGE, OTHER = "https://tickets.example.com", "https://elsewhere.example.com"
LISTED = ("https://first.example.com", PAGE)
ALLOWED = "Authorization, Content-Type, Idempotency-Key, If-None-Match, Last-Event-ID, Prefer, X-Request-ID"
ANY = ("*",)
VARY = ("Vary", "Origin")


@pytest.mark.parametrize("origin", [PAGE, OTHER, "null", None])
def test_every_origin_may_read_unless_there_is_a_list(origin: str | None) -> None:
    assert allow_origin(origin, ANY, is_public=True) == [("Access-Control-Allow-Origin", "*"), EXPOSE]


def test_a_listed_origin_may_read() -> None:
    allowed = [("Access-Control-Allow-Origin", PAGE), VARY, EXPOSE]
    assert allow_origin(PAGE, LISTED, is_public=True) == allowed


@pytest.mark.parametrize("origin", [OTHER, "null", "", PAGE + "/", PAGE.upper(), None])
def test_no_other_may_and_caches_are_told_that_it_depends(origin: str | None) -> None:
    found = allow_origin(origin, LISTED, is_public=True)
    assert VARY in found
    assert "Access-Control-Allow-Origin" not in dict(found)


@pytest.mark.parametrize("origins", [ANY, LISTED])
def test_nobody_may_read_what_is_not_public(origins: tuple[str, ...]) -> None:
    assert allow_origin(PAGE, origins, is_public=False) == []


def test_preflight_tells_what_the_route_takes() -> None:
    assert allow_methods(PAGE, ANY, {"POST", "GET"}) == [
        ("Access-Control-Allow-Origin", "*"),
        ("Access-Control-Allow-Methods", "GET, POST"),
        ("Access-Control-Allow-Headers", ALLOWED),
        ("Access-Control-Max-Age", "7200"),
    ]


def test_preflight_of_a_listed_origin_and_of_another() -> None:
    for origin, allowed in ((PAGE, PAGE), (OTHER, None)):
        headers = allow_methods(origin, LISTED, ["GET"])
        assert dict(headers).get("Access-Control-Allow-Origin") == allowed
        assert VARY in headers


@pytest.mark.parametrize("origin", [PAGE, OTHER, None])
@pytest.mark.parametrize("origins", [ANY, LISTED])
def test_never_with_credentials(origin: str | None, origins: tuple[str, ...]) -> None:
    sent = [*allow_origin(origin, origins, is_public=True), *allow_methods(origin, origins, ["GET"])]
    assert "Access-Control-Allow-Credentials" not in dict(sent)


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/", True),
        ("/shows/1", True),
        ("/bookings/1/payments", True),
        ("/no such path", True),
        ("/administrators", True),
        ("/admin", False),
        ("/admin/shows", False),
        ("/metrics", False),
        ("/console", False),
        ("/console/x", False),
        ("/payments/webhooks/stripe", False),
    ],
)
def test_public_paths(path: str, found: bool) -> None:
    assert is_public_path(path) is found


@pytest.mark.parametrize(
    ("method", "names", "found"),
    [
        ("OPTIONS", ["origin", "access-control-request-method"], True),
        ("OPTIONS", ["origin"], False),
        ("OPTIONS", ["access-control-request-method"], False),
        ("GET", ["origin", "access-control-request-method"], False),
    ],
)
def test_what_is_a_preflight(method: str, names: list[str], found: bool) -> None:
    assert is_preflight(method, dict.fromkeys(names, "x")) is found


PREFLIGHT = {"Origin": PAGE, "Access-Control-Request-Method": "POST"}


def test_a_page_may_book_and_read_what_refuses_it(client: DoorClient) -> None:
    preflight = client.options("/bookings", headers=PREFLIGHT)
    assert (preflight.status_code, preflight.data) == (204, b"")
    assert preflight.headers.get_all("Access-Control-Allow-Origin") == ["*"]
    assert preflight.headers["Access-Control-Allow-Methods"] == "GET, HEAD, OPTIONS, POST"
    refused = client.post("/bookings", json={"show_id": 999_999, "seats": ["1"]}, headers={"Origin": PAGE})
    assert_problem(refused, 404, "show_not_found")
    assert refused.headers.get_all("Access-Control-Allow-Origin") == ["*"]
    assert "X-Request-ID" in refused.headers["Access-Control-Expose-Headers"]


@pytest.mark.parametrize("path", ["/admin/shows", "/admin/nothing", "/metrics"])
def test_a_preflight_finds_out_nothing_of_what_is_not_public(client: DoorClient, path: str) -> None:
    answer = client.options(path, headers=PREFLIGHT)
    assert_problem(answer, 403, "forbidden")
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_a_preflight_of_nothing(client: DoorClient) -> None:
    assert_problem(client.options("/nothing", headers=PREFLIGHT), 404, "not_found")
