"""A batch's snapshot is from before its locks: what commits in between counts."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import copy
from typing import Any

import pytest

from core.infra.brief import brief_transaction
from core.settling import batch as settling
from core.settling import batch_queries
from core.shows.service import Show
from tests import acting
from tests.acting import book, confirm, end_hold, hold, settle, tell
from tests.support import wait_until

pytestmark = pytest.mark.usefixtures("nothing_is_broken")
MakeShow = Callable[..., Show]


@contextmanager
def settling_slowly(show_id: int, patch: pytest.MonkeyPatch, what: str, sleepy: str) -> Iterator[None]:
    """A batch that locks its work with a pause in it, begun before the block and ended after it."""
    slow = copy(batch_queries._LOCK_WORK)
    slow.name, slow.call = "slow_work", slow.call.replace("lock_work", "slow_work")
    slow.preparation = slow.preparation.replace("lock_work", "slow_work").replace(what, sleepy, 1)
    assert "pg_sleep" in slow.preparation
    patch.setattr(batch_queries, "_LOCK_WORK", slow)
    failures: list[BaseException] = []

    def settle_or_note() -> None:
        try:
            settle(show_id)
        except BaseException as error:
            failures.append(error)

    settler = threading.Thread(target=settle_or_note)
    settler.start()
    sleeping = "SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()"
    wait_until(lambda: acting.ask(sleeping))
    patch.undo()
    yield
    settler.join()
    assert failures == []


def test_seats_that_were_sold_after_the_snapshot_are_not_taken_for_free(
    make_show: MakeShow, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The batch begins before another one commits, and locks the show after it."""
    show = make_show()
    first, second = book(show.id, "1"), book(show.id, "1")
    sleepy = "SELECT version FROM (SELECT pg_sleep(1) OFFSET 0) AS pause, show_versions WHERE show_id"
    with settling_slowly(show.id, monkeypatch, "SELECT version FROM show_versions WHERE show_id", sleepy):
        with brief_transaction() as current:
            assert settling.settle_batch(current, show.id, only=first)
        assert tell(first) == "CONFIRMED"
    assert tell(second) == "seats_unavailable"


def test_confirm_that_commits_while_expiry_looks_is_kept(
    make_show: MakeShow, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The confirm commits between the snapshot, in which the hold has expired, and the lock on its row."""
    show = make_show()
    booking_id = hold(show.id, "1")
    confirm(booking_id)
    end_hold(booking_id)
    acting.run("UPDATE bookings SET wants = NULL WHERE id = :id", id=booking_id)
    sleepy = "SELECT id FROM (SELECT pg_sleep(1)) AS pause, bookings WHERE"
    with settling_slowly(show.id, monkeypatch, "SELECT id FROM bookings\n        WHERE", sleepy):
        acting.run("UPDATE bookings SET wants = 'confirm' WHERE id = :id", id=booking_id)
    settle(show.id)
    assert tell(booking_id) == "CONFIRMED"


@pytest.mark.parametrize(
    ("bookings", "is_known"),
    [
        ([{"seats": ["1"]}, {"seats": ["2", "3"]}], True),
        ([{"seats": ["1"]}, {"quantity": 1}], False),
        ([{"seats": [str(n) for n in range(1, 10)]}], False),
    ],
)
def test_lock_tells_what_is_free_of_a_few_named_seats(
    make_show: MakeShow, bookings: list[dict[str, Any]], is_known: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Looking for many would take longer than a statement may, and who has a quantity needs all."""
    few = copy(batch_queries._LOCK_WORK)
    few.name, few.call = "few_work", few.call.replace("lock_work", "few_work")
    few.preparation = few.preparation.replace("lock_work", "few_work").replace(
        f"<= {batch_queries.SEATS_LOOKED_FOR} AND", "<= 8 AND"
    )
    assert "<= 8 AND" in few.preparation
    monkeypatch.setattr(batch_queries, "_LOCK_WORK", few)
    show = make_show()
    taken = book(show.id, "3")
    settle(show.id)
    ids = [book(show.id, *booking.pop("seats", ()), **booking) for booking in bookings]
    with brief_transaction() as current:
        work = batch_queries.lock_work(current, show.id, limit=10, expired_limit=10)
        assert work
        assert (None if work.free is None else set(work.free)) == ({"1", "2"} if is_known else None)
        current.roll_back()
    settle(show.id)
    assert tell(taken) == "CONFIRMED"
    assert tell(ids[0]) == ("seats_unavailable" if len(bookings) == 1 else "CONFIRMED")
