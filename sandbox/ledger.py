"""The sandbox's books: payments, refunds and events still to be sent, in one SQLite file.

What was answered is on disk: every change is a transaction, its event in it, synchronized before the answer.
"""

import json
import secrets
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from sandbox import queries
from sandbox.bodies import Choice, NewPayment, NewRefund, Span
from sandbox.faults import Faults
from sandbox.payment import Payment

# The delivery of an event unless the buyer's request chose another.
AT_ONCE = Choice()


class RefusedError(Exception):
    """It cannot be done, as the text says; `status` is that of the answer."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status


class Event(NamedTuple):
    """A row of `events`: a webhook that has yet to be taken."""

    number: int
    event_id: str
    body: str
    created_at: float
    due_at: float
    tries: int


class Ledger:
    """The books. Its methods raise RefusedError."""

    def __init__(self, path: Path, faults: Faults) -> None:
        # One connection, in turns: SQLite has one writer at a time anyway.
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._connection.row_factory = sqlite3.Row
        self._connection.executescript(queries.SCHEMA)
        self._turn, self._faults = threading.Lock(), faults
        # Called when there is a new event.
        self.wake: Callable[[], None] = lambda: None

    def create(self, new: NewPayment) -> tuple[Payment, bool]:
        """The payment that is offered by this `payment_id`, and whether it is new."""
        values = new.model_dump(mode="json") | {
            "provider_id": f"sbx_{secrets.token_hex(16)}",
            "expires_at": new.expires_at.timestamp(),
        }
        with self._transaction() as connection:
            # In turn, so that who lists up to now misses none that comes to the books after that.
            values["created_at"] = time.time()
            found = connection.execute(queries.SELECT_BY_PAYMENT_ID, (values["payment_id"],)).fetchone()
            if not found:
                connection.execute(queries.INSERT_PAYMENT, values)
                return self._find(connection, values["provider_id"]), True
        payment = Payment.read(found)
        # What is charged may be another amount on purpose, once it is paid.
        asked = ("booking_id", "currency") if payment.is_paid else ("booking_id", "currency", "amount")
        if any(getattr(payment, name) != values[name] for name in asked):
            raise RefusedError(422, "payment_id is that of another payment already")
        return payment, False

    def fetch(self, provider_id: str) -> Payment:
        """The payment as it is now."""
        with self._turn:
            return self._find(self._connection, provider_id)

    def list_between(self, span: Span) -> list[Payment]:
        """Payments of a time, in the order in which they were offered."""
        times = span.since.timestamp(), span.until.timestamp()
        with self._turn:
            rows = self._connection.execute(queries.SELECT_BETWEEN, (*times, span.after, span.limit))
            return list(map(Payment.read, rows))

    def pay(self, provider_id: str, choice: Choice) -> Payment:
        """Pay it; once, however often it is asked."""
        return self._end(provider_id, "paid", "payment.succeeded", choice)

    def decline(self, provider_id: str, choice: Choice) -> Payment:
        """Have the buyer's bank refuse."""
        return self._end(provider_id, "declined", "payment.failed", choice)

    def close(self, provider_id: str) -> Payment:
        """Close the payment to its buyer; it may have ended already."""
        try:
            return self._end(provider_id, "closed", "payment.failed", AT_ONCE)
        except RefusedError as refusal:
            if refusal.status != 409:
                raise
        return self.fetch(provider_id)

    def refund(self, provider_id: str, new: NewRefund) -> Payment:
        """Give back so much; once for its id."""
        refund_id = str(new.refund_id)
        with self._transaction() as connection:
            payment = self._find(connection, provider_id)
            found = connection.execute(queries.SELECT_REFUND, (refund_id,)).fetchone()
            if found:
                if tuple(found) != (provider_id, new.amount):
                    raise RefusedError(422, "refund_id is that of another refund already")
                return payment
            if self._faults.refuses_refunds:
                raise RefusedError(422, "refunds are refused, on purpose")
            if new.currency != payment.currency:
                raise RefusedError(422, f"it was paid in {payment.currency}")
            if new.amount > payment.left:
                raise RefusedError(422, f"{payment.left} can be given back, and not {new.amount}")
            connection.execute(queries.INSERT_REFUND, (refund_id, provider_id, new.amount))
            connection.execute(queries.UPDATE_REFUNDED, (new.amount, provider_id))
            return self._tell(connection, provider_id, "payment.refunded", AT_ONCE)

    def list_next_events(self, limit: int) -> list[Event]:
        """The events to be sent next, due or not."""
        with self._turn:
            rows = self._connection.execute(queries.SELECT_NEXT_EVENTS, (limit,))
            return [Event(*row) for row in rows]

    def put_off(self, event: Event, *, due_at: float) -> None:
        """Have an event that was not taken sent again, then."""
        with self._transaction() as connection:
            connection.execute(queries.UPDATE_EVENT, (event.tries + 1, due_at, event.number))

    def forget(self, event: Event) -> None:
        """Have an event not sent any more."""
        with self._transaction() as connection:
            connection.execute(queries.DELETE_EVENT, (event.number,))

    def _end(self, provider_id: str, state: str, told: str, choice: Choice) -> Payment:
        with self._transaction() as connection:
            payment = self._find(connection, provider_id)
            if payment.state == state:
                return payment
            if not payment.is_payable:
                what = payment.state if payment.state != "pending" else "expired"
                raise RefusedError(409, f"the payment is {what} already")
            amount = self._faults.find_amount(payment.amount) if state == "paid" else payment.amount
            connection.execute(queries.UPDATE_STATE, (state, amount, provider_id))
            return self._tell(connection, provider_id, told, choice)

    def _tell(self, connection: sqlite3.Connection, provider_id: str, told: str, choice: Choice) -> Payment:
        """The payment, changed, with its webhook queued."""
        payment, now = self._find(connection, provider_id), time.time()
        event_id = f"evt_{secrets.token_hex(16)}"
        body = json.dumps({"id": event_id, "type": told, "payment": payment.report()})
        for _ in range({"now": 1, "twice": 2, "never": 0}[choice.webhook]):
            connection.execute(queries.INSERT_EVENT, (event_id, body, now, now + choice.delay_seconds))
        return payment

    def _find(self, connection: sqlite3.Connection, provider_id: str) -> Payment:
        row = connection.execute(queries.SELECT_PAYMENT, (provider_id,)).fetchone()
        if row is None:
            raise RefusedError(404, "there is no such payment")
        return Payment.read(row)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._turn:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")
        self.wake()
