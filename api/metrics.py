"""Metrics: requests as they pass, and what waits in the database when somebody asks."""

from collections.abc import Iterator
from contextlib import suppress
from functools import cache

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from api.connections import ConnectionsCollector
from core.bookings.queries import select_waiting_stats
from core.errors import UnavailableError
from core.events.service import count_unpublished
from core.infra.db import primary
from core.infra.dropped import read_dropped
from core.infra.prometheus import collect_processes
from core.payments.due_queries import select_recent as select_recent_payments
from core.payments.due_queries import select_stats as select_payment_stats
from core.payments.states import PaymentStatus
from core.settling.quarantine import TRIES
from core.settling.queries import select_recovery_stats, select_sweep_age
from core.shows.queries import select_selling
from core.webhooks.queries import select_stats

METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})

# A backlog of events is counted so far: beyond, the oldest one's age says more.
COUNTED_AT_MOST = 10_000
# Three series for each show, so not for all of them.
SHOWS_TOLD = 20

REQUESTS = Counter("seatline_http_requests", "Requests answered", ["method", "route", "status"])
LATENCY = Histogram(
    "seatline_http_request_seconds",
    "Time from a request's arrival to its answer",
    ["method", "route"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 30),
)
REFUSED_CREDENTIALS = Counter("seatline_credentials_refused", "Credentials refused", ["reason"])
SHED = Counter("seatline_bookings_shed", "POSTs of bookings refused since too many waited", ["reason"])
STREAMS_OPEN = Gauge("seatline_streams", "Streams that are followed", multiprocess_mode="livesum")
POLLS_WAITING = Gauge("seatline_long_polls", "Bookings that requests wait for", multiprocess_mode="livesum")
REQUESTS_OPEN = Gauge("seatline_http_requests_open", "Requests in hand", multiprocess_mode="livesum")
SHARED_READS = Counter(
    "seatline_shared_reads", "Answers that are the same for all: kept, read, or read for another", ["found"]
)
LINES_DROPPED = Counter("seatline_log_lines_dropped", "Lines of requests dropped, as nothing reads the log")

# Remembered: to look one up takes as long as to count. There are as many as routes and what they answer.
_find_counter, _find_histogram = cache(REQUESTS.labels), cache(LATENCY.labels)


class WaitingCollector(Collector):
    """Bookings that wait for a worker, asked of the database at each scrape."""

    def collect(self) -> Iterator[Metric]:
        """The gauges; none where the database does not answer."""
        waiting = GaugeMetricFamily(
            "seatline_bookings_waiting", "Bookings waiting for a worker", labels=["wants"]
        )
        try:
            with primary() as connection:
                stats = select_waiting_stats(connection)
                recovery = select_recovery_stats(connection, tries=TRIES)
                deliveries = select_stats(connection)
                payments = select_payment_stats(connection)
            events, oldest_event = count_unpublished(limit=COUNTED_AT_MOST)
        except UnavailableError:
            return
        for wants in ("acquire", "confirm", "cancel"):
            waiting.add_metric([wants], getattr(stats, wants))
        yield waiting
        for name, description, value in (
            ("bookings_oldest_seconds", "How long the oldest has waited", stats.oldest_seconds),
            ("bookings_quarantined", "Bookings that settling gave up on", recovery.quarantined),
            ("confirms_stuck", "Confirms that settling goes on to fail at", recovery.stuck_confirms),
            ("events_unpublished", "Events the events broker does not have yet", events),
            ("events_oldest_seconds", "How long the oldest of them has waited", oldest_event),
            ("payments_pending", "Payments that are offered", payments.pending),
            ("refunds_pending", "Refunds that the provider has not taken", payments.refunds),
            (
                "refunds_oldest_seconds",
                "How long the oldest of them has waited",
                payments.oldest_refund_seconds,
            ),
            ("payment_events_waiting", "Webhooks of the payment provider yet to be applied", payments.events),
            ("payments_differing", "Payments that the provider has otherwise", payments.differences),
            ("webhook_deliveries_waiting", "Deliveries that webhook endpoints wait for", deliveries.waiting),
            ("webhook_oldest_seconds", "How long the oldest of them has waited", deliveries.oldest_seconds),
        ):
            yield _gauge(name, description, value)


class SweepCollector(Collector):
    """The age of the last sweep: of the coordinator alone, where the database is distributed."""

    def collect(self) -> Iterator[Metric]:
        """The gauge; none where the database does not answer."""
        with suppress(UnavailableError):
            with primary() as connection:
                age = select_sweep_age(connection)
            yield _gauge("sweep_age_seconds", "Since the last sweep began", age)


def _gauge(name: str, description: str, value: float) -> Metric:
    return GaugeMetricFamily(f"seatline_{name}", description, value=value)


class SalesCollector(Collector):
    """Seats left, and payments by what became of them, asked of the database at each scrape."""

    def collect(self) -> Iterator[Metric]:
        """The gauges; none where the database does not answer."""
        seats = GaugeMetricFamily(
            "seatline_show_seats",
            f"Seats of the {SHOWS_TOLD} shows on sale with the most held seats, and then the soonest",
            labels=["show", "name", "status"],
        )
        payments = GaugeMetricFamily(
            "seatline_payments_recent",
            "Payments of the last minute, by what became of them",
            labels=["status"],
        )
        try:
            with primary() as connection:
                selling = select_selling(connection, limit=SHOWS_TOLD)
                recent = select_recent_payments(connection)
        except UnavailableError:
            return
        for show in selling:
            for status in ("available", "held", "booked"):
                seats.add_metric([str(show.id), show.name, status], getattr(show, status))
        for payment in PaymentStatus:
            payments.add_metric([str(payment)], recent.get(payment, 0))
        yield seats
        yield payments


class DroppedCollector(Collector):
    """Messages that workers dropped, asked of Redis at each scrape."""

    def collect(self) -> Iterator[Metric]:
        """The counter, also of what has not happened yet; none where Redis does not answer."""
        if (counts := read_dropped()) is None:
            return
        dropped = CounterMetricFamily(
            "seatline_messages_dropped", "Messages dropped because they are none of ours", labels=["reason"]
        )
        for reason, count in counts.items():
            dropped.add_metric([str(reason)], count)
        yield dropped


def collect_registry() -> CollectorRegistry:
    """A registry of everything: over all processes of this web where they share PROMETHEUS_MULTIPROC_DIR."""
    registry = collect_processes()
    registry.register(WaitingCollector())
    registry.register(SweepCollector())
    registry.register(SalesCollector())
    registry.register(DroppedCollector())
    registry.register(ConnectionsCollector())
    return registry


def name_method(method: str) -> str:
    """A method as metrics and traces have it, since a client may make up any word."""
    return method if method in METHODS else "other"


def count_request(method: str, route: str, status: int, seconds: float | None) -> None:
    """Count a request, and time it unless None, by route and not by path."""
    known = name_method(method)
    _find_counter(known, route, status).inc()
    if seconds is not None:
        _find_histogram(known, route).observe(seconds)


def count_refused_credential(reason: str) -> None:
    """Count a credential that was refused."""
    REFUSED_CREDENTIALS.labels(reason).inc()
