"""What there is once everything is quiet again: bookings, events, what is in the stream."""

from collections import defaultdict
from typing import Any

from redis import Redis
from sqlalchemy import text

from core.events.publisher import STREAM
from core.infra.db import primary
from proof.world import World


def gather_bookings() -> dict[str, dict[str, Any]]:
    """Every booking in the database, by its id."""
    with primary() as connection:
        rows = connection.execute(text("SELECT to_jsonb(b) AS booking FROM bookings b")).scalars()
        return {row["id"]: row for row in rows}


def gather_events() -> dict[str, list[dict[str, Any]]]:
    """Every booking's events in order."""
    query = text("SELECT to_jsonb(e) AS event FROM events e ORDER BY seq")
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    with primary() as connection:
        for event in connection.execute(query).scalars():
            found[event["booking_id"]].append(event)
    return found


def read_stream(world: World) -> list[bytes]:
    """The events in the stream."""
    with Redis.from_url(world.events.url) as redis:
        entries: Any = redis.xrange(STREAM)
        return [entry[b"event"] for _, entry in entries]
