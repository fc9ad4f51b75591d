"""What must be so after a sell-out, asked of the API and, behind its back, of the database."""

from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import psycopg2

from bench.client import Client
from bench.crowd import Buyer, Crowd, Outcome
from bench.shows import ask, read_seats
from bench.target import BenchError, Target

IDS_AT_ONCE = 100
NAMED_AT_MOST = 5

# The last booking of a buyer; those before it FAILED.
LAST_STATUS_OF: dict[Outcome | None, str] = {
    Outcome.BOUGHT: "CONFIRMED",
    Outcome.LAPSED: "FAILED",
    Outcome.CANCELLED: "CANCELLED",
    Outcome.SOLD_OUT: "FAILED",
}

# What each finds is one fault a row; each takes the show's id.
_OF_SEATS = {
    "seats whose booking is not CONFIRMED, or does not name them": """
        SELECT s.seat_number FROM seats s LEFT JOIN bookings b ON b.id = s.booking_id
        WHERE s.show_id = %s AND s.status = 'booked' AND NOT coalesce(
            b.status = 'CONFIRMED' AND b.show_id = s.show_id AND s.seat_number = ANY(b.seats), false)""",
    "seats of CONFIRMED bookings that do not carry its id": """
        SELECT n.seat_number FROM bookings b CROSS JOIN unnest(b.seats) AS n(seat_number)
        LEFT JOIN seats s ON s.show_id = b.show_id AND s.seat_number = n.seat_number
        WHERE b.show_id = %s AND b.status = 'CONFIRMED'
          AND (s.status, s.booking_id) IS DISTINCT FROM ('booked', b.id)""",
    "seats that are not booked, in the database": """
        SELECT seat_number FROM seats WHERE show_id = %s AND status <> 'booked'""",
    "bookings still waiting for a worker": """
        SELECT id::text FROM bookings WHERE show_id = %s AND (status = 'PENDING' OR wants IS NOT NULL)""",
    "counts of the show that differ from its seats": """
        SELECT format('%%s booked of %%s', v.booked, v.total) FROM show_versions v
        CROSS JOIN LATERAL (
            SELECT count(*) FILTER (WHERE status = 'available') AS available,
                   count(*) FILTER (WHERE status = 'held') AS held,
                   count(*) FILTER (WHERE status = 'booked') AS booked
            FROM seats WHERE show_id = v.show_id) AS counted
        WHERE v.show_id = %s
          AND (v.available, v.held, v.booked)
              IS DISTINCT FROM (counted.available, counted.held, counted.booked)""",
}
_OF_RUN = "SELECT id::text FROM bookings WHERE show_id = %s AND starts_with(customer, %s)"


def find_faults(target: Target, crowd: Crowd) -> list[str]:
    """Everything that is not as it must be, a line each; empty where all is well. Raises BenchError."""
    faults = crowd.faults[:NAMED_AT_MOST]
    faults += describe("more buyers that met an error", crowd.faults[NAMED_AT_MOST:])
    unanswered = [str(buyer.number) for buyer in crowd.buyers if buyer.outcome is None]
    faults += describe("buyers without an answer", unanswered)
    client = Client(target.url)
    faults += _check_map(target, client, crowd.show_id)
    faults += _check_buyers(crowd, _read_bookings(target, client, crowd))
    client.close()
    faults += _check_database(target, crowd)
    return faults


def describe(fault: str, found: list[str]) -> list[str]:
    """One line that counts what was found and names the first few; none where nothing was."""
    named = ", ".join(found[:NAMED_AT_MOST]) + (", …" if len(found) > NAMED_AT_MOST else "")
    return [f"{len(found)} {fault}: {named}"] if found else []


def _check_map(target: Target, client: Client, show_id: int) -> Iterator[str]:
    show = ask(target, client, "GET", f"/shows/{show_id}").document
    if show["seats"] != {"available": 0, "held": 0, "booked": show["total_seats"]}:
        yield f"the show is not sold out: of {show['total_seats']} seats {show['seats']}"
    seats = read_seats(target, client, show_id)
    if len(seats) != show["total_seats"]:
        yield f"the map has {len(seats)} seats, the show {show['total_seats']}"
    yield from describe(
        "seats that are not booked, on the map",
        [seat["seat_number"] for seat in seats if seat["status"] != "booked"],
    )


def _read_bookings(target: Target, client: Client, crowd: Crowd) -> dict[str, dict[str, Any]]:
    ids = [id_ for buyer in crowd.buyers for id_ in buyer.booking_ids]
    found: dict[str, dict[str, Any]] = {}
    for start in range(0, len(ids), IDS_AT_ONCE):
        path = f"/bookings?ids={','.join(ids[start : start + IDS_AT_ONCE])}"
        found |= {booking["id"]: booking for booking in ask(target, client, "GET", path).document["items"]}
    return found


def _check_buyers(crowd: Crowd, bookings: dict[str, dict[str, Any]]) -> Iterator[str]:
    ids = [id_ for buyer in crowd.buyers for id_ in buyer.booking_ids]
    yield from describe(
        "bookings that were accepted and are gone", [id_ for id_ in ids if id_ not in bookings]
    )
    confirmed = [booking for booking in bookings.values() if booking["status"] == "CONFIRMED"]
    owners = Counter(seat for booking in confirmed for seat in booking["seats"])
    yield from describe("seats sold more than once", [seat for seat, count in owners.items() if count > 1])
    for buyer in crowd.buyers:
        mine = [bookings[id_] for id_ in buyer.booking_ids if id_ in bookings]
        if fault := _judge_buyer(crowd, buyer, mine):
            yield f"buyer {buyer.number} ({buyer.outcome}): {fault}"


def _judge_buyer(crowd: Crowd, buyer: Buyer, bookings: list[dict[str, Any]]) -> str | None:
    """What contradicts how it ended for this buyer, if anything does."""
    if any(booking["customer"] != f"{crowd.name}-{buyer.number}" for booking in bookings):
        return "a booking is somebody else's"
    statuses = [booking["status"] for booking in bookings]
    last = LAST_STATUS_OF.get(buyer.outcome)
    if last and statuses != ["FAILED"] * (len(statuses) - 1) + [last]:
        return f"the bookings are {statuses}"
    if buyer.outcome == Outcome.LAPSED and bookings[-1]["failure"]["code"] != "hold_expired":
        return f"the hold ended by {bookings[-1]['failure']['code']}"
    return None


def _check_database(target: Target, crowd: Crowd) -> Iterator[str]:
    try:
        with closing(psycopg2.connect(target.database_url, connect_timeout=5)) as connection:
            for fault, query in _OF_SEATS.items():
                yield from describe(fault, _select(connection, query, crowd.show_id))
            made = set(_select(connection, _OF_RUN, crowd.show_id, f"{crowd.name}-"))
    except psycopg2.OperationalError:
        raise BenchError("the database of DATABASE_URL does not answer, so nothing is checked") from None
    known = {id_ for buyer in crowd.buyers for id_ in buyer.booking_ids}
    yield from describe("bookings in the database that nobody was told of", sorted(made - known))
    yield from describe("bookings that are not in the database", sorted(known - made))


def _select(connection: Any, query: str, *parameters: object) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        return [row[0] for row in cursor]
