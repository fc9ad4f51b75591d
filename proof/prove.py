"""`make prove`: rounds of load and faults by a seed that is printed, and what the checker found."""

import argparse
import random
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from redis import Redis
from sqlalchemy import text

from core.errors import UnavailableError
from core.events.publisher import STREAM
from core.infra.db import dispose_engines, primary, transaction
from core.webhooks.service import create_endpoint
from proof.buyers import PAID_SEATS
from proof.checker import Evidence, find_violations
from proof.clients import SEATS, Customer
from proof.faults import FAULTS
from proof.faults.kinds import SkippedError
from proof.gathering import gather_bookings, gather_events, read_stream
from proof.history import History
from proof.holding import RELEASED_WITHIN_SECONDS
from proof.lateness import Lateness
from proof.money import count_due, gather_money, hurry
from proof.mutants import kill_all
from proof.tables import UNPUBLISHED, empty_tables
from proof.world import World, run_world

CLIENTS, BUYERS, SHOWS = 6, 2, 3
CALM_BEFORE_SECONDS, CALM_AFTER_SECONDS = 1, 2
# So many injections, each by a seed and in shows of its own, until the checker looks at them all: it waits
# until the last holds have expired, which takes as long as an injection.
ROUNDS_CHECKED_TOGETHER = 10
# I2: by then nothing waits; what is told of it is told soon after.
QUIET_WITHIN_SECONDS = 60
# A delivery that failed is tried again after seconds, then minutes: one broken off twice may take so long.
TOLD_WITHIN_SECONDS = 180
# What a worker had at hand that died is another's after a minute, and what failed is put off: not here.
HURRIED_EVERY_SECONDS = 5
SHOWN_AT_MOST = 10
# These end web at once, so that what it has taken up is never answered.
WEB_KILLING = frozenset(
    {"web killed", "web child killed", "web dies unnudged", "offer not noted", "offer not told"}
)


@dataclass(slots=True)
class Tally:
    """What came of one fault's rounds; `skipped` is why there were none."""

    injected: int = 0
    accepted: int = 0
    requests: int = 0
    paid: int = 0
    longest_quiet: float = 0
    skipped: str = ""
    violations: list[str] = field(default_factory=list)


def parse_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    """What was asked for on the command line."""
    parser = argparse.ArgumentParser(prog="prove", description=__doc__)
    parser.add_argument("--seed", default="", help="repeat a run (default: a new one, printed)")
    parser.add_argument("--rounds", type=int, default=1, help="rounds a fault, or seeds a mutant")
    parser.add_argument("--fault", default="", choices=["", *FAULTS], help="this fault alone")
    parser.add_argument("--part", default="1/1", help="2/3: the second of every three faults, for a long run")
    parser.add_argument("--seconds", type=float, default=0, help="begin no round after so long")
    parser.add_argument("--mutants", action="store_true", help="show that the checker objects to mutants")
    return parser.parse_args(arguments)


def choose_rounds(arguments: argparse.Namespace, seed: str) -> list[tuple[str, range]]:
    """The faults to be injected, each with the numbers of the rounds that are checked together."""
    part, parts = map(int, arguments.part.split("/"))
    names = [arguments.fault] if arguments.fault else list(FAULTS)[part - 1 :: parts]
    rounds = [
        (name, range(first, min(first + ROUNDS_CHECKED_TOGETHER, arguments.rounds)))
        for name in names
        for first in range(0, arguments.rounds, ROUNDS_CHECKED_TOGETHER)
    ]
    if arguments.seconds:
        # A short run takes some of the faults, others with another seed.
        random.Random(seed).shuffle(rounds)  # noqa: S311
    return rounds


def main() -> int:
    """Run the rounds and print a table; 1 where anything was violated."""
    arguments = parse_arguments(sys.argv[1:])
    seed = arguments.seed or str(random.SystemRandom().randrange(10**9))
    if arguments.mutants:
        return kill_all(seed, rounds=arguments.rounds, fault=arguments.fault)
    rounds = choose_rounds(arguments, seed)
    # Whoever ends it ends all that it started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    print(f"seed {seed}: {sum(len(numbers) for _, numbers in rounds)} rounds", flush=True)
    tallies: dict[str, Tally] = {}
    began, lateness = time.monotonic(), Lateness()
    with run_world() as world:
        for name, numbers in rounds:
            if arguments.seconds and time.monotonic() - began > arguments.seconds:
                break
            tally = tallies.setdefault(name, Tally())
            before = len(tally.violations)
            if not tally.skipped:
                run_rounds(world, name, [f"{seed}:{name}:{number}" for number in numbers], tally, lateness)
            seconds, found = time.monotonic() - began, tally.skipped or f"{len(tally.violations)} violations"
            print(f"{seconds:7.0f} s  {name} {numbers.stop}: {found}", flush=True)
            print_violations(tally.violations[before:])
    print_table(tallies, seed)
    return int(any(tally.violations for tally in tallies.values()))


def run_rounds(world: World, name: str, seeds: list[str], tally: Tally, lateness: Lateness) -> None:
    """A round for each of these seeds, then the checker over all of them."""
    begin_anew(world)
    lateness.forget()
    fault_seconds = 0.0
    for seed in seeds:
        try:
            fault_seconds = max(fault_seconds, run_round(world, name, seed))
        except SkippedError as error:
            tally.skipped = f"skipped, {error}"
            return
        tally.injected += 1
        tally.longest_quiet = max(tally.longest_quiet, await_settled())
    await_quiet(world)
    evidence = Evidence(
        history=world.history,
        bookings=gather_bookings(),
        events=gather_events(),
        received=list(world.sink.received),
        published=read_stream(world),
        fault_seconds=fault_seconds,
        quiet_at=time.time() - RELEASED_WITHIN_SECONDS,
        lateness=lateness,
        was_web_killed=name in WEB_KILLING,
        money=gather_money(world.till),
        zero=time.time() - time.monotonic(),
    )
    tally.accepted += len(world.history.accepted_ids)
    tally.requests += len(world.history.requests)
    tally.paid += sum(report.status == "succeeded" for report in evidence.money.reports.values())
    found = [*find_violations(evidence), *(f"seen: {complaint}" for complaint in world.complaints)]
    tally.violations += [f"{seeds[0]}: {violation}" for violation in found]


def run_round(world: World, name: str, seed: str) -> float:
    """Load, the fault, healing; how many seconds passed until everything was up again."""
    world.seed, world.show_ids = seed, [world.make_show(seats=SEATS + 1) for _ in range(SHOWS)]
    world.paid_ids = [world.make_paid_show(seats=PAID_SEATS)]
    stop = threading.Event()
    customers = [
        *(Customer(world.url, world.show_ids, world.history, number=n, seed=seed) for n in range(CLIENTS)),
        *(world.make_buyer(CLIENTS + n, world.paid_ids) for n in range(BUYERS)),
    ]
    threads = [threading.Thread(target=customer.run, args=(stop,)) for customer in customers]
    for thread in threads:
        thread.start()
    time.sleep(CALM_BEFORE_SECONDS)
    began, chance = time.monotonic(), random.Random(seed)  # noqa: S311
    # Half of the rounds end with the fault: what it lost then has no later request to make up for it.
    calm_seconds = chance.choice((0, CALM_AFTER_SECONDS))
    try:
        try:
            FAULTS[name](world, chance)
        finally:
            world.heal()
        fault_seconds = time.monotonic() - began
        time.sleep(calm_seconds)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    dispose_engines()
    return fault_seconds


def begin_anew(world: World) -> None:
    """Empty tables, nothing told, one webhook endpoint."""
    with transaction() as connection:
        empty_tables(connection)
        create_endpoint(connection, url=f"{world.sink.url}/", types=None, description=None)
    with Redis.from_url(world.events.url) as redis:
        redis.delete(STREAM)
    world.till.empty()
    world.sink.received.clear()
    world.history = History()
    world.complaints.clear()


def await_settled() -> float:
    """Wait until no booking waits, or for as long as may be; how many seconds that took."""
    began = time.monotonic()
    while count_waiting()[0] and time.monotonic() - began < QUIET_WITHIN_SECONDS:
        time.sleep(0.1)
    return time.monotonic() - began


def await_quiet(world: World) -> None:
    """Wait until holds have expired and everything is told, or for as long as may be.

    Not for what waits to be settled, which has had its time (await_settled).
    """
    began = hurried = time.monotonic()
    while time.monotonic() - began < TOLD_WITHIN_SECONDS:
        if not count_waiting()[1] and is_paid_up(world) and is_all_received(world):
            return
        if time.monotonic() - hurried > HURRIED_EVERY_SECONDS:
            hurry()
            hurried = time.monotonic()
        time.sleep(0.1)


def is_paid_up(world: World) -> bool:
    """Whether nothing waits of payments, here or at the sandbox."""
    return not any(count_due().values()) and not world.till.count_unsent()


def count_waiting() -> tuple[int, int]:
    """Bookings that wait to be settled; and holds that have yet to expire, and what has yet to be told."""
    query = text(f"""
        SELECT (SELECT count(*) FROM bookings WHERE wants IS NOT NULL),
               (SELECT count(*) FROM bookings WHERE hold_expires_at IS NOT NULL AND wants IS NULL)
               + (SELECT count(*) FROM events e WHERE {UNPUBLISHED})
               + (SELECT count(*) FROM webhook_deliveries)
    """)
    try:
        with primary() as connection:
            waiting, others = connection.execute(query).one()
    except UnavailableError:
        return 1, 1
    return int(waiting), int(others)


def is_all_received(world: World) -> bool:
    """Whether the receiver has as many events as there are."""
    with primary() as connection:
        total = connection.execute(text("SELECT count(*) FROM events")).scalar_one()
    return len({received.headers["webhook-id"] for received in world.sink.received}) >= int(total)


def print_table(tallies: dict[str, Tally], seed: str) -> None:
    """A line a fault, and how to see again what was violated."""
    columns = f"{'injected':>8} {'requests':>9} {'accepted':>9} {'paid':>6} {'settled after':>14} violations"
    print(f"\n{'fault':<22} {columns}")
    for name, tally in tallies.items():
        print(
            f"{name:<22} {tally.injected:>8} {tally.requests:>9,} {tally.accepted:>9,} {tally.paid:>6,}"
            f" {tally.longest_quiet:>12.1f} s {tally.skipped or len(tally.violations)}"
        )
    total = sum(tally.accepted for tally in tallies.values())
    print(f"\n{total:,} bookings accepted; violations: {sum(len(t.violations) for t in tallies.values())}")
    for name, tally in tallies.items():
        if tally.violations:
            print(f'again: make prove SEED={seed} ROUNDS={tally.injected} FAULT="{name}"')


def print_violations(violations: list[str]) -> None:
    """The first of what was found, and how much there is of each kind."""
    for violation in violations[:SHOWN_AT_MOST]:
        print(f"  {violation}")
    if violations:
        print(f"  {dict(Counter(violation.split(': ')[1] for violation in violations))}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
