"""Payments as operators list them: the newest first, by pages, each with what goes back of it."""

from typing import Any
from uuid import UUID

from core.infra.db import primary
from core.payments.listing import DIFFERS, list_payments
from core.payments.providers.interface import ReportStatus
from core.shows.service import Show
from tests.acting import hold, run
from tests.core.payments.paying import fail, give_back, offer, pay, report, take_refunds


def list_page(status: str | None = None, after: UUID | None = None, limit: int = 9) -> list[dict[str, Any]]:
    with primary() as connection:
        return list_payments(connection, status=status, after=after, limit=limit)


def list_ids(**which: Any) -> list[UUID]:
    return [each["id"] for each in list_page(**which)]


def test_newest_first_by_pages(show: Show) -> None:
    payments = [offer(hold(show.id, str(number))) for number in range(1, 6)]
    ids = [payment.id for payment in reversed(payments)]
    assert list_ids() == ids
    assert list_ids(limit=2) == ids[:2]
    assert list_ids(limit=2, after=ids[1]) == ids[2:4]
    assert list_ids(after=ids[-1]) == []


def test_by_status(show: Show) -> None:
    pending, failed, paid = (offer(hold(show.id, seat)) for seat in "123")
    fail(failed)
    given, refunded = pay(hold(show.id, "4")), pay(hold(show.id, "5"))
    for payment in (given, refunded):
        give_back(payment.booking_id)
    take_refunds(refunded)
    paid = pay(paid.booking_id)
    found = {
        status: list_ids(status=status)
        for status in ("pending", "failed", "succeeded", "refund_pending", "refunded")
    }
    assert found == {
        "pending": [pending.id],
        "failed": [failed.id],
        "succeeded": [paid.id],
        "refund_pending": [given.id],
        "refunded": [refunded.id],
    }


def test_with_what_goes_back(show: Show) -> None:
    payment, other = pay(hold(show.id, "1", "2")), pay(hold(show.id, "3"))
    give_back(payment.booking_id, 50)
    take_refunds(payment)
    give_back(payment.booking_id)
    (untouched, found) = list_page()
    assert (untouched["id"], untouched["refunds"], untouched["paid_amount"]) == (other.id, [], 100)
    taken, due = found["refunds"]
    assert (taken["amount"], taken["reason"], taken["error"]) == (50, "operator", None)
    assert taken["taken_at"] is not None
    assert (due["amount"], due["taken_at"]) == (150, None)
    assert (found["status"], found["refunded_amount"], found["show_id"]) == ("refund_pending", 50, show.id)


def test_what_differs_by_pages(show: Show) -> None:
    """Each with what the provider has otherwise."""
    payments = [offer(hold(show.id, str(number))) for number in range(1, 4)]
    told = report(payments[0], ReportStatus.SUCCEEDED)
    assert told.payment_id == payments[0].id
    for payment in payments[:2]:
        run(
            "INSERT INTO payment_differences (payment_id, provider, difference)"
            " VALUES (:id, 'nobody', 'it is gone')",
            id=payment.id,
        )
    ids = [payments[1].id, payments[0].id]
    assert list_ids(status=DIFFERS) == ids
    assert list_ids(status=DIFFERS, limit=1) == ids[:1]
    assert list_ids(status=DIFFERS, after=ids[0]) == ids[1:]
    assert {each["difference"] for each in list_page(DIFFERS)} == {"it is gone"}
    assert {each["difference"] for each in list_page()} == {None}
