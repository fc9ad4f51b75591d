"""Decisions about payments, without I/O: may it be paid, what a report comes to, what differs."""

import random
from enum import StrEnum
from typing import NamedTuple

from core.bookings.rules import Stage
from core.payments.providers.interface import Report, ReportStatus
from core.payments.states import PaymentStatus, RefundReason
from core.payments.views import Payment

# A payment that is offered anew while one of these is there would be paid twice.
STANDING = frozenset({PaymentStatus.PENDING, PaymentStatus.SUCCEEDED})
PAID = frozenset({PaymentStatus.SUCCEEDED, PaymentStatus.REFUND_PENDING, PaymentStatus.REFUNDED})
# Refunds are tried until the provider has taken them, for days where that is how long it takes.
FIRST_DELAY_SECONDS, LONGEST_DELAY_SECONDS = 2.0, 3600.0
# At these stages a success confirms the booking: held in time, also where its show requires no payment any
# more; held, as nobody has released it yet; expired, where its seats may still be free.
_CONFIRMED_BY_PAYMENT = frozenset({Stage.UNPAID, Stage.HELD, Stage.OVERDUE, Stage.EXPIRED})
_CALLED_OFF = frozenset({Stage.CANCELLING, Stage.CANCELLED, Stage.CALLED_OFF})
_SOLD = frozenset({Stage.CONFIRMED, Stage.KEPT, Stage.CONFIRMING, Stage.PAID_LATE})


class Verdict(StrEnum):
    """What a report of a payment comes to."""

    NOTHING = "nothing"  # it tells what is known already, or nothing yet
    FAIL = "fail"  # nobody can pay it any more
    CONFIRM = "confirm"  # paid: its booking wants to be confirmed
    GIVE_BACK = "give_back"  # paid, and all of it is to be refunded


class Judgement(NamedTuple):
    """A verdict, why money is given back, and what of the report is wrong, in words for the log."""

    verdict: Verdict
    reason: RefundReason | None = None
    fault: str | None = None


def is_payable(stage: Stage) -> bool:
    """Whether a booking at this stage can be paid: its seats are held in time, and cost something."""
    return stage is Stage.UNPAID


def judge_report(payment: Payment, report: Report, stage: Stage | None) -> Judgement:
    """What a provider's report of a payment comes to; `stage` of its booking, None where it is archived.

    A success is applied once, however often it is told, and after a failure too: reports come out of order.
    """
    if report.status is ReportStatus.FAILED:
        is_open = payment.status == PaymentStatus.PENDING
        return Judgement(Verdict.FAIL if is_open else Verdict.NOTHING)
    if report.status is not ReportStatus.SUCCEEDED or payment.status in PAID:
        return Judgement(Verdict.NOTHING)
    if fault := find_fault(payment, report):
        is_nothing = report.amount <= 0
        return Judgement(
            Verdict.FAIL if is_nothing else Verdict.GIVE_BACK,
            None if is_nothing else RefundReason.MISMATCH,
            fault,
        )
    if stage in _CONFIRMED_BY_PAYMENT:
        return Judgement(Verdict.CONFIRM)
    return Judgement(Verdict.GIVE_BACK, _find_reason(stage))


def _find_reason(stage: Stage | None) -> RefundReason:
    if stage in _SOLD:
        return RefundReason.SPARE
    return RefundReason.CANCELLED if stage in _CALLED_OFF else RefundReason.TOO_LATE


def find_fault(payment: Payment, report: Report) -> str | None:
    """What of a success is not as it was asked: amount, currency, booking; None where all is."""
    if report.amount != payment.amount:
        return f"paid {report.amount} where {payment.amount} was asked"
    if report.currency != payment.currency:
        return f"paid in {report.currency} where {payment.currency} was asked"
    if report.booking_id != payment.booking_id:
        return f"paid for booking {report.booking_id}"
    return None


def find_difference(payment: Payment, report: Report) -> str | None:
    """What of a payment the provider has otherwise than the ledger; None where they agree."""
    is_paid, was_paid = payment.status in PAID, report.status is ReportStatus.SUCCEEDED
    if is_paid != was_paid:
        return f"{report.status} at the provider, {payment.status} here"
    if was_paid and report.amount != payment.paid_amount:
        return f"{report.amount} paid at the provider, {payment.paid_amount} here"
    if report.refunded_amount != payment.refunded_amount:
        return f"{report.refunded_amount} refunded at the provider, {payment.refunded_amount} here"
    return None


def choose_delay(tries: int) -> float:
    """In how many seconds what the provider has not taken is tried again: sooner at first, for ever hourly.

    By chance half to all of it, so that what failed together is not tried together.
    """
    full = min(FIRST_DELAY_SECONDS * 2.0 ** min(tries - 1, 20), LONGEST_DELAY_SECONDS)
    return full * random.uniform(0.5, 1)  # noqa: S311
