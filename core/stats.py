"""Figures for operators: what is sold, what waits, what was settled lately."""

from typing import Any

from sqlalchemy.engine import Connection

from core.bookings.queries import select_waiting_stats
from core.events.queries import select_recent_counts
from core.payments.comparing_queries import select_revenue
from core.shows.queries import select_show_stats

RECENT_SECONDS = 60
# The newest shows, of which revenue is told: each of them has its entries of the ledger summed up.
PAID_SHOWS = 100


def read_stats(connection: Connection) -> dict[str, Any]:
    """Shows and seats by state, what waits for a worker, what was paid, events of the last minute by type."""
    shows = select_show_stats(connection)
    waiting = select_waiting_stats(connection)
    return {
        "shows": {"total": shows.shows, "on_sale": shows.on_sale},
        "seats": {"available": shows.available, "held": shows.held, "booked": shows.booked},
        "waiting": {
            "acquire": waiting.acquire,
            "confirm": waiting.confirm,
            "cancel": waiting.cancel,
            "oldest_seconds": waiting.oldest_seconds,
        },
        "payments": [dict(row._mapping) for row in select_revenue(connection, limit=PAID_SHOWS)],
        "last_minute": select_recent_counts(connection, seconds=RECENT_SECONDS),
    }
