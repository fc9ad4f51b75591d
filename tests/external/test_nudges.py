"""Nudges through a real RabbitMQ: their queue is declared before the first, and again after a restart."""

import pytest
from kombu import Connection, Message

from core.infra.brokers import BrokerConnection
from core.infra.jobs import BOOKINGS_QUEUE, SETTLE_SHOW, get_sender
from tasks.messages import find_fault
from tests.apart import enter
from tests.external.rabbitmq import RabbitMq
from tests.support import wait_until

pytestmark = pytest.mark.external


def take(broker: RabbitMq) -> Message | None:
    """The next message of the queue, if there is one."""
    with BrokerConnection(broker.url) as connection:
        return connection.channel().basic_get(BOOKINGS_QUEUE, no_ack=True)


def is_sent() -> bool:
    """Whether a nudge went out; the first after a restart finds its connection lost."""
    try:
        get_sender().send(SETTLE_SHOW, (7,), queue=BOOKINGS_QUEUE)
    except Exception:
        return False
    return True


def test_nudges_are_ours_and_go_on_after_a_restart(broker: RabbitMq, database: dict[str, str]) -> None:
    with enter({"CELERY_BROKER_URL": broker.url}):
        for _ in range(2):
            wait_until(is_sent)
            message = take(broker)
            assert message is not None and find_fault(message) is None
            with Connection(broker.url) as connection:
                connection.channel().queue_delete(BOOKINGS_QUEUE)
            broker.stop()
            broker.start()
