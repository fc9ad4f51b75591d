"""The subscription of an event loop: what is announced is heard, also after the connection was lost."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractContextManager

import pytest

from core.infra import pubsub
from core.infra.pubsub import BOOKINGS_CHANNEL, MAPS_CHANNEL, Listener
from core.infra.redis import get_redis
from core.infra.settings import get_settings
from tests.apart import enter
from tests.support import HANGS_SECONDS, frozen_redis, run_deaf_port, run_silent_port, wait_until


class Heard(asyncio.Queue[tuple[str, bytes]]):
    """What the listener has heard; others may listen in this process as well."""

    def __init__(self, *, others: Sequence[int]) -> None:
        super().__init__()
        self._others = others

    async def until_listening(self) -> None:
        """Until the listener is among them, and all others are back."""
        await asyncio.to_thread(wait_until, lambda: min(count_listeners()) > max(self._others))


def count_listeners() -> list[int]:
    return [count for _, count in get_redis().pubsub_numsub(BOOKINGS_CHANNEL, MAPS_CHANNEL)]


def play(scene: Callable[[Heard], Awaitable[None]], *, is_there: bool = True) -> None:
    async def begin() -> None:
        heard = Heard(others=count_listeners() if is_there else [0])

        def refuse(message: bytes) -> None:
            heard.put_nowait((MAPS_CHANNEL, message))
            raise ValueError(message)

        handlers = {BOOKINGS_CHANNEL: lambda message: heard.put_nowait((BOOKINGS_CHANNEL, message))}
        Listener(handlers | {MAPS_CHANNEL: refuse}).begin(asyncio.get_running_loop())
        async with asyncio.timeout(HANGS_SECONDS):
            await scene(heard)

    asyncio.run(begin())


def publish(channel: str, message: bytes) -> None:
    get_redis().publish(channel, message)


def test_each_channel_is_heard_whatever_a_handler_raises(
    database: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    async def scene(heard: Heard) -> None:
        await heard.until_listening()
        for channel, message in ((MAPS_CHANNEL, b"1"), (BOOKINGS_CHANNEL, b"2"), (MAPS_CHANNEL, b"3")):
            publish(channel, message)
            assert await heard.get() == (channel, message)

    play(scene)
    assert caplog.text.count("announcement not understood") == 2


def test_protocol_of_before_is_understood(database: dict[str, str]) -> None:
    async def scene(heard: Heard) -> None:
        await heard.until_listening()
        publish(BOOKINGS_CHANNEL, b"1")
        assert await heard.get() == (BOOKINGS_CHANNEL, b"1")

    with enter({"REDIS_URL": f"{get_settings().redis_url}?protocol=2"}):
        play(scene)


def test_connection_that_was_lost_is_opened_anew(database: dict[str, str]) -> None:
    async def scene(heard: Heard) -> None:
        await heard.until_listening()
        get_redis().client_kill_filter(_type="pubsub")
        await heard.until_listening()
        publish(BOOKINGS_CHANNEL, b"1")
        assert await heard.get() == (BOOKINGS_CHANNEL, b"1")

    play(scene)


def test_server_that_is_frozen_is_noticed(
    database: dict[str, str], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(pubsub, "PING_SECONDS", 0.1)
    monkeypatch.setattr(pubsub, "PONG_SECONDS", 0.2)

    async def scene(heard: Heard) -> None:
        await heard.until_listening()
        with frozen_redis():
            while "not listening to redis" not in caplog.text:
                await asyncio.sleep(0.01)
        await heard.until_listening()
        # So short a silence is one of a busy machine too, after which it listens anew.
        while heard.empty():
            publish(BOOKINGS_CHANNEL, b"1")
            await asyncio.sleep(0.02)
        assert await heard.get() == (BOOKINGS_CHANNEL, b"1")

    with caplog.at_level("INFO"):
        play(scene)


@pytest.mark.parametrize("run_port", [run_deaf_port, run_silent_port])
def test_server_that_is_not_there_is_tried_again_and_again(
    database: dict[str, str],
    run_port: Callable[[], AbstractContextManager[int]],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(pubsub, "CONNECT_SECONDS", 0.1)
    monkeypatch.setattr(pubsub, "RECONNECT_SECONDS", 0.01)

    async def scene(_: Heard) -> None:
        while caplog.text.count("not listening to redis") < 3:
            await asyncio.sleep(0.01)

    with (
        caplog.at_level("INFO"),
        run_port() as port,
        enter({"REDIS_URL": f"redis://127.0.0.1:{port}/0"}),
    ):
        play(scene, is_there=False)
