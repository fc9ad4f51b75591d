"""The way into Redis: who does not take a connection, or does not answer, is given up in time."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from redis.exceptions import RedisError, ResponseError

from core.infra.redis import TIMEOUT_SECONDS, RoundTrip, get_redis
from tests.apart import enter
from tests.measuring import measured
from tests.support import run_deaf_port, run_silent_port


@pytest.mark.parametrize("run_port", [run_deaf_port, run_silent_port])
def test_server_that_is_not_there_is_given_up(
    database: dict[str, str], run_port: Callable[[], AbstractContextManager[int]]
) -> None:
    with (
        run_port() as port,
        enter({"REDIS_URL": f"redis://127.0.0.1:{port}/0"}),
        measured() as took,
        pytest.raises((RedisError, OSError)),
        get_redis() as redis,
    ):
        redis.ping()
    assert took.wall >= TIMEOUT_SECONDS
    assert took.quiet < TIMEOUT_SECONDS + 0.7


def test_refused_command_leaves_no_reply_for_the_next_ones(database: dict[str, str]) -> None:
    first = RoundTrip()
    first.set("text", "no number")
    first.incr("text")
    first.set("text", "sent all the same")
    with pytest.raises(ResponseError):
        first.send(get_redis())
    second = RoundTrip()
    second.get("text")
    assert second.send(get_redis()) == [b"sent all the same"]
