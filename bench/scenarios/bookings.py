"""Bookings that are there, beside E: read by their ids; and holds, confirmed."""

from functools import partial
from statistics import median

from bench.bulk import add_holds
from bench.figures import Figure, Outcome, find_ratio, show_number, take_turns
from bench.loading import CONNECTIONS, load_each
from bench.scenarios.journeys import MANY_CONNECTIONS, choose_connections, set_beside_express
from bench.scenarios.selling import sell_distinct
from bench.selling import Sale, sell
from bench.side import Side
from bench.stage import Stage
from bench.target import BenchError

# How many times E's rate each must reach, by the connections; and the part of E's CPU time.
READS = {CONNECTIONS: 2.0, MANY_CONNECTIONS: 3.0}
READS_CPU = 0.45
CONFIRMS = 2.5
BOOKINGS_READ, SOLD_SECONDS = 10_000, 1
# More than are confirmed in a turn: one that is confirmed again would be cheaper.
HOLDS = 100_000
# None runs out before its turn is over.
HOLD_SECONDS = 900

_SELECT_IDS = "SELECT id::text FROM bookings WHERE show_id = %s LIMIT %s"
_COUNT_ACCEPTED = """
    SELECT count(*) FROM bookings WHERE show_id = %s AND (wants = 'confirm' OR status = 'CONFIRMED')
"""


def read_bookings(stage: Stage) -> Outcome:
    """GET /bookings/{id}, and what it costs web processes and PostgreSQL."""
    stage.reset()
    express, seatline = Reader(stage, stage.express), Reader(stage, stage.seatline)
    figures = []
    for connections in choose_connections(stage.plan):
        turns = {"E": partial(express.read, connections), "reads/s": partial(seatline.read, connections)}
        found = take_turns(stage.plan.rounds, turns, say=stage.say)
        what = f"GET /bookings/{{id}}, {connections} connections"
        figures.append(set_beside_express(what, found["reads/s"], found["E"], READS[connections]))
    ours, theirs = (reader.microseconds[: stage.plan.rounds] for reader in (seatline, express))
    cost = Figure(
        what=f"the CPU time it takes in web processes and PostgreSQL, {CONNECTIONS} connections",
        value=find_ratio(ours, theirs),
        bar=READS_CPU,
        unit="× E's",
        ceiling=True,
        beside=f"{show_number(median(ours))} µs beside E {show_number(median(theirs))} µs",
    )
    return Outcome([*figures, cost])


class Reader:
    """Reads a side's bookings; `microseconds` are those of CPU time that each read cost, a turn each."""

    def __init__(self, stage: Stage, side: Side) -> None:
        self._stage, self._side = stage, side
        self.microseconds: list[float] = []
        show_id, _ = side.make_shows(seats=BOOKINGS_READ)
        sale = Sale(show_id, show_id, BOOKINGS_READ, is_distinct=True)
        sell(side, sale, seconds=SOLD_SECONDS)
        stage.await_quiet()
        self._paths = [f"/bookings/{id_}" for id_ in _select_ids(side, show_id, limit=BOOKINGS_READ)]

    def read(self, connections: int) -> float:
        """One turn: bookings read a second."""
        before = self._stage.measure_cpu(self._side)
        seconds = self._stage.plan.seconds
        load = load_each(self._side.url, self._paths, seconds=seconds, connections=connections)
        cpu_seconds = self._stage.measure_cpu(self._side) - before
        self.microseconds.append(cpu_seconds / load.requests * 1_000_000)
        return load.rate


def confirm_holds(stage: Stage) -> Outcome:
    """Holds whose confirm is accepted, beside E's bookings."""
    stage.reset()
    turns = {
        "E": lambda: sell_distinct(stage, stage.express),
        "confirms/s": lambda: _confirm_once(stage),
    }
    found = take_turns(stage.plan.rounds, turns, say=stage.say)
    what = f"holds confirmed/s, {CONNECTIONS} connections, against bookings"
    return Outcome([set_beside_express(what, found["confirms/s"], found["E"], CONFIRMS)])


def _confirm_once(stage: Stage) -> float:
    side, holds = stage.seatline, stage.plan.size(HOLDS)
    show_id, _ = side.make_shows(seats=holds)
    with side.cursor() as cursor:
        add_holds(cursor, show_id=show_id, after=0, holds=holds, seconds=HOLD_SECONDS)
        # Holds that came one by one were seen to by autovacuum long before they are confirmed.
        cursor.execute("VACUUM (ANALYZE) bookings, seats")
        paths = [f"/bookings/{id_}/confirm" for id_ in _select_ids(side, show_id, limit=holds)]
        load = load_each(side.url, paths, method="POST", seconds=stage.plan.seconds)
        cursor.execute(_COUNT_ACCEPTED, (show_id,))
        (accepted,) = cursor.fetchone()
    stage.await_quiet()
    if accepted == holds:
        raise BenchError(f"{holds:,} holds are too few for {show_number(load.rate)} confirms a second")
    return float(accepted / load.seconds)


def _select_ids(side: Side, show_id: int, *, limit: int) -> list[str]:
    with side.cursor() as cursor:
        cursor.execute(_SELECT_IDS, (show_id, limit))
        return [id_ for (id_,) in cursor.fetchall()]
