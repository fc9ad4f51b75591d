"""The way into Redis: who does not take a connection, or does not answer, is given up in time."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from redis import Redis
from redis.exceptions import RedisError

from core.infra.redis import connect_listener, get_redis
from tests.apart import enter
from tests.support import measured, run_deaf_port, run_silent_port


@pytest.mark.parametrize(
    ("connect", "run_port", "seconds"),
    [
        (get_redis, run_deaf_port, 0.25),
        (get_redis, run_silent_port, 0.25),
        (connect_listener, run_deaf_port, 1),
        (connect_listener, run_silent_port, 5),
    ],
)
def test_server_that_is_not_there_is_given_up(
    database: dict[str, str],
    connect: Callable[[], Redis],
    run_port: Callable[[], AbstractContextManager[int]],
    seconds: float,
) -> None:
    with (
        run_port() as port,
        enter({"REDIS_URL": f"redis://127.0.0.1:{port}/0"}),
        measured() as took,
        pytest.raises((RedisError, OSError)),
        connect() as redis,
    ):
        redis.ping()
    assert seconds <= took[0] < seconds + 0.7
