"""Starting to pay, and giving back: what clients and operators ask of payments."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from sqlalchemy.engine import Connection

from core.audit.service import Change
from core.bookings.idempotency import Key, use_key
from core.bookings.requests import NOT_KNOWN, Origin
from core.bookings.rules import LONGEST_HOLD, Stage
from core.bookings.service import get_booking
from core.errors import UnavailableError
from core.infra.db import transaction
from core.infra.ids import new_id, read_slot
from core.payments import queries
from core.payments.errors import NotPayableError, ProviderRefusedError, ProviderUnavailableError
from core.payments.providers import IN_REQUEST, call_provider
from core.payments.providers.interface import Charge
from core.payments.rules import PAID, STANDING, is_payable
from core.payments.states import Method, PaymentStatus, RefundReason
from core.payments.telling import announce
from core.payments.views import Payment

log = logging.getLogger(__name__)

# A payment pending for so long without a webhook is polled at the provider.
ASKED_AFTER_SECONDS = 120

_WHY_NOT = {
    Stage.ACQUIRING: "The seats of this booking are not held yet.",
    Stage.HELD: "This booking needs no payment: confirm it.",
    Stage.OVERDUE: "The time to pay this booking is over.",
    Stage.EXPIRED: "The time to pay this booking is over.",
    Stage.CALLED_OFF: "The show is cancelled.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a buyer asks for: to pay a booking so, and to be sent to this address afterwards."""

    booking_id: UUID
    method: Method
    return_url: str
    provider: str
    key: Key | None = None
    origin: Origin = NOT_KNOWN


class Begun(NamedTuple):
    """A payment; whether it was made now, and whether the wish's key had been used for this very wish."""

    payment: Payment
    is_new: bool
    is_replay: bool


def start_payment(wish: Wish) -> Begun:
    """Offer a booking's buyer a payment: the one that stands, or a new one, which extends the hold.

    The provider is called between two transactions, and may be asked again for the same: what one died over
    the next finishes. Raises BookingNotFoundError, NotPayableError, IdempotencyKeyReusedError,
    UnavailableError.
    """
    with transaction() as connection:
        begun = _begin(connection, wish)
    if begun.is_new:
        announce(wish.booking_id)
    payment = begun.payment
    if payment.status == PaymentStatus.PENDING and payment.provider_id is None:
        return begun._replace(payment=_offer(payment))
    return begun


def _begin(connection: Connection, wish: Wish) -> Begun:
    standing = queries.lock_booking(connection, wish.booking_id)
    if standing is None:
        # Raises BookingNotFoundError where it is not in the archive either.
        get_booking(connection, wish.booking_id)
        raise NotPayableError("This booking is long past, and can only be read.")
    payments = queries.select_payments(connection, wish.booking_id)
    is_replay = wish.key is not None and not use_key(
        connection, wish.key, show_id=standing.show_id, booking_id=wish.booking_id
    )
    last = next((each for each in reversed(payments) if each.status in STANDING), None)
    if is_replay:
        return Begun(last or payments[-1], is_new=False, is_replay=True)
    if last is not None and (last.status == PaymentStatus.SUCCEEDED or is_payable(standing.stage)):
        return Begun(last, is_new=False, is_replay=False)
    if not is_payable(standing.stage):
        raise NotPayableError(_WHY_NOT.get(standing.stage, "This booking is settled, or about to be."))
    columns = {
        "payment_id": new_id(read_slot(wish.booking_id)),
        "show_id": standing.show_id,
        "booking_id": wish.booking_id,
        "provider": wish.provider,
        "method": wish.method,
        "amount": standing.amount,
        "currency": standing.currency,
        "description": standing.show_name,
        "return_url": wish.return_url,
        # No hold lasts longer, however often it is extended.
        "expires_at": standing.now + LONGEST_HOLD,
        "extended_to": standing.extended_to,
        "now": standing.now,
        "client": wish.origin.by,
        "request_id": wish.origin.request_id,
    }
    made = queries.insert_payment(connection, columns, seconds=ASKED_AFTER_SECONDS)
    return Begun(made, is_new=True, is_replay=False)


def to_charge(payment: Payment) -> Charge:
    """What the provider is told of a payment; the same every time."""
    return Charge(
        payment_id=payment.id,
        booking_id=payment.booking_id,
        amount=payment.amount,
        currency=payment.currency,
        description=payment.description,
        method=Method(payment.method),
        return_url=payment.return_url,
        expires_at=payment.expires_at,
    )


def _offer(payment: Payment) -> Payment:
    charge = to_charge(payment)
    try:
        offer = call_provider(payment.provider, IN_REQUEST, lambda provider: provider.create(charge))
    except ProviderUnavailableError as error:
        raise UnavailableError("The payment provider does not answer just now.") from error
    except ProviderRefusedError as error:
        log.error("payment refused by provider", extra={"payment_id": str(payment.id), "error": str(error)})
        with transaction() as connection:
            queries.lock_booking(connection, payment.booking_id)
            queries.update_failed(connection, payment, provider_id=None)
        announce(payment.booking_id)
        raise NotPayableError("The payment provider does not take this payment.") from error
    with transaction() as connection:
        queries.update_offered(connection, payment, offer)
    return payment._replace(
        provider_id=offer.provider_id, checkout_url=offer.checkout_url, client_secret=offer.client_secret
    )


def list_payments(connection: Connection, booking_id: UUID) -> list[Payment]:
    """All payments of a booking, the oldest first. Raises BookingNotFoundError."""
    get_booking(connection, booking_id)
    return queries.select_payments(connection, booking_id)


def _find_paid(payments: Sequence[Payment]) -> Payment | None:
    """The payment of which there may be something left: the one that stands, whatever was paid after it."""
    paid = [each for each in payments if each.status in PAID]
    standing = [each for each in paid if each.status == PaymentStatus.SUCCEEDED]
    return next(reversed(standing or paid), None)


def refund_booking(change: Change, booking_id: UUID, *, amount: int | None) -> Payment:
    """Have so much of what was paid for a booking given back, all that is left by default; it stays as it is.

    Raises BookingNotFoundError; NotPayableError where nothing was paid, or less is left.
    """
    connection = change.connection
    queries.lock_booking(connection, booking_id)
    payments = list_payments(connection, booking_id)
    paid = _find_paid(payments)
    left = queries.select_left(connection, paid) if paid else 0
    if paid is None or left == 0:
        raise NotPayableError("Nothing that was paid for this booking is left to be given back.")
    given = left if amount is None else amount
    if given > left:
        raise NotPayableError(f"Of this payment {left} is left to be given back.", pointer="/amount")
    # Told first, as a history has what was asked before what came of it.
    change.tell("booking.refund", f"booking:{booking_id}", after={"amount": given, "left": left - given})
    queries.insert_refund(
        connection,
        paid,
        refund_id=new_id(paid.slot),
        amount=given,
        reason=RefundReason.OPERATOR,
        status=PaymentStatus.REFUND_PENDING if given == left else PaymentStatus(paid.status),
    )
    return paid
