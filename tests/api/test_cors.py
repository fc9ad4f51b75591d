"""Which pages may call, and what their browsers are told."""

import pytest

from api.errors import ForbiddenError
from api.gate.cors import EXPOSE, allow_origin, answer_preflight, is_preflight, is_public_path

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
    with pytest.raises(ForbiddenError):
        answer_preflight(PAGE, origins, ["GET"], is_public=False)


def test_preflight_tells_what_the_route_takes() -> None:
    status, headers = answer_preflight(PAGE, ANY, {"POST", "GET"}, is_public=True)
    assert (status, headers) == (
        204,
        [
            ("Access-Control-Allow-Origin", "*"),
            ("Access-Control-Allow-Methods", "GET, POST"),
            ("Access-Control-Allow-Headers", ALLOWED),
            ("Access-Control-Max-Age", "7200"),
        ],
    )


def test_preflight_of_a_listed_origin_and_of_another() -> None:
    for origin, allowed in ((PAGE, PAGE), (OTHER, None)):
        status, headers = answer_preflight(origin, LISTED, ["GET"], is_public=True)
        assert (status, dict(headers).get("Access-Control-Allow-Origin")) == (204, allowed)
        assert VARY in headers


@pytest.mark.parametrize("origin", [PAGE, OTHER, None])
@pytest.mark.parametrize("origins", [ANY, LISTED])
def test_never_with_credentials(origin: str | None, origins: tuple[str, ...]) -> None:
    _, preflight = answer_preflight(origin, origins, ["GET"], is_public=True)
    sent = [*allow_origin(origin, origins, is_public=True), *preflight]
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
