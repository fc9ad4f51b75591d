"""The checker: what must be true of the history, the database, and what left the house."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from core.maps.cache import FRESH_SECONDS, LEARNING_LIMIT_SECONDS
from proof.clients import DEADLY_SEAT, LONG_POLL_SECONDS
from proof.history import UNKNOWN, History, Request
from proof.holding import find_late_confirms, find_late_releases, find_lost_payments, parse
from proof.invariants import find_broken
from proof.lateness import Lateness
from proof.money import Money, find_unbalanced, find_unsettled
from proof.sink import Received

# Two seconds are the promise, and a tenth is the way there and back; what the machine was late comes on top.
ANSWERED_WITHIN_SECONDS = 2.1

# Not a status: FAILED, its hold expired, while it was being paid. That may be paid late.
EXPIRED = "EXPIRED"
# What a booking may be seen as, one after the other: its status and whether it is held.
ENDED = {("CONFIRMED", False), ("FAILED", False), (EXPIRED, False), ("CANCELLED", False)}
NEXT = {
    ("PENDING", False): {("PENDING", True), *ENDED},
    ("PENDING", True): ENDED,
    ("CONFIRMED", False): {("CANCELLED", False)},
    ("FAILED", False): set(),
    (EXPIRED, False): {("CONFIRMED", False)},
    ("CANCELLED", False): set(),
}

# What a booking that is seen so may have a worker yet to do.
WANTED: dict[tuple[str, bool], set[str | None]] = {
    ("PENDING", False): {"acquire", "cancel"},
    ("PENDING", True): {None, "confirm", "cancel"},
    ("CONFIRMED", False): {None, "cancel"},
    ("FAILED", False): {None},
    (EXPIRED, False): {None, "confirm"},
    ("CANCELLED", False): {None},
}


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that is known of a round once everything is quiet again."""

    history: History
    bookings: dict[str, dict[str, Any]]
    events: dict[str, list[dict[str, Any]]]
    received: Sequence[Received]
    published: Sequence[bytes]
    fault_seconds: float
    quiet_at: float
    lateness: Lateness
    # Killed, it answers nothing; stopped in order, it answers what it took.
    was_web_killed: bool
    money: Money
    # What the history's clock showed at the time of day 0.
    zero: float


Check = Callable[[Evidence], Iterator[str]]


def check_promises(evidence: Evidence) -> Iterator[str]:
    """I1: what was answered with 202 is there, with its own seats and customer."""
    for request in evidence.history.of_kind("book"):
        if request.status != 202:
            continue
        booking = evidence.bookings.get(request.document["id"])
        if booking is None:
            yield f"{request.document['id']} was promised and is not there"
        elif booking["customer"] != request.body["customer"]:
            yield f"{booking['id']} is of another customer"
        elif "seats" in request.body and booking["seats"] != request.body["seats"]:
            yield f"{booking['id']} has other seats"


def check_settled(evidence: Evidence) -> Iterator[str]:
    """I2: nothing waits to be settled, nor was anything given up but what cannot be settled."""
    for booking in evidence.bookings.values():
        if booking["wants"] is not None:
            yield f"{booking['id']} waits for its {booking['wants']}"
        if booking["failure_code"] == "timed_out" and DEADLY_SEAT not in booking["seats"]:
            yield f"{booking['id']} timed out"
    yield from find_unsettled(evidence.money)


def check_database(_: Evidence) -> Iterator[str]:
    """I3, I4, I5, I11, I12: no seat has two owners, nothing is halved, every event has its transition."""
    for name, rows in find_broken().items():
        yield f"{name}: {rows[:3]}"


def check_keys(evidence: Evidence) -> Iterator[str]:
    """I6: a key has at most one booking, the same for the same body; another body is refused."""
    ids: dict[str, set[str]] = defaultdict(set)
    for request in evidence.history.of_kind("book"):
        if request.status == 202:
            ids[str(request.key)].add(request.document["id"])
    for booking in evidence.bookings.values():
        ids[booking["customer"]].add(booking["id"])
    for key, found in ids.items():
        if len(found) > 1:
            yield f"key {key} made {sorted(found)}"
    for request in evidence.history.of_kind("rebook"):
        if request.status not in (UNKNOWN, 503, 422):
            yield f"key {request.key} with another body was answered {request.status}"


def check_observed(evidence: Evidence) -> Iterator[str]:
    """I7: what was seen of a booking follows the state machine, and ends as the database has it."""
    seen: dict[str, list[tuple[Request, tuple[str, bool]]]] = defaultdict(list)
    for request in evidence.history.of_kind("book", "read", "confirm", "cancel", "extend"):
        if request.status in (200, 202):
            if (fault := _find_misplaced_want(request.document)) is not None:
                yield fault
            state = _find_state(request.document)
            seen[request.document["id"]].append((request, state))
    for booking_id, sightings in seen.items():
        for (earlier, before), (later, after) in pairwise(sightings):
            # Two that were under way at once may have been answered in either order.
            if later.began > earlier.ended and after != before and after not in _reachable(before):
                yield f"{booking_id} was {before}, then {after}"
        last = sightings[-1][1]
        booking = evidence.bookings.get(booking_id)
        if booking is not None:
            failure = booking["failure_code"] and {"code": booking["failure_code"]}
            held = booking["hold_expires_at"] is not None
            final = _find_state({**booking, "held": held, "failure": failure})
            if final != last and final not in _reachable(last):
                yield f"{booking_id} was {last} and is {final}"


def _find_state(document: dict[str, Any]) -> tuple[str, bool]:
    failure = document["failure"] or {}
    if failure.get("code") == "hold_expired" and document["payment"]:
        return EXPIRED, False
    return document["status"], bool(document["held"])


def _find_misplaced_want(document: dict[str, Any]) -> str | None:
    state = _find_state(document)
    if document["wants"] in WANTED[state]:
        return None
    return f"{document['id']} wants {document['wants']} as {state}"


def _reachable(state: tuple[str, bool]) -> set[tuple[str, bool]]:
    found = set(NEXT[state])
    for following in NEXT[state]:
        found |= _reachable(following)
    return found


def check_confirms(evidence: Evidence) -> Iterator[str]:
    """I8: a confirm or payment accepted before the hold's end, and none after it, ends CONFIRMED, but for a
    cancel.
    """
    taken = (200, 202, 503, UNKNOWN)
    cancels = {r.booking_id for r in evidence.history.of_kind("cancel") if r.status in taken}
    for request in evidence.history.of_kind("confirm"):
        if request.status in (200, 202) and request.booking_id not in cancels:
            status = evidence.bookings[str(request.booking_id)]["status"]
            if status != "CONFIRMED":
                yield f"{request.booking_id} was confirmed and is {status}"
    notices: dict[str, list[Request]] = defaultdict(list)
    for request in evidence.history.of_kind("notice"):
        notices[str(request.booking_id)].append(request)
    for booking_id, events in evidence.events.items():
        if events[0]["type"] == "BOOKING_HELD":
            booking = evidence.bookings[booking_id]
            yield from find_late_confirms(booking, events[0], evidence.money)
            yield from find_lost_payments(
                booking, events, evidence.money, notices[booking_id], zero=evidence.zero
            )


def check_expiry(evidence: Evidence) -> Iterator[str]:
    """I9: a hold that expired is released ten seconds after its end at the latest, the fault's time aside."""
    for booking in evidence.bookings.values():
        if booking["hold_expires_at"] and parse(booking["hold_expires_at"]) < evidence.quiet_at:
            yield f"{booking['id']} still holds its seats after its end"
    for booking_id, events in evidence.events.items():
        booking = evidence.bookings[booking_id]
        yield from find_late_releases(booking, events, evidence.money, fault_seconds=evidence.fault_seconds)


def check_payments(evidence: Evidence) -> Iterator[str]:
    """I10: each payment ends as exactly one of: its booking CONFIRMED, or refunded."""
    yield from find_unbalanced(evidence.money, evidence.bookings)


def check_told(evidence: Evidence) -> Iterator[str]:
    """I11: every event reached the sink and the stream, the same each time, one booking's in order."""
    known = {event["id"]: event for events in evidence.events.values() for event in events}
    ways = {
        "the sink": [received.body for received in evidence.received],
        "the stream": evidence.published,
    }
    for way, bodies in ways.items():
        first: dict[str, bytes] = {}
        for body in bodies:
            event_id = json.loads(body)["id"]
            if first.setdefault(event_id, body) != body:
                yield f"event {event_id} came to {way} with two contents"
        for event_id in known.keys() - first.keys():
            yield f"event {event_id} ({known[event_id]['type']}) never came to {way}"
        for event_id in first.keys() - known.keys():
            yield f"event {event_id} came to {way} and has no transition"
        order: dict[str, list[int]] = defaultdict(list)
        for event_id in first:
            if event_id in known:
                order[known[event_id]["booking_id"]].append(known[event_id]["seq"])
        for booking_id, numbers in order.items():
            if numbers != sorted(numbers):
                yield f"the events of {booking_id} came to {way} out of order"


def check_maps(evidence: Evidence) -> Iterator[str]:
    """I13: a map's version never goes back for one client, nor does a map lag behind what it saw CONFIRMED.

    Not for longer than a version is learned and kept, that is: a worker may not have reached Redis in time.
    """
    versions: dict[tuple[int, int], int] = defaultdict(int)
    bought: dict[tuple[int, int], dict[str, tuple[float, set[str]]]] = defaultdict(dict)
    given_back: set[str | None] = set()
    for request in sorted(evidence.history.requests, key=lambda request: request.ended):
        if request.kind == "map" and request.status == 200:
            place = (request.client, request.document["show_id"])
            version, latest = (
                request.document["version"],
                request.began - FRESH_SECONDS - LEARNING_LIMIT_SECONDS,
            )
            if version < versions[place]:
                yield f"client {place[0]} saw version {version} of show {place[1]} after {versions[place]}"
            versions[place] = version
            taken = {*request.document["booked"], *request.document["held"]}
            for booking_id, (seen, seats) in bought[place].items():
                if seen < latest and booking_id not in given_back and seats - taken:
                    yield f"client {place[0]} saw {sorted(seats)} of show {place[1]} free after {booking_id}"
        elif request.kind == "read" and request.status == 200 and request.document["status"] == "CONFIRMED":
            place = (request.client, request.document["show_id"])
            bought[place][request.document["id"]] = (request.ended, set(request.document["seats"]))
        elif request.kind == "cancel":
            # Whatever came of it, and however long it takes.
            given_back.add(request.booking_id)


def check_answers(evidence: Evidence) -> Iterator[str]:
    """I14: every request is answered in time, with 2xx, 4xx, or 503 and Retry-After; none is cut off.

    But those that find no web process at all, or that it closed an idle connection as it stopped.
    """
    for request in evidence.history.requests:
        allowed = ANSWERED_WITHIN_SECONDS + (LONG_POLL_SECONDS if request.kind == "read" else 0)
        if request.seconds > allowed + evidence.lateness.within(request.began, request.ended):
            outcome = request.error or f"answered {request.status}"
            yield f"a {request.kind} was {outcome} after {request.seconds:.1f} s"
        elif request.status == UNKNOWN:
            is_excused = request.error == "ConnectionRefusedError" or request.was_idle
            if not (is_excused or evidence.was_web_killed):
                yield f"a {request.kind} was cut off: {request.error}"
        elif request.status >= 500 and (request.status != 503 or request.retry_after is None):
            yield f"a {request.kind} was answered {request.status}: {request.document}"


CHECKS: dict[str, Check] = {
    "I1": check_promises,
    "I2": check_settled,
    "I3-5, I11, I12": check_database,
    "I6": check_keys,
    "I7": check_observed,
    "I8": check_confirms,
    "I9": check_expiry,
    "I10": check_payments,
    "I11": check_told,
    "I13": check_maps,
    "I14": check_answers,
}


def find_violations(evidence: Evidence) -> list[str]:
    """Whatever is not as it must be, a line each, named by its invariant."""
    return [f"{name}: {fault}" for name, check in CHECKS.items() for fault in check(evidence)]
