"""The mends of what Celery stands on, with a real Redis."""

from collections.abc import Iterator

import pytest
from kombu import Connection

from core.infra.redis import get_redis
from tasks.celery_patches import mend_transport
from tests.support import HANGS_SECONDS

mend_transport()


@pytest.fixture
def full_redis(database: dict[str, str]) -> Iterator[None]:
    """A message waits in a Redis that then has no room for anything new."""
    with Connection(database["REDIS_URL"]) as connection, connection.SimpleQueue("full") as queue:
        queue.put({"a": "message"})
    get_redis().config_set("maxmemory", "1")
    yield
    get_redis().config_set("maxmemory", "0")


def test_message_that_a_full_redis_cannot_note_is_taken_all_the_same(
    database: dict[str, str], full_redis: None
) -> None:
    """An error here ends the worker."""
    with Connection(database["REDIS_URL"]) as connection:
        channel = connection.channel()
        taken: list[object] = []
        channel.basic_consume("full", no_ack=False, callback=taken.append, consumer_tag="one")
        connection.drain_events(timeout=HANGS_SECONDS)
        assert len(taken) == 1
