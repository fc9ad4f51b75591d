"""Long polls of a bench: those that wait are woken and timed, those that are refused do not wait."""

import asyncio
import time
from uuid import UUID, uuid4

import pytest

from bench.bulk import add_backlog
from bench.long_polls import poll_together
from bench.side import Side
from core.bookings.announcements import encode_ids
from core.infra.pubsub import BOOKINGS_CHANNEL
from core.infra.redis import get_redis

pytestmark = pytest.mark.processes

POLLS = 30
SETTLE = "UPDATE bookings SET status = 'CONFIRMED', wants = NULL WHERE show_id = %s RETURNING id::text"


def test_who_waits_is_woken_and_told(database: dict[str, str], web: str) -> None:
    side = Side(web, database["DATABASE_URL"])
    show_id, _ = side.make_shows(seats=POLLS)
    with side.cursor() as cursor:
        add_backlog(cursor, show_id=show_id, bookings=POLLS)
        cursor.execute("SELECT id::text FROM bookings WHERE show_id = %s", (show_id,))
        ids = [id_ for (id_,) in cursor.fetchall()]

        def wake() -> float:
            cursor.execute(SETTLE, (show_id,))
            woken_at = time.monotonic()
            get_redis().publish(BOOKINGS_CHANNEL, encode_ids(map(UUID, ids)))
            return woken_at

        paths = [f"/bookings/{id_}?wait=25" for id_ in [*ids, str(uuid4())]]
        told = asyncio.run(poll_together(web, paths, outcome="CONFIRMED", wake=wake))
    assert told.waiting == len(told.seconds) == POLLS
    # Or they would have been answered as it then is, without having heard of it.
    assert max(told.seconds) < 20
