"""The textbook's worker: a task and a transaction for every booking."""

import os
from typing import Any

from celery import Celery
from celery.signals import worker_process_init
from sqlalchemy import Engine, text

from bench.textbook.database import BROKER_VARIABLE, make_engine

LOCK_BOOKING = text("SELECT show_id, seats FROM bookings WHERE id = :id AND status = 'PENDING' FOR UPDATE")
LOCK_SEATS = text("""
    SELECT id FROM seats
    WHERE show_id = :show_id AND seat_number = ANY(cast(:seats AS text[])) AND status = 'available'
    ORDER BY id FOR UPDATE
""")
UPDATE_SEATS = text("""
    UPDATE seats SET status = 'booked', booking_id = :booking_id, updated_at = clock_timestamp()
    WHERE show_id = :show_id AND id = ANY(cast(:ids AS bigint[]))
""")
UPDATE_BOOKING = text("""
    UPDATE bookings
    SET status = :status, failure_code = :failure, wants = NULL, updated_at = clock_timestamp()
    WHERE id = :id
""")

app = Celery("textbook", broker=os.environ[BROKER_VARIABLE])
app.conf.task_ignore_result = True
app.conf.task_default_queue = "textbook"
app.conf.broker_connection_retry_on_startup = True
_engines: list[Engine] = []


@worker_process_init.connect
def _connect(**_: Any) -> None:
    # After the fork: a child must not use its parent's sockets.
    _engines.append(make_engine())


@app.task
def settle_booking(booking_id: str) -> None:
    """Give a booking its seats if all of them are free; else it FAILED."""
    with _engines[0].begin() as connection:
        booking = connection.execute(LOCK_BOOKING, {"id": booking_id}).one_or_none()
        if booking is None:
            return
        wanted = {"show_id": booking.show_id, "seats": booking.seats}
        ids = list(connection.execute(LOCK_SEATS, wanted).scalars())
        is_free = len(ids) == len(booking.seats)
        if is_free:
            parameters = {"booking_id": booking_id, "show_id": booking.show_id, "ids": ids}
            connection.execute(UPDATE_SEATS, parameters)
        outcome: dict[str, Any] = {"id": booking_id, "status": "CONFIRMED" if is_free else "FAILED"}
        outcome["failure"] = None if is_free else "seats_unavailable"
        connection.execute(UPDATE_BOOKING, outcome)
