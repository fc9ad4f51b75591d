"""What there is to settle is found by reading next to nothing, however much else there is."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from sqlalchemy import CursorResult, text
from sqlalchemy.engine import Connection

from core.infra.brief import KEEP_PLANS, USE_INDEXES
from core.infra.db import get_engine
from core.infra.slot_groups import SlotGroup, of_show
from core.settling import batch_queries, queries
from core.shows.service import Show

ROWS = 3_000
# The way down each index, and a row.
FEW_PAGES = 40
EXPLAIN = "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) "
HOLDS = text("""
    INSERT INTO bookings (id, show_id, wants, seats, hold, held_at, hold_expires_at, amount, currency)
    SELECT gen_random_uuid(), :id, NULL, '{1}', true, now(),
           now() + interval '1 minute' + number * interval '1 millisecond', 0, 'EUR'
    FROM generate_series(1, :rows) AS number
""")
BOOKED = text("""
    WITH made AS (
        INSERT INTO bookings (id, show_id, status, wants, seats, hold, amount, currency)
        SELECT gen_random_uuid(), :id, 'CONFIRMED', NULL, ARRAY[number::text], false, 0, 'EUR'
        FROM generate_series(1, :rows) AS number RETURNING id, seats[1] AS seat)
    UPDATE seats SET status = 'booked', booking_id = made.id FROM made
    WHERE show_id = :id AND seat_number = seat
""")


@pytest.fixture
def connection(make_show: Callable[..., Show], is_analyzed: bool) -> Iterator[tuple[Connection, int]]:
    """A show of many holds and bookings, none of them to be settled, in a transaction that is rolled back."""
    show = make_show(total_seats=ROWS)
    with get_engine().connect() as connection:
        for statement in (HOLDS, BOOKED):
            connection.execute(statement, {"id": show.id, "rows": ROWS})
        if is_analyzed:
            connection.exec_driver_sql("ANALYZE bookings, seats")
        yield connection, show.id


def count_pages(explain: Callable[[], CursorResult[Any]]) -> int:
    """The pages that a statement reads, once it has marked as dead what other tests left in the indexes."""
    explain()
    (found,) = explain().scalar_one()
    return int(found["Plan"]["Shared Hit Blocks"] + found["Plan"]["Shared Read Blocks"])


@pytest.mark.parametrize("is_analyzed", [True, False])
def test_whether_anything_waits(connection: tuple[Connection, int]) -> None:
    """Neither the holds that end later are read, nor the bookings of a show that is not cancelled."""
    server, show_id = connection
    statement = queries._SELECT_WORK
    statement.prepare(server)
    sql = f"{KEEP_PLANS}{EXPLAIN}{statement.call}"
    explain = partial(server.exec_driver_sql, sql, of_show(show_id))
    assert count_pages(explain) < FEW_PAGES
    # As a cancelled show has bookings yet to be cancelled, the first of them is enough.
    server.exec_driver_sql("UPDATE shows SET cancelled_at = now()")
    server.exec_driver_sql("UPDATE show_versions SET available = 0, booked = total")
    assert count_pages(explain) < FEW_PAGES
    assert queries.select_work(server, show_id) == (True, False)


@pytest.mark.parametrize("is_analyzed", [True, False])
def test_which_holds_have_expired(connection: tuple[Connection, int]) -> None:
    server, show_id = connection
    server.exec_driver_sql(USE_INDEXES)
    for statement, parameters in (
        (queries._SELECT_EXPIRED_SHOWS, {"seconds": 0, **SlotGroup(0).parameters}),
        (queries._SELECT_WAITING_SHOWS, {"seconds": 0, **SlotGroup(0).parameters}),
        (queries._SELECT_WAITING_IDS, {**of_show(show_id), "limit": 10, "only_retried": False}),
    ):
        explain = partial(
            server.execute, text(EXPLAIN + statement.text.removeprefix(USE_INDEXES)), parameters
        )
        assert count_pages(explain) < FEW_PAGES, statement.text


@pytest.mark.parametrize("is_analyzed", [True, False])
def test_what_clients_hold(connection: tuple[Connection, int], is_analyzed: bool) -> None:
    """Their own holds are read, and not those of all others, also where shows are thought to be small."""
    server, show_id = connection
    if not is_analyzed:
        server.exec_driver_sql("ALTER TABLE bookings ALTER show_id SET (n_distinct = -1)")
        server.exec_driver_sql("ANALYZE bookings")
    server.exec_driver_sql("UPDATE bookings SET client = id WHERE hold")
    clients = server.exec_driver_sql("SELECT client FROM bookings WHERE hold LIMIT 3").scalars().all()
    statement = batch_queries._SELECT_HELD
    statement.prepare(server)
    explain = partial(
        server.exec_driver_sql,
        f"{KEEP_PLANS}{EXPLAIN}{statement.call}",
        {**of_show(show_id), "clients": clients},
    )
    assert count_pages(explain) < FEW_PAGES
