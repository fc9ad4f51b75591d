"""The routes that operators and their tools ask."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
from flask import Flask
from prometheus_client.registry import REGISTRY
from sqlalchemy import text

from core.infra import db, redis
from core.infra.dropped import Reason, note_dropped
from core.infra.jobs import BOOKINGS_QUEUE
from core.infra.settings import get_settings
from core.shows.service import Show
from local.embedded import find_free_port
from tests.api.asking import Asking, assert_problem
from tests.door import DoorClient, open_door
from tests.support import cut_connections


def forget_servers() -> None:
    get_settings.cache_clear()
    db.get_engine.cache_clear()
    db.get_statement_engine.cache_clear()
    redis.get_redis.cache_clear()
    redis.breaker.close()


@pytest.fixture
def without(
    client: DoorClient, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Iterator[None]:
    """One of the servers is gone: nobody listens where its variable leads to."""
    variable, url = request.param
    db.dispose_engines()
    with monkeypatch.context() as patch:
        patch.setitem(os.environ, variable, url.format(port=find_free_port()))
        forget_servers()
        yield
    forget_servers()


def test_alive(client: DoorClient) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json) == (200, {"status": "ok"})


def test_ready(client: DoorClient) -> None:
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json) == (200, {"status": "ok", "database": "up", "redis": "up"})


NO_DATABASE = "DATABASE_URL", "postgresql://postgres@127.0.0.1:{port}/nowhere"
NO_REDIS = "REDIS_URL", "redis://127.0.0.1:{port}/0"


@pytest.mark.parametrize("without", [NO_DATABASE], indirect=True)
def test_without_database(app: Flask, without: None) -> None:
    with open_door(app) as client:
        judge_without_database(client)


def judge_without_database(client: DoorClient) -> None:
    assert client.get("/healthz").status_code == 200
    answer = client.get("/readyz")
    problem = assert_problem(answer, 503, "unavailable")
    assert "database" in problem["detail"]
    assert int(answer.headers["Retry-After"]) > 0
    for refused in (
        client.get("/shows"),
        client.get("/shows/1"),
        client.post("/bookings", json={"show_id": 1, "seats": ["1"]}),
        client.get("/bookings/0199c0de-0000-7000-8000-000000000000"),
        client.post("/bookings/0199c0de-0000-7000-8000-000000000000/cancel"),
    ):
        problem = assert_problem(refused, 503, "unavailable")
        assert int(refused.headers["Retry-After"]) > 0
        for secret in ("127.0.0.1", "nowhere", "psycopg", "refused"):
            assert secret not in refused.text
    assert client.get("/metrics").status_code == 200


@pytest.mark.parametrize("without", [NO_REDIS], indirect=True)
def test_without_redis_all_goes_on(asking: Asking, without: None) -> None:
    client = asking.client
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json["redis"]) == (200, "down")
    booking_id = asking.settled("1", hold=True)
    assert asking.act(booking_id, "confirm").status_code == 202
    asking.settle()
    assert asking.read(booking_id)["status"] == "CONFIRMED"
    assert asking.seat_states()["1"] == "booked"
    assert client.get(f"/shows/{asking.show_id}/availability").json["booked"] == ["1"]
    assert client.get("/shows").json["items"][0]["seats"]["booked"] == 1
    assert client.get(f"/bookings/{booking_id}?wait=1").json["status"] == "CONFIRMED"


def count_requests(method: str, route: str, status: int) -> float:
    labels = {"method": method, "route": route, "status": str(status)}
    return REGISTRY.get_sample_value("seatline_http_requests_total", labels) or 0


COUNTED = [
    ("GET", "/shows", "/shows", 200),
    ("HEAD", "/shows", "/shows", 200),
    ("GET", "/shows/999999999", "/shows/<show_id>", 404),
    ("GET", "/shows?limit=0", "/shows", 422),
    ("GET", "/bookings/x", "/bookings/<booking_id>", 404),
    ("POST", "/bookings", "/bookings", 415),
    ("GET", "/nothing", "unmatched", 404),
    ("DELETE", "/shows", "unmatched", 405),
    ("GET", "/admin/stats", "/admin/stats", 401),
    ("GET", "/docs/", "/docs/", 200),
]


@pytest.mark.parametrize(("method", "path", "route", "status"), COUNTED)
def test_every_answer_is_counted_once(
    client: DoorClient, method: str, path: str, route: str, status: int
) -> None:
    counted = count_requests(method, route, status)
    assert client.open(path, method=method, data="x" if method == "POST" else None).status_code == status
    assert count_requests(method, route, status) == counted + 1


def test_polls_that_time_out_are_counted_as_503(client: DoorClient, show: Show) -> None:
    """All of many that ask for the same, whichever of them the read was made for."""
    booking, counted = f"/bookings/{UUID(int=7)}", count_requests("GET", "/bookings/<booking_id>", 503)
    with db.transaction() as connection:
        connection.execute(text("LOCK TABLE bookings, archived_bookings IN ACCESS EXCLUSIVE MODE"))
        with ThreadPoolExecutor(20) as pool:
            found = list(pool.map(lambda _: client.get(booking).status_code, range(20)))
    assert found == [503] * 20
    assert count_requests("GET", "/bookings/<booking_id>", 503) == counted + 20


def test_dropped_messages_are_counted(asking: Asking) -> None:
    for _ in range(2):
        note_dropped(Reason.UNKNOWN_TASK, place=BOOKINGS_QUEUE)
    lines = asking.client.get("/metrics").text.splitlines()
    assert 'seatline_messages_dropped_total{reason="unknown_task"} 2.0' in lines


def test_metrics(asking: Asking) -> None:
    asking.book("1")
    asking.client.get(f"/shows/{asking.show_id}")
    asking.client.open("/shows", method="BREWXYZ")
    answer = asking.client.get("/metrics")
    assert answer.status_code == 200
    assert answer.content_type.startswith("text/plain")
    lines = answer.text.splitlines()
    assert 'seatline_bookings_waiting{wants="acquire"} 1.0' in lines
    assert any(
        line.startswith('seatline_http_requests_total{method="GET",route="/shows/<show_id>"')
        for line in lines
    )
    assert 'seatline_messages_dropped_total{reason="unreadable"} 0.0' in lines
    assert "BREWXYZ" not in answer.text
    assert f"/shows/{asking.show_id}" not in answer.text


def test_cut_connections_cost_nothing(asking: Asking) -> None:
    """The server cut them while they lay in the pool: what the next requests find is dead, and replaced."""
    asking.book("1")
    cut_connections()
    for seat in ("2", "3", "4"):
        answer = asking.client.post("/bookings", json={"show_id": asking.show_id, "seats": [seat]})
        assert answer.status_code == 202
