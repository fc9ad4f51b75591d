"""A database that has grown: the same sale among millions of seats, and after millions of bookings."""

from collections.abc import Callable

from bench.bulk import add_history, tidy
from bench.figures import Outcome, compare_rates, take_turns
from bench.scenarios.selling import SEATS, sell_fresh
from bench.selling import Sale, sell
from bench.side import Side
from bench.stage import Stage

GROWN = "grown"
SHOWS, HISTORY = 100, 5_000_000


def sell_among_many_seats(stage: Stage) -> Outcome:
    """One show of 100 with 100,000 seats each, against one that is alone."""
    shows = stage.plan.size(SHOWS)
    unsold: list[int] = []

    def fill(side: Side) -> None:
        first, last = side.make_shows(count=shows, seats=SEATS)
        unsold.extend(range(first, last + 1))

    def sell_one() -> float:
        show_id = unsold.pop(0)
        rate = sell(stage.seatline, Sale(show_id, show_id, SEATS), seconds=stage.plan.seconds).rate
        stage.await_quiet()
        return rate

    what = f"{shows * SEATS:,} seats over {shows} shows in the database, against 100,000 in one"
    return _compare(stage, what, fill=fill, sell_grown=sell_one)


def sell_after_many_bookings(stage: Stage) -> Outcome:
    """A fresh show, where the table of bookings holds those of yesterday, against none."""
    bookings = stage.plan.size(HISTORY)

    def fill(side: Side) -> None:
        with side.cursor() as cursor:
            add_history(cursor, bookings=bookings)

    def sell_one() -> float:
        return sell_fresh(stage, stage.seatline)

    what = f"{bookings:,} old bookings in the table, against none"
    return _compare(stage, what, fill=fill, sell_grown=sell_one)


def _compare(
    stage: Stage, what: str, *, fill: Callable[[Side], None], sell_grown: Callable[[], float]
) -> Outcome:
    """Turn by turn on two databases of one server, to which the processes move."""
    plain = stage.seatline
    try:
        grown = stage.create_database(GROWN)
        stage.say("filling the database")
        fill(grown)
        with grown.cursor() as cursor:
            tidy(cursor)

        def measure_plain() -> float:
            stage.move(DATABASE_URL=plain.database_url)
            stage.reset()
            return sell_fresh(stage, plain)

        def measure_grown() -> float:
            stage.move(DATABASE_URL=grown.database_url)
            return sell_grown()

        turns = {"plain/s": measure_plain, "grown/s": measure_grown}
        found = take_turns(stage.plan.rounds, turns, say=stage.say)
    finally:
        stage.move(DATABASE_URL=plain.database_url)
        stage.drop_database(GROWN)
    return Outcome([compare_rates(what, found["grown/s"], found["plain/s"], bar=0.85, unit="× the rate")])
