"""The SQL statements by which payments change; each with its booking, whose row is locked before."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.engine import Connection

from core.bookings.acting_queries import EXTENDED, STAGE, to_rfc_3339
from core.bookings.rules import Stage
from core.bookings.views import COLUMNS as BOOKING_COLUMNS
from core.infra.ids import read_slot
from core.infra.slot_groups import in_slot, of_slot
from core.payments.providers.interface import Offer
from core.payments.states import PaymentStatus
from core.payments.views import COLUMNS, DOCUMENT, Payment

# What a booking shows of its payments: the newest, or the one that stands. `p` is the payment as it is now;
# documents are made of it in a SELECT, since a distributed database makes none in an UPDATE.
_SHOWN = f"""
    UPDATE bookings b
    SET payment = CASE WHEN b.payment IS NULL OR b.payment->>'id' = p.id::text
                         OR p.status IN ('pending', 'succeeded') THEN p.document ELSE b.payment END,
        requests = CASE WHEN b.payment->>'id' = p.id::text AND b.payment->>'status' = p.status THEN b.requests
                        ELSE coalesce(b.requests, '[]') || p.request END,
        updated_at = p.updated_at {{also}}
    FROM (SELECT p.*, {DOCUMENT} AS document,
                 jsonb_build_object('payment', p.status, 'at', {to_rfc_3339("p.updated_at")}{{told}})
                     AS request
          FROM {{payments}} p OFFSET 0) AS p
    WHERE {{where}} AND b.id = ANY(ARRAY[p.booking_id])
"""


def show(payments: str, *, also: str = "", told: str = "", in_slots: Callable[[str], str] = in_slot) -> str:
    """The statement by which bookings show `payments`, which have changed.

    `also` sets other columns; `told` adds to what their histories tell of it.
    """
    return _SHOWN.format(payments=payments, also=also, told=told, where=in_slots("b"))


def make_paid_effects(*, currency: str, in_slots: Callable[[str], str] = in_slot) -> str:
    """Statements beside the one that has `changed` payments to be paid: all that follows, but for refunds.

    The ledger has it, in the `currency` that was paid. A success confirms the booking; another payment of it
    that is still offered is due, to be closed.
    """
    confirms = """, wants = CASE WHEN p.status = 'succeeded' THEN 'confirm' ELSE b.wants END,
        tries = CASE WHEN p.status = 'succeeded' THEN 0 ELSE b.tries END,
        retry_at = CASE WHEN p.status = 'succeeded' THEN NULL ELSE b.retry_at END"""
    return f"""
    entered AS (
        INSERT INTO ledger_entries (payment_id, number, slot, show_id, kind, amount, currency, before,
                                    balance_before, balance, at)
        SELECT id, entries, slot, show_id, 'paid', paid_amount, {currency}, entries - 1, 0, balance,
               updated_at
        FROM changed
    ), others AS (
        UPDATE payments o SET due_at = changed.updated_at FROM changed
        WHERE {in_slots("o")} AND o.booking_id = ANY(ARRAY[changed.booking_id]) AND o.id <> changed.id
          AND o.status = 'pending' AND changed.status = 'succeeded'
    ), shown AS ({show("changed", also=confirms, in_slots=in_slots)})
    """


_LOCK_BOOKING = text(f"""
    SELECT true FROM bookings WHERE {in_slot()} AND id = :booking_id FOR NO KEY UPDATE
""")

# The clock is read after the row lock, so that a request that waited for it is judged by the current time.
_SELECT_BOOKING = text(f"""
    SELECT {STAGE} AS stage, {EXTENDED} AS extended_to, b.now, b.show_id, b.amount, b.currency, s.name
    FROM (SELECT {BOOKING_COLUMNS}, clock_timestamp() AS now, false AS at_any_time FROM bookings
          WHERE {in_slot()} AND id = :booking_id) AS b
    CROSS JOIN LATERAL (SELECT * FROM shows WHERE id = b.show_id OFFSET 0) AS s
""")

_SELECT_PAYMENTS = text(f"""
    SELECT {COLUMNS} FROM payments WHERE {in_slot()} AND booking_id = :booking_id ORDER BY id
""")

_SELECT_PAYMENT = text(f"SELECT {COLUMNS} FROM payments WHERE {in_slot()} AND id = :payment_id")

_BY_REQUEST = ", 'client', cast(:client AS text), 'request_id', cast(:request_id AS text)"

# The payment is first due once its webhook is overdue (ASKED_AFTER_SECONDS in service.py).
_INSERT_PAYMENT = text(f"""
    WITH made AS (
        INSERT INTO payments (id, slot, show_id, booking_id, provider, method, amount, currency, description,
                              return_url, expires_at, due_at, created_at, updated_at)
        VALUES (:payment_id, :slot, :show_id, :booking_id, :provider, :method, :amount, :currency,
                :description, :return_url, :expires_at, :now + make_interval(secs => :seconds), :now, :now)
        RETURNING *
    ), asked AS (
        INSERT INTO ledger_entries (payment_id, number, slot, show_id, kind, amount, currency, balance_before,
                                    balance, at)
        SELECT id, 1, slot, show_id, 'asked', amount, currency, 0, 0, created_at FROM made
    ), shown AS (
        {show("made", also=", hold_expires_at = :extended_to", told=_BY_REQUEST)}
        RETURNING b.show_id, b.id, b.seats
    ), moved AS (
        UPDATE seats s SET hold_expires_at = :extended_to FROM shown
        WHERE {in_slot("s")} AND s.show_id = shown.show_id AND s.seat_number = ANY(shown.seats)
          AND s.booking_id = shown.id AND s.status = 'held'
    )
    SELECT {COLUMNS} FROM made
""")

_UPDATE_OFFERED = text(f"""
    UPDATE payments SET provider_id = :provider_id, checkout_url = :checkout_url,
                        client_secret = :client_secret
    WHERE {in_slot()} AND id = :payment_id AND (provider_id IS NULL OR provider_id = :provider_id)
""")

_UPDATE_FAILED = text(f"""
    WITH changed AS (
        UPDATE payments SET status = 'failed', provider_id = coalesce(provider_id, :provider_id),
                            due_at = NULL, tries = 0, updated_at = statement_timestamp()
        WHERE {in_slot()} AND id = :payment_id AND status = 'pending'
        RETURNING *
    )
    {show("changed")}
""")

# So much came in, and either confirms the booking, or goes back whole.
_UPDATE_PAID = text(f"""
    WITH changed AS (
        UPDATE payments
        SET status = :status, paid_amount = :amount, entries = entries + 1, balance = :amount,
            provider_id = coalesce(:provider_id, provider_id), due_at = NULL, tries = 0,
            updated_at = statement_timestamp()
        WHERE {in_slot()} AND id = :payment_id AND status IN ('pending', 'failed')
        RETURNING *
    ), refund AS (
        INSERT INTO refunds (id, slot, payment_id, amount, reason)
        SELECT :refund_id, slot, id, paid_amount, :reason FROM changed WHERE status = 'refund_pending'
    ), {make_paid_effects(currency=":currency")}
    SELECT
""")

_LOCK_PAYMENT = text(f"SELECT FROM payments WHERE {in_slot()} AND id = :payment_id FOR NO KEY UPDATE")

# What is left of a payment once all that is to go back has gone: NULL where there is no such payment.
_SELECT_LEFT = text(f"""
    SELECT paid_amount - (SELECT coalesce(sum(amount), 0) FROM refunds
                          WHERE {in_slot()} AND payment_id = p.id)
    FROM payments p WHERE {in_slot("p")} AND p.id = :payment_id
""")

_INSERT_REFUND = text(f"""
    WITH refund AS (
        INSERT INTO refunds (id, slot, payment_id, amount, reason)
        VALUES (:refund_id, :slot, :payment_id, :amount, :reason)
    ), changed AS (
        UPDATE payments SET status = :status, updated_at = statement_timestamp()
        WHERE {in_slot()} AND id = :payment_id
        RETURNING *
    )
    {show("changed")}
""")

_UPDATE_TAKEN = text(f"""
    WITH taken AS (
        UPDATE refunds SET taken_at = statement_timestamp(), due_at = NULL, error = NULL
        WHERE {in_slot()} AND id = :refund_id AND taken_at IS NULL
        RETURNING *
    ), changed AS (
        UPDATE payments p
        SET refunded_amount = refunded_amount + taken.amount, balance = balance - taken.amount,
            entries = entries + 1, updated_at = taken.taken_at,
            status = CASE WHEN refunded_amount + taken.amount = paid_amount THEN 'refunded' ELSE status END
        FROM taken WHERE {in_slot("p")} AND p.id = taken.payment_id
        RETURNING p.*, taken.id AS refund_id, taken.amount AS given
    ), entered AS (
        INSERT INTO ledger_entries (payment_id, number, slot, show_id, kind, amount, currency, before,
                                    balance_before, balance, refund_id, at)
        SELECT id, entries, slot, show_id, 'refunded', given, :currency, entries - 1, balance + given,
               balance, refund_id, updated_at
        FROM changed
    )
    {show("changed")}
""")


class Standing(NamedTuple):
    """A booking that is locked, as payments see it. `extended_to`: where its hold is extended to now."""

    stage: Stage
    extended_to: Any
    now: Any
    show_id: int
    amount: int
    currency: str
    show_name: str


def _of(booking_id: UUID) -> dict[str, Any]:
    return {**of_slot(read_slot(booking_id)), "booking_id": booking_id}


def _of_payment(payment: Payment) -> dict[str, Any]:
    return {**of_slot(payment.slot), "payment_id": payment.id}


def lock_booking(connection: Connection, booking_id: UUID) -> Standing | None:
    """Lock a booking until the commit, and tell where it stands; None where it is not in the table."""
    if not connection.execute(_LOCK_BOOKING, _of(booking_id)).scalar():
        return None
    stage, *rest = connection.execute(_SELECT_BOOKING, _of(booking_id)).one()
    return Standing(Stage(stage), *rest)


def select_payments(connection: Connection, booking_id: UUID) -> list[Payment]:
    """All payments of a booking, the oldest first."""
    return [Payment._make(row) for row in connection.execute(_SELECT_PAYMENTS, _of(booking_id))]


def select_payment(connection: Connection, payment_id: UUID) -> Payment | None:
    """A payment by its id; None where there is none."""
    parameters = {**of_slot(read_slot(payment_id)), "payment_id": payment_id}
    row = connection.execute(_SELECT_PAYMENT, parameters).one_or_none()
    return Payment._make(row) if row else None


def insert_payment(connection: Connection, columns: dict[str, Any], *, seconds: float) -> Payment:
    """Make a payment, due in so many seconds; its booking shows it, and is held for longer."""
    slot = of_slot(read_slot(columns["booking_id"]))
    return Payment._make(connection.execute(_INSERT_PAYMENT, {**columns, **slot, "seconds": seconds}).one())


def update_offered(connection: Connection, payment: Payment, offer: Offer) -> None:
    """Note what the provider made of a payment."""
    connection.execute(_UPDATE_OFFERED, {**_of_payment(payment), **asdict(offer)})


def update_failed(connection: Connection, payment: Payment, *, provider_id: str | None) -> None:
    """Note that a pending payment failed."""
    connection.execute(_UPDATE_FAILED, {**_of_payment(payment), "provider_id": provider_id})


def update_paid(
    connection: Connection,
    payment: Payment,
    *,
    status: PaymentStatus,
    amount: int,
    currency: str,
    provider_id: str | None,
    refund_id: UUID,
    reason: str | None,
) -> None:
    """Note that so much was paid: SUCCEEDED confirms the booking, REFUND_PENDING gives all of it back."""
    paid = {"status": status, "amount": amount, "currency": currency, "provider_id": provider_id}
    refund = {"refund_id": refund_id, "reason": reason}
    connection.execute(_UPDATE_PAID, {**_of_payment(payment), **paid, **refund})


def select_left(connection: Connection, payment: Payment) -> int:
    """How much of a payment has no refund yet; the payment stays locked until the commit.

    The payment is locked too, as a booking in the archive cannot be.
    """
    connection.execute(_LOCK_PAYMENT, _of_payment(payment))
    return int(connection.execute(_SELECT_LEFT, _of_payment(payment)).scalar_one())


def insert_refund(
    connection: Connection, payment: Payment, *, refund_id: UUID, amount: int, reason: str, status: str
) -> None:
    """Have so much of a payment given back."""
    refund = {"refund_id": refund_id, "amount": amount, "reason": reason, "status": status}
    connection.execute(_INSERT_REFUND, {**_of_payment(payment), **refund})


def update_taken(connection: Connection, refund: Row[Any]) -> None:
    """Note that the provider has taken a refund; nothing where that was noted before."""
    parameters = {**of_slot(refund.slot), "refund_id": refund.id, "currency": refund.currency}
    connection.execute(_UPDATE_TAKEN, parameters)
