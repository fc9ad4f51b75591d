"""Seat maps: read by everybody, while nothing changes and while seats are being sold."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from statistics import median

from bench.client import Client
from bench.figures import Figure, Outcome, compare_rates, find_ratio, show_number, take_turns
from bench.loading import run_wrk
from bench.scenarios.selling import SEATS, sell_fresh
from bench.selling import Sale, sell
from bench.side import Side
from bench.stage import Stage

HALF = 0.5
GZIP = {"Accept-Encoding": "gzip"}
PATH = "/shows/{}/seats?limit=5000"
MAP_SEATS = 5_000


def read_maps(stage: Stage) -> Outcome:
    """A map of 5,000 seats, whole and by its tag, beside a route that returns {}."""
    stage.reset()
    show_id, _ = stage.seatline.make_shows(seats=SEATS)
    tag = _warm(stage, show_id)
    turns = {
        "{}/s": lambda: run_wrk(f"{stage.textbook.url}/nothing", seconds=stage.plan.seconds).rate,
        "maps/s": lambda: _read(stage, show_id),
        "maps by tag/s": lambda: _read(stage, show_id, tag=tag),
    }
    found = take_turns(stage.plan.rounds, turns, say=stage.say)
    nothing, maps, tagged = found["{}/s"], found["maps/s"], found["maps by tag/s"]
    what = "/shows/{id}/seats?limit=5000, warm, nothing changing"
    beside = f"beside a route that returns {{}}: {show_number(median(nothing))}/s"
    return Outcome(
        [
            Figure(what=what, value=median(maps), bar=1_500, unit="/s", beside=beside),
            Figure(
                what=f"{what}, with If-None-Match",
                value=find_ratio(tagged, nothing),
                bar=0.4,
                unit="× {}",
                beside=f"{show_number(median(tagged))}/s {beside}",
            ),
        ]
    )


def read_maps_while_selling(stage: Stage) -> Outcome:
    """The same map while its seats are sold, at half of the top rate."""
    stage.reset()
    tops, kept = [sell_fresh(stage, stage.seatline)], []
    quiet_show, _ = stage.seatline.make_shows(seats=SEATS)

    def measure_top() -> float:
        tops.append(sell_fresh(stage, stage.seatline))
        return tops[-1]

    def read_busy() -> float:
        rate = tops[-1] * HALF
        maps, sold = _read_while_selling(stage, rate)
        kept.append(sold / rate)
        return maps

    def read_quiet() -> float:
        _warm(stage, quiet_show)
        return _read(stage, quiet_show)

    turns = {"top/s": measure_top, "maps/s": read_quiet, "maps while selling/s": read_busy}
    found = take_turns(stage.plan.rounds, turns, say=stage.say)
    quiet, busy = found["maps/s"], found["maps while selling/s"]
    offered = f"{show_number(median(tops) * HALF)} bookings/s offered"
    return Outcome(
        [
            compare_rates(
                "the same map while bookings of its show arrive at half of the top rate",
                busy,
                quiet,
                bar=0.5,
                unit="× the maps",
            ),
            Figure(what="those bookings", value=median(kept), bar=0.8, unit="× their rate", beside=offered),
        ]
    )


def read_plain_maps(stage: Stage) -> Outcome:
    """A map of 5,000 seats that is not compressed, beside E's."""
    stage.reset()
    sides = {"E": stage.express, "maps/s": stage.seatline}
    turns = {
        name: partial(read_plain, stage, side, side.make_shows(seats=MAP_SEATS)[0])
        for name, side in sides.items()
    }
    found = take_turns(stage.plan.rounds, turns, say=stage.say)
    what = "/shows/{id}/seats of 5,000 seats, not compressed"
    return Outcome([compare_rates(what, found["maps/s"], found["E"], bar=22, unit="× E", name="E")])


def read_plain(stage: Stage, side: Side, show_id: int, headers: Mapping[str, str] | None = None) -> float:
    """A map as it comes to whoever does not ask for gzip: so many a second."""
    return run_wrk(side.url + PATH.format(show_id), seconds=stage.plan.seconds, headers=headers).rate


def _read_while_selling(stage: Stage, rate: float) -> tuple[float, float]:
    first, last = stage.seatline.make_shows(seats=SEATS)
    _warm(stage, first)
    with ThreadPoolExecutor(1) as apart:
        selling = apart.submit(
            sell, stage.seatline, Sale(first, last, SEATS), seconds=stage.plan.seconds, rate=rate
        )
        maps = _read(stage, first)
        sold = selling.result().rate
    stage.await_quiet()
    return maps, sold


def _read(stage: Stage, show_id: int, *, tag: str | None = None) -> float:
    headers = {**GZIP, **({"If-None-Match": tag} if tag else {})}
    return run_wrk(
        stage.seatline.url + PATH.format(show_id), seconds=stage.plan.seconds, headers=headers
    ).rate


def _warm(stage: Stage, show_id: int) -> str:
    client = Client(stage.seatline.url)
    tag = str(client.call("GET", PATH.format(show_id)).headers["ETag"])
    client.close()
    return tag
