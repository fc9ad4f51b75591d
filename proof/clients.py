"""Clients: book, hold, confirm, extend, cancel, read maps, repeat with the same key; and record it all."""

import http.client
import random
import threading
import time
from typing import Any

from bench.client import Client
from proof.history import UNKNOWN, History, Request

TIMEOUT_SECONDS = 10
# Long enough that two worlds can be shaken on two cores without either being held up by the other.
PAUSE_SECONDS = 0.03
# With the same key until it converges, as the contract says; a client gives up in the end all the same.
REPEATS = 60
REPEAT_SECONDS = 0.25
LONG_POLL_SECONDS = 1
# What is asked for at random; the halls have one more, for a booking that is deadly.
SEATS, LARGEST_WISH = 60, 3
DEADLY_SEAT = str(SEATS + 1)


class Customer:
    """One client with a connection of its own; `run` acts at random, by its seed."""

    def __init__(self, url: str, show_ids: list[int], history: History, *, number: int, seed: str) -> None:
        self._client = Client(url, timeout_seconds=TIMEOUT_SECONDS)
        self._show_ids, self._history, self._number, self._seed = show_ids, history, number, seed
        self._chance = random.Random(f"{seed}:{number}")  # noqa: S311 (to be repeated, not to be secret)
        self._keys = 0
        self._mine: list[str] = []
        self._is_connected = False

    def run(self, stop: threading.Event) -> None:
        """Act until `stop` is set."""
        while not stop.is_set():
            self._act_at_random(stop)
            time.sleep(PAUSE_SECONDS)
        self.close()

    def close(self) -> None:
        """Give the connection up."""
        self._client.close()

    def book(self, **wish: Any) -> Request:
        """Ask for seats under a new key, again and again with the same until there is an answer."""
        self._keys += 1
        key = f"{self._seed}:{self._number}-{self._keys:012}"
        body = {"show_id": self._chance.choice(self._show_ids), "customer": key, **wish}
        for _ in range(REPEATS):
            found = self._send("book", "POST", "/bookings", body, key=key)
            if found.status not in (UNKNOWN, 503):
                break
            time.sleep(REPEAT_SECONDS)
        return found

    def read(self, booking_id: str, *, wait: int) -> Request:
        """Ask how a booking is, as a long poll of so many seconds."""
        return self._send("read", "GET", f"/bookings/{booking_id}?wait={wait}", booking_id=booking_id)

    def act(self, action: str, booking_id: str) -> Request:
        """Confirm, extend or cancel."""
        return self._send(action, "POST", f"/bookings/{booking_id}/{action}", {}, booking_id=booking_id)

    def _act_at_random(self, stop: threading.Event) -> None:
        chance = self._chance.random()
        if chance < 0.5 or not self._mine:
            self._book_at_random(stop)
        elif chance < 0.8:
            action = self._chance.choice(["confirm", "confirm", "cancel", "extend"])
            self.act(action, self._chance.choice(self._mine))
        elif chance < 0.9:
            self.read(self._chance.choice(self._mine), wait=LONG_POLL_SECONDS)
        else:
            show_id = self._chance.choice(self._show_ids)
            self._send("map", "GET", f"/shows/{show_id}/availability")

    def _book_at_random(self, stop: threading.Event) -> None:
        found = self.book(**self._wish())
        if found.status != 202:
            return
        self._mine = [*self._mine[-20:], found.document["id"]]
        if self._chance.random() < 0.1:
            self._send("book", "POST", "/bookings", found.body, key=found.key)
        if self._chance.random() < 0.05:
            another = {**found.body, "hold": not found.body["hold"]}
            self._send("rebook", "POST", "/bookings", another, key=found.key)
        if not stop.is_set() and self._chance.random() < 0.5:
            self.read(self._mine[-1], wait=LONG_POLL_SECONDS)

    def _wish(self) -> dict[str, Any]:
        wish: dict[str, Any] = {"hold": self._chance.random() < 0.6}
        if self._chance.random() < 0.2:
            return {**wish, "quantity": self._chance.randint(1, LARGEST_WISH)}
        seats = self._chance.sample(range(1, SEATS + 1), self._chance.randint(1, LARGEST_WISH))
        return {**wish, "seats": [str(seat) for seat in seats]}

    def _send(
        self, kind: str, method: str, path: str, body: Any = None, *, key: str | None = None,
        booking_id: str | None = None, **headers: str,
    ) -> Request:  # fmt: skip
        headers |= {"Idempotency_Key": key} if key else {}
        began, error, was_idle = time.monotonic(), None, self._is_connected
        try:
            answer = self._client.call(method, path, body, **headers)
            status, document = answer.status, answer.document
            retry_after = answer.headers.get("Retry-After")
            self._is_connected = True
        except (OSError, http.client.HTTPException) as caught:
            status, document, retry_after, error = UNKNOWN, None, None, type(caught).__name__
            self._is_connected = False
        request = Request(
            client=self._number,
            kind=kind,
            booking_id=booking_id,
            key=key,
            body=body,
            began=began,
            ended=time.monotonic(),
            status=status,
            document=document,
            retry_after=retry_after,
            error=error,
            was_idle=was_idle,
        )
        self._history.add(request)
        return request
