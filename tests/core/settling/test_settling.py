"""Settling on a real PostgreSQL: what becomes of bookings and seats, batch by batch."""

from collections.abc import Callable

import pytest

from core.shows.service import Show
from tests import acting
from tests.acting import (
    book,
    cancel,
    confirm,
    end_hold,
    hold,
    read,
    read_events,
    settle,
    tell,
    tell_all,
)

pytestmark = pytest.mark.usefixtures("nothing_is_broken")
MakeShow = Callable[..., Show]


def test_named_seats_are_booked(make_show: MakeShow) -> None:
    show = make_show()
    booking_id = book(show.id, "1", "2")
    batch = settle(show.id)
    assert batch and batch.booking_ids == (booking_id,)
    booking = read(booking_id)
    assert (booking.status, list(booking.seats), booking.amount) == ("CONFIRMED", ["1", "2"], 200)
    assert booking.wants is None
    assert acting.read_seats(show.id) == {str(n): "booked" if n <= 2 else "available" for n in range(1, 11)}


def test_first_come_first_served_and_the_loser_is_told_which(make_show: MakeShow) -> None:
    show = make_show()
    first, second, third = book(show.id, "1", "2"), book(show.id, "2", "3"), book(show.id, "3")
    settle(show.id)
    assert tell_all([first, second, third]) == ["CONFIRMED", "seats_unavailable", "CONFIRMED"]
    assert read(second).to_document()["failure"] == {"code": "seats_unavailable", "seats": ["2"]}


def test_quantity_is_chosen_and_priced(make_show: MakeShow) -> None:
    stalls = {"name": "Stalls", "rows": 1, "seats_per_row": 4, "price": 300}
    show = make_show(sections=[stalls, {"name": "Standing", "capacity": 2, "price": 100}])
    waiting = book(show.id, quantity=2, section="Standing")
    assert (list(read(waiting).seats), read(waiting).amount) == ([], None)
    too_many = book(show.id, quantity=1, section="Standing")
    anywhere = book(show.id, quantity=4)
    settle(show.id)
    booking = read(waiting)
    assert (booking.status, set(booking.seats), booking.amount) == (
        "CONFIRMED",
        {"Standing-1", "Standing-2"},
        200,
    )
    assert tell_all([too_many, anywhere]) == ["not_enough_seats", "CONFIRMED"]


def test_hold_then_confirm(make_show: MakeShow) -> None:
    show = make_show(hold_seconds=60)
    booking_id = hold(show.id, "1")
    held = read(booking_id)
    assert held.held_at and held.hold_expires_at
    assert (held.hold_expires_at - held.held_at).total_seconds() == 60
    assert acting.read_seats(show.id)["1"] == "held"
    confirm(booking_id)
    settle(show.id)
    assert (tell(booking_id), acting.read_seats(show.id)["1"]) == ("CONFIRMED", "booked")
    assert read_events(booking_id) == ["HELD", "CONFIRMED"]


def test_hold_runs_out(make_show: MakeShow) -> None:
    show = make_show()
    booking_id = hold(show.id, "1", "2")
    settle(show.id)
    assert tell(booking_id) == "held"
    end_hold(booking_id)
    settle(show.id)
    assert tell(booking_id) == "hold_expired"
    assert set(acting.read_seats(show.id).values()) == {"available"}
    assert read_events(booking_id) == ["HELD", "FAILED"]


def test_confirm_in_time_wins_over_expiry_however_late_the_worker(make_show: MakeShow) -> None:
    show = make_show()
    booking_id = hold(show.id, "1")
    confirm(booking_id)
    end_hold(booking_id, in_seconds=-3600)
    rival = book(show.id, "1")
    settle(show.id)
    assert tell_all([booking_id, rival]) == ["CONFIRMED", "seats_unavailable"]


@pytest.mark.parametrize("is_hold", [True, False])
def test_cancel_gives_the_seats_back(make_show: MakeShow, is_hold: bool) -> None:
    show = make_show()
    booking_id = book(show.id, "1", hold=is_hold)
    settle(show.id)
    cancel(booking_id)
    settle(show.id)
    assert (tell(booking_id), acting.read_seats(show.id)["1"]) == ("CANCELLED", "available")
    assert read_events(booking_id) == ["HELD" if is_hold else "CONFIRMED", "CANCELLED"]


def test_cancel_before_any_seat(make_show: MakeShow) -> None:
    show = make_show()
    booking_id, other = book(show.id, "1"), book(show.id, "1")
    cancel(booking_id)
    settle(show.id)
    assert tell_all([booking_id, other]) == ["CANCELLED", "CONFIRMED"]
    assert read_events(booking_id) == ["CANCELLED"]


def test_cancel_replaces_a_waiting_confirm(make_show: MakeShow) -> None:
    show = make_show()
    booking_id = hold(show.id, "1")
    confirm(booking_id)
    cancel(booking_id)
    settle(show.id)
    assert (tell(booking_id), read_events(booking_id)) == ("CANCELLED", ["HELD", "CANCELLED"])


def test_what_a_batch_frees_it_can_give_away(make_show: MakeShow) -> None:
    show = make_show()
    expired, cancelled = hold(show.id, "1"), hold(show.id, "2")
    end_hold(expired)
    cancel(cancelled)
    taker = book(show.id, "1", "2")
    settle(show.id)
    assert tell_all([expired, cancelled, taker]) == ["hold_expired", "CANCELLED", "CONFIRMED"]


def test_deadline(make_show: MakeShow) -> None:
    show = make_show()
    late, in_time = book(show.id, "1"), book(show.id, "2")
    acting.make_older(late, 61)
    acting.make_older(in_time, 55)
    settle(show.id)
    assert tell_all([late, in_time]) == ["timed_out", "CONFIRMED"]
    assert acting.read_seats(show.id)["1"] == "available"


def test_waiting_confirm_and_cancel_never_time_out(make_show: MakeShow) -> None:
    show = make_show()
    confirmed, cancelled = hold(show.id, "1"), hold(show.id, "2")
    confirm(confirmed)
    cancel(cancelled)
    for booking_id in (confirmed, cancelled):
        acting.make_older(booking_id, 7200)
    settle(show.id)
    assert tell_all([confirmed, cancelled]) == ["CONFIRMED", "CANCELLED"]


def test_accepted_before_sales_close_is_settled_after(make_show: MakeShow) -> None:
    show = make_show()
    booking_id = book(show.id, "1")
    acting.run("UPDATE shows SET sales_close_at = clock_timestamp() - interval '1 minute'")
    settle(show.id)
    assert tell(booking_id) == "CONFIRMED"


def test_customer_limit_over_batches(make_show: MakeShow) -> None:
    show = make_show(max_seats_per_customer=3)
    first = book(show.id, "1", "2", customer="ann")
    settle(show.id)
    over, fits = book(show.id, "3", "4", customer="ann"), hold(show.id, "5", customer="ann")
    another = book(show.id, "6", "7", customer="bob")
    settle(show.id)
    assert tell_all([first, over, fits, another]) == ["CONFIRMED", "customer_limit", "held", "CONFIRMED"]
    full = book(show.id, "8", customer="ann")
    settle(show.id)
    assert tell(full) == "customer_limit"
    # What she gives back in a batch is hers to take in the same batch; a confirm changes no count.
    cancel(first)
    confirm(fits)
    takes = book(show.id, "8", "9", customer="ann")
    over = book(show.id, "10", customer="ann")
    settle(show.id)
    assert tell_all([takes, over]) == ["CONFIRMED", "customer_limit"]


def test_customer_limit_counts_quantities(make_show: MakeShow) -> None:
    show = make_show(max_seats_per_customer=3)
    first, second = book(show.id, quantity=2, customer="ann"), book(show.id, quantity=2, customer="ann")
    settle(show.id)
    third = book(show.id, quantity=1, customer="ann")
    settle(show.id)
    assert tell_all([first, second, third]) == ["CONFIRMED", "customer_limit", "CONFIRMED"]


def test_each_booking_tells_each_transition_once_with_its_document(make_show: MakeShow) -> None:
    show = make_show()
    booking_id = hold(show.id, "1", customer="ann")
    settle(show.id)
    cancel(booking_id)
    settle(show.id)
    settle(show.id)
    rows = acting.ask("SELECT * FROM events WHERE booking_id = :id ORDER BY seq", id=booking_id)
    assert [row.payload["held"] for row in rows] == [True, False]
    assert [row.payload["status"] for row in rows] == ["PENDING", "CANCELLED"]
    assert rows[0].payload["customer"] == "ann"
