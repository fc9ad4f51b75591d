"""Bookings that end owe their buyers what was paid, and are offered no more, from their batch's commit on."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest

from core.infra.db import transaction
from core.payments.views import Payment
from core.settling.worker import settle_show
from core.shows.service import Show, cancel_show
from tests.acting import (
    book,
    cancel,
    end_hold,
    hold,
    read,
    read_events,
    read_seats,
    settle,
    settle_all,
    settle_in_turns,
    tell,
    tell_all,
)
from tests.core.payments.paying import (
    fail,
    find_due,
    give_back,
    look,
    offer,
    pay,
    read_ledger,
    read_refunds,
    succeed,
    take_refunds,
)
from tests.invariants import check_settled

End = Callable[[UUID], object]


def call_off(booking_id: UUID) -> None:
    """Cancel the booking's show."""
    with transaction() as connection:
        cancel_show(connection, read(booking_id).show_id)


def is_due(payment: Payment) -> bool:
    due = find_due(look(payment))
    return due is not None and due <= timedelta(0)


def buy(show_id: int, *seats: str, **options: object) -> Payment:
    """A payment that has confirmed its booking."""
    payment = pay(hold(show_id, *seats, **options))
    settle(show_id)
    assert tell(payment.booking_id) == "CONFIRMED"
    return payment


def check_shown(payment: Payment) -> None:
    """What its booking shows, and its last event told, is the payment as it is now."""
    assert read(payment.booking_id).payment == {**look(payment).to_document(), "id": str(payment.id)}


ENDS = pytest.mark.parametrize(
    ("end", "outcome"), [(end_hold, "hold_expired"), (cancel, "CANCELLED"), (call_off, "CANCELLED")]
)
REFUNDS = pytest.mark.parametrize("end", [cancel, call_off])


@ENDS
def test_what_is_pending_is_to_be_closed_at_once(show: Show, end: End, outcome: str) -> None:
    payment = offer(hold(show.id, "1"))
    assert not is_due(payment)
    end(payment.booking_id)
    batches = settle_all(show.id)
    assert [batch.has_payments for batch in batches] == [True]
    assert tell(payment.booking_id) == outcome
    assert (look(payment).status, is_due(payment), read_refunds(payment)) == ("pending", True, [])
    check_shown(payment)


@ENDS
def test_what_failed_is_left_alone(show: Show, end: End, outcome: str) -> None:
    payment = offer(hold(show.id, "1"))
    fail(payment)
    failed = look(payment)
    end(payment.booking_id)
    batches = settle_all(show.id)
    assert [batch.has_payments for batch in batches] == [False]
    assert (tell(payment.booking_id), look(payment), find_due(payment)) == (outcome, failed, None)


@REFUNDS
def test_what_was_paid_goes_back(show: Show, end: End) -> None:
    payment = buy(show.id, "1", "2")
    end(payment.booking_id)
    settle_all(show.id)
    assert tell(payment.booking_id) == "CANCELLED"
    assert (look(payment).status, read_refunds(payment)) == ("refund_pending", [(200, "cancelled")])
    check_shown(payment)
    take_refunds(payment)
    assert (look(payment).status, read_ledger(payment)[-1]) == ("refunded", ("refunded", 200, 0))
    check_shown(payment)
    check_settled()


@REFUNDS
@pytest.mark.parametrize("is_taken", [False, True])
def test_of_what_is_partly_given_back_the_rest_goes_back(show: Show, end: End, is_taken: bool) -> None:
    payment = buy(show.id, "1", "2")
    give_back(payment.booking_id, 50)
    assert look(payment).status == "succeeded"
    if is_taken:
        take_refunds(payment)
    end(payment.booking_id)
    settle_all(show.id)
    assert read_refunds(payment) == [(50, "operator"), (150, "cancelled")]
    take_refunds(payment)
    assert (look(payment).status, look(payment).refunded_amount) == ("refunded", 200)
    check_shown(payment)


@REFUNDS
def test_what_is_given_back_already_is_not_given_back_again(show: Show, end: End) -> None:
    payment = buy(show.id, "1", "2")
    give_back(payment.booking_id)
    end(payment.booking_id)
    settle_all(show.id)
    assert (look(payment).status, read_refunds(payment)) == ("refund_pending", [(200, "operator")])


def test_a_cancel_replaces_a_confirm_that_was_paid_for(show: Show) -> None:
    payment = pay(hold(show.id, "1"))
    cancel(payment.booking_id)
    settle(show.id)
    assert tell(payment.booking_id) == "CANCELLED"
    assert (look(payment).status, read_refunds(payment)) == ("refund_pending", [(100, "cancelled")])


def test_a_confirm_that_was_paid_for_in_a_show_called_off(show: Show) -> None:
    payment = pay(hold(show.id, "1"))
    call_off(payment.booking_id)
    settle_all(show.id)
    assert (tell(payment.booking_id), read_refunds(payment)) == ("CANCELLED", [(100, "cancelled")])


def test_a_cancel_that_cannot_be_settled_pays_back(show: Show, poison: Callable[[], None]) -> None:
    payment = buy(show.id, "1", customer="poison")
    cancel(payment.booking_id)
    poison()
    settle_in_turns(show.id)
    assert (tell(payment.booking_id), read_seats(show.id)["1"]) == ("CANCELLED", "available")
    assert (look(payment).status, read_refunds(payment)) == ("refund_pending", [(100, "cancelled")])
    check_shown(payment)


def test_an_expiry_that_cannot_be_settled_closes_what_is_offered(
    show: Show, poison: Callable[[], None]
) -> None:
    payment = offer(hold(show.id, "1", customer="poison"))
    end_hold(payment.booking_id)
    poison()
    settle_in_turns(show.id)
    assert (tell(payment.booking_id), is_due(payment)) == ("hold_expired", True)


@pytest.mark.parametrize("are_gone", [False, True])
def test_seats_chosen_for_a_quantity_are_had_again_or_none(show: Show, are_gone: bool) -> None:
    payment = offer(hold(show.id, quantity=2))
    seats = read(payment.booking_id).seats
    end_hold(payment.booking_id)
    settle(show.id)
    if are_gone:
        hold(show.id, seats[0])
    succeed(payment)
    settle(show.id)
    booking = read(payment.booking_id)
    assert (booking.seats, booking.quantity, booking.amount) == (seats, 2, 200)
    if are_gone:
        assert tell(payment.booking_id) == "hold_expired"
        assert read_refunds(payment) == [(200, "too_late")]
    else:
        assert tell(payment.booking_id) == "CONFIRMED"
        assert {read_seats(show.id)[seat] for seat in seats} == {"booked"}


def test_late_payment_in_a_show_called_off(show: Show) -> None:
    payment = offer(hold(show.id, "1"))
    end_hold(payment.booking_id)
    settle(show.id)
    call_off(payment.booking_id)
    succeed(payment)
    settle_all(show.id)
    assert (tell(payment.booking_id), read(payment.booking_id).wants) == ("hold_expired", None)
    assert read_events(payment.booking_id) == ["HELD", "FAILED"]
    assert (look(payment).status, read_refunds(payment)) == ("refund_pending", [(100, "too_late")])


def test_all_kinds_in_one_batch(show: Show) -> None:
    cancelled, expired, failed = buy(show.id, "3"), offer(hold(show.id, "1")), offer(hold(show.id, "4"))
    unpaid, late, too_late = hold(show.id, "5"), offer(hold(show.id, "6")), offer(hold(show.id, "7"))
    for payment in (late, too_late):
        end_hold(payment.booking_id)
    settle(show.id)
    fail(failed)
    hold(show.id, "7")
    confirmed = pay(hold(show.id, "2"))
    for payment in (late, too_late):
        succeed(payment)
    for booking_id in (expired.booking_id, failed.booking_id, unpaid):
        end_hold(booking_id)
    cancel(cancelled.booking_id)
    newcomer = book(show.id, "3", hold=True)
    batch = settle(show.id)
    assert batch
    assert len(batch.booking_ids) == 8
    assert tell_all([unpaid, newcomer]) == ["hold_expired", "held"]
    expected = {
        expired: ("hold_expired", "pending", []),
        confirmed: ("CONFIRMED", "succeeded", []),
        cancelled: ("CANCELLED", "refund_pending", [(100, "cancelled")]),
        failed: ("hold_expired", "failed", []),
        late: ("CONFIRMED", "succeeded", []),
        too_late: ("hold_expired", "refund_pending", [(100, "too_late")]),
    }
    for payment, ends in expected.items():
        assert (tell(payment.booking_id), look(payment).status, read_refunds(payment)) == ends
        check_shown(payment)
    assert [payment for payment in expected if is_due(payment)] == [expired]


def test_of_two_who_paid_late_one_gets_the_seat(show: Show) -> None:
    payments = []
    for _ in range(2):
        payments.append(offer(hold(show.id, "1")))
        end_hold(payments[-1].booking_id)
        settle(show.id)
    for payment in payments:
        succeed(payment)
    settle_show(show.id)
    assert tell_all([payment.booking_id for payment in payments]) == ["CONFIRMED", "hold_expired"]
    assert [read_refunds(payment) for payment in payments] == [[], [(100, "too_late")]]
