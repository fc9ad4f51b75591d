"""Full journeys at a steady pace: POST, then a long poll until it is settled, timed as a client sees them."""

import http.client
import random
import threading
import time
from dataclasses import dataclass, field

from bench.client import Client
from bench.selling import Sale
from bench.target import BenchError

TRAVELLERS = 8
WAIT_SECONDS = 10
# So that a client that is alone does not keep step with what the service does by the clock.
LONGEST_PAUSE_SECONDS = 0.03
# Of the journeys at most this part may fail, or the times are those of the lucky ones.
TOLERATED_FAILURES = 0.01


@dataclass(slots=True)
class Journeys:
    """Seconds from the request to 202, and from 202 to the answer that it is settled."""

    post_seconds: list[float] = field(default_factory=list)
    settled_seconds: list[float] = field(default_factory=list)
    failures: int = 0


@dataclass(frozen=True, slots=True)
class Times:
    """When a traveller sets out, how often again, and until when."""

    first_at: float
    pause_seconds: float
    stop_at: float


def travel(url: str, sale: Sale, *, seconds: float, rate: float) -> Journeys:
    """So many journeys a second, whatever the service makes of them. Raises BenchError where many fail."""
    found, began_at, pause = Journeys(), time.monotonic(), TRAVELLERS / rate
    threads = []
    for number in range(TRAVELLERS):
        # Side by side and not in step, as a crowd is.
        times = Times(began_at + pause * number / TRAVELLERS, pause, began_at + seconds)
        threads.append(threading.Thread(target=_travel_on, args=(Client(url), sale, times, found)))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if found.failures > TOLERATED_FAILURES * len(found.settled_seconds):
        raise BenchError(
            f"{found.failures} journeys failed, beside {len(found.settled_seconds)} that did not"
        )
    return found


def travel_alone(url: str, show_id: int, *, seats: int, prefers: bool) -> list[float]:
    """Seconds from POST to the outcome, as one client sees them who books seat after seat.

    It learns the outcome by Prefer, or else by a long poll; where Prefer does not tell, WAIT_SECONDS count.
    """
    client, found = Client(url), []
    headers = {"Prefer": f"wait={WAIT_SECONDS}"} if prefers else {}
    for seat in range(1, seats + 1):
        time.sleep(random.uniform(0, LONGEST_PAUSE_SECONDS))
        body = {"show_id": show_id, "seats": [str(seat)]}
        asked_at = time.perf_counter()
        booking = client.call("POST", "/bookings", body, **headers).document
        while booking["status"] == "PENDING" and not prefers:
            booking = client.call("GET", f"/bookings/{booking['id']}?wait={WAIT_SECONDS}").document
        found.append(time.perf_counter() - asked_at if booking["status"] != "PENDING" else WAIT_SECONDS)
    client.close()
    return found


def _travel_on(client: Client, sale: Sale, times: Times, found: Journeys) -> None:
    due = times.first_at
    while due < times.stop_at:
        time.sleep(max(0.0, due - time.monotonic()))
        due += times.pause_seconds
        try:
            _travel_once(client, sale, found)
        except (OSError, http.client.HTTPException, KeyError):
            found.failures += 1
    client.close()


def _travel_once(client: Client, sale: Sale, found: Journeys) -> None:
    body = {"show_id": random.randint(sale.first, sale.last), "seats": [str(random.randint(1, sale.seats))]}
    asked_at = time.perf_counter()
    booking = client.call("POST", "/bookings", body).document
    accepted_at = time.perf_counter()
    while booking["status"] == "PENDING":
        booking = client.call("GET", f"/bookings/{booking['id']}?wait={WAIT_SECONDS}").document
    found.post_seconds.append(accepted_at - asked_at)
    found.settled_seconds.append(time.perf_counter() - accepted_at)
