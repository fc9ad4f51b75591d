"""Run by Python at its start in processes that a fault has this folder put before: dies or dawdles at a
chosen point, which PROOF_HOOK names with its chance or its number, as in `after-commit:0.02`."""

import json
import os
import random
import re
import signal
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import psycopg2
import psycopg2.extensions
from psycopg2.extensions import POLL_OK
from sqlalchemy.engine.default import DefaultDialect

NAME, VALUE = os.environ["PROOF_HOOK"].split(":")
DAWDLE_SECONDS = 0.1
LONGEST_COMMIT_SECONDS, LONGEST_DELAY_SECONDS = 0.002, 0.3

COMMIT, WRITES_EVENTS = "COMMIT", re.compile("EXECUTE write_batch|INSERT INTO events")
# What the provider made of a payment is noted; a refund that it took is.
NOTES_OFFER, NOTES_REFUND = "UPDATE payments SET provider_id", "UPDATE refunds SET taken_at"

do_commit = DefaultDialect.do_commit


def strike() -> None:
    """Leave a sign that the point was come to."""
    with Path(os.environ["PROOF_STRUCK"]).open("ab") as signs:
        signs.write(b".")


def die() -> None:
    strike()
    os.kill(os.getpid(), signal.SIGKILL)


def is_time() -> bool:
    return random.random() < float(VALUE)  # noqa: S311 (chance)


def is_deadly(parameters: Any) -> bool:
    """Whether a statement looks for the seat, as in `12/61`, or settles a booking that named it.

    Not where it was chosen for a quantity, or its booking is given up.
    """
    show_id, seat = VALUE.split("/")
    if not isinstance(parameters, dict) or parameters.get("show_id") != int(show_id):
        return False
    if "events" not in parameters:
        return seat in (parameters.get("seats") or ())
    settled = [event["payload"] for event in json.loads(parameters["events"])]
    is_named = any(seat in booking["seats"] and "quantity" not in booking for booking in settled)
    return is_named and not parameters["keeps_tries"]


def commit(self: DefaultDialect, connection: Any) -> None:
    """Commit, and perhaps die before, in, or after it."""
    strike_around(lambda: do_commit(self, connection))  # type: ignore[no-untyped-call]
    if NAME == "after-offered" and NOTES_OFFER in connection.asked and is_time():
        die()


def strike_around(commit: Callable[[], None]) -> None:
    if NAME == "before-commit" and is_time():
        die()
    if NAME == "in-commit" and is_time():
        threading.Timer(random.uniform(0, LONGEST_COMMIT_SECONDS), die).start()  # noqa: S311
    if NAME == "late-commit":
        strike()
        time.sleep(random.uniform(0, LONGEST_DELAY_SECONDS))  # noqa: S311
    commit()
    if NAME == "after-commit" and is_time():
        die()


class Cursor(psycopg2.extensions.cursor):
    """Every statement goes through it, SQLAlchemy's and those that go past it."""

    def execute(self, statement: Any, parameters: Any = None) -> None:
        """Execute, and perhaps die of a seat, or once events are written; or dawdle."""
        if NAME == "deadly-seat" and is_deadly(parameters):
            die()
        if NAME == "before-offered" and NOTES_OFFER in str(statement) and is_time():
            die()
        if NAME == "before-taken" and NOTES_REFUND in str(statement) and is_time():
            die()
        connection: Any = self.connection
        # A message of several statements comes as the server gets it.
        asked = connection.asked = statement.decode() if isinstance(statement, bytes) else statement
        # A small batch's last statement has its COMMIT with it: taken apart, there is a moment before it.
        if asked.endswith(COMMIT):
            if asked != COMMIT:
                self.execute(asked.removesuffix(f"; {COMMIT}"), parameters)
            run = super().execute
            strike_around(lambda: run(COMMIT))
            return
        super().execute(statement, parameters)
        if NAME == "redelivered" and "tries = b.tries + 1" in asked and self.rowcount and is_time():
            time.sleep(DAWDLE_SECONDS)
        if NAME == "after-events" and WRITES_EVENTS.search(asked) and is_time():
            die()


class Watched(psycopg2.extensions.connection):
    """A connection that is waited for without a thread, and knows what it was asked last."""

    asked = ""

    def poll(self) -> int:
        """The state of its last statement; perhaps die once it is done, before anybody hears of it."""
        state = super().poll()
        is_done = state == POLL_OK and "INSERT INTO bookings" in self.asked
        if NAME == "after-insert" and is_done and is_time():
            die()
        return state


DefaultDialect.do_commit = commit  # type: ignore[method-assign]
psycopg2.connect = partial(psycopg2.connect, cursor_factory=Cursor, connection_factory=Watched)

if NAME == "redelivered":
    from kombu.transport import virtual

    take = virtual.Message.__init__

    def take_again(self: virtual.Message, payload: Any, channel: Any = None, **options: Any) -> None:
        """Take a message off the broker as one that comes again."""
        payload["properties"]["delivery_info"]["redelivered"] = True
        take(self, payload, channel, **options)

    virtual.Message.__init__ = take_again  # type: ignore[method-assign]

if NAME == "quick-redelivery":
    import celeryconfig

    celeryconfig.broker_transport_options["visibility_timeout"] = int(VALUE)
