"""Who may do what, and what no answer may carry."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from core.shows.service import Show
from tests.api.asking import Asking, assert_problem, with_key
from tests.door import DoorClient

UUID = "0199c0de-0000-7000-8000-000000000000"
INJECTIONS = ["' OR 1=1 --", "1; DROP TABLE seats", "%27", "\\", "${7*7}", "{{7*7}}", "%s", ":name"]


def crawl(client: DoorClient) -> list[tuple[str, str, dict[str, Any]]]:
    """Every operation of the document: method, a path of it, and its description."""
    paths = client.get("/openapi.json").json["paths"]
    return [
        (method.upper(), path.replace("{show_id}", "1").replace("{booking_id}", UUID), described)
        for path, item in paths.items()
        for method, described in item.items()
    ]


@pytest.mark.parametrize("credential", [None, "Basic YTpi"])
def test_every_admin_route_asks_for_a_key(client: DoorClient, credential: str | None) -> None:
    headers = {"Authorization": credential} if credential else {}
    asked = 0
    for method, path, described in crawl(client):
        answer = client.open(path, method=method, headers=headers, json={} if method != "GET" else None)
        if path.startswith("/admin"):
            assert_problem(answer, 401, "unauthorized")
            assert described["security"] == [{"bearer": []}]
            asked += 1
        else:
            assert answer.status_code != 401
            assert "security" not in described
    assert asked >= 7


def test_no_route_hides_behind_another_name(app: Flask, client: DoorClient) -> None:
    """Not only what the document names: every rule of the application under /admin."""
    for rule in app.url_map.iter_rules():
        if "admin" in rule.rule:
            path = rule.rule.replace("<show_id>", "1").replace("<booking_id>", UUID)
            for method in rule.methods - {"OPTIONS"}:
                assert client.open(path, method=method).status_code == 401


def test_head_asks_for_a_key_too(client: DoorClient) -> None:
    assert client.head("/admin/bookings").status_code == 401
    assert client.head("/admin/events").status_code == 401


def test_nothing_public_lists_bookings(asking: Asking) -> None:
    booking_id = asking.settled("1", customer="secret-customer")
    for path in (
        "/shows",
        f"/shows/{asking.show_id}",
        f"/shows/{asking.show_id}/seats",
        "/metrics",
        "/bookings",
    ):
        answer = asking.client.get(path)
        assert booking_id not in answer.text
        assert "secret-customer" not in answer.text


@pytest.mark.parametrize(
    "path", ["/shows", "/healthz", "/readyz", "/metrics", "/docs/", "/docs", "/openapi.json", "/nothing",
             "/admin/stats", "/bookings/x", "/shows/1/seats", "/docs/static/swagger-ui.css"],
)  # fmt: skip
def test_headers_of_every_answer(client: DoorClient, path: str) -> None:
    headers = client.get(path).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Request-ID"]
    assert "Set-Cookie" not in headers
    is_private = path.startswith(("/admin", "/metrics"))
    assert headers.get_all("Access-Control-Allow-Origin") == ([] if is_private else ["*"])
    assert headers.get("Access-Control-Allow-Credentials") is None


@pytest.mark.parametrize("request_id", ["a", "order-7_x.y:z", "0" * 128])
def test_request_id_is_echoed(client: DoorClient, request_id: str) -> None:
    for path in ("/healthz", "/nothing", "/admin/stats"):
        assert client.get(path, headers={"X-Request-ID": request_id}).headers["X-Request-ID"] == request_id


@pytest.mark.parametrize(
    "request_id", ["", "a b", "0" * 129, "<script>", "a\tb", "é", "a;b", 'a"b', "a\rb", "a\nb"]
)
def test_request_id_that_is_not_sane(client: DoorClient, request_id: str) -> None:
    answer = client.get("/healthz", environ_overrides={"HTTP_X_REQUEST_ID": request_id})
    assert answer.headers["X-Request-ID"] != request_id
    assert len(answer.headers["X-Request-ID"]) == 32


def test_request_ids_differ(client: DoorClient) -> None:
    assert len({client.get("/healthz").headers["X-Request-ID"] for _ in range(5)}) == 5


@pytest.mark.parametrize("text", INJECTIONS)
def test_input_is_never_code(asking: Asking, make_show: Callable[..., Show], text: str) -> None:
    client = asking.client
    assert client.get("/shows", query_string={"q": text}).json["items"] == []
    seats = client.get(f"/shows/{asking.show_id}/seats", query_string={"section": text})
    assert seats.status_code == 422
    assert asking.post(text).json["code"] == "unknown_seats"
    booking = asking.post("1", customer=text, key=text).json
    assert booking["customer"] == text
    odd = Asking(client, make_show(name=text, sections=[{"name": text, "capacity": 1, "price": 1}]).id)
    assert odd.read(odd.settled(f"{text}-1"))["status"] == "CONFIRMED"
    assert odd.seat_states() == {f"{text}-1": "booked"}
    assert [show["id"] for show in client.get("/shows", query_string={"q": text}).json["items"]] == [
        odd.show_id
    ]


def test_forwarded_headers_change_nothing(asking: Asking) -> None:
    """Wherever a request says that it comes from, its key is the same."""
    body = {"show_id": asking.show_id, "seats": ["1"]}
    ids = set()
    for number in range(3):
        forged = {"X-Forwarded-For": f"203.0.113.{number}", "Forwarded": f"for=203.0.113.{number}"}
        answer = asking.client.post("/bookings", json=body, headers={**forged, **with_key("k")})
        ids.add(answer.json["id"])
    assert len(ids) == 1
