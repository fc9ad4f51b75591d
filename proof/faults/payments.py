"""Faults of payments: the provider away or wrong, its webhooks lost, forged, at the last moment."""

import random
import threading
import time
from datetime import datetime
from functools import partial
from itertools import count
from typing import Any

from sqlalchemy import text

from core.infra.db import transaction
from core.payments.providers.sandbox import derive_keys
from local.processes import wait_until
from proof.buyers import Buyer
from proof.faults.kinds import Fault, run_together
from proof.faults.rushes import AROUND_EXPIRY_SECONDS
from proof.till import sign
from proof.world import World

# The sandbox keeps its books a transaction at a time, so these are fewer than the holds that are confirmed.
PAYERS, PAYMENTS_EACH = 10, 14
REGRETTERS, SEATS_EACH = 3, 6
FORGERS, FORGERIES_EACH = 3, 4
# What the sandbox is made to have otherwise than it was asked: column and value.
ALTERED = (("amount", 1), ("amount", 9_999_999), ("currency", "USD"), ("booking_id", None))
LONG_HOLD_SECONDS = 60
CONFIRMED_WITHIN_SECONDS = 20


def refuse_calls(world: World, chance: random.Random) -> None:
    """The provider answers nothing but 500, or 429."""
    world.till.put_faults(status=chance.choice((500, 503, 429)), seconds=60)
    time.sleep(chance.uniform(3, 5))
    world.till.put_faults(seconds=0)


def slow_down(world: World, chance: random.Random) -> None:
    """The provider takes its time, more or less than a request may."""
    world.till.put_faults(slow_seconds=chance.uniform(0.3, 3), seconds=60)
    time.sleep(chance.uniform(4, 6))
    world.till.put_faults(seconds=0)


def refuse_refunds(world: World, chance: random.Random) -> None:
    """The provider takes no refund for a while, and there are many."""
    world.till.put_faults(seconds=0, refuse_refunds_seconds=chance.uniform(4, 6))
    amid_regrets(lambda _world, own: time.sleep(own.uniform(4, 6)))(world, chance)


def amid_regrets(fault: Fault) -> Fault:
    """Have a fault while buyers cancel what they paid just before."""

    def both(world: World, chance: random.Random) -> None:
        show_id = world.make_paid_show(seats=REGRETTERS * SEATS_EACH)
        stop = threading.Event()

        def regret(number: int) -> None:
            buyer = world.make_buyer(5_000 + number, [show_id])
            for turn in count():
                if stop.is_set():
                    break
                seat = number * SEATS_EACH + turn % SEATS_EACH + 1
                if (booking_id := buyer.hold([str(seat)])) and (url := buyer.offer(booking_id)):
                    buyer.pay_and_tell(booking_id, url, times=1)
                    # Some of it twice: first a little, then the rest.
                    if turn % 3 == 0:
                        buyer.refund(booking_id, {"amount": 1})
                    buyer.act("cancel", booking_id)
            buyer.close()

        regretters = [threading.Thread(target=regret, args=(number,)) for number in range(REGRETTERS)]
        for regretter in regretters:
            regretter.start()
        try:
            fault(world, chance)
        finally:
            stop.set()
            for regretter in regretters:
                regretter.join()

    return both


def pay_otherwise(world: World, chance: random.Random) -> None:
    """What is paid is another amount, in another currency, for another booking, than was asked."""
    show_id = world.make_paid_show(seats=FORGERS * FORGERIES_EACH)

    def pay(number: int) -> None:
        own = random.Random(f"{world.seed}:{number}")  # noqa: S311
        buyer = world.make_buyer(6_000 + number, [show_id])
        ids: list[str] = []
        for place in range(FORGERIES_EACH):
            booking_id = buyer.hold([str(number * FORGERIES_EACH + place + 1)])
            url = buyer.offer(booking_id) if booking_id else None
            if booking_id is None or url is None:
                raise AssertionError("a seat of one's own cannot be held and paid")
            column, value = ALTERED[place % len(ALTERED)]
            world.till.alter(url, column, value or (ids or ["00000000-0000-7000-8000-000000000000"])[0])
            ids.append(booking_id)
            if own.random() < 0.5:
                buyer.pay_and_tell(booking_id, url, times=2)
            else:
                world.till.press(url, "pay", webhook="twice", delay_seconds=own.uniform(0, 2))
        buyer.close()

    run_together(partial(pay, number) for number in range(FORGERS))
    time.sleep(chance.uniform(0, 1))


def forge(world: World, chance: random.Random) -> None:
    """Webhooks that nobody signed, or another secret did; and true ones again and again, in any order."""
    show_id = world.make_paid_show(seats=FORGERS * FORGERIES_EACH)

    def run(number: int) -> None:
        own = random.Random(f"{world.seed}:{number}")  # noqa: S311
        buyer = world.make_buyer(6_100 + number, [show_id])
        for place in range(FORGERIES_EACH):
            booking_id = buyer.hold([str(number * FORGERIES_EACH + place + 1)])
            if booking_id and (url := buyer.offer(booking_id)):
                _forge_one(world, buyer, booking_id, url, own)
        buyer.close()

    run_together(partial(run, number) for number in range(FORGERS))
    time.sleep(chance.uniform(0, 1))


def _forge_one(world: World, buyer: Buyer, booking_id: str, url: str, chance: random.Random) -> None:
    till, offered = world.till, world.till.tell(url)
    if offered is None:
        return
    forged = {**offered, "payment": {**offered["payment"], "status": "succeeded"}}
    for headers in (
        {},
        sign(forged, derive_keys("of somebody else").webhook),
        till.sign({**forged, "type": "another"}),
    ):
        if buyer.notify(forged, headers, booking_id).status == 200:
            world.complaints.append("a forged webhook was taken")
    if not till.press(url, "pay", webhook=chance.choice(["never", "now", "twice"])):
        return
    paid = till.tell(url)
    if paid is None:
        return
    # As it was before, as it is, and as it never was, each event by an id of its own or by the same again.
    closed = {**offered, "id": f"{offered['id']}c", "payment": {**offered["payment"], "status": "failed"}}
    again = {**paid, "id": f"{paid['id']}a"}
    events = [offered, paid, paid, again, closed]
    chance.shuffle(events)
    run_together(
        partial(_bring, world, event, booking_id, 6_200 + place) for place, event in enumerate(events)
    )


def _bring(world: World, event: dict[str, object], booking_id: str, number: int) -> None:
    buyer = world.make_buyer(number, world.paid_ids)
    buyer.notify(event, world.till.sign(event), booking_id)
    buyer.close()


def lose_webhooks(world: World, chance: random.Random) -> None:
    """Nobody tells of what was paid: it is asked about after two minutes, which are over at once here."""
    show_id = world.make_paid_show(seats=FORGERIES_EACH, hold_seconds=LONG_HOLD_SECONDS)
    buyer, ids = world.make_buyer(6_300, [show_id]), list[str]()
    for place in range(FORGERIES_EACH):
        booking_id = buyer.hold([str(place + 1)])
        if booking_id and (url := buyer.offer(booking_id)):
            world.till.press(url, "pay", webhook="never")
            ids.append(booking_id)
    time.sleep(chance.uniform(0, 1))
    with transaction() as connection:
        query = text("""
            UPDATE payments SET due_at = due_at - interval '2 minutes'
            WHERE show_id = :show_id AND due_at IS NOT NULL
        """)
        connection.execute(query, {"show_id": show_id})

    def are_confirmed() -> bool:
        return all(buyer.read(id_, wait=1).document.get("status") == "CONFIRMED" for id_ in ids)

    if not ids or not wait_until(are_confirmed, timeout_seconds=CONFIRMED_WITHIN_SECONDS):
        world.complaints.append("what was paid, and nobody told of, is not confirmed")
    buyer.close()


def pay_at_expiry(world: World, _chance: random.Random) -> None:
    """Many are paid in the moment in which their holds expire, while others want their seats."""
    show_id = world.make_paid_show(seats=PAYERS * PAYMENTS_EACH)

    def hold_and_pay(number: int) -> None:
        own = random.Random(f"{world.seed}:{number}")  # noqa: S311
        buyer = world.make_buyer(7_000 + number, [show_id])
        seats = [str(number * PAYMENTS_EACH + place + 1) for place in range(PAYMENTS_EACH)]
        paid = [(seat, told) for seat in seats if (told := _pay_early(buyer, seat, own))]
        for seat, (booking_id, at, event) in paid:
            time.sleep(max(0.0, at - time.time()))
            if event is not None:
                buyer.notify(event, buyer.till.sign(event), booking_id)
            buyer.book(seats=[seat], hold=True)
        buyer.close()

    run_together(partial(hold_and_pay, number) for number in range(PAYERS))


def _pay_early(buyer: Buyer, seat: str, chance: random.Random) -> tuple[str, float, Any] | None:
    """Pay a seat, of which a webhook tells around the hold's end: its booking, when that is, the webhook.

    The webhook is None where the sandbox brings it; all is None where the seat is not held and paid.
    """
    booking_id = buyer.hold([seat])
    url = buyer.offer(booking_id) if booking_id else None
    found = buyer.read(booking_id, wait=0) if booking_id and url else None
    if (
        booking_id is None
        or url is None
        or found is None
        or not (found.document or {}).get("hold_expires_at")
    ):
        return None
    ends_at = datetime.fromisoformat(found.document["hold_expires_at"]).timestamp()
    at = ends_at + chance.uniform(-AROUND_EXPIRY_SECONDS, AROUND_EXPIRY_SECONDS)
    if chance.random() < 0.3:
        buyer.till.press(url, "pay", webhook="now", delay_seconds=max(0.0, at - time.time()))
        return booking_id, at, None
    buyer.till.press(url, "pay", webhook="never")
    return booking_id, at, buyer.till.tell(url)
