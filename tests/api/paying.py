"""Paying over HTTP, as buyers, their browser and the provider do it."""

from datetime import UTC, datetime, timedelta
from typing import Any

from standardwebhooks import Webhook
from werkzeug.test import TestResponse

from core.infra.json import to_json
from core.payments.providers.interface import Offer
from core.payments.settling import settle_payments
from proof.sink import Received
from tests.acting import run
from tests.api.asking import Asking, with_key
from tests.door import DoorClient
from tests.payments.sandboxing import KEYS, Sandbox
from tests.support import ADMIN, wait_until

WEBHOOKS = "/payments/webhooks/sandbox"


class Paying(Asking):
    """Requests about bookings of a show that have to be paid, and what is done at the sandbox."""

    def __init__(self, client: DoorClient, show_id: int, sandbox: Sandbox) -> None:
        super().__init__(client, show_id)
        self.sandbox = sandbox
        # Whether the sandbox was too slow for the request before.
        self.was_unanswered = False

    def hold(self, *seats: str) -> str:
        """The id of a booking whose seats are held."""
        booking_id = self.settled(*seats, hold=True)
        assert self.read(booking_id)["held"]
        return booking_id

    def start(self, booking_id: str, *, key: str | None = None, **asked: Any) -> TestResponse:
        """POST /bookings/{id}/payments; again where the sandbox was too slow for a request."""

        self.was_unanswered = False

        def ask() -> TestResponse | None:
            answer = self.start_once(booking_id, key=key, **asked)
            if answer.status_code != 503:
                return answer
            self.was_unanswered = True
            return None

        answer: TestResponse = wait_until(ask)
        return answer

    def assert_new(self, answer: TestResponse) -> None:
        """Fail the test where start() found the payment there; unanswered it was, at the second try."""
        assert answer.status_code == (200 if self.was_unanswered else 201), answer.text

    def start_once(self, booking_id: str, *, key: str | None = None, **asked: Any) -> TestResponse:
        """The same, whatever comes of it."""
        return self.client.post(f"/bookings/{booking_id}/payments", headers=with_key(key), **asked)

    def offer(self, booking_id: str) -> dict[str, Any]:
        """A new payment of the booking."""
        answer = self.start(booking_id)
        self.assert_new(answer)
        return dict(answer.json)

    def at_sandbox(self, payment: dict[str, Any]) -> Offer:
        """The payment as the sandbox knows it."""
        url = payment["checkout_url"]
        return Offer(provider_id=url.rpartition("/")[2], checkout_url=url)

    def pay(self, payment: dict[str, Any], action: str = "pay") -> Received:
        """Press a button at the sandbox; the webhook that comes of it, not delivered yet."""
        offer = self.at_sandbox(payment)
        assert self.sandbox.visit(offer, action, {}).status == 200
        return self.sandbox.await_received(offer, 1)[0]

    def deliver(self, webhook: Received, **changes: str) -> TestResponse:
        """The webhook arrives here."""
        return self.client.post(WEBHOOKS, data=webhook.body, headers={**webhook.headers, **changes})

    def bought(self, *seats: str) -> str:
        """The id of a booking that is paid and confirmed."""
        booking_id = self.hold(*seats)
        assert self.deliver(self.pay(self.offer(booking_id))).status_code == 200
        self.settle()
        assert self.read(booking_id)["status"] == "CONFIRMED"
        return booking_id

    def decline(self, payment: dict[str, Any]) -> None:
        """The buyer's bank refuses, and it is told and applied."""
        assert self.deliver(self.pay(payment, "decline")).status_code == 200
        settle_payments()

    def list_payments(self, booking_id: str) -> list[dict[str, Any]]:
        """GET /bookings/{id}/payments."""
        answer = self.client.get(f"/bookings/{booking_id}/payments")
        assert answer.status_code == 200, answer.text
        return list(answer.json["items"])

    def refund(self, booking_id: str, **asked: Any) -> TestResponse:
        """POST /admin/bookings/{id}/refund."""
        return self.client.post(f"/admin/bookings/{booking_id}/refund", headers=ADMIN, **asked)

    def settle_refunds(self) -> None:
        """Do what a worker does, also what is tried again later."""
        run("UPDATE refunds SET due_at = clock_timestamp() WHERE due_at IS NOT NULL")
        settle_payments()


def sign(body: Any, *, age_seconds: float = 0, secret: str = KEYS.webhook) -> dict[str, Any]:
    """The arguments of a request whose body is signed, so long ago: JSON of what is no text."""
    text = body if isinstance(body, str) else to_json(body).decode()
    at = datetime.now(UTC) - timedelta(seconds=age_seconds)
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign("msg_1", at, text),
        "Content-Type": "application/json",
    }
    return {"data": text, "headers": headers}
