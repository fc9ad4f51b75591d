"""Shopping: what a buyer does over one connection, from the look at the map to seats or none."""

import http.client
import random
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

from bench.client import Answer, Client
from bench.crowd import Buyer, Crowd, Habit, Outcome
from bench.target import Target

WAIT_SECONDS = 10
# Where nothing is free and something is held, a buyer looks again after so long.
LOOK_AGAIN_SECONDS = 0.2
RETRY_SECONDS = 0.2
PAUSE_SECONDS = 0.005
# With fewer seats left than this part of the hall, nobody lets seats go: the end would never come.
CALM_PART = 0.25


class GaveUpError(Exception):
    """The time is over."""


class RefusedError(Exception):
    """The service answered what it should not."""


class Shop:
    """One client of the service, which buyers use one after another."""

    def __init__(self, target: Target, crowd: Crowd, *, seed: int) -> None:
        self.client = Client(target.url)
        self._crowd = crowd
        self._chance = random.Random(seed)
        self._taken: dict[str, set[str]] = {"held": set(), "booked": set()}
        # Nothing has this tag yet.
        self._tag = '"none"'

    def run(self) -> None:
        """Serve buyers until none waits or the time is over; what went wrong is among the crowd's faults."""
        while not self._crowd.is_over and (buyer := self._crowd.take_buyer()):
            try:
                buyer.outcome = self._serve(buyer)
            except GaveUpError:
                break
            except RefusedError as error:
                self._crowd.faults.append(f"buyer {buyer.number}: {error}")
                continue
            if buyer.outcome is None:
                self._crowd.put_back(buyer)
        self.client.close()

    def _serve(self, buyer: Buyer) -> Outcome | None:
        # Asked before the map is: seats given back in between are on it.
        was_cancelling = self._crowd.is_cancelling
        free = self._look()
        if not free and buyer.booking_ids:
            if not self._taken["held"] and not was_cancelling:
                return Outcome.SOLD_OUT
            time.sleep(LOOK_AGAIN_SECONDS)
            return None
        if len(free) <= CALM_PART * len(self._crowd.seats):
            return self._buy(buyer, free)
        if buyer.habit == Habit.LAPSE:
            return self._hold_and_leave(buyer, free)
        if buyer.habit == Habit.CANCEL:
            with self._crowd.cancelling():
                return self._buy_and_cancel(buyer, free)
        return self._buy(buyer, free)

    def _buy(self, buyer: Buyer, free: list[dict[str, Any]]) -> Outcome | None:
        booking = self._book(buyer, free)
        if booking["held"]:
            return self._confirm(booking)
        return Outcome.BOUGHT if booking["status"] == "CONFIRMED" else None

    def _hold_and_leave(self, buyer: Buyer, free: list[dict[str, Any]]) -> Outcome | None:
        booking = self._book(buyer, free)
        if not booking["held"]:
            return None
        self._crowd.note_hold(datetime.fromisoformat(booking["hold_expires_at"]))
        return Outcome.LAPSED

    def _buy_and_cancel(self, buyer: Buyer, free: list[dict[str, Any]]) -> Outcome | None:
        booking = self._book(buyer, free)
        if booking["status"] == "FAILED":
            return None
        answer = self._send("POST", f"/bookings/{booking['id']}/cancel")
        self._await(answer.document, lambda found: found["status"] == "CANCELLED")
        return Outcome.CANCELLED

    def _look(self) -> list[dict[str, Any]]:
        """The seats that are free now, in seat order."""
        path = f"/shows/{self._crowd.show_id}/availability"
        answer = self._send("GET", path, If_None_Match=self._tag)
        if answer.status != 304:
            self._tag = answer.headers["ETag"]
            self._taken = {status: set(answer.document[status]) for status in self._taken}
        taken = self._taken["held"] | self._taken["booked"]
        return [seat for seat in self._crowd.seats if seat["seat_number"] not in taken]

    def _book(self, buyer: Buyer, free: list[dict[str, Any]]) -> dict[str, Any]:
        wish = self._choose(buyer, free)
        body = {"show_id": self._crowd.show_id, "customer": f"{self._crowd.name}-{buyer.number}", **wish}
        key = f"{self._crowd.name}-{buyer.number}-{len(buyer.booking_ids)}"
        asked_at = time.perf_counter()
        accepted = self._send("POST", "/bookings", body, Idempotency_Key=key)
        buyer.booking_ids.append(accepted.document["id"])
        settled = self._await(accepted.document, lambda found: found["status"] != "PENDING" or found["held"])
        self._crowd.settle_seconds.append(time.perf_counter() - asked_at)
        return settled

    def _choose(self, buyer: Buyer, free: list[dict[str, Any]]) -> dict[str, Any]:
        wish: dict[str, Any] = {"hold": buyer.habit in (Habit.CONFIRM, Habit.LAPSE)}
        # Who comes when nothing is free asks once all the same.
        if buyer.habit == Habit.PAIR or not free:
            return {**wish, "quantity": max(1, min(2, len(free)))}
        size = min(buyer.size, len(free))
        start = self._chance.randrange(len(free) - size + 1)
        return {**wish, "seats": [seat["seat_number"] for seat in free[start : start + size]]}

    def _confirm(self, booking: dict[str, Any]) -> Outcome | None:
        answer = self._send("POST", f"/bookings/{booking['id']}/confirm", allowed=(409,))
        if answer.status == 409:
            return None
        settled = self._await(answer.document, lambda found: found["status"] != "PENDING")
        return Outcome.BOUGHT if settled["status"] == "CONFIRMED" else None

    def _await(self, booking: dict[str, Any], is_done: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        while not is_done(booking):
            # A service with too many waiting already answers at once.
            time.sleep(PAUSE_SECONDS)
            booking = self._send("GET", f"/bookings/{booking['id']}?wait={WAIT_SECONDS}").document
        return booking

    def _send(
        self, method: str, path: str, body: Any = None, *, allowed: tuple[int, ...] = (), **headers: str
    ) -> Answer:
        """An answer below 400, or of a status allowed; asked again while the service is not to be had."""
        while not self._crowd.is_over:
            try:
                answer = self.client.call(method, path, body, **headers)
            except (OSError, http.client.HTTPException):
                time.sleep(RETRY_SECONDS)
                continue
            if answer.status < 400 or answer.status in allowed:
                return answer
            if answer.status == 429:
                raise RefusedError("rate limits are on: start the service with RATE_LIMIT_ENABLED=false")
            if answer.status != 503:
                raise RefusedError(f"{method} {path} answered {answer.status}: {answer.document}")
            time.sleep(float(answer.headers.get("Retry-After", RETRY_SECONDS)))
        raise GaveUpError
