"""What can be sold: seats at random, seats that all want, batches, many shows at once."""

from statistics import median

from bench.figures import Figure, Outcome, find_ratio, show_number, take_turns
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
            Figure(
                what=what, value=find_ratio(rate, limit), bar=0.28, unit="× L", beside=_beside(rate, L=limit)
            ),
            Figure(
                what=f"{what}, against one task a booking",
                value=find_ratio(rate, textbook),
                bar=10,
                unit="× T",
                beside=_beside(rate, T=textbook),
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
    figure = Figure(
        what="100 shows on sale at once, against one",
        value=find_ratio(many, one),
        bar=0.8,
        unit="× the rate",
        beside=f"{show_number(median(many))}/s beside {show_number(median(one))}/s",
    )
    return Outcome([figure])


def sell_fresh(
    stage: Stage, side: Side, *, shows: int = 1, seats: int = SEATS, batch: int = 0, part: float = 1
) -> float:
    """One turn on fresh shows: bookings settled a second."""
    first, last = side.make_shows(count=shows, seats=seats)
    sold = sell(side, Sale(first, last, seats, batch), seconds=stage.plan.seconds * part)
    stage.await_quiet()
    return sold.rate


def _sell_beside_limit(stage: Stage, what: str, *, bar: float, seats: int, batch: int) -> Outcome:
    stage.reset()
    turns = {
        "L": stage.measure_limit,
        "settled/s": lambda: sell_fresh(stage, stage.seatline, seats=seats, batch=batch),
    }
    found = take_turns(stage.plan.rounds, turns, say=stage.say)
    rate, limit = found["settled/s"], found["L"]
    ratio = find_ratio(rate, limit)
    return Outcome([Figure(what=what, value=ratio, bar=bar, unit="× L", beside=_beside(rate, L=limit))])


def _beside(rate: list[float], **yardstick: list[float]) -> str:
    ((name, values),) = yardstick.items()
    return f"{show_number(median(rate))}/s beside {name} {show_number(median(values))}/s"
