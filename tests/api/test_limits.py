"""Rate limits, where they are on."""

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from core.infra import redis
from core.infra.settings import get_settings
from core.shows.service import Show
from local.embedded import find_free_port
from tests.api.asking import assert_problem
from tests.door import DoorClient
from tests.support import ADMIN

Build = Callable[..., DoorClient]
MakeShow = Callable[..., Show]


@pytest.fixture
def build(database: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Build]:
    """Builds an application with five requests a minute and other variables of one's own."""
    from api.app import create_app  # noqa: PLC0415 (reads the settings, which the servers set)

    def with_variables(**variables: str) -> DoorClient:
        for name, value in {"RATE_LIMIT_ENABLED": "true", "RATE_LIMIT": "5/minute", **variables}.items():
            monkeypatch.setitem(os.environ, name, value)
        get_settings.cache_clear()
        return create_app().test_client()

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


def test_allowance_is_told_along(build: Build) -> None:
    client = build()
    assert [client.get("/shows").headers["RateLimit-Remaining"] for _ in range(2)] == ["4", "3"]


def test_one_allowance_for_all_routes(build: Build) -> None:
    client = build()
    for _ in range(5):
        client.post("/bookings", json={})
    assert_problem(client.get("/shows/1"), 429, "rate_limited")
    assert_problem(client.post("/bookings", json={}), 429, "rate_limited")
    assert_problem(client.get("/admin/stats"), 429, "rate_limited")


def test_watching_over_the_service_is_not_limited(build: Build) -> None:
    client = build()
    for path in ("/healthz", "/readyz", "/metrics") * 4:
        assert client.get(path).status_code == 200


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
    assert found == [200] * 5 + [429]


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
    client = build(RATE_LIMIT_ENABLED="", SEATLINE_ENV="production")
    assert ask(client, 6)[-1] == 429
