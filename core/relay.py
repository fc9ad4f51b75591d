"""Events on their way out: given their places, queued for webhook endpoints, sent to the events broker."""

import logging
import time

import pybreaker

from core.errors import UnavailableError
from core.events.publisher import BrokerError
from core.events.service import PLACED_AT_ONCE, place_events, publish_events
from core.infra.db import transaction
from core.infra.jobs import RELAY_EVENTS, clear_flag, send_later
from core.infra.metrics import EVENTS_PLACED, EVENTS_PUBLISHED, BreakerGauge
from core.infra.slot_groups import SlotGroup, for_each_group, list_groups
from core.webhooks.delivering import queue_deliveries

log = logging.getLogger(__name__)

# A rush commits dozens of batches a second: one relay takes what gathers meanwhile, instead of one each. A
# turn costs as much as a few hundred events do, and who waits for them is a machine.
GATHER_SECONDS = 0.2
# Then it queues up again, so that it can stop in time.
TURN_SECONDS = 2.0

# A broker that is down is asked once a second, by one relay at a time.
broker_breaker = pybreaker.CircuitBreaker(
    fail_max=2,
    reset_timeout=1,
    throw_new_error_on_trip=False,
    name="events broker",
    listeners=[BreakerGauge("events broker")],
)


def relay_events() -> None:
    """Send out what was committed, at least once, each booking's events in order.

    Webhooks first, which need nothing but the database: a broker that is down does not delay them.
    """
    time.sleep(GATHER_SECONDS)
    clear_flag(RELAY_EVENTS)
    for_each_group(_place_all)
    queue_deliveries()
    try:
        has_more = broker_breaker.call(lambda: any(for_each_group(_publish_all, passing=BrokerError)))
    except (UnavailableError, pybreaker.CircuitBreakerError) as error:
        log.warning("events not published, to be tried again", extra={"error": str(error)})
        return
    if has_more:
        send_later(RELAY_EVENTS)


def _place_all(group: SlotGroup) -> None:
    while True:
        with transaction() as connection:
            placed = place_events(connection, group)
        EVENTS_PLACED.inc(placed)
        if placed < PLACED_AT_ONCE:
            return


def _publish_all(group: SlotGroup) -> bool:
    """Publish what a group has, for its share of a turn; whether something may be left."""
    stop_at = time.monotonic() + TURN_SECONDS / len(list_groups())
    while True:
        with transaction() as connection:
            published = publish_events(connection, group)
        EVENTS_PUBLISHED.inc(published)
        if not published:
            return False
        if time.monotonic() >= stop_at:
            return True
