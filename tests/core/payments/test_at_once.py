"""What is told and asked of payments at the same time, and of those beside one that goes wrong."""

import threading
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from uuid import UUID

import pytest
from sqlalchemy import text

from core.audit.service import changing
from core.infra.db import get_engine, transaction
from core.payments.confirming import Success, confirm_paid
from core.payments.errors import NotPayableError
from core.payments.providers import find_provider
from core.payments.providers.interface import Notice
from core.payments.service import refund_booking
from core.payments.settling import TURNS_AT_ONCE, settle_payments
from core.payments.views import Payment
from core.shows.service import Show, update_show
from tests.acting import ask, hold, lock, read, run, run_on_loop, settle
from tests.apart import enter
from tests.core.payments.paying import (
    AUTHOR,
    PROVIDER,
    fail,
    give_back,
    look,
    make_due,
    offer,
    pay,
    read_refunds,
    report,
    succeed,
)
from tests.support import wait_until


@pytest.fixture
def show(make_show: Callable[..., Show]) -> Show:
    return make_show(payment_required=True)


def count_waiting() -> int:
    """How many sessions wait for another's lock."""
    ((count,),) = ask(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND wait_event_type = 'Lock'"
    )
    return int(count)


def tell(payment: Payment) -> Success:
    told = report(payment)
    return Success(PROVIDER, Notice(id=str(uuid.uuid4()), type="paid", report=told), told, payment.id)


def test_two_payments_of_a_booking_told_together_keep_no_other_from_being_told(show: Show) -> None:
    first, other = offer(hold(show.id, "1")), offer(hold(show.id, "2"))
    fail(first)
    second = offer(first.booking_id)
    told = [tell(first), tell(second), tell(other)]
    confirmed = run_on_loop(lambda connection: confirm_paid(connection, told, nudge=lambda _: None))
    assert confirmed == [first.booking_id, None, other.booking_id]


def test_a_success_that_is_told_twice_at_once_locks_in_one_order(show: Show) -> None:
    """Who has the booking records the event at once, and does not wait for who waits for the booking."""
    payment = offer(hold(show.id, "1"))
    with ThreadPoolExecutor(1) as pool:
        with get_engine().begin() as connection:
            lock(connection, payment.booking_id)
            told = pool.submit(succeed, payment, event_id="evt")
            wait_until(count_waiting)
            connection.execute(text("SET LOCAL lock_timeout = '300ms'"))
            connection.execute(
                text(
                    "INSERT INTO payment_events (provider, id, slot, type)"
                    " VALUES (:provider, 'evt', :slot, 'paid') ON CONFLICT DO NOTHING"
                ),
                {"provider": PROVIDER, "slot": payment.slot},
            )
        told.result()
    assert ask("SELECT count(*)::int FROM payment_events") == [(1,)]


def test_two_operators_give_back_what_is_left_of_an_archived_booking_once(show: Show) -> None:
    payment = pay(hold(show.id, "1"))
    settle(show.id)
    archive(payment.booking_id)
    with ThreadPoolExecutor(1) as pool:
        with changing(AUTHOR) as change:
            refund_booking(change, payment.booking_id, amount=60)
            second = pool.submit(give_back, payment.booking_id, 60)
            wait_until(count_waiting)
        with pytest.raises(NotPayableError):
            second.result()
    assert read_refunds(payment) == [(60, "operator")]


def archive(booking_id: UUID) -> None:
    run(
        "INSERT INTO archived_bookings (id, booking, events)"
        " SELECT id, to_jsonb(b), '[]' FROM bookings b WHERE id = :id",
        id=booking_id,
    )
    run("DELETE FROM events")
    run("UPDATE seats SET booking_id = NULL, status = 'available' WHERE booking_id = :id", id=booking_id)
    run("DELETE FROM bookings")


def test_paid_while_its_show_stopped_requiring_payment(show: Show) -> None:
    """It was asked, and is paid in time: it confirms."""
    payment = offer(hold(show.id, "1"))
    with transaction() as connection:
        update_show(connection, show.id, {"payment_required": False})
    succeed(payment)
    settle(show.id)
    assert read(payment.booking_id).status == "CONFIRMED"
    assert (look(payment).status, read_refunds(payment)) == ("succeeded", [])


@contextmanager
def provider(answer: Callable[[str], bytes]) -> Iterator[None]:
    """Have a provider answer so, by the path that is asked, in the sandbox's place."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"] or 0))
            body = answer(self.path)
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            # Nobody may hear it any more.
            with suppress(OSError):
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        with enter({"SANDBOX_PORT": str(server.server_port)}):
            find_provider.cache_clear()
            yield
    finally:
        find_provider.cache_clear()
        server.shutdown()
        thread.join()
        server.server_close()


def owe(show: Show, provider_id: str, *, seat: str) -> Payment:
    """A payment that is to be given back, by this id of its provider."""
    payment = pay(hold(show.id, seat))
    run(
        "UPDATE payments SET provider = 'sandbox', provider_id = :provider_id WHERE id = :id",
        provider_id=provider_id,
        id=payment.id,
    )
    give_back(payment.booking_id)
    make_due(payment)
    return look(payment)


def has_tries(payment: Payment, tries: int) -> bool:
    return bool(ask("SELECT tries FROM refunds WHERE payment_id = :id", id=payment.id) == [(tries,)])


def test_an_answer_that_cannot_be_read_keeps_no_other_refund_waiting(show: Show) -> None:
    """A body that is nested so deeply that its reader gives up."""
    bad, good = owe(show, "bad", seat="1"), owe(show, "good", seat="2")
    with provider(lambda path: b"[" * 100_000 if "/bad/" in path else b"{}"):
        settle_payments()
    assert look(good).status == "refunded"
    assert look(bad).status == "refund_pending"
    assert ask("SELECT error FROM refunds WHERE payment_id = :id", id=bad.id) == [("RecursionError",)]


def test_a_provider_that_hangs_takes_few_of_a_process_threads(show: Show) -> None:
    """The same process relays events and delivers webhooks."""
    payment, other = owe(show, "one", seat="1"), owe(show, "other", seat="2")
    answered = threading.Event()

    def hang(_: str) -> bytes:
        answered.wait()
        return b"{}"

    with provider(hang), ThreadPoolExecutor(TURNS_AT_ONCE) as pool:
        try:
            for turn in range(1, TURNS_AT_ONCE + 1):
                make_due(payment)
                pool.submit(settle_payments)
                wait_until(partial(has_tries, payment, turn))
            # Whoever comes after them leaves it to the next, though there is something due.
            make_due(other)
            settle_payments()
            assert has_tries(other, 1)
        finally:
            answered.set()
    assert [look(payment).status, look(other).status] == ["refunded"] * 2
