"""Real web, worker, beat and outbound: events reach the stream and the webhooks, whatever else goes wrong."""

import os
import signal
from collections.abc import Callable, Iterator
from typing import Any

import orjson
import pytest

from core.events.publisher import STREAM
from core.infra.db import transaction
from core.infra.redis import get_redis
from core.shows.service import Show
from core.webhooks import service as webhooks
from proof.sink import Sink, run_sink
from proof.tables import UNPUBLISHED
from tests.acting import ask
from tests.apart import enter
from tests.measuring import measured
from tests.pipeline.load import Client, under_load
from tests.support import ADMIN, run_process, start_process, wait_until

pytestmark = [pytest.mark.usefixtures("workers"), pytest.mark.processes]
MakeShow = Callable[..., Show]
ALLOWED = {"WEBHOOK_ALLOW_PRIVATE": "true"}


@pytest.fixture
def sink(database: dict[str, str]) -> Iterator[Sink]:
    """A receiver, at a private address, which is allowed here."""
    with run_sink() as running, enter(ALLOWED):
        yield running


@pytest.fixture
def outbound(database: dict[str, str]) -> Iterator[None]:
    """An outbound process."""
    with run_process("outbound", {**database, **ALLOWED}):
        yield


def register(sink: Sink, path: str) -> webhooks.NewSecret:
    with transaction() as connection:
        return webhooks.create_endpoint(connection, url=f"{sink.url}{path}", types=None, description=None)


def read_stream() -> list[dict[str, str]]:
    return [orjson.loads(entry[b"event"]) for _, entry in get_redis().xrange(STREAM)]


def is_all_published() -> bool:
    return not ask(f"SELECT FROM events e WHERE {UNPUBLISHED} LIMIT 1")


@pytest.mark.usefixtures("outbound")
def test_events_go_out_at_once(service: Client, make_show: MakeShow, sink: Sink) -> None:
    made = register(sink, "/good")
    show = make_show()
    service.wait_for(service.book(show.id, "1"))
    wait_until(lambda: sink.at("/good") and read_stream())
    booking_id = service.book(show.id, "2")
    with measured() as took:
        wait_until(lambda: len(sink.at("/good")) == 2 and len(read_stream()) == 2)
    assert took.quiet < 3
    received = sink.at("/good")[1]
    received.verify(made.secret)
    assert received.event == read_stream()[1]
    assert received.event["subject"] == booking_id


@pytest.mark.usefixtures("outbound")
def test_test_of_an_endpoint_and_the_log_of_it(service: Client, make_show: MakeShow, sink: Sink) -> None:
    made = register(sink, "/good")
    address = f"/admin/webhook-endpoints/{made.endpoint.id}"
    show = make_show()
    booking_id = service.book(show.id, "1")
    wait_until(lambda: sink.at("/good"))
    status, test = service.call("POST", f"{address}/test", headers=ADMIN)
    assert (status, test["status"]) == (202, "waiting")

    def list_settled() -> list[dict[str, Any]]:
        items = service.call("GET", f"{address}/deliveries", headers=ADMIN)[1]["items"]
        return [item for item in items if item["status"] != "waiting"]

    wait_until(lambda: len(list_settled()) == 2)
    tested, delivered = list_settled()
    assert (tested["event_id"], delivered["booking_id"]) == (test["event_id"], booking_id)
    assert {(each["status"], each["status_code"]) for each in (tested, delivered)} == {("delivered", 204)}
    received = sink.at("/good")[1]
    received.verify(made.secret)
    assert (received.event["type"], received.event["id"]) == ("ENDPOINT_TEST", test["event_id"])
    assert ask("SELECT delivered FROM webhook_endpoints")[0][0] == 1


@pytest.mark.usefixtures("outbound")
def test_dead_endpoints_delay_no_other_and_no_booking(
    service: Client, make_show: MakeShow, sink: Sink
) -> None:
    for number in range(40):
        register(sink, f"/hanging-{number}")
        sink.answers[f"/hanging-{number}"] = sink.hang
    register(sink, "/good")
    show = make_show(total_seats=2000)
    # A booking that waited for longer than a request may would be refused.
    with under_load(service, show.id, clients=1, pause=0.05) as load:
        wait_until(lambda: len(sink.at("/good")) > 50)
    wait_until(lambda: len(sink.at("/good")) == len(load.ids))


def test_outbound_killed_under_load(
    service: Client, make_show: MakeShow, sink: Sink, database: dict[str, str]
) -> None:
    register(sink, "/good")
    show = make_show(total_seats=20_000)
    with under_load(service, show.id, clients=1, pause=0.1) as load:
        for kill in range(2):
            process = start_process("outbound", {**database, **ALLOWED})
            try:
                wait_until(lambda many=kill * 50 + 30: len(sink.received) > many)
            finally:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
    with run_process("outbound", {**database, **ALLOWED}):
        wait_until(is_all_published)
        told = lambda: {received.event["subject"] for received in sink.received}  # noqa: E731
        wait_until(lambda: told() >= set(load.ids))
    assert {event["subject"] for event in read_stream()} == set(load.ids)
    bodies = {received.body for received in sink.received}
    assert len(bodies) == len({received.headers["webhook-id"] for received in sink.received})
