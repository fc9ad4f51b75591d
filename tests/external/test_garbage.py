"""Garbage in RabbitMQ's queues: the worker drops it, and goes on."""

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import amqp
import psutil
import pytest
from amqp.basic_message import Message

from core.infra.dropped import read_dropped
from core.infra.jobs import BOOKINGS_QUEUE, EXPIRY_QUEUE, get_celery, nudge
from core.shows.service import Show
from tests.acting import book, tell
from tests.apart import enter
from tests.external.rabbitmq import RabbitMq
from tests.support import run_process, wait_until
from tests.tasks import garbage

pytestmark = pytest.mark.external
MakeShow = Callable[..., Show]


def connect(broker: RabbitMq) -> amqp.Connection:
    """A connection without Celery, which would send nothing of this."""
    connection = amqp.Connection(f"127.0.0.1:{broker.port}")
    connection.connect()
    return connection


def make_all() -> list[Message]:
    """Garbage of every kind, as far as AMQP can carry it."""
    made = [Message(text) for text in garbage.RAW]
    made += [Message(text, content_type="application/json", content_encoding="utf-8") for text in garbage.RAW]
    # What is no UTF-8, where AMQP has text.
    made += [
        Message("x", **{name: b"\xff\xfe"})
        for name in ("content_type", "correlation_id", "reply_to", "message_id", "type")
    ]
    made += [
        Message("x", application_headers=headers)
        for headers in (
            {"task": b"\xff"},
            {b"\xff": 1},
            {"task": [b"\xff", {"x": [{}]}]},
            {"compression": "zlib"},
        )
    ]
    for message in (*garbage.forge(), *garbage.spoil()):
        if (body := message.get("body")) and isinstance(body, str):
            body = garbage.decode(body)
        headers = message.get("headers")
        made.append(
            Message(
                body if isinstance(body, bytes) else json.dumps(body),
                application_headers=headers if is_table(headers) else {"task": "x"},
                **{
                    name: value
                    for name in ("content-type", "content-encoding")
                    if isinstance(value := message.get(name), str) and len(value) < 200
                    for name in [name.replace("-", "_")]
                },
            )
        )
    return made


def is_table(headers: Any) -> bool:
    """Whether AMQP has such headers."""
    try:
        amqp.serialization.dumps("F", [headers])
    except Exception:
        return False
    return isinstance(headers, dict)


def publish(broker: RabbitMq, message: Message) -> None:
    """Send it as a task and as a command, by a connection of its own: RabbitMQ itself breaks off at some."""
    with suppress(amqp.AMQPError), connect(broker) as connection:
        channel = connection.channel()
        channel.basic_publish(message, exchange="", routing_key=BOOKINGS_QUEUE)
        channel.basic_publish(message, exchange="celery.pidbox", routing_key="")


def count_waiting(broker: RabbitMq) -> int:
    """Messages in the worker's queues, whether taken or not yet."""
    with connect(broker) as connection:
        channel = connection.channel()
        return sum(
            channel.queue_declare(queue, passive=True).message_count
            for queue in (BOOKINGS_QUEUE, EXPIRY_QUEUE)
        )


def test_worker_drops_it_and_goes_on(broker: RabbitMq, make_show: MakeShow, database: dict[str, str]) -> None:
    variables = {**database, "CELERY_BROKER_URL": broker.url, "WORKER_CONCURRENCY": "1"}
    with enter({"CELERY_BROKER_URL": broker.url}), run_process("worker", variables) as process:
        wait_until(lambda: get_celery().control.ping(timeout=1))
        alive = psutil.Process(process.pid)
        children = alive.children(recursive=True)
        for message in make_all():
            publish(broker, message)
        show = make_show()
        booking_id = book(show.id, "1")
        nudge(show.id)
        wait_until(lambda: tell(booking_id) == "CONFIRMED")
        wait_until(lambda: count_waiting(broker) == 0)
        assert sum((read_dropped() or {}).values()) > len(garbage.RAW)
        wait_until(lambda: get_celery().control.ping(timeout=1))
        assert alive.is_running()
        assert alive.children(recursive=True) == children
    # What was taken and not acknowledged would be back now.
    assert count_waiting(broker) == 0
