"""What workers do about payments: each thing once, again where the provider does not take it, for ever."""

import logging
from datetime import timedelta
from typing import Any

import pytest

from core.payments.settling import CLAIM_SECONDS, settle_payments
from core.payments.views import Payment
from core.shows.service import Show
from tests.acting import ask, cancel, end_hold, hold, read, read_events, settle, tell
from tests.core.payments.paying import (
    find_due,
    give_back,
    look,
    make_due,
    offer,
    offer_at,
    read_ledger,
    read_refunds,
    visit,
)
from tests.payments.sandboxing import Sandbox
from tests.races.racing import race


def settle_due(payment: Payment) -> Payment:
    """Do what is due of a payment, the time until then being over; the payment afterwards."""
    make_due(payment)
    settle_payments()
    return look(payment)


def buy(sandbox: Sandbox, show: Show, *seats: str) -> Payment:
    """A payment that has confirmed its booking, of which nobody told."""
    payment = offer_at(sandbox, hold(show.id, *seats))
    visit(sandbox, payment)
    settle_due(payment)
    settle(show.id)
    assert tell(payment.booking_id) == "CONFIRMED"
    return look(payment)


def read_refund() -> Any:
    (row,) = ask("SELECT *, due_at - clock_timestamp() AS due FROM refunds")
    return row


def count_given(sandbox: Sandbox, payment: Payment) -> int:
    """How much of a payment the sandbox has given back."""
    return sandbox.provider.fetch(str(payment.provider_id)).refunded_amount


def test_of_a_payment_nobody_told_of_the_provider_is_asked(sandbox: Sandbox, show: Show) -> None:
    payment = offer_at(sandbox, hold(show.id, "1"))
    visit(sandbox, payment)
    settle_payments()
    assert look(payment).status == "pending"
    due = find_due(payment)
    assert due is not None
    assert timedelta(seconds=110) < due <= timedelta(seconds=120)
    assert settle_due(payment).status == "succeeded"
    assert (read(payment.booking_id).wants, find_due(payment)) == ("confirm", None)


def test_what_is_still_offered_is_asked_about_again(sandbox: Sandbox, show: Show) -> None:
    payment = offer_at(sandbox, hold(show.id, "1"))
    asked = settle_due(payment)
    due = find_due(payment)
    assert (asked.status, asked.tries) == ("pending", 0)
    assert due is not None
    assert timedelta(seconds=50) < due <= timedelta(seconds=60)
    visit(sandbox, payment, "decline")
    assert settle_due(payment).status == "failed"
    assert (find_due(payment), tell(payment.booking_id)) == (None, "held")


def test_what_cannot_be_paid_any_more_is_closed(sandbox: Sandbox, show: Show) -> None:
    payment = offer_at(sandbox, hold(show.id, "1"))
    end_hold(payment.booking_id)
    settle(show.id)
    settle_payments()
    assert look(payment).status == "failed"
    assert read(payment.booking_id).payment == {**look(payment).to_document(), "id": str(payment.id)}
    assert sandbox.provider.fetch(str(payment.provider_id)).status == "failed"


def test_what_was_paid_just_before_it_was_closed_counts(sandbox: Sandbox, show: Show) -> None:
    payment = offer_at(sandbox, hold(show.id, "1"))
    end_hold(payment.booking_id)
    settle(show.id)
    visit(sandbox, payment)
    settle_payments()
    assert (look(payment).status, read(payment.booking_id).wants) == ("succeeded", "confirm")
    settle(show.id)
    assert read_events(payment.booking_id) == ["HELD", "FAILED", "CONFIRMED"]


def test_an_offer_that_nobody_heard_of_is_asked_about(sandbox: Sandbox, show: Show) -> None:
    with sandbox.faulty(status=500):
        payment = offer(hold(show.id, "1"), "sandbox")
    assert payment.provider_id is None
    assert settle_due(payment).status == "pending"
    heard = offer_at(sandbox, payment.booking_id)
    assert heard.id == payment.id
    visit(sandbox, heard)
    assert settle_due(payment).status == "succeeded"


def test_an_offer_that_nobody_heard_of_is_closed(sandbox: Sandbox, show: Show) -> None:
    with sandbox.faulty(status=500):
        payment = offer(hold(show.id, "1"), "sandbox")
    cancel(payment.booking_id)
    settle(show.id)
    settle_payments()
    closed = look(payment)
    assert closed.status == "failed"
    assert sandbox.provider.fetch(str(closed.provider_id)).status == "failed"


def test_an_offer_that_the_provider_never_takes_has_failed(sandbox: Sandbox, show: Show) -> None:
    with sandbox.faulty(status=500):
        payment = offer(hold(show.id, "1"), "sandbox")
    with sandbox.faulty(status=422):
        assert settle_due(payment).status == "failed"
    assert (find_due(payment), tell(payment.booking_id)) == (None, "held")


def test_while_the_provider_is_away_what_is_offered_waits(sandbox: Sandbox, show: Show) -> None:
    payment = offer_at(sandbox, hold(show.id, "1"))
    with sandbox.faulty(status=503):
        waiting = settle_due(payment)
    due = find_due(payment)
    assert (waiting.status, waiting.tries) == ("pending", 1)
    assert due is not None
    assert timedelta(0) < due <= timedelta(seconds=2)


def test_what_is_given_back_is_taken_once(sandbox: Sandbox, show: Show) -> None:
    payment = buy(sandbox, show, "1")
    give_back(payment.booking_id, 30)
    settle_payments()
    refund = read_refund()
    assert (refund.due_at, refund.tries, refund.error) == (None, 1, None)
    assert (look(payment).refunded_amount, count_given(sandbox, payment)) == (30, 30)
    assert read_ledger(payment)[-1] == ("refunded", 30, 70)
    assert settle_due(payment).refunded_amount == 30
    assert tell(payment.booking_id) == "CONFIRMED"


@pytest.mark.parametrize("faults", [{"status": 503}, {"refuse_refunds_seconds": 60}], ids=["down", "refused"])
def test_what_the_provider_does_not_take_is_tried_later_and_later(
    sandbox: Sandbox, show: Show, faults: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    payment = buy(sandbox, show, "1")
    cancel(payment.booking_id)
    settle(show.id)
    with sandbox.faulty(**faults):
        for tries, least, most in ((1, 1, 2), (2, 2, 4), (3, 4, 8)):
            with caplog.at_level(logging.WARNING):
                settle_due(payment)
            refund = read_refund()
            assert (refund.tries, refund.taken_at) == (tries, None)
            assert least * 0.8 < refund.due.total_seconds() <= most
            assert "sandbox" in refund.error
    assert [record.message for record in caplog.records] == ["refund not taken"] * 3
    assert (look(payment).status, read_refunds(payment)) == ("refund_pending", [(100, "cancelled")])
    assert settle_due(payment).status == "refunded"
    assert (read_refund().error, count_given(sandbox, payment)) == (None, 100)


def test_what_died_over_a_refund_leaves_it_to_the_next(sandbox: Sandbox, show: Show) -> None:
    """The provider has taken it, and nobody noted that: it is asked again, and gives nothing more."""
    payment = buy(sandbox, show, "1")
    give_back(payment.booking_id, 30)
    refund = read_refund()
    sandbox.provider.refund(
        str(payment.provider_id), refund_id=refund.id, amount=30, currency=payment.currency
    )
    settle_payments()
    assert (look(payment).refunded_amount, count_given(sandbox, payment)) == (30, 30)


def test_two_workers_do_each_thing_once(sandbox: Sandbox, show: Show) -> None:
    refunded = [buy(sandbox, show, str(number)) for number in range(1, 5)]
    offered = [offer_at(sandbox, hold(show.id, str(number))) for number in range(5, 9)]
    for payment in refunded:
        give_back(payment.booking_id)
    for payment in offered:
        visit(sandbox, payment)
        make_due(payment)
    race([settle_payments] * 3)
    assert {look(payment).status for payment in refunded} == {"refunded"}
    assert {look(payment).status for payment in offered} == {"succeeded"}
    assert {row.tries for row in ask("SELECT tries FROM refunds")} == {1}
    assert [count_given(sandbox, payment) for payment in refunded] == [100] * 4
    kinds = ask("SELECT kind, count(*)::int FROM ledger_entries GROUP BY 1 ORDER BY 1")
    assert kinds == [("asked", 8), ("paid", 8), ("refunded", 4)]


def test_a_claim_runs_out(sandbox: Sandbox, show: Show) -> None:
    """What a worker that died had is another's after a minute, and nobody's until then."""
    payment = buy(sandbox, show, "1")
    give_back(payment.booking_id)
    ask(f"UPDATE refunds SET due_at = clock_timestamp() + interval '{CLAIM_SECONDS} s' RETURNING 1")
    settle_payments()
    assert look(payment).status == "refund_pending"
    assert settle_due(payment).status == "refunded"
