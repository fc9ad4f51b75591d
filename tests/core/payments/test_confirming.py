"""Many successes at once confirm their bookings; what is not so plain is left to who judges anew."""

import uuid
from collections.abc import Callable, Sequence
from uuid import UUID

import pytest
from sqlalchemy import text

from core.infra.db import get_engine
from core.payments.confirming import Success, confirm_paid
from core.payments.confirming_queries import SELECT_STANDING, UPDATE_CONFIRMED, Paid
from core.payments.providers.interface import Notice
from core.payments.states import PaymentStatus
from core.payments.views import Payment
from core.shows.service import Show
from tests.acting import ask, cancel, end_hold, hold, read, run, run_on_loop, settle
from tests.core.payments.paying import PROVIDER, fail, look, offer, read_ledger, report, succeed

pytestmark = pytest.mark.usefixtures("nothing_is_broken")
MakeShow = Callable[..., Show]


@pytest.fixture
def show(make_show: MakeShow) -> Show:
    return make_show(total_seats=20, price=1000, payment_required=True)


def tell(payment: Payment, *, event_id: str | None = None, **changes: object) -> Success:
    told = report(payment, **changes)
    notice = Notice(id=event_id or str(uuid.uuid4()), type="paid", report=told)
    return Success(PROVIDER, notice, told, payment.id)


def confirm(*told: Success) -> tuple[list[UUID | None], list[int]]:
    """Which bookings are to be confirmed, and the shows that were nudged."""
    nudged: list[int] = []
    confirmed = run_on_loop(lambda connection: confirm_paid(connection, told, nudge=nudged.append))
    return confirmed, nudged


def offer_all(show: Show, seats: Sequence[str]) -> list[Payment]:
    return [offer(hold(show.id, seat)) for seat in seats]


def test_many_at_once(show: Show) -> None:
    payments = offer_all(show, "123")
    confirmed, nudged = confirm(*map(tell, payments))
    assert confirmed == [payment.booking_id for payment in payments]
    assert nudged == [show.id]
    for payment in payments:
        assert look(payment).status == PaymentStatus.SUCCEEDED
        assert read(payment.booking_id).wants == "confirm"
        assert read_ledger(payment) == [("asked", 1000, 0), ("paid", 1000, 1000)]
    settle(show.id)
    assert {read(payment.booking_id).status for payment in payments} == {"CONFIRMED"}


def test_one_event_twice_and_two_of_one_payment(show: Show) -> None:
    """In one group or one after the other: the payment is paid once, and each event kept once."""
    first, second = offer_all(show, "12")
    once = tell(first, event_id="evt_1")
    confirmed, _ = confirm(once, once, tell(second, event_id="evt_2"), tell(second, event_id="evt_3"))
    assert set(confirmed) - {None} == {first.booking_id, second.booking_id}
    assert confirm(once) == ([None], [])
    for payment in (first, second):
        assert read_ledger(payment) == [("asked", 1000, 0), ("paid", 1000, 1000)]
    kept = ask("SELECT id FROM payment_events ORDER BY id")
    assert [row.id for row in kept] == ["evt_1", "evt_2", "evt_3"]


@pytest.mark.parametrize("changes", [{"amount": 999}, {"currency": "USD"}, {"booking_id": uuid.uuid4()}])
def test_not_as_it_was_asked(show: Show, changes: dict[str, object]) -> None:
    (payment,) = offer_all(show, "1")
    assert confirm(tell(payment, **changes)) == ([None], [])
    assert look(payment).status == PaymentStatus.PENDING
    assert ask("SELECT FROM payment_events") == []


def test_of_another_provider_and_of_nobody(show: Show) -> None:
    (payment,) = offer_all(show, "1")
    run("UPDATE payments SET provider = 'another'")
    assert confirm(tell(payment), tell(payment._replace(id=uuid.uuid4()))) == ([None, None], [])


def test_a_booking_that_another_has_is_left_out_and_the_others_are_not(show: Show) -> None:
    taken, free = offer_all(show, "12")
    with get_engine().begin() as connection:
        connection.execute(
            text("SELECT FROM bookings WHERE id = :id FOR NO KEY UPDATE"), {"id": taken.booking_id}
        )
        assert confirm(tell(taken), tell(free)) == ([None, free.booking_id], [show.id])
    assert confirm(tell(taken)) == ([taken.booking_id], [show.id])


def test_a_booking_that_has_changed_since_it_was_read_is_left_out(show: Show) -> None:
    """As it may be another's decision by now, it is judged anew."""
    (payment,) = offer_all(show, "1")
    before = run_on_loop(lambda connection: SELECT_STANDING.run_on_loop(connection, [payment.id]))
    cancel(payment.booking_id)
    told = tell(payment)
    paid = [Paid(0, PROVIDER, told.notice, told.report, before[payment.id])]
    assert run_on_loop(lambda connection: UPDATE_CONFIRMED.run_on_loop(connection, paid)) == set()
    assert read(payment.booking_id).wants == "cancel"
    assert look(payment).status == PaymentStatus.PENDING


def test_overdue_and_expired(show: Show) -> None:
    """A hold that nobody has released is confirmed, one that was released asks for its seats once more."""
    overdue, expired = offer_all(show, "12")
    end_hold(expired.booking_id)
    settle(show.id)
    end_hold(overdue.booking_id, in_seconds=0)
    confirmed, _ = confirm(tell(overdue), tell(expired))
    assert confirmed == [overdue.booking_id, expired.booking_id]
    settle(show.id)
    assert read(overdue.booking_id).status == read(expired.booking_id).status == "CONFIRMED"


def test_cancelled_and_paid_already(show: Show) -> None:
    cancelled, paid = offer_all(show, "12")
    cancel(cancelled.booking_id)
    succeed(paid)
    assert confirm(tell(cancelled), tell(paid)) == ([None, None], [])


def test_after_a_failure_the_other_offer_is_due_to_be_closed(show: Show) -> None:
    (first,) = offer_all(show, "1")
    fail(first)
    second = offer(first.booking_id)
    assert confirm(tell(look(first))) == ([first.booking_id], [show.id])
    assert look(first).status == PaymentStatus.SUCCEEDED
    (row,) = ask("SELECT due_at <= clock_timestamp() AS is_due FROM payments WHERE id = :id", id=second.id)
    assert row.is_due
