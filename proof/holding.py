"""When holds ended, and what that decides: who confirmed or paid in time has the seats, others lose them."""

from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise
from typing import Any

from core.bookings.rules import LONGEST_HOLD
from proof.history import Request
from proof.money import Money

RELEASED_WITHIN_SECONDS = 10
# Times of day as floats are exact to less than a microsecond.
ROUNDING_SECONDS = 0.000_01


def find_late_confirms(booking: dict[str, Any], held: dict[str, Any], money: Money) -> Iterator[str]:
    """Confirms that were accepted after the hold's end."""
    ends_at = parse(held["payload"]["hold_expires_at"])
    for at, request, ends_after in _walk(booking, held, money):
        if request.get("request") == "confirm" and at >= ends_at:
            yield f"{booking['id']} was confirmed after its end"
        ends_at = ends_after


def find_late_releases(
    booking: dict[str, Any], events: list[dict[str, Any]], money: Money, *, fault_seconds: float
) -> Iterator[str]:
    """A hold that was released before its end, or long after."""
    for before, after in pairwise(events):
        if before["type"] != "BOOKING_HELD" or after["type"] != "BOOKING_FAILED":
            continue
        late = parse(after["created_at"]) - find_end(booking, before, money)
        if late < -ROUNDING_SECONDS:
            yield f"{booking['id']} was released {-late:.3f} s before its end"
        if late > RELEASED_WITHIN_SECONDS + fault_seconds:
            yield f"{booking['id']} was released {late:.1f} s after its end"


def find_lost_payments(
    booking: dict[str, Any],
    events: list[dict[str, Any]],
    money: Money,
    notices: list[Request],
    *,
    zero: float,
) -> Iterator[str]:
    """Payments that were taken before the hold's end, and after which the booking failed.

    By the ledger, and by the webhooks that were answered 200: `zero` is the time of day of their clock's 0.
    """
    if all(event["type"] != "BOOKING_FAILED" for event in events):
        return
    ends_at = find_end(booking, events[0], money)
    own = {
        id_: p
        for id_, p in money.payments.items()
        if p["booking_id"] == booking["id"] and money.is_as_asked(p)
    }
    for id_ in own:
        if any(
            entry["kind"] == "paid" and parse(entry["at"]) < ends_at for entry in money.entries.get(id_, ())
        ):
            yield f"{booking['id']} was paid in time, and failed"
    for notice in notices:
        told = notice.body["payment"]
        is_success = told["status"] == "succeeded" and told["payment_id"] in own
        if is_success and notice.status == 200 and notice.ended + zero < ends_at:
            yield f"{booking['id']} was told to be paid in time, and failed"


def find_end(booking: dict[str, Any], held: dict[str, Any], money: Money) -> float:
    """When a hold ended, after all that extended it."""
    ends = [parse(held["payload"]["hold_expires_at"])]
    return [*ends, *(ends_after for _, _, ends_after in _walk(booking, held, money))][-1]


def _walk(
    booking: dict[str, Any], held: dict[str, Any], money: Money
) -> Iterator[tuple[float, dict[str, Any], float]]:
    """What was asked about a booking, each with when, and when its hold ends from then on."""
    ends_at = parse(held["payload"]["hold_expires_at"])
    latest = parse(booking["held_at"]) + LONGEST_HOLD.total_seconds()
    seconds = money.shows[booking["show_id"]]["hold_seconds"]
    for request in booking["requests"] or ():
        if "hold_expires_at" in request:
            ends_at = parse(request["hold_expires_at"])
        elif request.get("payment") == "pending":
            ends_at = max(ends_at, min(ends_at + seconds, latest))
        yield parse(request["at"]), request, ends_at


def parse(time: str) -> float:
    """Seconds since 1970."""
    return datetime.fromisoformat(time).timestamp()
