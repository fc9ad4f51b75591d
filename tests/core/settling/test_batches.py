"""Batches of settling: one at a time a show, all of it or nothing, each at a version of its own."""

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.engine import Connection

from core.infra.brief import KEEP_PLANS, BriefTransaction
from core.infra.db import get_engine, transaction
from core.infra.prepared import Prepared
from core.infra.slot_groups import of_show
from core.settling import batch_queries
from core.settling.batch import Limits
from core.settling.batch_queries import GuardError
from core.shows.service import Show, cancel_show
from tests import acting
from tests.acting import (
    book,
    cancel,
    confirm,
    end_hold,
    extend,
    hold,
    read,
    read_events,
    settle,
    settle_by,
    tell,
    tell_all,
    uncommitted_batch,
)

pytestmark = pytest.mark.usefixtures("nothing_is_broken")
MakeShow = Callable[..., Show]


def cancel_the_show(show_id: int) -> None:
    with transaction() as connection:
        cancel_show(connection, show_id)


def test_cancelled_show(make_show: MakeShow) -> None:
    show = make_show()
    booked, held, confirming = book(show.id, "1"), hold(show.id, "2"), hold(show.id, "3")
    settle(show.id)
    confirm(confirming)
    waiting = book(show.id, "4")
    cancel_the_show(show.id)
    acting.settle_all(show.id)
    assert tell_all([booked, held, confirming, waiting]) == ["CANCELLED"] * 4
    assert set(acting.read_seats(show.id).values()) == {"available"}


def test_cancelled_show_of_more_than_a_batch(make_show: MakeShow) -> None:
    show = make_show()
    ids = [book(show.id, str(n)) for n in range(1, 11)]
    acting.settle_all(show.id)
    cancel_the_show(show.id)
    assert len(acting.settle_all(show.id, Limits(bookings=3))) > 3
    assert tell_all(ids) == ["CANCELLED"] * 10


def test_version_grows_with_seats_and_not_without(make_show: MakeShow) -> None:
    show = make_show()
    seen = [acting.read_version(show.id)]

    def step() -> None:
        settle(show.id)
        seen.append(acting.read_version(show.id))

    booking_id = book(show.id, "1", hold=True)
    step()
    step()  # nothing to do
    book(show.id, "1")
    step()  # refused: no seat changes
    extend(booking_id)
    step()
    confirm(booking_id)
    step()
    cancel(booking_id)
    step()
    assert [version - seen[0] for version in seen] == [0, 1, 1, 1, 1, 2, 3]
    rows = acting.ask("SELECT seat_number FROM seats WHERE version > :v", v=seen[0])
    assert [row.seat_number for row in rows] == ["1"]


def test_batch_says_its_version_only_where_seats_changed(make_show: MakeShow) -> None:
    show = make_show()
    book(show.id, "1")
    batch = settle(show.id)
    assert batch and batch.version == acting.read_version(show.id)
    book(show.id, "1")
    batch = settle(show.id)
    assert batch and (len(batch.booking_ids), batch.version) == (1, None)


def test_rolled_back_batch_leaves_nothing(make_show: MakeShow) -> None:
    show = make_show()
    booking_id = book(show.id, "1")
    with pytest.raises(ZeroDivisionError), uncommitted_batch(show.id):
        assert tell(booking_id) == "PENDING"
        _ = 1 // 0
    assert (tell(booking_id), read_events(booking_id)) == ("PENDING", [])
    assert acting.read_version(show.id) == 1
    settle(show.id)
    assert read_events(booking_id) == ["CONFIRMED"]


class OvertakenTransaction(BriefTransaction):
    """A transaction whose last statement comes after somebody else's change."""

    def __init__(self, connection: Connection, change: Callable[[], object]) -> None:
        super().__init__(connection)
        self._change = change

    def commit_with(self, statement: Prepared, parameters: Mapping[str, Any]) -> None:
        """Commit with a statement, once the change is committed."""
        self._change()
        super().commit_with(statement, parameters)


@pytest.mark.parametrize("what", ["taken", "released", "confirmed"])
def test_guard_rolls_back_what_changed_behind_our_back(make_show: MakeShow, what: str) -> None:
    show = make_show()
    booking_id = book(show.id, "1", hold=True) if what == "taken" else hold(show.id, "1")
    bystander = book(show.id, "2")
    if what != "taken":
        (confirm if what == "confirmed" else cancel)(booking_id)
    before = acting.ask("SELECT status, booking_id, hold_expires_at FROM seats WHERE seat_number = '1'")[0]
    change = (
        "UPDATE seats SET status = :status, booking_id = :id, hold_expires_at = :at WHERE seat_number = '1'"
    )
    # The decision is made on what was read; then somebody without the show's lock changes the seat.
    take = partial(acting.run, change, status="booked", id=bystander, at=None)
    with pytest.raises(GuardError):
        settle_by(partial(OvertakenTransaction, change=take), show.id)
    assert read(booking_id).wants is not None
    assert (tell(bystander), read_events(bystander), acting.read_version(show.id)) == (
        "PENDING",
        [],
        1 if what == "taken" else 2,
    )
    acting.run(change, status=before.status, id=before.booking_id, at=before.hold_expires_at)


def test_guard_rolls_back_where_two_bookings_claim_a_seat(make_show: MakeShow) -> None:
    show = make_show()
    ids = [book(show.id, "1"), book(show.id, "2")]
    settle(show.id)
    acting.run("UPDATE bookings SET seats = '{2}'")
    for booking_id in ids:
        cancel(booking_id)
    with pytest.raises(GuardError, match=r"1 \+ 2 rows changed where 2 \+ 2 were decided"):
        settle(show.id)
    acting.run("UPDATE bookings SET seats = '{1}' WHERE id = :id", id=ids[0])


def test_more_than_a_batch_keeps_the_order(make_show: MakeShow) -> None:
    show = make_show(total_seats=500)
    ids = [book(show.id, str(n)) for n in range(1, 420)]
    last = book(show.id, "1")
    batches = acting.settle_all(show.id, Limits(bookings=300))
    assert [len(batch.booking_ids) for batch in batches] == [300, 120]
    assert batches[0].booking_ids == tuple(ids[:300])
    assert tell(last) == "seats_unavailable"


def test_batch_has_room_for_so_many_seats(make_show: MakeShow) -> None:
    """Of named seats, of a quantity, of holds that expired; one that is larger than that goes alone."""
    limits, show = Limits(seats=4), make_show()
    asked = [("1", "2"), ("3", "4"), ("5",)]
    ids = [book(show.id, *seats, hold=True) for seats in asked] + [book(show.id, quantity=5)]
    assert [len(batch.booking_ids) for batch in acting.settle_all(show.id, limits)] == [2, 1, 1]
    for booking_id in ids[:3]:
        end_hold(booking_id)
    assert [len(batch.booking_ids) for batch in acting.settle_all(show.id, limits)] == [2, 1]
    assert tell_all(ids) == ["hold_expired"] * 3 + ["CONFIRMED"]


@pytest.mark.parametrize("is_kept", [True, False])
def test_rows_are_locked_by_id_whatever_the_statistics_say(make_show: MakeShow, is_kept: bool) -> None:
    """They are of a quiet hour: nothing waits. The index of all that waits would seem the shorter way."""
    show, statement = make_show(), batch_queries._LOCK_WORK
    settled = text("""
        INSERT INTO bookings (id, show_id, status, wants, seats, hold, amount, currency)
        SELECT gen_random_uuid(), :id, 'CANCELLED', NULL, '{1}', false, 0, 'EUR' FROM generate_series(1, 5000)
    """)
    parameters = {**of_show(show.id), "limit": 2000, "expired_limit": 1000, "only": None}
    # All of it is rolled back.
    with get_engine().connect() as connection:
        connection.execute(settled, {"id": show.id})
        connection.exec_driver_sql("ANALYZE bookings")
        statement.prepare(connection)
        explain = KEEP_PLANS + "EXPLAIN " + statement.call if is_kept else "EXPLAIN " + statement.unprepared
        plan = "\n".join(connection.exec_driver_sql(explain, parameters).scalars())
    assert len(re.findall(r"Index Cond: .*\bid = ANY", plan)) == 2, plan


def test_more_expired_holds_than_a_batch(make_show: MakeShow) -> None:
    limits, show = Limits(expired=4), make_show()
    ids = [book(show.id, str(n), hold=True) for n in range(1, 11)]
    acting.settle_all(show.id)
    for seconds, booking_id in enumerate(ids):
        end_hold(booking_id, in_seconds=seconds - 100)
    first = settle(show.id, limits)
    assert first and set(first.booking_ids) == set(ids[:4])
    acting.settle_all(show.id, limits)
    assert tell_all(ids) == ["hold_expired"] * 10


def test_second_settler_leaves_at_once(make_show: MakeShow) -> None:
    show, other = make_show(), make_show()
    book(show.id, "1")
    elsewhere = book(other.id, "1")
    with uncommitted_batch(show.id):
        assert settle(show.id) is None
        settle(other.id)
        assert tell(elsewhere) == "CONFIRMED"
    assert settle(show.id) is not None


def test_booking_locked_by_a_request_is_passed_by_and_settled_afterwards(make_show: MakeShow) -> None:
    show = make_show()
    locked, free, expired = book(show.id, "1"), book(show.id, "2"), hold(show.id, "3")
    end_hold(expired)
    lock: Any = text("SELECT FROM bookings WHERE id = ANY(:ids) FOR NO KEY UPDATE")
    locked2 = book(show.id, "4")
    with transaction() as connection:
        connection.execute(lock, {"ids": [locked2, expired]})
        settle(show.id)
        assert tell_all([locked, free, locked2, expired]) == ["CONFIRMED", "CONFIRMED", "PENDING", "held"]
    settle(show.id)
    assert tell_all([locked2, expired]) == ["CONFIRMED", "hold_expired"]


def test_show_without_work_or_existence(make_show: MakeShow) -> None:
    show = make_show()
    batch = settle(show.id)
    assert batch and (batch.booking_ids, batch.version) == ((), None)
    assert settle(show.id + 1000) is None


def test_choosing_has_a_time_and_what_is_left_is_next(make_show: MakeShow) -> None:
    """Large groups in a large hall would take longer to place than the server lets a transaction idle."""
    show = make_show()
    ids = [book(show.id, quantity=2) for _ in range(3)]
    for settled in range(1, 4):
        settle(show.id, Limits(choosing_seconds=0))
        assert tell_all(ids).count("CONFIRMED") == settled
    assert tell_all(ids) == ["CONFIRMED"] * 3
