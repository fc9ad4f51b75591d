"""The checker of payments: it objects to each way in which payment, booking and provider can differ."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from core.payments.providers.interface import Report, ReportStatus
from core.payments.views import PUBLIC
from proof.holding import find_end, find_lost_payments
from proof.money import Money, find_unbalanced, find_unsettled

PAYMENT, BOOKING, REFUND = (str(UUID(int=number)) for number in (1, 2, 3))
Row = dict[str, Any]


def make_money(
    *, paid: int = 900, back: int = 0, status: str = "succeeded", reason: str = "too_late"
) -> Money:
    """One payment of 900, of which so much came in and went back."""
    steps = [("asked", 900, 0), *([("paid", paid, paid)] if paid else [])]
    steps += [("refunded", back, paid - back)] if back else []
    names = ("kind", "amount", "balance")
    entries = [{**dict(zip(names, step, strict=True)), "currency": "EUR", "at": at(9)} for step in steps]
    payment = {
        "id": PAYMENT,
        "booking_id": BOOKING,
        "provider": "sandbox",
        "provider_id": "sbx_1",
        "status": status,
        "amount": 900,
        "currency": "EUR",
        "paid_amount": paid,
        "refunded_amount": back,
    }
    refund = {"id": REFUND, "amount": back, "reason": reason, "taken_at": at(9)}
    return Money(
        payments={PAYMENT: payment},
        refunds={PAYMENT: [refund]} if back else {},
        entries={PAYMENT: entries},
        reports={PAYMENT: make_report(paid=paid, back=back)},
        given_back={REFUND: back} if back else {},
        shows={1: {"payment_required": True, "hold_seconds": 4}},
    )


def make_report(*, paid: int = 900, back: int = 0, **changes: Any) -> Report:
    """What the provider says of it."""
    told: Row = {
        "provider_id": "sbx_1",
        "payment_id": UUID(PAYMENT),
        "booking_id": UUID(BOOKING),
        "status": ReportStatus.SUCCEEDED if paid else ReportStatus.FAILED,
        "amount": paid or 900,
        "refunded_amount": back,
        "currency": "EUR",
    }
    return Report(**{**told, **changes})


def at(second: int) -> str:
    """A time of a day."""
    return f"2026-01-01T12:00:{second:02}+00:00"


def make_booking(money: Money, status: str) -> Row:
    """Its booking, held at 0 until 4 and eight seconds in all."""
    payment = money.payments[PAYMENT]
    shown = {name: payment[name] for name in PUBLIC}
    return {
        "id": BOOKING,
        "show_id": 1,
        "status": status,
        "amount": 900,
        "payment": shown,
        "held_at": at(0),
        "requests": [{"payment": "pending", "at": at(1)}],
    }


def find(money: Money, status: str) -> list[str]:
    """What the checker objects to."""
    return list(find_unbalanced(money, {BOOKING: make_booking(money, status)}))


@pytest.mark.parametrize(
    ("money", "status"),
    [
        (make_money(), "CONFIRMED"),
        (make_money(back=900, status="refunded"), "FAILED"),
        (make_money(back=900, status="refunded", reason="cancelled"), "CANCELLED"),
        (make_money(back=100, reason="operator"), "CONFIRMED"),
        (make_money(back=900, status="refunded", reason="operator"), "CONFIRMED"),
        (make_money(paid=0, status="failed"), "FAILED"),
    ],
)
def test_what_is_right_is_let_be(money: Money, status: str) -> None:
    assert find(money, status) == []


def alter(**changes: Any) -> Callable[[Money], None]:
    """Have the provider say something else."""
    return lambda money: money.reports.update({PAYMENT: make_report(**changes)})


def note_twice(money: Money) -> None:
    """Another success in the ledger."""
    money.entries[PAYMENT].append(money.entries[PAYMENT][-1])


WRONGS: dict[str, tuple[Money, str, Callable[[Money], object]]] = {
    "neither": (make_money(), "FAILED", lambda _: None),
    "both": (make_money(back=900, status="refunded"), "CONFIRMED", lambda _: None),
    "given back in part": (make_money(back=100), "CONFIRMED", lambda _: None),
    "unpaid": (make_money(paid=0, status="failed"), "CONFIRMED", lambda _: None),
    "another amount": (make_money(paid=1), "CONFIRMED", lambda _: None),
    "another currency": (make_money(), "CONFIRMED", alter(currency="USD")),
    "for another booking": (make_money(), "CONFIRMED", alter(booking_id=UUID(int=9))),
    "given back there alone": (make_money(), "CONFIRMED", alter(back=900)),
    "given back here alone": (make_money(back=900, status="refunded"), "FAILED", alter(back=0)),
    "paid there alone": (make_money(paid=0, status="failed"), "FAILED", alter()),
    "payable still": (
        make_money(paid=0, status="failed"),
        "FAILED",
        alter(paid=0, status=ReportStatus.PENDING),
    ),
    "unknown there": (make_money(), "CONFIRMED", lambda money: money.reports.clear()),
    "unknown here": (make_money(paid=0, status="failed"), "FAILED", lambda money: money.payments.clear()),
    "noted twice": (make_money(), "CONFIRMED", note_twice),
    "another refund": (make_money(back=900, status="refunded"), "FAILED", lambda m: m.given_back.update(x=1)),
    "shown otherwise": (
        make_money(),
        "CONFIRMED",
        lambda money: money.payments.update({PAYMENT: {**money.payments[PAYMENT], "provider": "stripe"}}),
    ),
}


@pytest.mark.parametrize("wrong", WRONGS)
def test_what_is_wrong_is_found(wrong: str) -> None:
    money, status, break_it = WRONGS[wrong]
    booking = make_booking(money, status)
    break_it(money)
    assert list(find_unbalanced(money, {BOOKING: booking}))


def test_what_waits_is_found() -> None:
    assert list(find_unsettled(Money(due={"payments": 0}, unsent=0))) == []
    assert len(list(find_unsettled(Money(due={"refunds": 1}, unsent=1)))) == 2


@pytest.mark.parametrize(("second", "is_lost"), [(7, True), (9, False)])
def test_a_hold_that_was_paid_in_time_does_not_fail(second: int, is_lost: bool) -> None:
    money = make_money()
    for entry in money.entries[PAYMENT]:
        entry["at"] = at(second)
    held = {"type": "BOOKING_HELD", "payload": {"hold_expires_at": at(4)}}
    booking = make_booking(money, "CONFIRMED")
    assert find_end(booking, held, money) % 60 == 8
    found = list(find_lost_payments(booking, [held, {"type": "BOOKING_FAILED"}], money, [], zero=0))
    assert bool(found) is is_lost
    assert list(find_lost_payments(booking, [held], money, [], zero=0)) == []
