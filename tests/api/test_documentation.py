"""The OpenAPI document says what the application does; Swagger UI shows it, all of it from here."""

import re
from typing import Any
from urllib.parse import urljoin

import pytest
from flask import Flask
from openapi_spec_validator import validate

from tests.door import DoorClient

CODES = {
    400: {"malformed_request", "malformed_json", "invalid_signature"},
    401: {"unauthorized"},
    402: {"payment_required"},
    403: {"forbidden"},
    404: {"show_not_found", "booking_not_found", "key_not_found", "not_found"},
    405: {"method_not_allowed"},
    409: {
        "not_payable",
        "sales_not_open",
        "sales_closed",
        "show_cancelled",
        "hold_expired",
        "not_held",
        "already_settled",
        "not_cancellable",
        "show_has_bookings",
        "endpoint_exists",
    },
    413: {"payload_too_large"},
    415: {"unsupported_media_type"},
    422: {
        "invalid_request",
        "unknown_seats",
        "duplicate_seats",
        "too_many_seats",
        "hold_required",
        "idempotency_key_reused",
    },
    429: {"rate_limited"},
    500: {"internal_error"},
    503: {"unavailable"},
}
ROUTES = {
    "GET /shows",
    "GET /shows/{show_id}",
    "GET /shows/{show_id}/seats",
    "GET /shows/{show_id}/layout",
    "GET /shows/{show_id}/availability",
    "GET /shows/{show_id}/suggestions",
    "POST /bookings",
    "GET /bookings",
    "POST /bookings/batch",
    "GET /bookings/{booking_id}",
    "POST /bookings/{booking_id}/confirm",
    "POST /bookings/{booking_id}/extend",
    "POST /bookings/{booking_id}/cancel",
    "POST /admin/shows",
    "PATCH /admin/shows/{show_id}",
    "POST /admin/shows/{show_id}/cancel",
    "GET /admin/bookings",
    "GET /admin/bookings/{booking_id}/history",
    "GET /admin/tickets/{ticket_code}",
    "GET /admin/events",
    "GET /admin/webhook-endpoints",
    "POST /admin/webhook-endpoints",
    "GET /admin/webhook-endpoints/{endpoint_id}",
    "PATCH /admin/webhook-endpoints/{endpoint_id}",
    "DELETE /admin/webhook-endpoints/{endpoint_id}",
    "POST /admin/webhook-endpoints/{endpoint_id}/replay",
    "POST /admin/webhook-endpoints/{endpoint_id}/test",
    "POST /admin/webhook-endpoints/{endpoint_id}/rotate-secret",
    "GET /admin/webhook-endpoints/{endpoint_id}/deliveries",
    "POST /admin/keys",
    "GET /admin/keys",
    "GET /admin/keys/{key_id}",
    "DELETE /admin/keys/{key_id}",
    "POST /admin/keys/{key_id}/rotate",
    "GET /admin/stats",
    "GET /healthz",
    "GET /readyz",
    "GET /metrics",
    "GET /",
    "GET /problems",
    "GET /problems/{code}",
}
# What serves the document itself; and pages for people, with their files.
OTHERS = re.compile(r"/docs\b|/apidocs/|/openapi\.json|/oauth2-redirect\.html|/[sb]/<id>|/assets/|/embed/")


@pytest.fixture
def document(client: DoorClient) -> dict[str, Any]:
    return dict(client.get("/openapi.json").json)


def operations(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        f"{method.upper()} {path}": described
        for path, item in document["paths"].items()
        for method, described in item.items()
    }


def test_valid(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.")
    validate(document)


def test_every_route_of_the_contract(document: dict[str, Any]) -> None:
    assert set(operations(document)) >= ROUTES


def test_every_route_of_the_application(app: Flask, document: dict[str, Any]) -> None:
    served = {
        f"{method} {rule.rule.replace('<', '{').replace('>', '}')}"
        for rule in app.url_map.iter_rules()
        if not OTHERS.match(rule.rule)
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }
    assert served == set(operations(document))


def test_every_error_is_of_the_contracts_table(document: dict[str, Any]) -> None:
    for described in operations(document).values():
        for status, response in described["responses"].items():
            if int(status) >= 400:
                codes = set(re.findall(r"`(\w+)`", response["description"]))
                assert codes
                assert codes <= CODES[int(status)]
                assert set(response["content"]) == {"application/problem+json"}


def test_every_operation_tells_of_what_may_always_happen(document: dict[str, Any]) -> None:
    for name, described in operations(document).items():
        assert described["summary"]
        assert "500" in described["responses"], name
        assert "503" in described["responses"], name


def test_operation_ids_are_unique(document: dict[str, Any]) -> None:
    ids = [described["operationId"] for described in operations(document).values()]
    assert len(ids) == len(set(ids))


def test_idempotency_key_is_described_where_it_is_taken(document: dict[str, Any]) -> None:
    for name, described in operations(document).items():
        names = {parameter["name"] for parameter in described["parameters"]}
        assert ("Idempotency-Key" in names) == name.startswith("POST /bookings")


def test_tags_are_described_where_they_are_sent(document: dict[str, Any]) -> None:
    tagged = {name for name, described in operations(document).items() if "304" in described["responses"]}
    shows = {name for name in ROUTES if name.startswith("GET /shows")}
    assert tagged == shows | {"GET /bookings/{booking_id}"}


def test_page_needs_nothing_from_elsewhere(client: DoorClient) -> None:
    page = client.get("/docs")
    # No redirect, which would name the host that the client has named.
    assert page.status_code == 200
    assert page.data == client.get("/docs/", headers={"Host": "elsewhere.example.com"}).data
    assert page.content_type.startswith("text/html")
    assert re.findall(r"""(?:src=|<link[^>]*href=|url\(|@import)\s*["']?(?:https?:)?//""", page.text) == []
    assets = re.findall(r"""<(?:script|link|img)\b[^>]*?\b(?:src|href)="([^"]+)""", page.text)
    assert len(assets) >= 3
    for asset in assets:
        answer = client.get(urljoin("/docs/", asset))
        assert answer.status_code == 200, asset
        assert answer.data
        if asset.endswith(".css"):
            assert re.findall(r"""(?:@import|url\()\s*["']?(?:https?:)?//""", answer.text) == []


def test_page_may_load_nothing_from_elsewhere(client: DoorClient) -> None:
    policy = client.get("/docs/").headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "http" not in policy


def test_page_shows_the_document(client: DoorClient) -> None:
    assert "/openapi.json" in client.get("/docs/").text
