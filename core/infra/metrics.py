"""What the processes of every kind count as they work, for Prometheus.

What waits is not counted here but asked of the database (api/metrics.py).
"""

from platform import python_version
from typing import Any

import pybreaker
from prometheus_client import Counter, Gauge, Histogram
from sqlalchemy import Engine, event
from sqlalchemy.pool import ConnectionPoolEntry

from core.infra import prometheus  # noqa: F401 (before any metric)
from core.version import VERSION

# Settling.
SETTLED_SECONDS = Histogram(
    "seatline_settled_seconds",
    "Time from a booking's acceptance to its outcome, a hold being one",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60),
)
SETTLED = Counter("seatline_bookings_settled", "Bookings settled", ["outcome", "failure"])
BATCH_BOOKINGS = Histogram(
    "seatline_batch_bookings", "Bookings of a batch", buckets=(1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2000)
)
BATCH_SECONDS = Histogram(
    "seatline_batch_seconds",
    "Time of a batch's transaction",
    buckets=(0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5),
)
HOLDS_EXPIRED = Counter("seatline_holds_expired", "Holds that expired and were released")
SWEEPS = Counter("seatline_sweeps", "Sweeps begun")
SHOWS_SWEPT = Counter("seatline_shows_swept", "Shows that a sweep found something to settle for")
# On the way to workers.
NUDGES = Counter("seatline_nudges", "Nudges: sent, or saved since one was on its way", ["result"])
# On the way out.
EVENTS_PLACED = Counter("seatline_events_placed", "Events given their place in the feed")
EVENTS_PUBLISHED = Counter("seatline_events_published", "Events that the events broker has taken")
DELIVERIES = Counter("seatline_webhook_attempts", "Attempts to deliver an event to an endpoint", ["outcome"])
PROVIDER_CALLS = Counter("seatline_provider_calls", "Calls to the payment provider", ["result"])
# What the processes stand on.
BREAKER_OPEN = Gauge(
    "seatline_breaker_open",
    "Whether a breaker lets no call through",
    ["breaker"],
    multiprocess_mode="livemax",
)
POOL_IN_USE = Gauge(
    "seatline_pool_connections_in_use",
    "Database connections that are given out",
    ["pool"],
    multiprocess_mode="livesum",
)
POOL_TIMEOUTS = Counter("seatline_pool_timeouts", "Waits for a database connection that were in vain")
BUILD = Gauge("seatline_build_info", "The version that runs", ["version", "python"], multiprocess_mode="max")
BUILD.labels(VERSION, python_version()).set(1)

_SENT, _SAVED = NUDGES.labels("sent"), NUDGES.labels("saved")


def count_nudges(*, sent: int, asked: int) -> None:
    """Count nudges: of those asked for, the ones that were sent, as no other was on its way."""
    _SENT.inc(sent)
    _SAVED.inc(asked - sent)


class BreakerGauge(pybreaker.CircuitBreakerListener):
    """Tells of a breaker's state."""

    def __init__(self, name: str) -> None:
        self._gauge = BREAKER_OPEN.labels(name)

    def state_change(self, breaker: object, old: object, new: pybreaker.CircuitBreakerState) -> None:
        """Note the new state; while one call tries, the breaker is open."""
        self._gauge.set(new.name != pybreaker.STATE_CLOSED)


def watch_pool(engine: Engine, name: str) -> None:
    """Count the connections that an engine's pool has given out."""
    gauge = POOL_IN_USE.labels(name)
    given_out: set[ConnectionPoolEntry] = set()

    def check_out(_: Any, record: ConnectionPoolEntry, *__: Any) -> None:
        given_out.add(record)
        gauge.inc()

    def check_in(_: Any, record: ConnectionPoolEntry) -> None:
        # A dead one that could not be replaced comes back without having been given out.
        if record in given_out:
            given_out.remove(record)
            gauge.dec()

    event.listen(engine, "checkout", check_out)
    event.listen(engine, "checkin", check_in)
