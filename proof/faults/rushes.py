"""Faults that users are: all at once for one seat, at the last moment, with a booking that is deadly."""

import random
import threading
import time
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import partial
from typing import Any

from proof.clients import DEADLY_SEAT, Customer
from proof.faults.kinds import Fault
from proof.history import Request
from proof.racers import race
from proof.world import World

# Confirms are timed by the hold's end as told; a tenth of a second covers the way there.
AROUND_EXPIRY_SECONDS = 0.05
HOLDERS, HOLDS_EACH = 12, 28


def run_together(works: Iterable[Callable[[], Any]]) -> None:
    """Run these at the same time, a thread each."""
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def rush(*, most: int, orders: tuple[tuple[str, ...], ...]) -> Fault:
    """Ten or many more ask for the same seats in the same moment, in these orders."""

    def fault(world: World, chance: random.Random) -> None:
        show_id, count = world.make_show(seats=4), chance.randint(10, most)
        bodies = [
            {
                "show_id": show_id,
                "customer": f"{world.seed}:racer-{number}",
                "seats": list(orders[number % len(orders)]),
                "hold": False,
            }
            for number in range(count)
        ]
        race(world.port, bodies, world.history)

    return fault


def confirm_at_expiry(world: World, chance: random.Random) -> None:
    """Hundreds of holds are confirmed in the moment in which they run out, while others want their seats."""
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


def deadly_booking(world: World, chance: random.Random) -> None:
    """A booking that kills whichever process of the worker's pool settles it, each time."""
    world.respawn("worker", PROOF_HOOK=f"deadly-seat:{DEADLY_SEAT}")
    show_id = chance.choice(world.show_ids)
    customer = Customer(world.url, [show_id], world.history, number=3_000, seed=world.seed)
    deadly = customer.book(seats=[DEADLY_SEAT], hold=False)
    if deadly.status == 202:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            found = customer.read(deadly.document["id"], wait=1)
            if found.status == 200 and found.document["status"] != "PENDING":
                break
    customer.close()
