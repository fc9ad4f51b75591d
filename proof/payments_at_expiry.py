"""Thousands of payments against holds that end within 50 ms of them: each is confirmed or refunded.

`python -m proof.payments_at_expiry --count 10000`; somebody else asks for the seats of each just then.
"""

import argparse
import random
import sys
import time
from collections import Counter
from functools import partial
from typing import Any

from sqlalchemy import text

from core.infra.db import transaction
from proof.faults.kinds import run_together
from proof.faults.rushes import AROUND_EXPIRY_SECONDS
from proof.gathering import gather_bookings, gather_events
from proof.history import Request
from proof.invariants import find_broken
from proof.money import find_unbalanced, find_unsettled, gather_money
from proof.prove import await_quiet, await_settled, begin_anew, print_violations
from proof.world import World, run_world

SHOWS, BUYERS, RIVALS = 8, 8, 2
# Until all are paid at the provider; then for those who come later, who let their seats go by themselves.
LONG_HOLD_SECONDS, SHORT_HOLD_SECONDS = 3_600, 2
# The first end comes once everybody is at the door.
FIRST_END_SECONDS = 3.0

# In the order of their ids, one after the other. As if those holds had been made so much earlier.
_SHORTEN = (
    """
    UPDATE bookings b SET hold_expires_at = ends.at
    FROM (SELECT id, clock_timestamp()
                     + make_interval(secs => :first + row_number() OVER (ORDER BY id) / :rate) AS at
          FROM bookings WHERE hold_expires_at IS NOT NULL) AS ends
    WHERE b.id = ends.id AND b.hold_expires_at IS NOT NULL
    """,
    """
    UPDATE seats s SET hold_expires_at = b.hold_expires_at FROM bookings b
    WHERE b.id = s.booking_id AND b.show_id = s.show_id AND s.status = 'held'
    """,
    "UPDATE shows SET hold_seconds = :short",
)

# A payment is asked about after two minutes; to hold and pay thousands takes longer.
PUT_OFF_EVERY = 20
_PUT_OFF = """
    UPDATE payments SET due_at = now() + interval '1 hour' WHERE due_at < now() + interval '30 minutes'
"""


def main() -> int:
    """Run it, and print what became of the payments; 1 where one is both, or neither."""
    parser = argparse.ArgumentParser(prog="payments_at_expiry", description=__doc__)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--rate", type=float, default=30, help="so many holds end a second")
    parser.add_argument("--seed", default="1")
    arguments = parser.parse_args()
    began = time.monotonic()
    with run_world() as world:
        begin_anew(world)
        world.seed = arguments.seed
        told = hold_and_pay(world, arguments.count)
        say(began, f"{len(told)} are held, and paid at the provider")
        every_end = shorten_holds(arguments.rate)
        ends = {booking_id: every_end[booking_id] for booking_id in told}
        deliver(world, told, ends)
        say(began, "every hold has ended, every webhook has come")
        await_settled()
        await_quiet(world)
        violations = judge(world, ends)
        say(began, f"{len(told)} payments; violations: {len(violations)}")
        print_violations(violations)
    return int(bool(violations))


def say(began: float, what: str) -> None:
    """Print it, with how long everything took so far."""
    print(f"{time.monotonic() - began:7.0f} s  {what}", flush=True)


def hold_and_pay(world: World, count: int) -> dict[str, dict[str, Any]]:
    """Hold and pay so many bookings of a seat each, telling nobody; the webhook of each."""
    seats_each = -(-count // SHOWS)
    world.paid_ids = [
        world.make_paid_show(seats=seats_each, hold_seconds=LONG_HOLD_SECONDS) for _ in range(SHOWS)
    ]
    told: dict[str, dict[str, Any]] = {}

    def buy(number: int) -> None:
        buyer = world.make_buyer(number, [world.paid_ids[number]])
        for seat in range(1, seats_each + 1):
            if seat * SHOWS + number - SHOWS >= count:
                break
            if seat % PUT_OFF_EVERY == 0:
                put_off_asking()
            booking_id = buyer.hold([str(seat)])
            url = buyer.offer(booking_id) if booking_id else None
            is_paid = url is not None and world.till.press(url, "pay", webhook="never")
            # Who is not held and paid at once, on a machine that is busy, is not among them.
            if booking_id and url and is_paid and (event := world.till.tell(url)):
                told[booking_id] = event
        buyer.close()

    run_together(partial(buy, number) for number in range(BUYERS))
    return told


def put_off_asking() -> None:
    """Put off the polls of pending payments: the sandbox would report them paid before its webhooks do."""
    with transaction() as connection:
        connection.execute(text(_PUT_OFF))


def shorten_holds(rate: float) -> dict[str, float]:
    """Have the holds end one after the other from now on; when each does."""
    numbers = {"first": FIRST_END_SECONDS, "rate": rate, "short": SHORT_HOLD_SECONDS}
    with transaction() as connection:
        connection.execute(text("SET LOCAL statement_timeout = '60s'"))
        for statement in _SHORTEN:
            connection.execute(text(statement), {k: v for k, v in numbers.items() if f":{k}" in statement})
        query = text("""
            SELECT id::text, extract(epoch FROM hold_expires_at)::float AS at FROM bookings
            WHERE hold_expires_at IS NOT NULL
        """)
        return {row.id: row.at for row in connection.execute(query)}


def deliver(world: World, told: dict[str, dict[str, Any]], ends: dict[str, float]) -> None:
    """Bring the webhook of each around its hold's end, when others ask for its seats."""
    order = sorted(told, key=ends.__getitem__)
    seats = {id_: (row["show_id"], row["seats"]) for id_, row in gather_bookings().items()}

    def bring(number: int) -> None:
        own = random.Random(f"{world.seed}:{number}")  # noqa: S311
        buyer = world.make_buyer(100 + number, world.paid_ids)
        for id_ in order[number::BUYERS]:
            headers = buyer.till.sign(told[id_])
            sleep_until(ends[id_] + own.uniform(-AROUND_EXPIRY_SECONDS, AROUND_EXPIRY_SECONDS))
            buyer.notify(told[id_], headers, id_)
        buyer.close()

    def want(number: int) -> None:
        own = random.Random(f"{world.seed}:rival:{number}")  # noqa: S311
        rival = world.make_buyer(200 + number, world.paid_ids)
        for id_ in order[number::RIVALS]:
            show_id, named = seats[id_]
            sleep_until(ends[id_] + own.uniform(0, AROUND_EXPIRY_SECONDS))
            rival.book(show_id=show_id, seats=named, hold=True)
        rival.close()

    run_together([*(partial(bring, n) for n in range(BUYERS)), *(partial(want, n) for n in range(RIVALS))])


def sleep_until(moment: float) -> None:
    """Sleep until a time of day."""
    time.sleep(max(0.0, moment - time.time()))


def judge(world: World, ends: dict[str, float]) -> list[str]:
    """Whatever is not as it must be; how many ended how, and came when, is printed."""
    bookings, events, money = gather_bookings(), gather_events(), gather_money(world.till)
    zero = time.time() - time.monotonic()
    notices = world.history.of_kind("notice")
    stories = {id_: "".join(e["type"][len("BOOKING_")] for e in events[id_]) for id_ in ends}
    found = [f": I2: {fault}" for fault in find_unsettled(money)]
    found += [f": I10: {fault}" for fault in find_unbalanced(money, bookings)]
    found += [f": I3-5, I11, I12: {name}: {rows[:3]}" for name, rows in find_broken().items()]
    found += [f": I8: {fault}" for fault in find_lost(notices, stories, ends, zero)]
    tell_lateness(notices, ends, zero)
    outcomes = Counter((bookings[id_]["status"], bookings[id_]["payment"]["status"]) for id_ in ends)
    for (status, payment), number in sorted(outcomes.items()):
        print(f"{number:>7,} {status}, {payment}")
    print(
        f"{sum(story == 'HFC' for story in stories.values()):>7,} of those paid late, their seats still free"
    )
    return found


def tell_lateness(notices: list[Request], ends: dict[str, float], zero: float) -> None:
    """Print how near the webhooks came to their holds' ends."""
    taken = [(notice, ends[str(notice.booking_id)] - zero) for notice in notices if notice.status == 200]
    near = sum(abs(notice.began - end) <= AROUND_EXPIRY_SECONDS for notice, end in taken)
    print(f"{near:>7,} webhooks of {len(taken):,} were sent within 50 ms of their hold's end")
    print(f"{sum(notice.ended < end for notice, end in taken):>7,} were answered before it")


def find_lost(
    notices: list[Request], stories: dict[str, str], ends: dict[str, float], zero: float
) -> list[str]:
    """Bookings that failed although their webhook had been answered before their hold's end."""
    return [
        f"{notice.booking_id} was told to be paid in time, and is {stories[str(notice.booking_id)]}"
        for notice in notices
        if notice.status == 200
        and notice.ended + zero < ends[str(notice.booking_id)]
        and stories[str(notice.booking_id)] != "HC"
    ]


if __name__ == "__main__":
    sys.exit(main())
