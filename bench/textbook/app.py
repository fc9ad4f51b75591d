"""The textbook's API: a row, a task, 202; and a route that returns {}, the least a request can cost."""

import uuid
from typing import Any

from flask import Flask, request
from sqlalchemy import text

from bench.textbook.database import make_engine
from bench.textbook.tasks import settle_booking

INSERT_BOOKING = text("""
    INSERT INTO bookings (id, show_id, seats, hold, amount, currency)
    SELECT :id, s.id, cast(:seats AS text[]), false, s.price * cardinality(cast(:seats AS text[])), s.currency
    FROM shows s
    WHERE s.id = :show_id AND s.cancelled_at IS NULL
      AND clock_timestamp() < coalesce(s.sales_close_at, s.start_time)
      AND (SELECT count(*) FROM seats WHERE show_id = :show_id AND seat_number = ANY(cast(:seats AS text[])))
          = cardinality(cast(:seats AS text[]))
    RETURNING status, created_at
""")

app = Flask("textbook")
engine = make_engine()


@app.post("/bookings")
def create_booking() -> tuple[dict[str, Any], int]:
    """A PENDING booking, and a task of its own to settle it."""
    asked = request.get_json()
    booking = {"id": str(uuid.uuid4()), "show_id": asked["show_id"], "seats": asked["seats"]}
    with engine.begin() as connection:
        row = connection.execute(INSERT_BOOKING, booking).one_or_none()
    if row is None:
        return {"error": "no such show or seat"}, 422
    settle_booking.delay(booking["id"])
    return {**booking, "status": row.status, "created_at": row.created_at.isoformat()}, 202


@app.get("/nothing")
def get_nothing() -> dict[str, Any]:
    """{}."""
    return {}
