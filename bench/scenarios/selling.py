"""What can be sold: seats at random, seats that all want, batches, many shows at once."""

from bench.figures import Outcome, compare_rates, take_turns
from bench.loading import CONNECTIONS
from bench.selling import Sale, sell
from bench.side import Side
from bench.stage import Stage

SEATS, FEW_SEATS, BATCH = 100_000, 500, 100
SHOWS, SEATS_OF_MANY = 100, 1_000
# The textbook takes bookings far quicker than it settles them, and all are waited for.
TEXTBOOK_PART = 0.4


def sell_at_random(stage: Stage) -> Outcome:
    """A random seat each of one large show, beside L and T."""
    stage.reset()
    turns = {
        "L": stage.measure_limit,
        "settled/s": lambda: sell_fresh(stage, stage.seatline),
        "T": lambda: sell_fresh(stage, stage.textbook, part=TEXTBOOK_PART),
    }
    found = take_turns(stage.plan.rounds, turns, say=stage.say)
    rate, limit, textbook = found["settled/s"], found["L"], found["T"]
    what = "settled bookings/s, a random seat of 100,000 each, 32 connections"
    return Outcome(
        [
            compare_rates(what, rate, limit, bar=0.28, unit="× L", name="L"),
            compare_rates(
                f"{what}, against one task a booking", rate, textbook, bar=10, unit="× T", name="T"
            ),
        ]
    )


def fight(stage: Stage) -> Outcome:
    """Everybody wants one of 500 seats, and most do not get it."""
    return _sell_beside_limit(
        stage, "settled bookings/s, a fight for 500 seats", bar=0.28, seats=FEW_SEATS, batch=0
    )


def sell_in_batches(stage: Stage) -> Outcome:
    """A hundred bookings a request."""
    return _sell_beside_limit(
        stage, "settled bookings/s, through POST /bookings/batch of 100", bar=0.6, seats=SEATS, batch=BATCH
    )


def sell_many_shows(stage: Stage) -> Outcome:
    """A hundred shows of 1,000 seats at once, against one of 100,000."""
    stage.reset()
    turns = {
        "one show": lambda: sell_fresh(stage, stage.seatline),
        "100 shows": lambda: sell_fresh(stage, stage.seatline, shows=SHOWS, seats=SEATS_OF_MANY),
    }
    found = take_turns(stage.plan.rounds, turns, say=stage.say)
    one, many = found["one show"], found["100 shows"]
    what = "100 shows on sale at once, against one"
    return Outcome([compare_rates(what, many, one, bar=0.8, unit="× the rate")])


def sell_fresh(
    stage: Stage,
    side: Side,
    *,
    shows: int = 1,
    seats: int = SEATS,
    batch: int = 0,
    part: float = 1,
    connections: int = CONNECTIONS,
    is_distinct: bool = False,
) -> float:
    """One turn on fresh shows: bookings settled a second."""
    first, last = side.make_shows(count=shows, seats=seats)
    sale = Sale(first, last, seats, batch, is_distinct)
    sold = sell(side, sale, seconds=stage.plan.seconds * part, connections=connections)
    stage.await_quiet()
    return sold.rate


def sell_distinct(stage: Stage, side: Side, connections: int = CONNECTIONS) -> float:
    """One turn in which everybody asks for a seat of their own: bookings settled a second."""
    return sell_fresh(stage, side, seats=stage.plan.size(SEATS), connections=connections, is_distinct=True)


def _sell_beside_limit(stage: Stage, what: str, *, bar: float, seats: int, batch: int) -> Outcome:
    stage.reset()
    turns = {
        "L": stage.measure_limit,
        "settled/s": lambda: sell_fresh(stage, stage.seatline, seats=seats, batch=batch),
    }
    found = take_turns(stage.plan.rounds, turns, say=stage.say)
    return Outcome([compare_rates(what, found["settled/s"], found["L"], bar=bar, unit="× L", name="L")])
