"""A shard that does not answer stops nothing of what is on the others."""

import asyncio
import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from core import housekeeping, relay
from core.bookings.waiting import count_waiting
from core.events.publisher import STREAM
from core.events.service import read_feed
from core.infra.async_db import LoopConnection
from core.infra.redis import get_redis
from core.infra.slot_groups import SlotGroup, find_group
from core.infra.slots import to_slot
from core.settling import sweeping
from core.shows.service import Show
from core.webhooks.delivering import deliver_webhooks
from proof.sink import run_sink
from tests.acting import ask, book, end_hold, hold, run, settle, tell
from tests.apart import enter
from tests.core.webhooks.acting import register
from tests.distribution.shards import held_back
from tests.door import DoorClient, open_door
from tests.support import wait_until

MakeShow = Callable[..., Show]


@pytest.fixture
def shows(make_show: MakeShow) -> tuple[int, int]:
    """Two shows, each on a shard of its own."""
    first = make_show().id
    while True:
        second = make_show().id
        if group_of(second) != group_of(first):
            return first, second


@pytest.fixture
def client(database: dict[str, str]) -> Iterator[DoorClient]:
    """A client of the application, in this process."""
    from api.app import create_app  # noqa: PLC0415 (reads the settings, which the servers set)

    with open_door(create_app()) as client:
        yield client


def list_committers(show_id: int) -> set[int]:
    """The server processes that committed bookings of this show last."""
    committed = f"%SELECT 1 / (%(ARRAY[{show_id}] AS bigint[])%"
    others = "SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
    rows = ask(f"{others} AND query LIKE :committed", committed=committed)
    return {pid for (pid,) in rows}


@contextmanager
def frozen(pids: set[int]) -> Iterator[None]:
    """These server processes stand still, and say nothing."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def group_of(show_id: int) -> SlotGroup:
    return find_group(to_slot(show_id))


def test_bookings_of_others_are_accepted_meanwhile(client: DoorClient, shows: tuple[int, int]) -> None:
    silent, other = shows

    def post(show_id: int, seat: str) -> int:
        return client.post("/bookings", json={"show_id": show_id, "seats": [seat]}).status_code

    def are_apart() -> bool:
        # A process that has not read the slot groups yet takes all bookings for those of one.
        assert [post(show_id, "1") for show_id in shows] == [202, 202]
        pids = list_committers(silent)
        return bool(pids) and pids.isdisjoint(list_committers(other))

    wait_until(are_apart)
    with ThreadPoolExecutor() as threads, frozen(list_committers(silent)):
        waiting = threads.submit(post, silent, "2")
        assert [post(other, seat) for seat in "234"] == [202] * 3
        # Its request's own deadline ends it, seconds later.
        assert waiting.result() == 503


def test_sweep_settles_the_others(shows: tuple[int, int]) -> None:
    waiting = [book(show_id, "1") for show_id in shows]
    run("UPDATE bookings SET updated_at = now() - interval '1 minute'")
    with held_back(group_of(shows[0])):
        assert sweeping.sweep_shows() == 1
        assert tell(waiting[1]) == "CONFIRMED"
    assert sweeping.sweep_shows() == 1
    assert tell(waiting[0]) == "CONFIRMED"


def test_what_waits_of_others_is_counted(shows: tuple[int, int]) -> None:
    for show_id in shows:
        book(show_id, "1")

    async def count() -> dict[int, int]:
        return await count_waiting(LoopConnection(answer_seconds=1), at_most=10)

    for held, other in (shows, shows[::-1]):
        with held_back(group_of(held)):
            assert asyncio.run(count()) == {other: 1}
    assert asyncio.run(count()) == dict.fromkeys(shows, 1)


def test_holds_of_others_expire(shows: tuple[int, int]) -> None:
    for show_id in shows:
        end_hold(hold(show_id, "1"))
    with held_back(group_of(shows[0])):
        assert sweeping.nudge_expired_shows() == 1
    assert sweeping.nudge_expired_shows() == 2


@pytest.mark.parametrize("held", [0, 1])
def test_events_of_others_are_placed_and_sent(shows: tuple[int, int], held: int) -> None:
    """Whether they are asked before the one that is held, or after it."""
    ids = [book(show_id, "1") for show_id in shows]
    for show_id in shows:
        settle(show_id)
    with held_back(group_of(shows[held])):
        relay.relay_events()
        # The stream first: who reads the feed places events as well.
        assert get_redis().xlen(STREAM) == 1
        first = read_feed([], limit=10)
    assert [item.envelope["subject"] for item in first.items] == [str(ids[1 - held])]
    relay.relay_events()
    assert get_redis().xlen(STREAM) == 2
    then = read_feed(first.places, limit=10)
    assert [item.envelope["subject"] for item in then.items] == [str(ids[held])]
    assert read_feed(then.places, limit=10).items == []
    assert len(read_feed([], limit=10).items) == 2


@pytest.mark.parametrize("held", [0, 1])
def test_webhooks_of_others_are_delivered(shows: tuple[int, int], held: int) -> None:
    with run_sink() as sink, enter({"WEBHOOK_ALLOW_PRIVATE": "true"}):
        endpoint_id = register(sink).endpoint.id
        ids = [book(show_id, "1") for show_id in shows]
        for show_id in shows:
            settle(show_id)
        with held_back(group_of(shows[held])):
            relay.relay_events()
            deliver_webhooks(endpoint_id)
            assert [each.event["subject"] for each in sink.received] == [str(ids[1 - held])]
        relay.relay_events()
        deliver_webhooks(endpoint_id)
        assert [each.event["subject"] for each in sink.received] == [str(ids[1 - held]), str(ids[held])]


def test_keys_of_others_are_forgotten(shows: tuple[int, int]) -> None:
    for show_id in shows:
        run(
            "INSERT INTO used_keys (slot, principal, show_id, key, fingerprint, booking_ids, created_at)"
            " VALUES (:slot, 'c', :id, 'k', 'f', '{}', :at)",
            slot=to_slot(show_id),
            id=show_id,
            at=datetime.now(UTC) - timedelta(days=3),
        )
    with held_back(group_of(shows[0])):
        assert housekeeping.purge_idempotency_keys() == 1
    assert housekeeping.purge_idempotency_keys() == 1
