"""Events on a real RabbitMQ: a topic exchange, confirmed by the broker, and waiting while it is down."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import orjson
import pytest
from kombu import Connection, Queue

from core import relay
from core.events.publisher import CONTENT_TYPE, EXCHANGE
from core.shows.service import Show
from proof.tables import UNPUBLISHED
from tests.acting import ask, book, cancel, hold, settle
from tests.apart import enter
from tests.external.rabbitmq import RabbitMq
from tests.measuring import measured
from tests.support import wait_until

pytestmark = pytest.mark.external
MakeShow = Callable[..., Show]
WAITING = f"SELECT FROM events e WHERE {UNPUBLISHED}"


@pytest.fixture(autouse=True)
def _events_go_there(broker: RabbitMq, database: dict[str, str]) -> Iterator[None]:
    relay.broker_breaker.close()
    with enter({"EVENTS_BROKER_URL": broker.url}):
        yield


@contextmanager
def subscribe(broker: RabbitMq, pattern: str) -> Iterator[list[Any]]:
    """What has come to a queue that is bound by this pattern; read at the end of the block."""
    received: list[Any] = []
    queue = Queue(f"test-{time.monotonic_ns()}", EXCHANGE, routing_key=pattern, durable=True)
    with Connection(broker.url) as connection:
        bound = queue.bind(connection.default_channel)
        bound.declare()
    yield received
    with Connection(broker.url) as connection:
        bound = queue.bind(connection.default_channel)
        while (message := bound.get(no_ack=True)) is not None:
            received.append(message)
        bound.delete()


def test_events_come_to_who_subscribed(broker: RabbitMq, make_show: MakeShow) -> None:
    show = make_show(total_seats=700)
    with subscribe(broker, "#") as everything, subscribe(broker, "BOOKING_CANCELLED") as cancelled:
        booking_id = hold(show.id, "1")
        cancel(booking_id)
        settle(show.id)
        for number in range(2, 602):
            book(show.id, str(number))
        for _ in range(3):
            settle(show.id)
        relay.relay_events()
    events = [orjson.loads(message.body) for message in everything]
    assert len(events) == len({event["id"] for event in events}) == 602
    mine = [event["type"] for event in events if event["subject"] == str(booking_id)]
    assert mine == ["BOOKING_HELD", "BOOKING_CANCELLED"]
    (only,) = cancelled
    assert orjson.loads(only.body)["subject"] == str(booking_id)
    assert only.content_type == CONTENT_TYPE
    assert only.properties["message_id"] == orjson.loads(only.body)["id"]
    assert only.properties["delivery_mode"] == 2


def test_events_wait_while_it_is_down(broker: RabbitMq, make_show: MakeShow) -> None:
    show = make_show()
    with subscribe(broker, "#") as received:
        broker.stop()
        book(show.id, "1")
        settle(show.id)
        with measured() as took:
            relay.relay_events()
        assert took.quiet < 3
        assert ask(WAITING)
        broker.start()

        def is_published() -> bool:
            relay.relay_events()
            return not ask(WAITING)

        wait_until(is_published)
    assert len(received) == 1


def test_frozen_broker_is_given_up_in_time(broker: RabbitMq, make_show: MakeShow) -> None:
    show = make_show()
    book(show.id, "1")
    settle(show.id)
    assert broker.process is not None
    os.killpg(broker.process.pid, signal.SIGSTOP)
    try:
        with measured() as took:
            relay.relay_events()
        assert took.quiet < 3
        assert ask(WAITING)
    finally:
        os.killpg(broker.process.pid, signal.SIGCONT)
