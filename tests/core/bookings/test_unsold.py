"""A show's terms and its bookings change at one moment: none is accepted by terms that are not the show's."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from core.bookings.errors import HoldRequiredError
from core.bookings.unsold import change_show
from core.errors import SeatlineError
from core.infra.db import transaction
from core.infra.ids import new_id
from core.infra.slots import to_slot
from core.shows.errors import ShowCancelledError, ShowHasBookingsError, ShowNotFoundError
from core.shows.service import Show
from tests.acting import accept, ask, book, make_ready, read, run
from tests.races.racing import insist, race
from tests.support import wait_until

MakeShow = Callable[..., Show]
RACES_AT_MOST = 50
INSERT = """
    INSERT INTO bookings (id, slot, show_id, seats, hold, amount, currency)
    VALUES (:id, :slot, :show_id, '{1}', false, 1, 'EUR')
"""


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    """A thread beside the test's own."""
    with ThreadPoolExecutor(4) as threads:
        yield threads


def change(show_id: int, **changes: Any) -> Show:
    with transaction() as connection:
        return change_show(connection, show_id, changes)


def wait_for_the_lock(waiting: Future[Any]) -> None:
    """Until a statement waits for a row's lock, or for what is in its place where there are shards."""
    locks = "SELECT FROM pg_locks WHERE NOT granted AND locktype IN ('transactionid', 'tuple', 'advisory')"
    wait_until(lambda: ask(locks) or waiting.done())
    assert not waiting.done()


def test_what_is_accepted_meanwhile_goes_by_the_new_terms(
    make_show: MakeShow, pool: ThreadPoolExecutor
) -> None:
    """It has read the old ones, and waits."""
    show_id = make_show().id
    with transaction() as connection:
        change_show(connection, show_id, {"currency": "USD"})
        waiting = pool.submit(insist, lambda: book(show_id, "1"))
        wait_for_the_lock(waiting)
    assert read(waiting.result(20)).currency == "USD"


def test_what_is_refused_by_the_new_terms(make_show: MakeShow, pool: ThreadPoolExecutor) -> None:
    show_id = make_show().id
    with transaction() as connection:
        change_show(connection, show_id, {"payment_required": True})
        waiting = pool.submit(insist, lambda: book(show_id, "1"))
        wait_for_the_lock(waiting)
    with pytest.raises(HoldRequiredError):
        waiting.result(20)


def test_a_change_waits_for_what_is_being_accepted(make_show: MakeShow, pool: ThreadPoolExecutor) -> None:
    show_id = make_show().id
    slot = to_slot(show_id)
    with transaction() as connection:
        connection.execute(text(INSERT), {"id": new_id(slot), "slot": slot, "show_id": show_id})
        waiting = pool.submit(change, show_id, currency="USD")
        wait_for_the_lock(waiting)
    with pytest.raises(ShowHasBookingsError):
        waiting.result(20)
    assert ask("SELECT currency FROM shows")[0].currency == "EUR"


def test_of_a_group_only_that_show_is_judged_again(make_show: MakeShow, pool: ThreadPoolExecutor) -> None:
    changed, other = make_show().id, make_show().id
    requests = [make_ready(show_id, seat) for show_id in (changed, other) for seat in ("1", "2", "3")]
    with transaction() as connection:
        change_show(connection, changed, {"currency": "USD"})
        waiting = pool.submit(accept, requests)
        wait_for_the_lock(waiting)
    found = waiting.result(20)
    # One that waited too long is told to ask again.
    accepted = [each.bookings[0] for each in found if not isinstance(each, SeatlineError)]
    assert {(booking.show_id, booking.currency) for booking in accepted} >= {(other, "EUR")}
    rows = ask("SELECT DISTINCT show_id, currency FROM bookings")
    assert {tuple(row) for row in rows} <= {(changed, "USD"), (other, "EUR")}
    assert len(accepted) == len(ask("SELECT FROM bookings"))


def test_changes_against_bookings(make_show: MakeShow) -> None:
    """Whoever comes first, all that is accepted has the show's currency."""
    came: set[type] = set()
    for _ in range(RACES_AT_MOST):
        show_id = make_show().id
        bookings = [partial(book, show_id, str(n)) for n in range(1, 7)]
        outcomes: list[object] = list(race([partial(change, show_id, currency="USD"), *bookings]))
        currency = ask("SELECT currency FROM shows WHERE id = :id", id=show_id)[0].currency
        came.add(type(outcomes[0]))
        assert isinstance(outcomes[0], Show | ShowHasBookingsError)
        assert (currency == "USD") == isinstance(outcomes[0], Show)
        assert all(isinstance(outcome, UUID) for outcome in outcomes[1:])
        kept = ask("SELECT DISTINCT currency FROM bookings WHERE show_id = :id", id=show_id)
        assert [row.currency for row in kept] == [currency]
        if len(came) == 2:
            return
    pytest.fail(f"each race ended alike: {came}")


def test_no_such_show_and_a_cancelled_one(make_show: MakeShow) -> None:
    with pytest.raises(ShowNotFoundError):
        change(1, currency="USD")
    show_id = make_show().id
    book(show_id, "1")
    run("UPDATE shows SET cancelled_at = now()")
    with pytest.raises(ShowCancelledError):
        change(show_id, currency="USD")
