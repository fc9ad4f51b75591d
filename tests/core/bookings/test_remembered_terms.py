"""Accepting by remembered terms of sale: a change by another process is found before a booking is written."""

from collections.abc import Callable

import pytest

from core.bookings.accepting import Accepted
from core.bookings.errors import HoldRequiredError
from core.errors import InvalidRequestError, SeatlineError
from core.seats.errors import TooManySeatsError
from core.shows.errors import SalesClosedError, SalesNotOpenError, ShowCancelledError, ShowNotFoundError
from core.shows.service import Show
from tests.acting import accept, ask, book, make_ready, run

MakeShow = Callable[..., Show]


def count_bookings() -> int:
    return int(ask("SELECT count(*) FROM bookings")[0][0])


CHANGES: list[tuple[str, type[SeatlineError]]] = [
    ("cancelled_at = now()", ShowCancelledError),
    ("sales_close_at = now()", SalesClosedError),
    ("sales_open_at = now() + interval '1 day'", SalesNotOpenError),
    ("max_seats_per_booking = 1", TooManySeatsError),
    ("max_seats_per_customer = 5", InvalidRequestError),
    ("payment_required = true", HoldRequiredError),
]


@pytest.mark.parametrize(("change", "refusal"), CHANGES)
def test_terms_that_changed_since_they_were_read_are_kept_to(
    make_show: MakeShow, change: str, refusal: type[SeatlineError]
) -> None:
    """By another process, say: nothing tells this one of it."""
    show = make_show(max_seats_per_booking=2)
    book(show.id, "1", "2")
    run(f"UPDATE shows SET {change}")
    outcomes = accept([make_ready(show.id, "3", "4"), make_ready(show.id, "5", "6")])
    assert [type(outcome) for outcome in outcomes] == [refusal, refusal]
    assert count_bookings() == 1


def test_terms_that_changed_are_found_among_those_that_have_not(make_show: MakeShow) -> None:
    shows = [make_show() for _ in range(3)]
    for show in shows:
        book(show.id, "1")
    run("UPDATE shows SET currency = 'JPY' WHERE id = :id", id=shows[1].id)
    accepted = accept([make_ready(show.id, "2") for show in shows])
    currencies = [each.bookings[0].currency for each in accepted if isinstance(each, Accepted)]
    assert currencies == ["EUR", "JPY", "EUR"]
    assert count_bookings() == 6


def test_a_show_that_is_gone_is_not_known_any_more(make_show: MakeShow) -> None:
    show = make_show()
    book(show.id, "1")
    for table in ("bookings", "seats", "show_versions", "show_halls", "shows"):
        run(f"DELETE FROM {table}")
    (outcome,) = accept([make_ready(show.id, "2")])
    assert isinstance(outcome, ShowNotFoundError)
