"""The kept producer: it sends what Celery would, and outlives its connection."""

from pathlib import Path

import pytest
from redis.exceptions import RedisError

from core.infra.jobs import BOOKINGS_QUEUE, SETTLE_SHOW, get_sender
from local.servers import EmbeddedRedis
from tests.acting import count_messages
from tests.apart import enter
from tests.lonely import run_lonely_redis


def test_broker_that_was_restarted_gets_the_next_message(database: dict[str, str], tmp_path: Path) -> None:
    with run_lonely_redis(tmp_path / "redis") as server, enter({"REDIS_URL": server.url}):
        get_sender().send(SETTLE_SHOW, (7,), queue=BOOKINGS_QUEUE)
        port = server.port
        server.stop()
        with pytest.raises((RedisError, OSError)):
            get_sender().send(SETTLE_SHOW, (7,), queue=BOOKINGS_QUEUE)
        with EmbeddedRedis(server.data_dir, durable=False, port=port):
            get_sender().send(SETTLE_SHOW, (8,), queue=BOOKINGS_QUEUE)
            assert count_messages() == 1
