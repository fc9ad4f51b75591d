"""What a provider tells of a payment is applied once, whenever it comes and however often."""

import logging
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from core.errors import UnavailableError
from core.events.service import read_feed
from core.infra.db import transaction
from core.infra.ids import new_id
from core.payments.providers.interface import ReportStatus
from core.payments.settling import settle_payments
from core.payments.views import Payment
from core.shows.service import Show, cancel_show
from tests.acting import (
    ask,
    book,
    cancel,
    end_hold,
    hold,
    lock,
    read,
    read_events,
    read_seats,
    run,
    settle,
    tell,
    tell_all,
)
from tests.core.payments.paying import (
    fail,
    find_due,
    list_all,
    look,
    notify,
    offer,
    pay,
    read_ledger,
    read_refunds,
    report,
    succeed,
)

PAID_ALL = [("asked", 100, 0), ("paid", 100, 100)]
FAILED, PENDING = ReportStatus.FAILED, ReportStatus.PENDING


@pytest.fixture
def unchecked(make_show: Callable[..., Show]) -> Show:
    """A show whose data is changed behind the service's back."""
    return make_show(payment_required=True)


def shown(payment: Payment) -> dict[str, Any]:
    return {**look(payment).to_document(), "id": str(payment.id)}


def is_refunded(payment: Payment, *refunds: tuple[int, str]) -> bool:
    return (look(payment).status, read_refunds(payment)) == ("refund_pending", list(refunds))


def test_success_in_time_confirms(show: Show) -> None:
    """Its booking wants it in the very transaction that records the webhook."""
    booking_id = hold(show.id, "1")
    payment = offer(booking_id)
    succeed(payment)
    booking = read(booking_id)
    assert (booking.wants, booking.status, booking.payment) == ("confirm", "PENDING", shown(payment))
    settle(show.id)
    assert (tell(booking_id), read_events(booking_id)) == ("CONFIRMED", ["HELD", "CONFIRMED"])
    paid = look(payment)
    assert (paid.status, paid.paid_amount, paid.provider_id) == ("succeeded", 100, f"of-{payment.id}")
    assert read_ledger(payment) == PAID_ALL
    assert (read_refunds(payment), find_due(payment)) == ([], None)


def test_success_wins_over_expiry_until_the_hold_is_released(show: Show) -> None:
    booking_id = hold(show.id, "1")
    payment = offer(booking_id)
    end_hold(booking_id)
    succeed(payment)
    rival = book(show.id, "1", hold=True)
    settle(show.id)
    assert tell_all([booking_id, rival]) == ["CONFIRMED", "seats_unavailable"]
    assert read_events(booking_id) == ["HELD", "CONFIRMED"]


def test_paid_late_gets_the_same_seats_where_they_are_free(show: Show) -> None:
    booking_id = hold(show.id, "1")
    payment = offer(booking_id)
    end_hold(booking_id)
    settle(show.id)
    assert tell(booking_id) == "hold_expired"
    succeed(payment)
    assert (read(booking_id).status, read(booking_id).wants) == ("FAILED", "confirm")
    settle(show.id)
    booking = read(booking_id)
    assert (booking.status, booking.failure_code, booking.hold_expires_at) == ("CONFIRMED", None, None)
    assert read_seats(show.id)["1"] == "booked"
    assert read_refunds(payment) == []
    # In the feed as well, where both were given their places at once.
    types = [item.envelope["type"] for item in read_feed([0], limit=9).items]
    assert types == ["BOOKING_HELD", "BOOKING_FAILED", "BOOKING_CONFIRMED"]


def test_paid_late_stays_failed_where_they_are_gone(show: Show) -> None:
    booking_id = hold(show.id, "1", "2")
    payment = offer(booking_id)
    end_hold(booking_id)
    settle(show.id)
    hold(show.id, "2")
    succeed(payment)
    batch = settle(show.id)
    assert batch
    assert batch.has_payments
    booking = read(booking_id)
    assert (tell(booking_id), booking.wants) == ("hold_expired", None)
    assert booking.payment == shown(payment)
    assert read_events(booking_id) == ["HELD", "FAILED"]
    assert read_seats(show.id)["1"] == "available"
    assert is_refunded(payment, (200, "too_late"))


@pytest.mark.parametrize("end", ["cancelling", "cancelled", "called off"])
def test_paid_after_it_was_cancelled_goes_back(show: Show, end: str) -> None:
    booking_id = hold(show.id, "1")
    payment = offer(booking_id)
    if end == "called off":
        with transaction() as connection:
            cancel_show(connection, show.id)
    else:
        cancel(booking_id)
    if end == "cancelled":
        settle(show.id)
    before = read(booking_id)
    succeed(payment)
    assert read(booking_id).wants == before.wants
    assert is_refunded(payment, (100, "cancelled"))
    settle(show.id)
    settle(show.id)
    assert (tell(booking_id), read_events(booking_id)) == ("CANCELLED", ["HELD", "CANCELLED"])
    # It is not given back twice as the booking ends.
    assert is_refunded(payment, (100, "cancelled"))
    assert read(booking_id).payment == shown(payment)


@pytest.mark.parametrize(
    "wrong", [{"amount": 99}, {"amount": 101}, {"currency": "USD"}, {"booking_id": uuid.UUID(int=1)}], ids=str
)
def test_what_is_not_as_it_was_asked_goes_back(
    show: Show, wrong: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    booking_id = hold(show.id, "1")
    payment = offer(booking_id)
    with caplog.at_level(logging.ERROR):
        succeed(payment, **wrong)
    paid = wrong.get("amount", 100)
    assert is_refunded(payment, (paid, "mismatch"))
    assert (read(booking_id).wants, tell(booking_id)) == (None, "held")
    assert read_ledger(payment)[1] == ("paid", paid, paid)
    ((currency,),) = ask("SELECT currency FROM ledger_entries WHERE kind = 'paid'")
    assert currency == wrong.get("currency", "EUR")
    assert [record.message for record in caplog.records] == ["payment not as asked"]
    # The buyer may try once more, and better.
    succeed(offer(booking_id))
    assert read(booking_id).wants == "confirm"


def test_success_of_nothing_is_a_failure(show: Show) -> None:
    booking_id = hold(show.id, "1")
    payment = offer(booking_id)
    succeed(payment, amount=0)
    assert (look(payment).status, read_refunds(payment)) == ("failed", [])
    assert (read(booking_id).wants, read_ledger(payment)) == (None, [("asked", 100, 0)])


@pytest.mark.parametrize("event_ids", [("a", "a"), ("a", "b")], ids=["the same event", "another event"])
def test_success_told_twice_counts_once(show: Show, event_ids: tuple[str, str]) -> None:
    booking_id = hold(show.id, "1")
    payment = offer(booking_id)
    for event_id in event_ids:
        succeed(payment, event_id=event_id)
        settle(show.id)
    assert (tell(booking_id), read_ledger(payment), read_refunds(payment)) == ("CONFIRMED", PAID_ALL, [])
    rows = ask("SELECT id FROM payment_events WHERE due_at IS NULL ORDER BY id")
    assert [row.id for row in rows] == sorted(set(event_ids))


def test_success_after_a_failure_counts(show: Show) -> None:
    booking_id = hold(show.id, "1")
    payment = offer(booking_id)
    fail(payment)
    succeed(payment)
    assert (look(payment).status, read(booking_id).wants) == ("succeeded", "confirm")


def test_failure_after_a_success_counts_for_nothing(show: Show) -> None:
    booking_id = hold(show.id, "1")
    payment = pay(booking_id)
    notify(report(payment, FAILED))
    settle_payments()
    assert (look(payment), read(booking_id).wants) == (payment, "confirm")


@pytest.mark.parametrize("is_settled", [False, True])
def test_the_second_of_two_that_succeed_goes_back(show: Show, is_settled: bool) -> None:
    booking_id = hold(show.id, "1")
    first = offer(booking_id)
    fail(first)
    second = offer(booking_id)
    assert second.id != first.id
    succeed(first)
    due = find_due(second)
    assert due is not None
    assert due <= timedelta(0)
    if is_settled:
        settle(show.id)
    succeed(second)
    assert is_refunded(second, (100, "spare"))
    settle(show.id)
    assert (tell(booking_id), read(booking_id).payment) == ("CONFIRMED", shown(first))
    assert (look(first).status, read_refunds(first)) == ("succeeded", [])


def test_paid_once_its_booking_is_in_the_archive(unchecked: Show) -> None:
    booking_id = hold(unchecked.id, "1")
    payment = offer(booking_id)
    end_hold(booking_id)
    settle(unchecked.id)
    run(
        "INSERT INTO archived_bookings (id, booking, events)"
        " SELECT id, to_jsonb(b), '[]' FROM bookings b WHERE id = :id",
        id=booking_id,
    )
    run("DELETE FROM events")
    run("DELETE FROM bookings")
    succeed(payment)
    assert is_refunded(payment, (100, "too_late"))
    assert read_ledger(payment) == PAID_ALL


def test_what_is_none_of_ours_is_kept_and_changes_nothing(show: Show) -> None:
    payment = offer(hold(show.id, "1"))
    unknown = {"payment_id": new_id(payment.slot)}
    notify(report(payment, **unknown))
    notify(report(payment, payment_id=None))
    notify(report(payment), provider="somebody else")
    notify(None)
    assert look(payment) == payment
    assert ask("SELECT count(*)::int, count(due_at)::int FROM payment_events") == [(4, 0)]


def test_what_is_no_success_is_left_to_a_worker(show: Show) -> None:
    booking_id = hold(show.id, "1")
    payment = offer(booking_id)
    notify(report(payment, PENDING))
    notify(report(payment, FAILED))
    assert look(payment).status == "pending"
    settle_payments()
    assert (look(payment).status, read(booking_id).payment) == ("failed", shown(payment))
    assert ask("SELECT count(due_at)::int FROM payment_events") == [(0,)]
    (again,) = [each for each in list_all(booking_id) if each.status == "failed"]
    assert (again.id, offer(booking_id).status) == (payment.id, "pending")


def test_a_success_whose_booking_another_keeps_is_not_taken_and_comes_again(show: Show) -> None:
    """Applied later, it would not win over expiry though its webhook was answered in time."""
    booking_id = hold(show.id, "1")
    payment = offer(booking_id)
    with transaction() as connection:
        lock(connection, booking_id)
        with pytest.raises(UnavailableError):
            succeed(payment, event_id="evt")
    assert (look(payment).status, ask("SELECT FROM payment_events")) == ("pending", [])
    succeed(payment, event_id="evt")
    assert (look(payment).status, read(booking_id).wants) == ("succeeded", "confirm")
