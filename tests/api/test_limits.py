"""Rate limits, where they are on."""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from api.gate.limits import make_allowances
from core.infra import redis
from core.infra.settings import get_settings
from core.shows.service import Show
from local.embedded import find_free_port
from tests.api.asking import assert_problem, count_bookings, with_key
from tests.door import DoorClient, Protocol, make_scope, open_door
from tests.support import ADMIN, ROOT

Build = Callable[..., DoorClient]
MakeShow = Callable[..., Show]
LIMITS = {"RATE_LIMIT": "5/minute", "BOOKING_RATE_LIMIT": "5/minute", "ADMIN_RATE_LIMIT": "5/minute"}


@pytest.fixture
def build(app: Flask, database: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Build]:
    """Opens a door with five requests a minute and other variables of one's own."""
    with ExitStack() as doors:

        def with_variables(**variables: str) -> DoorClient:
            for name, value in {"RATE_LIMIT_ENABLED": "true", **LIMITS, **variables}.items():
                monkeypatch.setitem(os.environ, name, value)
            get_settings.cache_clear()
            return doors.enter_context(open_door(app, make_allowances(get_settings())))

        yield with_variables
    monkeypatch.undo()
    get_settings.cache_clear()
    redis.get_redis.cache_clear()


def ask(client: DoorClient, times: int = 1, address: str = "192.0.2.1", **headers: Any) -> list[int]:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    environ = {"REMOTE_ADDR": address}
    return [client.get("/shows", headers=sent, environ_overrides=environ).status_code for _ in range(times)]


def test_the_sixth_is_refused(build: Build) -> None:
    client = build()
    assert ask(client, 5, "127.0.0.1") == [200] * 5
    answer = client.get("/shows")
    assert_problem(answer, 429, "rate_limited")
    assert 0 < int(answer.headers["Retry-After"]) <= 60
    assert answer.headers["RateLimit-Limit"] == "5"
    assert answer.headers["RateLimit-Remaining"] == "0"
    assert 0 < int(answer.headers["RateLimit-Reset"]) <= 61


def test_a_refusal_is_as_integrators_are_told(build: Build) -> None:
    page = (ROOT / "docs" / "api.md").read_text()
    head, _, body = page.partition("```http\nHTTP/1.1 429")[2].partition("```")[0].partition("\n\n")
    first, *lines = head.split("\n")
    client = build(BOOKING_RATE_LIMIT="1/minute")
    found = [client.post("/bookings", json={}) for _ in range(2)][1]
    assert (found.status_code, first) == (429, " Too Many Requests")
    told = dict(line.split(": ") for line in lines)
    assert told["RateLimit-Reset"] == told["Retry-After"]
    assert found.headers["RateLimit-Reset"] == found.headers["Retry-After"]
    assert set(told) <= {name for name, _ in found.headers}
    assert found.json == json.loads(body)


class Unasked(Protocol):
    """A request whose client awaits 100 (Continue): it sends nothing until it is asked."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        pytest.fail("the body was asked for")
        yield b""


def test_a_body_beyond_the_limit_is_not_asked_for(build: Build) -> None:
    client = build(BOOKING_RATE_LIMIT="1/minute")
    assert client.post("/bookings", json={}).status_code == 422
    awaited = {"expect": "100-continue", "content-length": "9", "content-type": "application/json"}
    scope, protocol = make_scope("POST", "/bookings", "", awaited, "127.0.0.1"), Unasked(b"")
    door, loop = client.doorway.door, client.doorway.loop
    asyncio.run_coroutine_threadsafe(door.__rsgi__(scope, protocol), loop).result(20)
    assert protocol.status == 429


def test_allowance_is_told_along(build: Build) -> None:
    client = build()
    assert [client.get("/shows").headers["RateLimit-Remaining"] for _ in range(2)] == ["4", "3"]


def test_three_allowances_counted_apart(build: Build) -> None:
    """POST under /bookings, /admin, and all else: what is not there, and what is refused, too."""
    client = build()
    ways = {
        "bookings": [("POST", "/bookings"), ("POST", "/bookings/batch"), ("POST", "/bookings/x/confirm")],
        "admin": [("GET", "/admin/stats"), ("GET", "/admin/nothing"), ("POST", "/admin/shows")],
        "others": [("GET", "/shows/1"), ("GET", "/nothing"), ("DELETE", "/shows"), ("GET", "/bookings/x"),
                   ("GET", "/metrics"), ("GET", "/docs/static/swagger-ui.css"), ("OPTIONS", "/shows")],
    }  # fmt: skip
    for asked in ways.values():
        found = [client.open(path, method=method).status_code for method, path in (asked * 5)[:5]]
        assert 429 not in found
        for method, path in asked:
            assert client.open(path, method=method).status_code == 429


def test_weights(build: Build, make_show: MakeShow) -> None:
    """A batch weighs one for every ten bookings begun, suggestions ten."""
    show_id, limit = make_show(total_seats=100).id, "100/minute"
    client = build(BOOKING_RATE_LIMIT=limit, RATE_LIMIT=limit)
    left = 100
    for size, weight in ((1, 1), (10, 1), (11, 2), (30, 3)):
        bookings = [{"show_id": show_id, "quantity": 1}] * size
        answer = client.post("/bookings/batch", json={"bookings": bookings})
        left -= weight
        assert (answer.status_code, answer.headers["RateLimit-Remaining"]) == (202, str(left))
    answer = client.get(f"/shows/{show_id}/suggestions?quantity=2")
    assert answer.headers["RateLimit-Remaining"] == "90"


def test_a_batch_that_weighs_too_much_is_refused(build: Build, make_show: MakeShow) -> None:
    """And uses nothing up."""
    client, item = build(), {"show_id": make_show().id, "quantity": 1}
    for _ in range(10):
        answer = client.post("/bookings/batch", json={"bookings": [item] * 100})
        assert_problem(answer, 429, "rate_limited")
    assert count_bookings() == 0
    assert client.post("/bookings", json=item).status_code == 202


def test_a_replay_is_given_back(build: Build, make_show: MakeShow) -> None:
    client, body = build(), {"show_id": make_show().id, "seats": ["1"]}
    for _ in range(20):
        answer = client.post("/bookings", json=body, headers=with_key("a key"))
        assert answer.status_code == 202


def test_a_replay_beyond_the_limit_is_refused_like_any(build: Build, make_show: MakeShow) -> None:
    client, body = build(), {"show_id": make_show().id, "seats": ["1"]}
    assert client.post("/bookings", json=body, headers=with_key("a key")).status_code == 202
    while client.post("/bookings", json={}).status_code == 422:
        continue
    assert_problem(client.post("/bookings", json=body, headers=with_key("a key")), 429, "rate_limited")


def test_watching_over_the_service_is_not_limited(build: Build) -> None:
    client = build()
    for path in ("/healthz", "/readyz") * 4:
        assert client.get(path).status_code == 200


@pytest.mark.parametrize("path", [f"/bookings/{UUID(int=7)}", "/shows/999999"])
def test_read_that_is_served_while_it_is_counted_is_refused_where_it_is_too_much(
    build: Build, path: str
) -> None:
    """Whatever it would have told."""
    client = build()
    assert [client.get(path).status_code for _ in range(5)] == [404] * 5
    for _ in range(3):
        answer = client.get(path)
        assert_problem(answer, 429, "rate_limited")
        assert answer.headers["RateLimit-Remaining"] == "0"


def test_read_with_a_body_that_is_too_much_is_refused_like_any(build: Build) -> None:
    client = build()
    found = [client.get(f"/bookings/{UUID(int=7)}", json={}).status_code for _ in range(7)]
    assert found == [404] * 5 + [429] * 2


def test_pages_and_files_count_like_all_else(build: Build) -> None:
    client = build()
    paths = ["/s/1", "/b/x", "/embed/v1/seatline.js", "/assets/x/vendor/lit.js", "/assets/x/nothing.js"]
    assert [client.get(path).status_code for path in paths] == [200, 404, 200, 200, 404]
    for path in paths:
        assert_problem(client.get(path), 429, "rate_limited")


def test_by_address_and_by_key(build: Build) -> None:
    client = build()
    assert ask(client, 6)[-1] == 429
    assert ask(client, address="192.0.2.2") == [200]
    assert ask(client, 6, **ADMIN) == [200] * 5 + [429]


def test_forged_addresses_change_nothing(build: Build) -> None:
    client = build(TRUSTED_PROXIES="0")
    found = [ask(client, X_Forwarded_For=f"203.0.113.{n}", X_Real_IP=f"203.0.113.{n}")[0] for n in range(6)]
    assert found == [200] * 5 + [429]


def test_when_to_come_again_is_no_matter_of_the_limit(build: Build, make_show: MakeShow) -> None:
    """Whoever was accepted looks again in a second, not once the allowance is new."""
    body = {"show_id": make_show().id, "seats": ["1"]}
    told = [
        build(RATE_LIMIT_ENABLED=is_limited).post("/bookings", json=body).headers["Retry-After"]
        for is_limited in ("false", "true")
    ]
    assert told[0] == told[1]
    assert build().get("/shows").headers.get("Retry-After") is None


def test_made_up_keys_change_nothing(build: Build) -> None:
    client = build()
    found = [ask(client, Authorization=f"Bearer made-up-{n}")[0] for n in range(6)]
    assert found == [401] * 5 + [429]


def test_behind_one_proxy_its_word_counts_and_nobody_elses(build: Build) -> None:
    client = build(TRUSTED_PROXIES="1")
    found = [ask(client, X_Forwarded_For=f"203.0.113.{n}, 198.51.100.7")[0] for n in range(6)]
    assert found == [200] * 5 + [429]
    assert ask(client, X_Forwarded_For="198.51.100.8") == [200]


def test_without_the_store_limits_are_local_not_none(build: Build) -> None:
    client = build(REDIS_URL=f"redis://127.0.0.1:{find_free_port()}/0")
    found = ask(client, 6)
    assert found[:5] == [200] * 5
    assert found[5] == 429


def test_off_unless_turned_on(build: Build) -> None:
    client = build(RATE_LIMIT_ENABLED="false")
    assert ask(client, 20) == [200] * 20


def test_on_in_production(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    client = build(
        RATE_LIMIT_ENABLED="",
        SEATLINE_ENV="production",
        SEATLINE_SECRET="the-secret-of-the-tests-and-nobody-else",
    )
    assert ask(client, 6)[-1] == 429
