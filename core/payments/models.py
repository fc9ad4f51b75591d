"""Tables of payments: what is asked, what is to be given back, the ledger, and what providers told."""

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Integer,
    PrimaryKeyConstraint,
    SmallInteger,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from core.infra.db import Base, one_of
from core.infra.slots import SLOT_OF_SHOW
from core.payments.states import Method, PaymentStatus, RefundReason
from core.shows.models import CLOCK


class Payment(Base):
    """A payment of a booking, offered to its buyer. A change of it locks its booking first.

    No foreign key leads to the booking, which goes to the archive, while what was paid stays on the books.
    """

    __tablename__ = "payments"
    __table_args__ = (
        PrimaryKeyConstraint("id", "slot", name="payments_pkey"),
        CheckConstraint(SLOT_OF_SHOW, name="payments_slot_is_of_show"),
        CheckConstraint(one_of("status", PaymentStatus), name="payments_status_is_known"),
        CheckConstraint(one_of("method", Method), name="payments_method_is_known"),
        CheckConstraint("amount > 0", name="payments_ask_for_something"),
        CheckConstraint(
            "refunded_amount BETWEEN 0 AND paid_amount", name="payments_refund_at_most_what_is_paid"
        ),
        CheckConstraint(
            "(status IN ('pending', 'failed')) = (paid_amount = 0)", name="payments_paid_where_they_say_so"
        ),
        CheckConstraint(
            "(status = 'refunded') = (paid_amount > 0 AND refunded_amount = paid_amount)",
            name="payments_refunded_where_all_is_given_back",
        ),
        # The sums of a payment are those of its newest entry in the ledger. Deferred: the two are written
        # one after the other.
        ForeignKeyConstraint(
            ["id", "entries", "balance", "slot"],
            [
                "ledger_entries.payment_id",
                "ledger_entries.number",
                "ledger_entries.balance",
                "ledger_entries.slot",
            ],
            name="payments_agree_with_the_ledger",
            deferrable=True,
            initially="DEFERRED",
            use_alter=True,
        ),
        CheckConstraint("balance = paid_amount - refunded_amount", name="payments_balance_is_what_is_left"),
        # A buyer is offered one at a time, and one pays the booking.
        Index(
            "payments_pending_once",
            "booking_id",
            "slot",
            unique=True,
            postgresql_where=text("status = 'pending'"),
        ),
        Index(
            "payments_succeeded_once",
            "booking_id",
            "slot",
            unique=True,
            postgresql_where=text("status = 'succeeded'"),
        ),
        Index("payments_by_booking", "booking_id", "id"),
        Index("payments_by_status", "status", "id"),
        # What a worker has to look at: asked about, or closed.
        Index("payments_due", "due_at", postgresql_where=text("due_at IS NOT NULL")),
        # What was made, or changed, in some time is compared with the provider.
        Index("payments_made", "created_at"),
        Index("payments_changed", "updated_at"),
    )

    id: Mapped[uuid.UUID] = mapped_column(Uuid)
    slot: Mapped[int] = mapped_column(SmallInteger)
    show_id: Mapped[int] = mapped_column(BigInteger)
    booking_id: Mapped[uuid.UUID] = mapped_column(Uuid)
    provider: Mapped[str] = mapped_column(Text)
    # The provider's own id of it; NULL until the provider has answered.
    provider_id: Mapped[str | None] = mapped_column(Text)
    method: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(Text, server_default=text("'pending'"))
    amount: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(Text)
    paid_amount: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    refunded_amount: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    # How many entries it has in the ledger, and the balance after the last.
    entries: Mapped[int] = mapped_column(Integer, server_default=text("1"))
    balance: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    checkout_url: Mapped[str | None] = mapped_column(Text)
    client_secret: Mapped[str | None] = mapped_column(Text)
    # What the provider was told besides: an offer that is repeated must be the same.
    description: Mapped[str] = mapped_column(Text)
    return_url: Mapped[str] = mapped_column(Text)
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    # When the provider is to be asked about it; NULL: it is settled.
    due_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    tries: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=CLOCK)
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=CLOCK)


class Refund(Base):
    """Some of a payment that is to be given back: due until the provider has taken it, then done."""

    __tablename__ = "refunds"
    __table_args__ = (
        PrimaryKeyConstraint("id", "slot", name="refunds_pkey"),
        ForeignKeyConstraint(
            ["payment_id", "slot"], ["payments.id", "payments.slot"], name="refunds_have_a_payment"
        ),
        CheckConstraint("amount > 0", name="refunds_give_something"),
        CheckConstraint(one_of("reason", RefundReason), name="refunds_reason_is_known"),
        CheckConstraint("(taken_at IS NULL) = (due_at IS NOT NULL)", name="refunds_due_until_taken"),
        Index("refunds_by_payment", "payment_id"),
        Index("refunds_due", "due_at", postgresql_where=text("due_at IS NOT NULL")),
    )

    id: Mapped[uuid.UUID] = mapped_column(Uuid)
    slot: Mapped[int] = mapped_column(SmallInteger)
    payment_id: Mapped[uuid.UUID] = mapped_column(Uuid)
    amount: Mapped[int] = mapped_column(BigInteger)
    reason: Mapped[str] = mapped_column(Text)
    due_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True), server_default=CLOCK)
    taken_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    tries: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    # What the provider said when it was asked last, where it did not take it.
    error: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=CLOCK)


class EntryKind(StrEnum):
    """What an entry of the ledger tells."""

    ASKED = "asked"  # so much was asked of a buyer
    PAID = "paid"  # so much came in
    REFUNDED = "refunded"  # so much went back


class LedgerEntry(Base):
    """One amount asked, paid or refunded: only ever added to, each entry from the balance of the one before.

    A payment's entries are a chain: the key to the one before makes the balances follow from each other.
    """

    __tablename__ = "ledger_entries"
    __table_args__ = (
        PrimaryKeyConstraint("payment_id", "number", "slot", name="ledger_entries_pkey"),
        CheckConstraint(SLOT_OF_SHOW, name="ledger_entries_slot_is_of_show"),
        CheckConstraint(one_of("kind", EntryKind), name="ledger_entries_kind_is_known"),
        CheckConstraint("amount > 0", name="ledger_entries_are_of_something"),
        CheckConstraint("(kind = 'asked') = (number = 1)", name="ledger_entries_begin_with_what_is_asked"),
        CheckConstraint(
            "CASE number WHEN 1 THEN before IS NULL AND balance_before = 0 ELSE before = number - 1 END",
            name="ledger_entries_follow_each_other",
        ),
        CheckConstraint(
            "balance = balance_before + CASE kind WHEN 'paid' THEN amount WHEN 'refunded' THEN -amount "
            "ELSE 0 END",
            name="ledger_entries_add_up",
        ),
        CheckConstraint("balance >= 0", name="ledger_entries_give_back_what_there_is"),
        UniqueConstraint("payment_id", "number", "balance", "slot", name="ledger_entries_have_one_balance"),
        ForeignKeyConstraint(
            ["payment_id", "before", "balance_before", "slot"],
            [
                "ledger_entries.payment_id",
                "ledger_entries.number",
                "ledger_entries.balance",
                "ledger_entries.slot",
            ],
            name="ledger_entries_go_on_from_the_last",
        ),
        Index("ledger_entries_of_show", "show_id", "currency", "kind", postgresql_include=["amount"]),
    )

    payment_id: Mapped[uuid.UUID] = mapped_column(Uuid)
    number: Mapped[int] = mapped_column(Integer)
    slot: Mapped[int] = mapped_column(SmallInteger)
    show_id: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[str] = mapped_column(Text)
    amount: Mapped[int] = mapped_column(BigInteger)
    # What was paid may be in another currency than was asked for.
    currency: Mapped[str] = mapped_column(Text)
    before: Mapped[int | None] = mapped_column(Integer)
    balance_before: Mapped[int] = mapped_column(BigInteger)
    balance: Mapped[int] = mapped_column(BigInteger)
    refund_id: Mapped[uuid.UUID | None] = mapped_column(Uuid)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=CLOCK)


class PaymentEvent(Base):
    """A webhook of a provider, kept by the provider's id of it before anything is done: it may come twice."""

    __tablename__ = "payment_events"
    __table_args__ = (
        PrimaryKeyConstraint("provider", "id", "slot", name="payment_events_come_once"),
        Index("payment_events_due", "due_at", postgresql_where=text("due_at IS NOT NULL")),
        Index("payment_events_oldest_first", "received_at"),
    )

    provider: Mapped[str] = mapped_column(Text)
    id: Mapped[str] = mapped_column(Text)
    # Of the payment that it is about; 0 where it is about none of ours.
    slot: Mapped[int] = mapped_column(SmallInteger)
    type: Mapped[str] = mapped_column(Text)
    report: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    received_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=CLOCK)
    # When it is to be applied; NULL: it is.
    due_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    tries: Mapped[int] = mapped_column(Integer, server_default=text("0"))


class PaymentDifference(Base):
    """A payment of which the provider says something else than the ledger, as last compared."""

    __tablename__ = "payment_differences"
    __table_args__ = (PrimaryKeyConstraint("payment_id", name="payment_differences_pkey"),)

    # By the provider's metadata; there may be no such payment here.
    payment_id: Mapped[uuid.UUID] = mapped_column(Uuid)
    provider: Mapped[str] = mapped_column(Text)
    difference: Mapped[str] = mapped_column(Text)
    # What the provider says; NULL where it knows no such payment.
    report: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    found_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=CLOCK)
