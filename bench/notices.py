"""Webhooks of a payment provider at a steady pace, signed as Stripe signs them."""

import hashlib
import hmac
import json
import time
from collections.abc import Sequence
from tempfile import NamedTemporaryFile

from bench.loading import THREADS, Load, run_wrk
from bench.service import STRIPE_SECRET

PATH = "/payments/webhooks/stripe"


def tell(url: str, payments: Sequence[tuple[str, str, int]], *, seconds: float, rate: float) -> Load:
    """Tell of these payments' success, so many a second. Raises BenchError where they are not taken."""
    with NamedTemporaryFile("wb", suffix=".txt") as file:
        for payment in payments:
            body = _make_event(*payment)
            file.write(_sign(body) + b" " + body + b"\n")
        file.flush()
        return run_wrk(
            url + PATH,
            seconds=seconds,
            script="notices.lua",
            arguments=[file.name, "POST", THREADS, rate / THREADS],
        )


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


def _sign(body: bytes) -> bytes:
    at = int(time.time())
    digest = hmac.new(STRIPE_SECRET.encode(), b"%d." % at + body, hashlib.sha256).hexdigest()
    return b"t=%d,v1=%s" % (at, digest.encode())
