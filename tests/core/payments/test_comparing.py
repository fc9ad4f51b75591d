"""The daily comparison with the provider: each difference is logged, counted and listed until it is gone."""

import logging
import sqlite3
import uuid
from contextlib import closing
from datetime import timedelta
from typing import Any

import pytest

from core.infra.db import primary
from core.infra.ids import new_id
from core.payments.comparing import compare_daily, compare_payments
from core.payments.listing import DIFFERS, list_payments
from core.payments.views import Payment
from core.shows.service import Show
from tests.acting import ask, hold, run
from tests.core.payments.paying import give_back, look, offer, offer_at, succeed, take_refunds, visit
from tests.payments.sandboxing import Sandbox

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def list_differences() -> dict[uuid.UUID, str]:
    return {row.payment_id: row.difference for row in ask("SELECT * FROM payment_differences")}


def make_older(sandbox: Sandbox, *, made: timedelta = HOUR, changed: timedelta = HOUR) -> None:
    """Let all payments have been made and changed so long ago, here and there."""
    run(
        "UPDATE payments SET created_at = clock_timestamp() - cast(:made AS interval),"
        " updated_at = clock_timestamp() - cast(:changed AS interval)",
        made=made,
        changed=changed,
    )
    run_there(sandbox, "UPDATE payments SET created_at = unixepoch() - ?", made.total_seconds())


def run_there(sandbox: Sandbox, statement: str, *parameters: Any) -> None:
    """Change the sandbox's books behind its back."""
    with closing(sqlite3.connect(sandbox.folder / "home" / "sandbox.sqlite3")) as books, books:
        books.execute(statement, parameters)


@pytest.fixture
def paid(sandbox: Sandbox, show: Show) -> Payment:
    """A payment that is paid here and there, an hour ago."""
    run_there(sandbox, "DELETE FROM refunds")
    run_there(sandbox, "DELETE FROM payments")
    payment = offer_at(sandbox, hold(show.id, "1"))
    visit(sandbox, payment)
    succeed(payment, provider_id=payment.provider_id)
    make_older(sandbox)
    return look(payment)


@pytest.mark.parametrize("made", [HOUR, 10 * DAY], ids=["listed", "asked about"])
def test_what_agrees_does_not_differ(sandbox: Sandbox, paid: Payment, made: timedelta) -> None:
    make_older(sandbox, made=made)
    assert (compare_payments(), list_differences()) == (0, {})


@pytest.mark.parametrize("made", [HOUR, 10 * DAY], ids=["listed", "asked about"])
@pytest.mark.parametrize(
    ("there", "difference"),
    [
        ("state = 'pending'", "pending at the provider, succeeded here"),
        ("state = 'declined'", "failed at the provider, succeeded here"),
        ("amount = 99", "99 paid at the provider, 100 here"),
        ("refunded_amount = 30", "30 refunded at the provider, 0 here"),
    ],
)
def test_what_the_provider_has_otherwise(
    sandbox: Sandbox,
    paid: Payment,
    *,
    made: timedelta,
    there: str,
    difference: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    make_older(sandbox, made=made)
    run_there(sandbox, f"UPDATE payments SET {there}")
    with caplog.at_level(logging.ERROR):
        assert compare_payments() == 1
    assert list_differences() == {paid.id: difference}
    (record,) = caplog.records
    assert (record.message, record.payment_id, record.difference) == (  # type: ignore[attr-defined]
        "payment differs from the provider's",
        str(paid.id),
        difference,
    )


def test_what_was_given_back_here_alone(sandbox: Sandbox, paid: Payment) -> None:
    give_back(paid.booking_id, 30)
    take_refunds(paid)
    make_older(sandbox)
    compare_payments()
    assert list_differences() == {paid.id: "0 refunded at the provider, 30 here"}


def test_what_is_paid_there_and_not_here(sandbox: Sandbox, show: Show) -> None:
    payment = offer_at(sandbox, hold(show.id, "1"))
    visit(sandbox, payment)
    make_older(sandbox)
    compare_payments()
    assert list_differences()[payment.id] == "succeeded at the provider, pending here"


def test_what_the_provider_does_not_know(sandbox: Sandbox, paid: Payment) -> None:
    run_there(sandbox, "DELETE FROM payments")
    assert compare_payments() == 1
    assert list_differences() == {paid.id: "the provider has no such payment"}


def test_an_offer_that_was_never_taken_owes_nothing(sandbox: Sandbox, paid: Payment, show: Show) -> None:
    with sandbox.faulty(status=500):
        offer(hold(show.id, "2"), "sandbox")
    make_older(sandbox)
    assert (compare_payments(), list_differences()) == (0, {})


def test_what_is_not_known_here(sandbox: Sandbox, paid: Payment) -> None:
    unknown = new_id(paid.slot)
    run_there(sandbox, "UPDATE payments SET payment_id = ?", str(unknown))
    # Ours is asked about by its own id, and is somebody else's.
    compare_payments()
    assert list_differences()[unknown] == "the provider has it, and there is no such payment here"
    with primary() as connection:
        listed = list_payments(connection, status=DIFFERS, after=None, limit=9)
    (found,) = [each for each in listed if each["id"] == unknown]
    assert found == {
        "id": unknown,
        "provider": "sandbox",
        "status": "succeeded",
        "amount": 100,
        "refunded_amount": 0,
        "currency": "EUR",
        "booking_id": str(paid.booking_id),
        "show_id": None,
        "provider_id": paid.provider_id,
        "paid_amount": 100,
        "refunds": [],
        "difference": "the provider has it, and there is no such payment here",
        "created_at": None,
        "updated_at": None,
    }


@pytest.mark.parametrize(
    ("made", "changed"),
    [(HOUR, timedelta(minutes=4)), (10 * DAY, 3 * DAY), (timedelta(minutes=4), timedelta(minutes=4))],
    ids=["under way", "long ago", "just made"],
)
def test_what_is_not_compared(sandbox: Sandbox, paid: Payment, made: timedelta, changed: timedelta) -> None:
    run_there(sandbox, "UPDATE payments SET amount = 99")
    make_older(sandbox, made=made, changed=changed)
    assert (compare_payments(), list_differences()) == (0, {})


def test_it_is_done_once_a_day(sandbox: Sandbox, paid: Payment) -> None:
    run_there(sandbox, "UPDATE payments SET amount = 99")
    run("UPDATE heartbeats SET at = clock_timestamp() - interval '23 h' WHERE name = 'compare_payments'")
    compare_daily()
    assert list_differences() == {}
    run("UPDATE heartbeats SET at = clock_timestamp() - interval '24 h' WHERE name = 'compare_payments'")
    compare_daily()
    assert len(list_differences()) == 1
    run("DELETE FROM payment_differences")
    compare_daily()
    assert list_differences() == {}


def test_without_an_answer_it_is_due_still(sandbox: Sandbox, paid: Payment) -> None:
    run("UPDATE heartbeats SET at = clock_timestamp() - interval '24 h' WHERE name = 'compare_payments'")
    with sandbox.faulty(status=500), pytest.raises(Exception, match="500"):
        compare_daily()
    run_there(sandbox, "UPDATE payments SET amount = 99")
    compare_daily()
    assert len(list_differences()) == 1


def test_what_agrees_again_is_forgotten(sandbox: Sandbox, paid: Payment) -> None:
    for amount, differing in ((99, 1), (98, 1), (100, 0)):
        run_there(sandbox, "UPDATE payments SET amount = ?", amount)
        assert compare_payments() == differing
        assert list(list_differences().values()) == [f"{amount} paid at the provider, 100 here"] * differing
