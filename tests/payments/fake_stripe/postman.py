"""Webhooks on their way: signed, in order, each sent once unless it is said otherwise."""

import queue
import threading
from typing import Any

import requests

from tests.payments.fake_stripe.events import sign, write

SENDS_SECONDS = 10


class Postman:
    """Sends events to one address in a thread of its own, so that whoever caused one need not wait for it."""

    def __init__(self, url: str, secret: str) -> None:
        self._url, self._secret = url, secret
        self._queue: queue.Queue[str] = queue.Queue()
        self._answers: list[dict[str, Any]] = []
        # How often each event comes, from now on.
        self.copies = 1
        threading.Thread(target=self._send_all, daemon=True).start()

    def send(self, event: dict[str, Any]) -> None:
        """Later, and not before what was sent earlier."""
        for _ in range(self.copies):
            self._queue.put(write(event))

    def wait(self) -> list[dict[str, Any]]:
        """What was answered since the last time, once nothing is on its way."""
        self._queue.join()
        answers, self._answers = self._answers, []
        return answers

    def _send_all(self) -> None:
        while True:
            body = self._queue.get()
            headers = {"Content-Type": "application/json", "Stripe-Signature": sign(body, self._secret)}
            try:
                sent = requests.post(self._url, body.encode(), headers=headers, timeout=SENDS_SECONDS)
                self._answers.append({"status": sent.status_code, "body": sent.text})
            except requests.RequestException as error:
                self._answers.append({"status": None, "body": type(error).__name__})
            self._queue.task_done()
