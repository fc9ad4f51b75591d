"""Requests that go together are counted as all others, against the same allowance."""

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from api.gate.allowances import find_allowances
from api.server.app import Front
from core.infra import redis
from core.infra.settings import get_settings
from core.shows.catalogue import get_entry
from core.shows.service import Show
from local.embedded import find_free_port
from tests.api.together import ask_front
from tests.support import wait_until

MakeShow = Callable[..., Show]
LIMIT = 5
Fronts = tuple[Front, Front]
BuildFronts = Callable[..., Fronts]


def refuse_all(*_: Any) -> Any:
    raise AssertionError("Flask was asked")


@pytest.fixture
def build_fronts(database: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[BuildFronts]:
    """Builds the service's front, and one that has no Flask behind it, with an allowance in common."""
    from api.app import create_app  # noqa: PLC0415 (reads the settings, which the servers set)

    def with_variables(**variables: str) -> Fronts:
        limits = {"RATE_LIMIT_ENABLED": "true", "RATE_LIMIT": f"{LIMIT}/minute"}
        for name, value in {**limits, **variables}.items():
            monkeypatch.setitem(os.environ, name, value)
        get_settings.cache_clear()
        app = create_app()
        allowances = find_allowances(app)
        assert allowances
        return Front(app, allowances.take), Front(refuse_all, allowances.take)

    yield with_variables
    monkeypatch.undo()
    get_settings.cache_clear()
    redis.get_redis.cache_clear()


@pytest.fixture
def wish(make_show: MakeShow) -> dict[str, Any]:
    """A booking of a show that this process knows."""
    show = make_show()
    get_entry(show.id)
    return {"show_id": show.id, "seats": ["1"]}


def test_each_is_counted_once_and_told_what_is_left(build_fronts: BuildFronts, wish: dict[str, Any]) -> None:
    front, alone = build_fronts()
    asked = [
        ask_front(alone, "POST", "/bookings", wish),
        ask_front(front, "GET", "/bookings/0197e2b4-7f55-7abc-8def-0123456789ab"),
        ask_front(front, "GET", f"/shows/{wish['show_id']}/seats"),
        ask_front(alone, "POST", "/bookings", wish),
        ask_front(front, "POST", "/bookings", {**wish, "seats": ["no such"]}),
    ]
    assert [status for status, *_ in asked] == [202, 404, 200, 202, 422]
    assert [headers["RateLimit-Remaining"] for _, headers, _ in asked] == ["4", "3", "2", "1", "0"]
    assert {headers["RateLimit-Limit"] for _, headers, _ in asked} == {str(LIMIT)}
    assert all(0 < int(headers["RateLimit-Reset"]) <= 61 for _, headers, _ in asked)
    assert asked[0][1]["Retry-After"] == asked[3][1]["Retry-After"] == "1"
    for path, body in (("/bookings", wish), (f"/shows/{wish['show_id']}/seats", None)):
        status, headers, problem = ask_front(front, "POST" if body else "GET", path, body)
        assert (status, problem["code"]) == (429, "rate_limited")
        assert 0 < int(headers["Retry-After"]) <= 60


def test_one_whose_key_was_used_is_counted_once(build_fronts: BuildFronts, wish: dict[str, Any]) -> None:
    front, _ = build_fronts()
    asked = [
        ask_front(front, "POST", "/bookings", wish, Idempotency_Key="mine and no one's else")
        for _ in range(2)
    ]
    assert asked[0][2]["id"] == asked[1][2]["id"]
    assert asked[1][1]["Idempotent-Replayed"] == "true"
    assert [headers["RateLimit-Remaining"] for _, headers, _ in asked] == ["4", "3"]


def test_behind_a_proxy_each_of_its_clients_has_its_own(
    build_fronts: BuildFronts, wish: dict[str, Any]
) -> None:
    """An allowance, that is."""
    _, alone = build_fronts(TRUSTED_PROXIES="1")
    asked = [
        ask_front(
            alone,
            "POST",
            "/bookings",
            wish,
            Idempotency_Key=f"of this client alone: {n}",
            X_Forwarded_For=f"203.0.113.{n}",
        )
        for n in range(1, 3)
    ]
    assert [(status, headers["RateLimit-Remaining"]) for status, headers, _ in asked] == [(202, "4")] * 2
    assert asked[0][2]["id"] != asked[1][2]["id"]


def test_several_limits_all_count_and_the_shortest_is_told_of(
    build_fronts: BuildFronts, wish: dict[str, Any]
) -> None:
    front, alone = build_fronts(RATE_LIMIT="2/hour;3/minute")
    asked = [ask_front(alone, "POST", "/bookings", wish) for _ in range(2)]
    assert [headers["RateLimit-Remaining"] for _, headers, _ in asked] == ["2", "1"]
    assert ask_front(front, "POST", "/bookings", wish)[0] == 429


def test_what_is_refused_uses_up_no_longer_limit(build_fronts: BuildFronts, wish: dict[str, Any]) -> None:
    front, _ = build_fronts(RATE_LIMIT="1/second;100/hour")

    def is_taken() -> bool:
        return ask_front(front, "POST", "/bookings", wish)[0] == 202

    refused = 0
    while refused < 100:
        refused += not is_taken()
    wait_until(is_taken)


def test_without_the_store_they_are_counted_here(build_fronts: BuildFronts, wish: dict[str, Any]) -> None:
    front, _ = build_fronts(REDIS_URL=f"redis://127.0.0.1:{find_free_port()}/0")
    found = [ask_front(front, "POST", "/bookings", wish)[0] for _ in range(LIMIT + 1)]
    assert found == [202] * LIMIT + [429]
