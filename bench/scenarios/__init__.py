"""The scenarios, one row or a few of the table each; this is where another one is entered."""

from collections.abc import Callable
from dataclasses import dataclass

from bench.figures import Outcome
from bench.scenarios import (
    arrangements,
    backlog,
    bookings,
    copies,
    expiry,
    growth,
    journeys,
    keys,
    latency,
    live,
    long_polls,
    maps,
    memory,
    observing,
    pages,
    payments,
    production,
    selling,
)
from bench.stage import Stage


@dataclass(frozen=True, slots=True)
class Scenario:
    """A scenario: its name for `ONLY=`, what it does, whether a smoke run has it, and what it needs."""

    name: str
    does: str
    run: Callable[[Stage], Outcome]
    in_smoke: bool = False
    needs_express: bool = False
    needs_browser: bool = False


SCENARIOS = (
    Scenario("sale", "one random seat of 100,000 each", selling.sell_at_random, in_smoke=True),
    Scenario("fight", "a fight for 500 seats", selling.fight),
    Scenario("batch", "random seats in batches of 100", selling.sell_in_batches, in_smoke=True),
    Scenario("backlog", "a backlog settled by one process", backlog.settle_backlog, in_smoke=True),
    Scenario(
        "journeys",
        "journeys beside E's, by every way to learn the outcome",
        journeys.travel_beside_express,
        in_smoke=True,
        needs_express=True,
    ),
    Scenario(
        "express-fight", "a fight for 500 seats beside E's", journeys.fight_beside_express, needs_express=True
    ),
    Scenario("reads", "bookings read by id", bookings.read_bookings, in_smoke=True, needs_express=True),
    Scenario("confirms", "holds confirmed", bookings.confirm_holds, needs_express=True),
    Scenario("limits", "rate limits that are not reached", production.count_limits),
    Scenario(
        "payments", "webhooks of payments beside a sale at half of the top rate", payments.take_webhooks
    ),
    Scenario("keys", "a POST with a partner's key", keys.post_with_key),
    Scenario("observing", "metrics, a line a request and traces", observing.sell_seen_and_unseen),
    Scenario("refusals", "bookings before sales open", production.refuse_early),
    Scenario("lone", "one client on a quiet machine", latency.measure_alone),
    Scenario("long-polls", "5,000 long polls woken at once", long_polls.wake_long_polls),
    Scenario("latency", "times at half of the top rate, and over rates", latency.measure_times),
    Scenario("map", "seat maps while nothing changes", maps.read_maps, in_smoke=True),
    Scenario("map-plain", "seat maps not compressed", maps.read_plain_maps, needs_express=True),
    Scenario("map-with-key", "seat maps for a client with a key", production.read_with_key),
    Scenario("map-while-selling", "seat maps while bookings arrive", maps.read_maps_while_selling),
    Scenario("seats", "ten million seats in the database", growth.sell_among_many_seats),
    Scenario("history", "five million bookings in the table", growth.sell_after_many_bookings),
    Scenario("expiry", "50,000 holds that expire at once", expiry.expire),
    Scenario("shows", "a hundred shows on sale at once", selling.sell_many_shows),
    Scenario("replica", "what a replica spares the primary", copies.spare_primary),
    Scenario("live", "a thousand viewers of a show", live.watch_live),
    Scenario("arrangements", "the best seats, however a hall is arranged", arrangements.choose_anywhere),
    Scenario("pages", "maps of 5,000 to 100,000 seats in a browser", pages.look_at_maps, needs_browser=True),
    Scenario("memory", "ten minutes at full load", memory.watch_memory),
)
