"""Webhooks of a payment provider at a steady pace, each timed, signed as Stripe signs them."""

import hashlib
import hmac
import http.client
import json
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from bench.service import STRIPE_SECRET
from bench.target import BenchError

SENDERS = 8
PATH = "/payments/webhooks/stripe"


@dataclass(slots=True)
class Told:
    """Seconds until each webhook was answered, and those that were not."""

    seconds: list[float] = field(default_factory=list)
    failures: int = 0


def tell(url: str, payments: Sequence[tuple[str, str, int]], *, rate: float) -> Told:
    """Tell of these payments' success, so many a second. Raises BenchError where one is not taken."""
    told, began_at = Told(), time.monotonic()
    due = [(began_at + number / rate, payment) for number, payment in enumerate(payments)]
    threads = [
        threading.Thread(target=_tell_some, args=(url, due[number::SENDERS], told))
        for number in range(SENDERS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if told.failures:
        raise BenchError(f"{told.failures} of {len(payments)} webhooks were not taken")
    return told


def _tell_some(url: str, due: Sequence[tuple[float, tuple[str, str, int]]], told: Told) -> None:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)
    for at, payment in due:
        body = _make_event(*payment)
        headers = {"Content-Type": "application/json", "Stripe-Signature": _sign(body)}
        time.sleep(max(0.0, at - time.monotonic()))
        asked_at = time.perf_counter()
        try:
            connection.request("POST", PATH, body, headers)
            answer = connection.getresponse()
            answer.read()
            told.failures += answer.status != 200
        except (OSError, http.client.HTTPException):
            told.failures += 1
            connection.close()
        told.seconds.append(time.perf_counter() - asked_at)
    connection.close()


def _make_event(payment_id: str, booking_id: str, amount: int) -> bytes:
    session = {
        "id": f"cs_{booking_id}",
        "object": "checkout.session",
        "status": "complete",
        "payment_status": "paid",
        "amount_total": amount,
        "currency": "eur",
        "metadata": {"payment_id": payment_id, "booking_id": booking_id, "method": "checkout"},
    }
    event = {
        "id": f"evt_{payment_id}",
        "object": "event",
        "type": "checkout.session.completed",
        "data": {"object": session},
    }
    return json.dumps(event).encode()


def _sign(body: bytes) -> str:
    at = int(time.time())
    digest = hmac.new(STRIPE_SECRET.encode(), b"%d." % at + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"
