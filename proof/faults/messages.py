"""Faults of the queue: messages that come again, twice, out of order; and what is no message."""

import base64
import json
import random
import threading
import time
import uuid
from functools import partial
from itertools import zip_longest
from typing import Any

from redis import Redis
from sqlalchemy import text

from core.infra.db import primary
from core.infra.jobs import BOOKINGS_QUEUE, EXPIRY_QUEUE, QUEUE_OF, QUEUES, SETTLE_SHOW, SWEEP
from local.processes import wait_until
from proof.clients import Customer
from proof.faults.kinds import run_together
from proof.world import World

# More than there are processes, so that they race for every show.
WAITING_MESSAGES = 30
PAUSE_SECONDS = 0.005
HOLDERS, HOLDS_EACH = 6, 20
# Until all of them are held, other processes have taken over, and they are confirmed.
LONG_HOLD_SECONDS = 60
GARBAGE_MESSAGES, DRAINED_SECONDS = 300, 30
# One by one, by processes that dawdle.
SETTLED_SECONDS = 60


def redeliver(world: World, _chance: random.Random) -> None:
    """Six processes are told again and again of a show with confirms, by messages that come again.

    All of them do, or whoever has another would settle the holds together. Most processes dawdle once they
    have counted a try: one that counts for nothing is then seen by those that do not.
    """
    show_id = world.make_show(seats=2 * HOLDERS * HOLDS_EACH, hold_seconds=LONG_HOLD_SECONDS)
    holders = [
        Customer(world.url, [show_id], world.history, number=4_000 + number, seed=world.seed)
        for number in range(HOLDERS)
    ]
    held: list[list[str]] = [[] for _ in holders]
    run_together(partial(hold, holder, number, held[number]) for number, holder in enumerate(holders))
    world.respawn("worker", WORKER_CONCURRENCY="6", PROOF_HOOK="redelivered:0.7")
    stop = threading.Event()
    sender = threading.Thread(target=send_again, args=(world, [*[show_id] * 9, *world.show_ids], stop))
    sender.start()
    try:
        run_together(
            partial(confirm_and_book, holder, number, held[number]) for number, holder in enumerate(holders)
        )
        if not wait_until(lambda: not is_waited_for(show_id), timeout_seconds=SETTLED_SECONDS):
            raise AssertionError("confirms and bookings are not settled")
    finally:
        stop.set()
        sender.join()


def hold(holder: Customer, number: int, held: list[str]) -> None:
    """Hold every other seat of one's own, a booking each, and note those that are held."""
    bookings = [holder.book(seats=[seat], hold=True) for seat in list_seats(number)[::2]]
    ids = [booking.document["id"] for booking in bookings if booking.status == 202]
    held += [id_ for id_ in ids if holder.read(id_, wait=1).document["held"]]


def confirm_and_book(holder: Customer, number: int, held: list[str]) -> None:
    """Confirm these, and book the other seats of one's own, all as fast as can be."""
    for booking_id, seat in zip_longest(held, list_seats(number)[1::2]):
        if booking_id:
            holder.act("confirm", booking_id)
        if seat:
            holder.book(seats=[seat], hold=False)
    holder.close()


def list_seats(number: int) -> list[str]:
    """The seats that this one of the holders has to itself."""
    return [str(number * 2 * HOLDS_EACH + place + 1) for place in range(2 * HOLDS_EACH)]


def is_waited_for(show_id: int) -> bool:
    """Whether a booking of this show waits to be settled."""
    query = text("SELECT EXISTS (SELECT FROM bookings WHERE show_id = :show_id AND wants IS NOT NULL)")
    with primary() as connection:
        return bool(connection.execute(query, {"show_id": show_id}).scalar_one())


def send_again(world: World, show_ids: list[int], stop: threading.Event) -> None:
    """Put messages into the queues as a broker does that gives out again what nobody acknowledged."""
    chance = random.Random(world.seed)  # noqa: S311
    with Redis.from_url(world.redis.url) as redis:
        while not stop.is_set():
            time.sleep(PAUSE_SECONDS)
            if int(redis.llen(BOOKINGS_QUEUE)) > WAITING_MESSAGES:
                continue
            message = make_message(SETTLE_SHOW, BOOKINGS_QUEUE, chance.choice(show_ids))
            if chance.random() < 0.02:
                redis.lpush(EXPIRY_QUEUE, make_message(SWEEP, EXPIRY_QUEUE))
            for _ in range(chance.randint(1, 3)):
                # At the one end or at the other: in another order than they were sent.
                chance.choice((redis.lpush, redis.rpush))(BOOKINGS_QUEUE, message)


def make_message(task: str, queue: str, *args: Any, **properties: Any) -> str:
    """A task's message as Celery puts it into a Redis list."""
    task_id = str(uuid.uuid4())
    body = json.dumps([args, {}, {"callbacks": None, "errbacks": None, "chain": None, "chord": None}])
    return json.dumps(
        {
            "body": base64.b64encode(body.encode()).decode(),
            "content-encoding": "utf-8",
            "content-type": "application/json",
            "headers": {"lang": "py", "task": task, "id": task_id, "root_id": task_id},
            "properties": {
                "correlation_id": task_id,
                "delivery_mode": 2,
                "delivery_info": {"exchange": "", "routing_key": queue},
                "priority": 0,
                "body_encoding": "base64",
                "delivery_tag": task_id,
                **properties,
            },
        }
    )


def send_garbage(world: World, chance: random.Random) -> None:
    """What nobody understands, in every queue, in every part of a message; the same processes go on."""
    pids = {name: world.find_pids(name) for name in ("worker", "outbound")}
    with Redis.from_url(world.redis.url) as redis:
        for _ in range(GARBAGE_MESSAGES):
            redis.lpush(chance.choice(QUEUES), make_garbage(chance))
        is_drained = wait_until(lambda: not any(map(redis.llen, QUEUES)), timeout_seconds=DRAINED_SECONDS)
        if not is_drained:
            world.complaints.append("the queues are not emptied")
            # Or whoever is started next would end of it too, and the world never be whole again.
            redis.flushall()
    for name, before in pids.items():
        if world.is_dead(name) or world.find_pids(name) != before:
            world.complaints.append(f"{name} did not live on")


def make_garbage(chance: random.Random) -> bytes:
    """Bytes that are no message, or a message with a part that cannot be."""
    if chance.random() < 0.3:
        return chance.choice((b"", b"{}", b"[5]", b"null", b"not json", b"\xff\x00", b"[" * 5_000))
    task, queue = chance.choice(list(QUEUE_OF.items()))
    message = json.loads(make_message(task, queue))
    parts = [message, message["headers"], message["properties"], message["properties"]["delivery_info"]]
    part = chance.choice(parts)
    part[chance.choice(list(part))] = chance.choice((None, -1, 10**30, 0.5, "", "\x00", [], {}, {"a": [1]}))
    return json.dumps(message).encode()
