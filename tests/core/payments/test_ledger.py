"""The ledger is only added to, and every payment's sums are those of its entries."""

from collections.abc import Callable

import psycopg2
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from core.infra.db import get_engine, transaction
from core.payments import queries
from core.payments.views import Payment
from core.shows.service import Show
from tests.acting import ask, hold, settle
from tests.core.payments.paying import give_back, look, pay, read_ledger, read_refunds, take_refunds


@pytest.fixture
def payment(make_show: Callable[..., Show], nothing_is_broken: None) -> Payment:
    """A payment of 300, paid; its booking is confirmed."""
    show = make_show(payment_required=True)
    paid = pay(hold(show.id, "1", "2", "3"))
    settle(show.id)
    return paid


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger_entries SET at = at",
        "DELETE FROM ledger_entries",
        "DELETE FROM ledger_entries WHERE false",
        "TRUNCATE ledger_entries CASCADE",
    ],
)
def test_it_is_only_added_to(payment: Payment, statement: str) -> None:
    entries = read_ledger(payment)
    with pytest.raises(DBAPIError, match="the ledger is only added to") as refusal, transaction() as asked:
        asked.execute(text(statement))
    assert isinstance(refusal.value.orig, psycopg2.errors.InsufficientPrivilege)
    assert read_ledger(payment) == entries


def test_each_payment_is_a_chain(payment: Payment) -> None:
    """By which the balance of every entry follows from that of the one before."""
    give_back(payment.booking_id, 100)
    give_back(payment.booking_id, 50)
    take_refunds(payment)
    partly = look(payment)
    assert (partly.status, partly.refunded_amount) == ("succeeded", 150)
    give_back(payment.booking_id)
    take_refunds(payment)
    assert read_ledger(payment) == [
        ("asked", 300, 0),
        ("paid", 300, 300),
        ("refunded", 100, 200),
        ("refunded", 50, 150),
        ("refunded", 150, 0),
    ]
    assert read_refunds(payment) == [(100, "operator"), (50, "operator"), (150, "operator")]
    assert look(payment).status == "refunded"
    rows = ask("SELECT before, balance_before, refund_id IS NOT NULL FROM ledger_entries ORDER BY number")
    assert rows == [(None, 0, False), (1, 0, False), (2, 300, True), (3, 200, True), (4, 150, True)]


def test_a_refund_is_taken_once(payment: Payment) -> None:
    give_back(payment.booking_id, 100)
    (taken,) = ask("SELECT r.*, 'EUR' AS currency FROM refunds r")
    take_refunds(payment)
    before = look(payment), read_ledger(payment)
    with transaction() as connection:
        queries.update_taken(connection, taken)
    assert (look(payment), read_ledger(payment)) == before


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE payments SET paid_amount = 400, balance = 400",
        "UPDATE payments SET refunded_amount = 1, balance = 299",
        "UPDATE payments SET entries = 3",
        "UPDATE payments SET status = 'refunded', refunded_amount = 300, balance = 0",
    ],
)
def test_payments_agree_with_it_at_commit(payment: Payment, statement: str) -> None:
    """Not before: the two are written one after the other."""
    with get_engine().connect() as connection:
        connection.execute(text(statement))
        with pytest.raises(IntegrityError, match="payments_agree_with_the_ledger"):
            connection.commit()
    assert look(payment) == payment
