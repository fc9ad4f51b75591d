"""Publishing to a stream on Redis: at least once, in order for a booking, nothing lost while it is down."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import orjson
import pytest
from redis import Redis

from core import relay
from core.errors import UnavailableError
from core.events import service
from core.events.publisher import STREAM, publish
from core.infra.db import transaction
from core.infra.slot_groups import SlotGroup
from core.shows.service import Show
from local.servers import EmbeddedRedis
from proof.tables import UNPUBLISHED
from tests.acting import ask, book, cancel, confirm, hold, run, settle
from tests.apart import enter
from tests.lonely import run_lonely_redis
from tests.measuring import measured
from tests.support import run_deaf_port, run_silent_port, wait_until

MakeShow = Callable[..., Show]


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedRedis]:
    """A Redis for events alone."""
    with run_lonely_redis(tmp_path_factory.mktemp("broker"), durable=True) as server:
        yield server


@pytest.fixture(autouse=True)
def stream(broker: EmbeddedRedis, database: dict[str, str]) -> Iterator[Redis]:
    """A client of it; the stream is empty."""
    relay.broker_breaker.close()
    with Redis.from_url(broker.url) as client, enter({"EVENTS_BROKER_URL": broker.url}):
        client.delete(STREAM)
        yield client


def read_stream(stream: Redis) -> list[dict[str, Any]]:
    """The events in the stream."""
    found: Any = stream.xrange(STREAM)
    return [orjson.loads(entry[b"event"]) for _, entry in found]


def count_unpublished() -> int:
    return int(ask(f"SELECT count(*) FROM events e WHERE {UNPUBLISHED}")[0][0])


def test_published_as_cloudevents_once_and_in_order(stream: Redis, make_show: MakeShow) -> None:
    show = make_show()
    booking_id = hold(show.id, "1")
    confirm(booking_id)
    settle(show.id)
    cancel(booking_id)
    settle(show.id)
    for _ in range(2):
        relay.relay_events()
    events = read_stream(stream)
    assert [event["type"] for event in events] == [
        "BOOKING_HELD",
        "BOOKING_CONFIRMED",
        "BOOKING_CANCELLED",
    ]
    for event in events:
        assert event["specversion"] == "1.0"
        assert event["subject"] == event["data"]["id"] == str(booking_id)
    assert (stream.xrange(STREAM)[0][1][b"content-type"]) == b"application/cloudevents+json"
    assert count_unpublished() == 0


def test_sent_again_byte_for_byte_after_a_death_before_the_cursor_moved(
    stream: Redis, make_show: MakeShow
) -> None:
    show = make_show()
    book(show.id, "1", customer="Zoë")
    settle(show.id)
    relay.relay_events()
    run("UPDATE event_cursors SET position = 0")
    relay.relay_events()
    (_, first), (_, second) = stream.xrange(STREAM)
    assert first == second


def test_while_a_relay_is_sending_another_sends_nothing(
    stream: Redis, make_show: MakeShow, caplog: pytest.LogCaptureFixture
) -> None:
    """Nor waits, which would be in vain; and what it left is sent afterwards, all of it in order."""
    show = make_show()
    cancel(hold(show.id, "1"))
    settle(show.id)
    hold(show.id, "2")
    with transaction() as connection:
        service.place_events(connection, SlotGroup(0))
    with transaction() as connection:
        assert service.queries.lock_cursor(connection, SlotGroup(0)) == 0
        relay.relay_events()
        assert read_stream(stream) == []
    assert "events not published" not in caplog.text
    relay.relay_events()
    assert [event["type"] for event in read_stream(stream)] == [
        "BOOKING_HELD",
        "BOOKING_CANCELLED",
        "BOOKING_HELD",
    ]


def test_relays_side_by_side_send_each_event_once(
    stream: Redis, make_show: MakeShow, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the breaker of this process, which would let in one after the other."""
    monkeypatch.setattr(service, "PUBLISHED_AT_ONCE", 20)
    show = make_show(total_seats=300)
    for number in range(1, 301):
        book(show.id, str(number))
    settle(show.id)
    with transaction() as connection:
        service.place_events(connection, SlotGroup(0))

    def send_all() -> None:
        while count_unpublished():
            with transaction() as connection:
                service.publish_events(connection, SlotGroup(0))

    relays = [threading.Thread(target=send_all) for _ in range(4)]
    for thread in relays:
        thread.start()
    for thread in relays:
        thread.join()
    ids = [event["id"] for event in read_stream(stream)]
    assert len(ids) == len(set(ids)) == 300


def test_who_only_looks_keeps_nobody_from_sending(stream: Redis, make_show: MakeShow) -> None:
    show = make_show()
    book(show.id, "1")
    settle(show.id)
    with transaction() as connection:
        assert service.queries.lock_cursor(connection, SlotGroup(0)) is None
        relay.relay_events()
        assert len(read_stream(stream)) == 1


def test_broker_down_keeps_events_and_delays_nothing(
    stream: Redis, make_show: MakeShow, broker: EmbeddedRedis
) -> None:
    show = make_show()
    broker.stop()
    try:
        book(show.id, "1")
        with measured() as took:
            settle(show.id)
            relay.relay_events()
        assert took.quiet < 3
        assert count_unpublished() == 1
    finally:
        broker.start()
    wait_until(publish_again)
    assert len(read_stream(stream)) == 1


def publish_again() -> bool:
    relay.relay_events()
    return count_unpublished() == 0


def test_frozen_broker_is_given_up_in_time(stream: Redis, make_show: MakeShow, broker: EmbeddedRedis) -> None:
    """Well before the server ends the relay's transaction for being idle, and others wait for no lock."""
    show = make_show()
    book(show.id, "1")
    settle(show.id)
    with transaction() as connection:
        service.place_events(connection, SlotGroup(0))
    os.kill(broker.pid or 0, signal.SIGSTOP)
    try:
        with measured() as took, pytest.raises(UnavailableError), transaction() as connection:
            service.publish_events(connection, SlotGroup(0))
        assert took.quiet < 2.5
    finally:
        os.kill(broker.pid or 0, signal.SIGCONT)
    wait_until(publish_again)


@pytest.mark.parametrize("scheme", ["redis", "amqp"])
@pytest.mark.parametrize("run_port", [run_deaf_port, run_silent_port])
def test_broker_that_is_not_there_is_given_up_in_time(
    scheme: str, run_port: Callable[[], AbstractContextManager[int]]
) -> None:
    with run_port() as port, enter({"EVENTS_BROKER_URL": f"{scheme}://127.0.0.1:{port}/"}):
        with measured() as took, pytest.raises(UnavailableError):
            publish([{"id": "1", "type": "BOOKING_CONFIRMED"}])
        # Well before the server ends a transaction that is idle.
        assert took.quiet < 2.5


def test_stream_is_bounded(stream: Redis, make_show: MakeShow, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.events.publisher.STREAM_LENGTH", 100)
    show = make_show(total_seats=1000)
    for number in range(1, 501):
        book(show.id, str(number))
    settle(show.id)
    relay.relay_events()
    # Cut by whole nodes of the stream, so to about that length.
    assert 100 <= stream.xlen(STREAM) < 300
