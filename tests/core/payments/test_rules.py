"""Decisions about payments: what a report comes to at each stage, what differs, when to try again."""

import itertools
import uuid
from datetime import UTC, datetime
from typing import Any

import pytest

from core.bookings.rules import Stage
from core.payments.providers.interface import Report, ReportStatus
from core.payments.rules import (
    Judgement,
    Verdict,
    choose_delay,
    find_difference,
    find_fault,
    is_payable,
    judge_report,
)
from core.payments.states import PaymentStatus, RefundReason
from core.payments.views import Payment
from tests.core.payments.paying import report

NOW = datetime.now(UTC)
PAID = ("succeeded", "refund_pending", "refunded")
# What a success comes to, by the stage of its booking.
CONFIRM = Judgement(Verdict.CONFIRM)
SUCCESS = {
    Stage.UNPAID: CONFIRM,
    Stage.HELD: CONFIRM,
    Stage.OVERDUE: CONFIRM,
    Stage.EXPIRED: CONFIRM,
    Stage.CANCELLING: RefundReason.CANCELLED,
    Stage.CANCELLED: RefundReason.CANCELLED,
    Stage.CALLED_OFF: RefundReason.CANCELLED,
    Stage.CONFIRMING: RefundReason.SPARE,
    Stage.CONFIRMED: RefundReason.SPARE,
    Stage.KEPT: RefundReason.SPARE,
    Stage.PAID_LATE: RefundReason.SPARE,
    Stage.ACQUIRING: RefundReason.TOO_LATE,
    Stage.FAILED: RefundReason.TOO_LATE,
    Stage.ARCHIVED: RefundReason.TOO_LATE,
    Stage.LOCKED: RefundReason.TOO_LATE,
    None: RefundReason.TOO_LATE,
}


def make_payment(status: str = "pending", **changes: Any) -> Payment:
    """A payment of 100 EUR, paid and given back as its status says."""
    payment = Payment(
        id=uuid.uuid4(),
        slot=7,
        show_id=7,
        booking_id=uuid.uuid4(),
        provider="sandbox",
        provider_id="its-id",
        method="checkout",
        status=status,
        amount=10_000,
        currency="EUR",
        paid_amount=10_000 if status in PAID else 0,
        refunded_amount=10_000 if status == "refunded" else 0,
        checkout_url=None,
        client_secret=None,
        description="A show",
        return_url="https://a.example",
        expires_at=NOW,
        tries=0,
        created_at=NOW,
        updated_at=NOW,
    )
    return payment._replace(**changes)


def test_each_stage_is_in_the_table() -> None:
    assert set(SUCCESS) == {*Stage, None}


@pytest.mark.parametrize("stage", SUCCESS)
@pytest.mark.parametrize("status", PaymentStatus)
def test_success_counts_once_and_after_a_failure(status: PaymentStatus, stage: Stage | None) -> None:
    payment, expected = make_payment(status), SUCCESS[stage]
    if isinstance(expected, RefundReason):
        expected = Judgement(Verdict.GIVE_BACK, expected)
    if status in PAID:
        expected = Judgement(Verdict.NOTHING)
    assert judge_report(payment, report(payment), stage) == expected


@pytest.mark.parametrize(("status", "told"), list(itertools.product(PaymentStatus, ("pending", "failed"))))
def test_what_is_no_success_ends_what_is_pending(status: PaymentStatus, told: str) -> None:
    payment = make_payment(status)
    verdicts = {judge_report(payment, report(payment, ReportStatus(told)), stage) for stage in SUCCESS}
    ends = (status, told) == ("pending", "failed")
    assert verdicts == {Judgement(Verdict.FAIL if ends else Verdict.NOTHING)}


@pytest.mark.parametrize(
    ("wrong", "fault"),
    [
        ({"amount": 9_999}, "paid 9999 where 10000 was asked"),
        ({"amount": 10_001}, "paid 10001 where 10000 was asked"),
        ({"amount": 0}, "paid 0 where 10000 was asked"),
        ({"currency": "USD"}, "paid in USD where EUR was asked"),
        ({"booking_id": uuid.UUID(int=1)}, f"paid for booking {uuid.UUID(int=1)}"),
        ({"booking_id": None}, "paid for booking None"),
    ],
    ids=str,
)
def test_what_is_not_as_it_was_asked(wrong: dict[str, Any], fault: str) -> None:
    """Goes back whole, at whatever stage: where nothing came in there is nothing to go back."""
    payment = make_payment()
    told = report(payment, **wrong)
    assert find_fault(payment, told) == fault
    expected = (Verdict.FAIL, None) if told.amount == 0 else (Verdict.GIVE_BACK, RefundReason.MISMATCH)
    for stage in SUCCESS:
        assert judge_report(payment, told, stage) == (*expected, fault)
    assert find_fault(payment, report(payment)) is None


def test_only_what_is_held_in_time_can_be_paid() -> None:
    assert [stage for stage in Stage if is_payable(stage)] == [Stage.UNPAID]


def compare(status: str, told: str, *, ours: dict[str, Any], theirs: dict[str, Any]) -> str | None:
    payment = make_payment(status, **ours)
    said: Report = report(payment, ReportStatus(told), **theirs)
    return find_difference(payment, said)


@pytest.mark.parametrize(
    ("status", "told", "ours", "theirs", "difference"),
    [
        ("pending", "pending", {}, {}, None),
        ("pending", "failed", {}, {}, None),
        ("failed", "pending", {}, {}, None),
        ("failed", "failed", {}, {}, None),
        ("succeeded", "succeeded", {}, {}, None),
        ("refund_pending", "succeeded", {}, {}, None),
        ("refunded", "succeeded", {}, {"refunded_amount": 10_000}, None),
        ("succeeded", "succeeded", {"refunded_amount": 1}, {"refunded_amount": 1}, None),
        ("pending", "succeeded", {}, {}, "succeeded at the provider, pending here"),
        ("failed", "succeeded", {}, {}, "succeeded at the provider, failed here"),
        ("succeeded", "pending", {}, {}, "pending at the provider, succeeded here"),
        ("refunded", "failed", {}, {}, "failed at the provider, refunded here"),
        ("succeeded", "succeeded", {}, {"amount": 1}, "1 paid at the provider, 10000 here"),
        ("succeeded", "succeeded", {}, {"refunded_amount": 2}, "2 refunded at the provider, 0 here"),
        ("refunded", "succeeded", {}, {}, "0 refunded at the provider, 10000 here"),
    ],
)
def test_what_differs(
    status: str, told: str, ours: dict[str, Any], theirs: dict[str, Any], difference: str | None
) -> None:
    assert compare(status, told, ours=ours, theirs=theirs) == difference


def test_delays_grow_to_an_hour_and_differ() -> None:
    spans = [(1, 1, 2), (2, 2, 4), (5, 16, 32), (11, 1024, 2048), (12, 1800, 3600), (10_000, 1800, 3600)]
    for tries, least, most in spans:
        delays = [choose_delay(tries) for _ in range(50)]
        assert least <= min(delays) <= max(delays) <= most
        assert len(set(delays)) > 40
