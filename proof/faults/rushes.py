"""Faults that users are: all at once for one seat, at the last moment, with bookings that are deadly."""

import random
import threading
import time
from datetime import datetime
from functools import partial

from sqlalchemy import text

from core.infra.db import primary
from core.settling.quarantine import TRIES
from local.processes import wait_until
from proof.clients import DEADLY_SEAT, LARGEST_WISH, SEATS, Customer
from proof.faults.kinds import Fault, run_together
from proof.history import Request
from proof.racers import race
from proof.world import World

# Confirms are timed by the hold's end as told; a tenth of a second covers the way there.
AROUND_EXPIRY_SECONDS = 0.05
HOLDERS, HOLDS_EACH = 12, 28
# Longer than a hold lasts: some are taken again as they run out.
HANDS, HOARDED, HOARD_SECONDS = 8, 5, 6
# Four seconds each: until a worker has been replaced by one to which the seat is deadly.
DEADLY_EXTENDS = 6
# A process dies of it at once, then after pauses of 1, 2, and 4 seconds.
DEADLY_SECONDS = 60


def rush(*, most: int, orders: tuple[tuple[str, ...], ...]) -> Fault:
    """Ten or many more ask for the same seats in the same moment, in these orders."""

    def fault(world: World, chance: random.Random) -> None:
        show_id, count = world.make_show(seats=4), chance.randint(10, most)
        bodies = [
            {
                "show_id": show_id,
                "customer": f"{world.seed}:racer-{number:012}",
                "seats": list(orders[number % len(orders)]),
                "hold": False,
            }
            for number in range(count)
        ]
        race(world.port, bodies, world.history)

    return fault


def confirm_at_expiry(world: World, chance: random.Random) -> None:
    """Hundreds of holds are confirmed in the moment in which they expire, while others want their seats."""
    show_id = world.make_show(seats=HOLDERS * HOLDS_EACH)

    def hold_and_confirm(number: int) -> None:
        own = random.Random(f"{world.seed}:{number}")  # noqa: S311
        holder = Customer(world.url, [show_id], world.history, number=2_000 + number, seed=world.seed)
        seats = [str(number * HOLDS_EACH + place + 1) for place in range(HOLDS_EACH)]
        held = []
        for seat in seats:
            booking = holder.book(seats=[seat], hold=True)
            if booking.status == 202:
                held.append(holder.read(booking.document["id"], wait=1))
        for found, seat in zip(held, seats, strict=False):
            if found.status == 200 and found.document["held"]:
                _confirm_late(holder, found, own)
                holder.book(seats=[seat], hold=False)
        holder.close()

    run_together(partial(hold_and_confirm, number) for number in range(HOLDERS))


def _confirm_late(holder: Customer, found: Request, chance: random.Random) -> None:
    expires_at = datetime.fromisoformat(found.document["hold_expires_at"]).timestamp()
    at = expires_at + chance.uniform(-AROUND_EXPIRY_SECONDS, AROUND_EXPIRY_SECONDS)
    time.sleep(max(0.0, at - time.time()))
    holder.act("confirm", found.document["id"])


def hoard(world: World, chance: random.Random) -> None:
    """One address, from many connections, does whatever could have it hold more than its show allows."""
    show_id = world.make_show(
        seats=SEATS, max_seats_per_booking=LARGEST_WISH, max_held_seats_per_client=HOARDED
    )
    first, stop = chance.randrange(10_000, 1_000_000), threading.Event()
    hands = [
        Customer(world.url, [show_id], world.history, number=first + number, seed=world.seed)
        for number in range(HANDS)
    ]
    ending = threading.Timer(HOARD_SECONDS, stop.set)
    ending.start()
    run_together(partial(hand.run, stop) for hand in hands)


def deadly_booking(world: World, chance: random.Random) -> None:
    """A booking that kills whichever process of the worker's pool settles it, each time."""
    show_id = chance.choice(world.show_ids)
    world.respawn("worker", PROOF_HOOK=f"deadly-seat:{show_id}/{DEADLY_SEAT}")
    customer = Customer(world.url, [show_id], world.history, number=3_000, seed=world.seed)
    deadly = customer.book(seats=[DEADLY_SEAT], hold=False)
    if deadly.status == 202:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            found = customer.read(deadly.document["id"], wait=1)
            if found.status == 200 and found.document["status"] != "PENDING":
                break
    customer.close()


def deadly_confirm(world: World, chance: random.Random) -> None:
    """A confirm that kills whichever process settles it, until it would have been given up."""
    show_id = chance.choice(world.show_ids)
    customer = Customer(world.url, [show_id], world.history, number=3_001, seed=world.seed)
    booking = customer.book(seats=[DEADLY_SEAT], hold=True)
    if booking.status != 202 or not customer.read(booking.document["id"], wait=1).document["held"]:
        raise AssertionError("the seat that is to be deadly is not held")
    booking_id = booking.document["id"]
    for _ in range(DEADLY_EXTENDS):
        customer.act("extend", booking_id)
    world.respawn("worker", PROOF_HOOK=f"deadly-seat:{show_id}/{DEADLY_SEAT}")
    customer.act("confirm", booking_id)
    if not wait_until(lambda: count_tries(booking_id) > TRIES, timeout_seconds=DEADLY_SECONDS):
        raise AssertionError("the confirm was not tried often enough")
    customer.close()


def count_tries(booking_id: str) -> int:
    """How often settling a booking was tried."""
    with primary() as connection:
        query = text("SELECT tries FROM bookings WHERE id = :id")
        return int(connection.execute(query, {"id": booking_id}).scalar_one())
