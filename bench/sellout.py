"""`make sellout`: thousands of buyers sell a show out, and then every seat and every answer is checked."""

import argparse
import math
import sys
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from bench.checks import find_faults
from bench.client import Client
from bench.crowd import Crowd, Outcome
from bench.shopping import Shop
from bench.shows import ask, create_show, find_demo_show, read_seats
from bench.target import BenchError, Target, find_target

PROGRESS_SECONDS = 1.0
# Beyond the time that was given: a request under way may take this long to come back.
LEAVING_SECONDS = 45


@dataclass(frozen=True, slots=True)
class Sale:
    """A sell-out that is over: its crowd, and what it took."""

    crowd: Crowd
    seconds: float
    requests: int
    # With nothing to buy until holds ran out.
    waited_seconds: float


def parse_arguments(arguments: list[str]) -> argparse.Namespace:
    """What was asked for on the command line."""
    parser = argparse.ArgumentParser(prog="sellout", description=__doc__)
    parser.add_argument("--url", help="the service (default: the `make run` of this machine)")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--show", type=int, metavar="ID", help="sell out this show")
    which.add_argument(
        "--fresh",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="a new show of the demo hall (default); else the demo show, whose holds want --seconds 300",
    )
    parser.add_argument("--buyers", type=int, default=3000)
    parser.add_argument("--clients", type=int, default=64, help="connections at the same time")
    parser.add_argument("--seconds", type=float, default=120, help="end it after so long, sold out or not")
    return parser.parse_args(arguments)


def sell_out(target: Target, show_id: int, *, buyers: int, clients: int, seconds: float) -> Sale:
    """Let so many buyers at the show until each has an answer, or the time is over. Raises BenchError."""
    watch = Client(target.url)
    crowd = Crowd(show_id, read_seats(target, watch, show_id), buyers=buyers, seconds=seconds)
    shops = [Shop(target, crowd, seed=seed) for seed in range(clients)]
    threads = [threading.Thread(target=shop.run, daemon=True) for shop in shops]
    for thread in threads:
        thread.start()
    leave_at = crowd.started_at + seconds + LEAVING_SECONDS
    waited_seconds = 0.0
    while any(thread.is_alive() for thread in threads) and time.monotonic() < leave_at:
        seats = ask(target, watch, "GET", f"/shows/{show_id}").document["seats"]
        looked_at = time.monotonic()
        print(describe_progress(crowd, seats), flush=True)
        await_all(threads, seconds=PROGRESS_SECONDS)
        if is_waiting(seats):
            waited_seconds += time.monotonic() - looked_at
    watch.close()
    requests = sum(shop.client.requests for shop in shops)
    return Sale(crowd, time.monotonic() - crowd.started_at, requests, waited_seconds)


def await_all(threads: list[threading.Thread], *, seconds: float) -> None:
    """Wait for all of these to end, at most so long."""
    until = time.monotonic() + seconds
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))


def is_waiting(seats: Mapping[str, int]) -> bool:
    """Whether nothing can be bought until a hold runs out, or its holder buys."""
    return seats["available"] == 0 and seats["held"] > 0


def describe_progress(crowd: Crowd, seats: Mapping[str, int]) -> str:
    """One line: seconds, seats sold, buyers answered, and what those wait for who found no seat."""
    elapsed = time.monotonic() - crowd.started_at
    sold = f"{seats['booked']:,} of {len(crowd.seats):,} seats sold"
    answered = f"{crowd.answered:,} of {len(crowd.buyers):,} buyers answered"
    waiting = f"; {describe_wait(crowd, seats['held'])}" if is_waiting(seats) else ""
    return f"{elapsed:5.1f} s  {sold}, {answered}{waiting}"


def describe_wait(crowd: Crowd, held: int) -> str:
    """What is waited for while so many seats are held and none is free, and for how long."""
    at_most = f"{max(0, math.ceil(crowd.remaining_seconds)):,} s at most"
    if crowd.hold_ends_at is None:
        # The held seats are not this crowd's.
        return f"waiting for {held:,} held seats, {at_most}"
    last = max(0, math.ceil((crowd.hold_ends_at - datetime.now(UTC)).total_seconds()))
    return f"waiting for {held:,} held seats: the last hold runs out in {last:,} s ({at_most})"


def print_summary(sale: Sale) -> None:
    """What the run came to."""
    crowd = sale.crowd
    outcomes = Counter(buyer.outcome for buyer in crowd.buyers)
    told = ", ".join(f"{outcomes[outcome]:,} {outcome}" for outcome in Outcome)
    bookings = sum(len(buyer.booking_ids) for buyer in crowd.buyers)
    print(f"\n{len(crowd.buyers):,} buyers at {len(crowd.seats):,} seats in {sale.seconds:.1f} s: {told}")
    if sale.waited_seconds:
        print(f"{sale.waited_seconds:.1f} s of it with nothing to buy until holds ran out")
    print(f"{sale.requests:,} requests, {sale.requests / sale.seconds:,.0f} a second; {bookings:,} bookings")
    if settled := sorted(crowd.settle_seconds):
        p50, p99 = (settled[int(part * (len(settled) - 1))] for part in (0.5, 0.99))
        longest = settled[-1]
        print(
            f"from POST to settled: p50 {p50 * 1000:,.0f} ms, p99 {p99 * 1000:,.0f} ms, "
            f"longest {longest * 1000:,.0f} ms"
        )


def run(options: argparse.Namespace) -> list[str]:
    """Sell out what was asked for and say how it went; the faults found. Raises BenchError."""
    target = find_target(options.url)
    client = Client(target.url)
    if options.show is not None:
        show_id = int(options.show)
    else:
        show_id = create_show(target, client) if options.fresh else find_demo_show(target, client)
    show = ask(target, client, "GET", f"/shows/{show_id}").document
    client.close()
    print(f"show {show_id}, {show['name']!r}: {show['seats']['available']:,} seats to be had")
    sale = sell_out(target, show_id, buyers=options.buyers, clients=options.clients, seconds=options.seconds)
    print_summary(sale)
    return find_faults(target, sale.crowd)


def main(arguments: list[str]) -> int:
    """0 where the show is sold out and all is as it must be, else 1 after the reasons."""
    try:
        faults = run(parse_arguments(arguments))
    except BenchError as error:
        print(f"sellout: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    for fault in faults:
        print(f"sellout: {fault}", file=sys.stderr)
    if not faults:
        print("Sold out; API and database agree: every seat has one owner, and every owner knows.")
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
