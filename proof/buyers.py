"""Buyers: hold, pay, decline, think better of it, come too late; what they do is recorded like clients'."""

import threading
import time
from typing import Any

from proof.clients import REPEAT_SECONDS, Customer
from proof.history import UNKNOWN, History, Request
from proof.till import Till

# Few enough seats that some who pay too late find theirs taken.
PAID_SEATS, LARGEST_WISH = 14, 2
# A hold that is being paid ends eight seconds after it was made: some webhooks come later.
LONGEST_DELAY_SECONDS = 9.0
TRIES = 4


class Buyer(Customer):
    """A client that pays for what it books, at random, by its seed."""

    def __init__(
        self, url: str, show_ids: list[int], history: History, *, till: Till, admin_key: str, number: int,
        seed: str,
    ) -> None:  # fmt: skip
        super().__init__(url, show_ids, history, number=number, seed=seed)
        self.till, self._admin_key = till, admin_key

    def hold(self, seats: list[str]) -> str | None:
        """Hold these seats; the booking's id, None where it is not held."""
        booking = self.book(seats=seats, hold=True)
        if booking.status != 202:
            return None
        found = self.read(booking.document["id"], wait=1)
        return booking.document["id"] if found.status == 200 and found.document["held"] else None

    def offer(self, booking_id: str) -> str | None:
        """Where to pay for a booking; None where it cannot be paid, or nobody answers."""
        for _ in range(TRIES):
            found = self._send("pay", "POST", f"/bookings/{booking_id}/payments", {}, booking_id=booking_id)
            if found.status not in (UNKNOWN, 503):
                break
            time.sleep(REPEAT_SECONDS)
        return found.document["checkout_url"] if found.status in (200, 201) else None

    def notify(self, event: dict[str, Any], headers: dict[str, str], booking_id: str) -> Request:
        """Bring the service a webhook, as the sandbox would."""
        return self._send(
            "notice", "POST", "/payments/webhooks/sandbox", event, booking_id=booking_id, **headers
        )

    def refund(self, booking_id: str, body: dict[str, Any]) -> Request:
        """Have an operator give back what was paid, or some of it."""
        path, key = f"/admin/bookings/{booking_id}/refund", f"Bearer {self._admin_key}"
        return self._send("refund", "POST", path, body, booking_id=booking_id, Authorization=key)

    def pay_and_tell(self, booking_id: str, url: str, *, times: int) -> None:
        """Pay, and bring the webhook oneself, so many times: when it is taken is then on record."""
        if not self.till.press(url, "pay", webhook="never"):
            return
        event = self.till.tell(url)
        if event is not None and event["payment"]["status"] == "succeeded":
            for _ in range(times):
                self.notify(event, self.till.sign(event), booking_id)

    def _act_at_random(self, stop: threading.Event) -> None:
        seats = self._chance.sample(range(1, PAID_SEATS + 1), self._chance.randint(1, LARGEST_WISH))
        booking_id = self.hold([str(seat) for seat in seats])
        if booking_id is None:
            return
        if self._chance.random() < 0.05:
            self.act("confirm", booking_id)
        url = self.offer(booking_id)
        if url is None or self._chance.random() < 0.08:
            return
        if self._chance.random() < 0.15:
            self.till.press(url, "decline", webhook=self._chance.choice(["now", "twice", "never"]))
            url = self.offer(booking_id) or url
        if self._chance.random() < 0.1:
            self.act("cancel", booking_id)
        self._pay_at_random(booking_id, url)
        if not stop.is_set() and self._chance.random() < 0.5:
            self.read(booking_id, wait=1)
        self._regret_at_random(booking_id)

    def _pay_at_random(self, booking_id: str, url: str) -> None:
        if self._chance.random() < 0.35:
            self.pay_and_tell(booking_id, url, times=self._chance.choice([1, 1, 2]))
            return
        is_late = self._chance.random() < 0.4
        delay = self._chance.uniform(0, LONGEST_DELAY_SECONDS) if is_late else 0
        webhook = self._chance.choice(["now", "now", "twice", "never"])
        self.till.press(url, "pay", webhook=webhook, delay_seconds=delay)

    def _regret_at_random(self, booking_id: str) -> None:
        chance = self._chance.random()
        # Most seats come back, so that there is something to be sold until the end.
        if chance < 0.6:
            self.act("cancel", booking_id)
        elif chance < 0.7:
            self.refund(booking_id, self._chance.choice([{}, {"amount": 1}]))
