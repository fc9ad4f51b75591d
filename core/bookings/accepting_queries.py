"""The SQL statement by which bookings are accepted, those of many clients at once."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from core.bookings.requests import Request
from core.infra.db import Prepared
from core.infra.json import to_json_text
from core.infra.query import Query
from core.shows.queries import SHOW_STATUS


class Refusal(StrEnum):
    """Why a show takes no such booking now, by the names that the statement has for it."""

    UNKNOWN_SHOW = "unknown_show"
    CANCELLED = "cancelled"  # this and the next two: the show's status
    CLOSED = "closed"
    SCHEDULED = "scheduled"
    TOO_MANY_SEATS = "too_many_seats"
    NO_CUSTOMER = "no_customer"


class Arrival(NamedTuple):
    """What the database adds to a booking that it takes."""

    seq: int
    created_at: datetime
    updated_at: datetime


class Judged(NamedTuple):
    """What the statement came to for one booking of a request.

    `used_for` and `used_ids` are of the request's key: the fingerprint and, with the first booking, the
    bookings of its use before. `arrival` is None where the request was not accepted.
    """

    refusal: Refusal | None
    max_seats_per_booking: int | None
    used_for: str | None
    used_ids: Sequence[UUID] | None
    arrival: Arrival | None


# The one place that says for what a show refuses a booking, of all that may change about the show.
_REFUSAL = f"""
    coalesce(CASE WHEN s.id IS NULL THEN '{Refusal.UNKNOWN_SHOW}' END, nullif({SHOW_STATUS}, 'on_sale'),
             CASE WHEN coalesce(item.quantity, cardinality(item.seats)) > s.max_seats_per_booking
                  THEN '{Refusal.TOO_MANY_SEATS}'
                  WHEN item.customer IS NULL AND s.max_seats_per_customer IS NOT NULL
                  THEN '{Refusal.NO_CUSTOMER}' END)
"""

# Of each request every booking goes in, with its key, or nothing does; and what is there to refuse it is
# judged in the same snapshot. A key that was used before refuses as well. Keys are claimed in their order:
# two processes with the same ones must not wait for each other. A request whose key another claimed at this
# moment has neither gone in nor is it refused: it has to be judged again.
# OFFSET 0 keeps from the planner what it could join by reading all shows.
_ACCEPT = Prepared(
    "accept_bookings",
    f"""
    WITH item AS MATERIALIZED (
        SELECT * FROM json_to_recordset(cast(:items AS json)) AS i(
            request int, size int, is_refused boolean, principal text, key text, fingerprint text,
            position int, id uuid, show_id bigint, seats text[], quantity int, section text, hold boolean,
            customer text, amount bigint, currency text)
    ), judged AS MATERIALIZED (
        SELECT item.*, s.max_seats_per_booking, {_REFUSAL} AS refusal, used.fingerprint AS used_for,
               CASE position WHEN 0 THEN used.booking_ids END AS used_ids
        FROM item LEFT JOIN LATERAL (SELECT * FROM shows WHERE id = item.show_id OFFSET 0) AS s ON true
        LEFT JOIN LATERAL (
            SELECT fingerprint, booking_ids FROM used_keys
            WHERE principal = item.principal AND show_id = item.show_id AND key = item.key OFFSET 0
        ) AS used ON true
    ), whole AS (
        SELECT request, principal, show_id, key, fingerprint, array_agg(id ORDER BY position) AS ids
        FROM judged WHERE refusal IS NULL AND used_for IS NULL AND NOT is_refused
        GROUP BY request, principal, show_id, key, fingerprint, size HAVING count(*) = size
    ), claimed AS (
        INSERT INTO used_keys (principal, show_id, key, fingerprint, booking_ids)
        SELECT principal, show_id, key, fingerprint, ids FROM whole
        WHERE key IS NOT NULL ORDER BY principal, show_id, key
        ON CONFLICT DO NOTHING
        RETURNING booking_ids
    ), accepted AS (
        INSERT INTO bookings (id, show_id, seats, quantity, section, hold, customer, amount, currency)
        SELECT id, judged.show_id, seats, quantity, section, hold, customer, amount, currency
        FROM judged JOIN whole USING (request)
        WHERE whole.key IS NULL OR whole.ids IN (SELECT booking_ids FROM claimed)
        ORDER BY request, position
        RETURNING id, seq, created_at, updated_at
    )
    SELECT request, refusal, max_seats_per_booking, used_for, used_ids, seq, created_at, updated_at
    FROM judged LEFT JOIN accepted USING (id)
    ORDER BY request, position
    """,
)


def _to_parameters(requests: Sequence[Request]) -> dict[str, str]:
    items = [
        {**item, "request": number, "size": len(request.items), "position": position}
        for number, request in enumerate(requests)
        for position, item in enumerate(request.items)
    ]
    return {"items": to_json_text(items)}


def _read_judged(rows: Sequence[Sequence[Any]]) -> list[list[Judged]]:
    by_request: list[list[Judged]] = []
    for request, refusal, max_seats, used_for, used_ids, *arrival in rows:
        if request == len(by_request):
            by_request.append([])
        arrived = None if arrival[0] is None else Arrival._make(arrival)
        by_request[-1].append(Judged(refusal and Refusal(refusal), max_seats, used_for, used_ids, arrived))
    return by_request


# Accepts these requests, each whole or not at all; what it came to for each, and in it for each booking.
ACCEPT = Query(_ACCEPT, _to_parameters, _read_judged)
