"""What happens to payments, by hand: offer one, tell of it, give back, look. Its provider is nobody."""

import uuid
from contextlib import suppress
from datetime import timedelta
from typing import Any
from uuid import UUID

from core.access.principals import ADMIN_KEY
from core.audit.service import Author, changing
from core.errors import UnavailableError
from core.infra.db import primary, transaction
from core.payments import queries
from core.payments.providers.interface import Notice, Offer, Report, ReportStatus
from core.payments.reporting import take_notice
from core.payments.service import Wish, list_payments, refund_booking, start_payment
from core.payments.states import Method
from core.payments.views import Payment
from tests.acting import ask, run
from tests.payments.sandboxing import Sandbox
from tests.support import wait_until

# No PAYMENT_PROVIDER has this name, so whatever is asked of it is unanswered, at once.
PROVIDER = "nobody"
AUTHOR = Author(ADMIN_KEY, "a-request", "a-pseudonym")


def offer(booking_id: UUID, provider: str = PROVIDER) -> Payment:
    """The payment that a booking's buyer is offered; without an answer of the provider where it is nobody."""
    wish = Wish(
        booking_id=booking_id, method=Method.CHECKOUT, return_url="https://a.example", provider=provider
    )
    with suppress(UnavailableError):
        start_payment(wish)
    return list_all(booking_id)[-1]


def list_all(booking_id: UUID) -> list[Payment]:
    """The booking's payments, the oldest first."""
    with primary() as connection:
        return list_payments(connection, booking_id)


def look(payment: Payment) -> Payment:
    """The payment as it is now."""
    with primary() as connection:
        found = queries.select_payment(connection, payment.id)
    assert found is not None
    return found


def report(payment: Payment, status: ReportStatus = ReportStatus.SUCCEEDED, **changes: Any) -> Report:
    """What a provider says of a payment where all is as it was asked."""
    fields = {
        "provider_id": f"of-{payment.id}",
        "payment_id": payment.id,
        "booking_id": payment.booking_id,
        "status": status,
        "amount": payment.amount,
        "refunded_amount": 0,
        "currency": payment.currency,
        **changes,
    }
    return Report(**fields)


def notify(told: Report | None, *, event_id: str | None = None, provider: str = PROVIDER) -> None:
    """A verified webhook comes, by an id of its own unless said otherwise."""
    take_notice(provider, Notice(id=event_id or str(uuid.uuid4()), type="payment", report=told))


def succeed(payment: Payment, *, event_id: str | None = None, **changes: Any) -> None:
    """A webhook tells that it is paid."""
    notify(report(payment, **changes), event_id=event_id, provider=payment.provider)


def fail(payment: Payment) -> None:
    """The payment is declined, and everything that follows is done."""
    with transaction() as connection:
        queries.lock_booking(connection, payment.booking_id)
        queries.update_failed(connection, payment, provider_id=None)


def pay(booking_id: UUID) -> Payment:
    """A payment that is offered and paid."""
    payment = offer(booking_id)
    succeed(payment)
    return look(payment)


def give_back(booking_id: UUID, amount: int | None = None) -> Payment:
    """An operator has so much of what was paid given back."""
    with changing(AUTHOR) as change:
        return refund_booking(change, booking_id, amount=amount)


def take_refunds(payment: Payment) -> None:
    """The provider takes all refunds of a payment that it is asked for."""
    rows = ask(
        "SELECT r.*, p.currency FROM refunds r JOIN payments p ON p.id = r.payment_id"
        " WHERE p.id = :id AND r.taken_at IS NULL ORDER BY r.created_at",
        id=payment.id,
    )
    for row in rows:
        with transaction() as connection:
            queries.lock_booking(connection, payment.booking_id)
            queries.update_taken(connection, row)


def read_refunds(payment: Payment) -> list[tuple[int, str]]:
    """Amount and reason of each refund of a payment."""
    rows = ask("SELECT amount, reason FROM refunds WHERE payment_id = :id ORDER BY created_at", id=payment.id)
    return [(row.amount, row.reason) for row in rows]


def read_ledger(payment: Payment) -> list[tuple[str, int, int]]:
    """Kind, amount and balance of each entry, in order."""
    rows = ask(
        "SELECT kind, amount, balance FROM ledger_entries WHERE payment_id = :id ORDER BY number",
        id=payment.id,
    )
    return [(row.kind, row.amount, row.balance) for row in rows]


def find_due(payment: Payment) -> timedelta | None:
    """In how long the provider is to be asked about a payment; None: it is not."""
    ((due,),) = ask("SELECT due_at - clock_timestamp() FROM payments WHERE id = :id", id=payment.id)
    return None if due is None else timedelta(seconds=due.total_seconds())


def make_due(payment: Payment) -> None:
    """Let the time until the provider is asked be over, and that of the payment's refunds."""
    run("UPDATE payments SET due_at = clock_timestamp() WHERE id = :id AND due_at IS NOT NULL", id=payment.id)
    run(
        "UPDATE refunds SET due_at = clock_timestamp() WHERE payment_id = :id AND due_at IS NOT NULL",
        id=payment.id,
    )


def offer_at(sandbox: Sandbox, booking_id: UUID) -> Payment:
    """The payment that a booking's buyer is offered at a sandbox."""
    payment: Payment = wait_until(lambda: _find_offered(offer(booking_id, sandbox.provider.name)))
    return payment


def _find_offered(payment: Payment) -> Payment | None:
    # It is asked again where the sandbox was too slow for a request.
    return payment if payment.provider_id else None


def visit(sandbox: Sandbox, payment: Payment, action: str = "pay") -> None:
    """Press a button at the sandbox; nobody is told."""
    shown = Offer(provider_id=str(payment.provider_id), checkout_url=payment.checkout_url)
    assert sandbox.visit(shown, action, {"webhook": "never"}).status == 200
