"""How the statements of the event loop find their rows: by an index, whatever the statistics say."""

import copy
import re
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from core.bookings.accepting_queries import SELECT_KNOWN
from core.bookings.acting_queries import choose_query
from core.bookings.archive_queries import SELECT_ARCHIVED
from core.bookings.idempotency import Key
from core.bookings.queries import SELECT_BOOKINGS
from core.bookings.requests import Asked
from core.bookings.rules import Action
from core.infra.async_db import LoopConnection
from core.infra.db import primary
from core.infra.query import Query
from core.shows.queries import LARGE_SHOW
from core.shows.service import Show, analyze_if_large
from tests.acting import make_ready, run, run_on_loop

KEY = Key("anonymous", "key", "fingerprint")
# A node that reads a table, and how; what is read by an index for a condition says so in the line after it.
READING = re.compile(
    r"-> +((?:Seq|Index|Index Only|Bitmap Heap|Bitmap Index|Tid) Scan[^(]*).*\n((?:(?!.*->).*\n)*)"
)


def fill(show_id: int) -> None:
    """Let there be much of everything that the statements read."""
    run(
        "INSERT INTO bookings (id, show_id, status, wants, seats, hold, amount, currency)"
        " SELECT gen_random_uuid(), :id, 'CANCELLED', NULL, '{1}', false, 0, 'EUR'"
        " FROM generate_series(1, 5000)",
        id=show_id,
    )
    run("INSERT INTO archived_bookings (id, booking, events) SELECT id, to_jsonb(b), '[]' FROM bookings b")
    run(
        "INSERT INTO used_keys (principal, show_id, key, fingerprint, booking_ids)"
        " SELECT 'c', :id, n, 'f', '{}' FROM generate_series(1, 5000) AS n",
        id=show_id,
    )


def analyze() -> None:
    # Not `seats`: PostgreSQL does so by itself once there are some, and large shows are once they are made.
    run("ANALYZE shows, bookings, archived_bookings, used_keys")


@pytest.mark.parametrize("state", ["never analyzed", "analyzed while empty", "large", "large, not analyzed"])
def test_rows_are_found_by_an_index(make_show: Callable[..., Show], state: str) -> None:
    if state == "analyzed while empty":
        analyze()
    show = make_show(total_seats=LARGE_SHOW if state.startswith("large") else 10)
    if state.startswith("large"):
        with primary() as connection:
            analyze_if_large(connection, show)
        fill(show.id)
    if state == "large":
        analyze()
    asked = [Asked(booking_id=uuid4(), action=action, key=KEY) for action in Action]
    acting = explain(choose_query(asked), asked)
    plans = [
        acting,
        explain(choose_query(asked[:1]), asked[:1]),
        explain(SELECT_BOOKINGS, [each.booking_id for each in asked]),
        explain(SELECT_ARCHIVED, [each.booking_id for each in asked]),
        explain(SELECT_KNOWN, [make_ready(show.id, seat, key=KEY) for seat in "123"]),
    ]
    for plan in plans:
        reading = READING.findall(f"-> {plan}\n")
        assert reading, plan
        # Not seats: the plan follows from when they were last analyzed; large shows are below.
        for node, details in (each for each in reading if " on seats " not in each[0]):
            assert "Index" in node or "Bitmap" in node, f"{node}\n{plan}"
            assert "Cond: " in details, f"{node}\n{plan}"
    if state.startswith("large"):
        # Of a small show all seats may be read.
        (details,) = (details for node, details in READING.findall(acting) if " on seats " in node)
        assert re.search(r"Cond: .*seat_number = ANY", details), details


def explain(query: Query[Any, Any], argument: Any) -> str:
    """The plan that the event loop's connection keeps for it."""

    async def play(_: LoopConnection) -> str:
        statement = copy.copy(query.statement)
        statement.call = f"EXPLAIN {statement.call}"
        rows = await LoopConnection().fetch_all(statement, lambda: query._to_parameters(argument))
        return "\n".join(line for (line,) in rows)

    return run_on_loop(play)
