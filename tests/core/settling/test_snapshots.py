"""A batch's snapshot is from before its locks: what commits in between counts."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest

from core.infra.brief import brief_transaction
from core.settling import batch_queries
from core.settling.batch import settle_batch
from core.settling.batch_queries import SEATS_LOOKED_FOR
from core.shows.service import Show
from tests import acting
from tests.acting import book, confirm, end_hold, hold, settle, settle_by, tell
from tests.pausing import Pause, PausingTransaction

pytestmark = pytest.mark.usefixtures("nothing_is_broken")
MakeShow = Callable[..., Show]


@contextmanager
def settling_behind(show_id: int, where: str) -> Iterator[None]:
    """A batch that has its snapshot, and takes the locks of `where` once the block is over."""
    with ThreadPoolExecutor(1) as threads, Pause(where) as pause:
        settled = threads.submit(settle_by, partial(PausingTransaction, pause=pause), show_id)
        pause.await_start()
        yield
        pause.end()
        settled.result()


def test_seats_that_were_sold_after_the_snapshot_are_not_taken_for_free(make_show: MakeShow) -> None:
    """The batch begins before another one commits, and locks the show after it."""
    show = make_show()
    first, second = book(show.id, "1"), book(show.id, "1")
    with settling_behind(show.id, "SELECT version FROM show_versions\n    WHERE"):
        with brief_transaction() as current:
            assert settle_batch(current, show.id, only=first)
        assert tell(first) == "CONFIRMED"
    assert tell(second) == "seats_unavailable"


def test_confirm_that_commits_while_expiry_looks_is_kept(make_show: MakeShow) -> None:
    """The confirm commits between the snapshot, in which the hold has expired, and the lock on its row."""
    show = make_show()
    booking_id = hold(show.id, "1")
    confirm(booking_id)
    end_hold(booking_id)
    acting.run("UPDATE bookings SET wants = NULL WHERE id = :id", id=booking_id)
    with settling_behind(show.id, "SELECT id FROM bookings\n        WHERE"):
        acting.run("UPDATE bookings SET wants = 'confirm' WHERE id = :id", id=booking_id)
    settle(show.id)
    assert tell(booking_id) == "CONFIRMED"


@pytest.mark.parametrize(
    ("other", "is_known"),
    [
        ({"seats": ["2", "3"]}, True),
        ({"quantity": 1}, False),
        ({"seats": [str(n) for n in range(2, SEATS_LOOKED_FOR + 2)]}, False),
    ],
)
def test_lock_tells_what_is_free_of_a_few_named_seats(
    make_show: MakeShow, other: dict[str, Any], is_known: bool
) -> None:
    """Looking for many would take longer than a statement may, and who has a quantity needs all."""
    show = make_show(total_seats=300, max_seats_per_booking=300)
    book(show.id, "3")
    settle(show.id)
    first, second = book(show.id, "1"), book(show.id, *other.pop("seats", ()), **other)
    with brief_transaction() as current:
        work = batch_queries.lock_work(current, show.id, limit=10, expired_limit=10)
        assert work
        assert (work.free and set(work.free)) == ({"1", "2"} if is_known else None)
        current.roll_back()
    settle(show.id)
    assert (tell(first), tell(second)) == ("CONFIRMED", "CONFIRMED" if other else "seats_unavailable")
