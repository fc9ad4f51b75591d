"""What a booking's history tells: what, when, why, by whose request, and who had the seats."""

import re
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from core import housekeeping
from core.access.principals import ADMIN_KEY
from core.audit.service import Author, changing
from core.bookings import rival_queries
from core.bookings.history import explain_booking
from core.bookings.requests import Asked, Origin
from core.bookings.rival_queries import select_rivals
from core.bookings.rules import Action
from core.infra.db import primary
from core.infra.ids import make_first_id, new_id
from core.infra.slot_groups import of_show
from core.infra.slots import to_slot
from core.shows import service as shows
from core.shows.service import Show
from tests.acting import act, ask, book, cancel, confirm, end_hold, extend, hold, read, run, settle
from tests.core.bookings.test_archive import make_past
from tests.core.payments.paying import offer, succeed

MakeShow = Callable[..., Show]
AUTHOR = Author(ADMIN_KEY, "of-the-operator", "a-pseudonym")


def explain(booking_id: UUID) -> list[dict[str, Any]]:
    with primary() as connection:
        return explain_booking(connection, booking_id)


def tell_why(booking_id: UUID) -> list[tuple[str, str]]:
    return [(each["change"], each["why"]) for each in explain(booking_id)]


def find_rivals(booking_id: UUID) -> dict[str, UUID]:
    """The rivals of the only change that has some."""
    (rivals,) = [each["rivals"] for each in explain(booking_id) if each["rivals"]] or [[]]
    return {each["seat_number"]: each["booking_id"] for each in rivals}


def call_off(show_id: int) -> None:
    with changing(AUTHOR) as change:
        shows.cancel_show(change.connection, show_id)
        change.tell("show.cancel", f"show:{show_id}", after={"status": "cancelled"})


def test_whose_requests_they_were(make_show: MakeShow) -> None:
    show = make_show()
    booking_id = hold(show.id, "1", booked_by="key:7", request_id="first")
    for action, origin in (
        (Action.EXTEND, Origin("second", client="a-pseudonym")),
        (Action.CONFIRM, Origin("third", principal="admin")),
    ):
        act(Asked(booking_id=booking_id, action=action, origin=origin))
    settle(show.id)
    assert [(each["change"], each["client"], each["request_id"]) for each in explain(booking_id)] == [
        ("BOOKING_ACCEPTED", "key:7", "first"),
        ("BOOKING_HELD", None, None),
        ("EXTEND_REQUESTED", "a-pseudonym", "second"),
        ("CONFIRM_REQUESTED", "admin", "third"),
        ("BOOKING_CONFIRMED", None, None),
    ]


def test_bookings_of_the_version_before_have_a_history(make_show: MakeShow) -> None:
    show = make_show()
    booking_id = hold(show.id, "1")
    confirm(booking_id)
    settle(show.id)
    assert {(each["client"], each["request_id"]) for each in explain(booking_id)} == {(None, None)}


def test_who_had_the_seats_in_the_same_batch_and_before(make_show: MakeShow) -> None:
    show = make_show()
    before = book(show.id, "1")
    settle(show.id)
    beside, lost, of_free = book(show.id, "2", hold=True), book(show.id, "1", "2", "3"), book(show.id, "3")
    settle(show.id)
    assert read(of_free).status == "CONFIRMED"
    assert find_rivals(lost) == {"1": before, "2": beside}
    assert find_rivals(before) == find_rivals(beside) == {}


@pytest.mark.parametrize("end", ["expired", "cancelled", "confirmed and cancelled"])
def test_who_had_them_then_and_not_who_has_them_now(make_show: MakeShow, end: str) -> None:
    show = make_show()
    first = hold(show.id, "1")
    lost_to_first = book(show.id, "1")
    settle(show.id)
    if end == "expired":
        end_hold(first)
    else:
        if end.startswith("confirmed"):
            confirm(first)
            settle(show.id)
        cancel(first)
    # Who asked in the batch that frees the seat gets it; who came second there lost to that one.
    second, lost_to_second = book(show.id, "1"), book(show.id, "1")
    settle(show.id)
    assert find_rivals(lost_to_first) == {"1": first}
    assert find_rivals(lost_to_second) == {"1": second}


def test_who_got_them_for_a_quantity(make_show: MakeShow) -> None:
    show = make_show(total_seats=2)
    best, lost = book(show.id, quantity=2), book(show.id, "2")
    settle(show.id)
    assert find_rivals(lost) == {"2": best}


def test_other_failures_have_no_rivals(make_show: MakeShow) -> None:
    show = make_show(total_seats=2, max_seats_per_customer=1, max_seats_per_booking=1)
    book(show.id, "1", customer="Zoë")
    limited = book(show.id, "2", customer="Zoë")
    settle(show.id)
    assert read(limited).failure_code == "customer_limit"
    assert find_rivals(limited) == {}


def test_rivals_are_found_in_the_archive(make_show: MakeShow) -> None:
    show, other = make_show(), make_show()
    first = hold(show.id, "1")
    elsewhere = hold(other.id, "1")
    lost = book(show.id, "1", request_id="lost")
    settle(show.id)
    before = explain(lost)
    for booking_id in (first, elsewhere):
        cancel(booking_id)
    settle(show.id)
    settle(other.id)
    make_past()
    # The loser may be the last that is archived.
    run("UPDATE bookings SET updated_at = now() WHERE id = :id", id=lost)
    assert housekeeping.archive_bookings() == 2
    run("UPDATE bookings SET created_at = :at WHERE id = :id", at=before[0]["at"], id=lost)
    assert explain(lost) == before
    run("UPDATE bookings SET updated_at = now() - interval '91 days'")
    assert housekeeping.archive_bookings() == 1
    assert explain(lost) == before
    assert find_rivals(lost) == {"1": first}


def test_the_archive_is_read_by_the_time_of_its_ids(make_show: MakeShow) -> None:
    show = make_show()
    book(show.id, "1")
    run(
        "INSERT INTO archived_bookings (id, booking, events) SELECT gen_random_uuid(), to_jsonb(b), '[]'"
        " FROM bookings b CROSS JOIN generate_series(1, 5000)"
    )
    run("ANALYZE archived_bookings")
    parameters = {**of_show(show.id), "seats": ["1"], "at": show.created_at}
    parameters |= {"first": str(make_first_id(show.created_at)), "last": str(new_id(to_slot(show.id)))}
    statement = f"EXPLAIN {rival_queries._SELECT_ARCHIVED_RIVALS.text}"
    plan = "\n".join(row[0] for row in ask(statement, **parameters))
    assert re.search(r"archived_bookings_pkey.*\n +Index Cond: .*id >= .*slot = ", plan), plan


def test_who_had_the_seats_of_a_booking_paid_too_late(make_show: MakeShow) -> None:
    show = make_show(payment_required=True)
    late = hold(show.id, "1", "2")
    payment = offer(late)
    end_hold(late)
    settle(show.id)
    rival = hold(show.id, "2")
    succeed(payment)
    settle(show.id)
    changes = explain(late)
    assert [each["change"] for each in changes if each["rivals"]] == ["PAYMENT_REFUND_PENDING"]
    assert find_rivals(late) == {"2": rival}


def test_paid_late_is_told_as_such(make_show: MakeShow) -> None:
    show = make_show(payment_required=True)
    late = hold(show.id, "1")
    payment = offer(late)
    end_hold(late)
    settle(show.id)
    succeed(payment)
    settle(show.id)
    assert tell_why(late)[-3:] == [
        ("BOOKING_FAILED", "hold_expired"),
        ("PAYMENT_SUCCEEDED", "paid"),
        ("BOOKING_CONFIRMED", "paid after its hold had ended, when its seats were still free"),
    ]


def test_a_refund_comes_after_the_end_that_it_is_for(make_show: MakeShow) -> None:
    show = make_show(payment_required=True)
    paid = hold(show.id, "1")
    succeed(offer(paid))
    settle(show.id)
    cancel(paid)
    settle(show.id)
    changes = explain(paid)
    assert [each["change"] for each in changes[-2:]] == ["BOOKING_CANCELLED", "PAYMENT_REFUND_PENDING"]
    assert changes[-1]["at"] == changes[-2]["at"]


@pytest.mark.parametrize("asks_again", [True, False])
def test_who_cancelled_the_show(make_show: MakeShow, asks_again: bool) -> None:
    """A cancel that is asked for once the show is called off ends nothing more."""
    show = make_show()
    booking_id = hold(show.id, "1")
    call_off(show.id)
    if asks_again:
        cancel(booking_id)
    settle(show.id)
    settle(show.id)
    called_off = next(each for each in explain(booking_id) if each["change"] == "SHOW_CANCELLED")
    assert (called_off["client"], called_off["request_id"]) == ("admin", "of-the-operator")
    assert [each for each in tell_why(booking_id) if each[0] != "SHOW_CANCELLED"][2:] == [
        *([("CANCEL_REQUESTED", "asked for")] if asks_again else []),
        ("BOOKING_CANCELLED", "the show was cancelled"),
    ]


def test_a_cancel_from_before_the_shows_own_is_as_asked_for(make_show: MakeShow) -> None:
    show = make_show()
    booking_id = hold(show.id, "1")
    cancel(booking_id)
    call_off(show.id)
    settle(show.id)
    assert tell_why(booking_id)[-1] == ("BOOKING_CANCELLED", "as asked for")
    assert "SHOW_CANCELLED" not in dict(tell_why(booking_id))


def test_a_show_cancelled_before_there_was_a_log(make_show: MakeShow) -> None:
    show = make_show()
    booking_id = hold(show.id, "1")
    run("UPDATE shows SET cancelled_at = clock_timestamp()")
    settle(show.id)
    settle(show.id)
    called_off = explain(booking_id)[-2]
    assert (called_off["change"], called_off["client"]) == ("SHOW_CANCELLED", None)


def test_a_repeated_request_leaves_no_trace(make_show: MakeShow) -> None:
    show = make_show()
    booking_id = hold(show.id, "1")
    for name in ("first", "second"):
        act(Asked(booking_id=booking_id, action=Action.CONFIRM, origin=Origin(name)))
    assert [each["request_id"] for each in explain(booking_id)] == [None, None, "first"]


def test_an_extend_says_until_when(make_show: MakeShow) -> None:
    booking_id = hold(make_show().id, "1")
    extend(booking_id)
    assert explain(booking_id)[-1]["why"].startswith("asked for; the hold now ends 20")


def test_rivals_are_few_reads_among_many_losers(make_show: MakeShow) -> None:
    """Of those that never held a seat no event is read."""
    show = make_show()
    first = book(show.id, "1")
    settle(show.id)
    run(
        "INSERT INTO bookings (id, slot, show_id, status, wants, failure_code, failure_seats, seats, hold,"
        " currency) SELECT gen_random_uuid(), :id % 4096, :id, 'FAILED', NULL, 'seats_unavailable', '{1}',"
        " '{1}', false, 'EUR' FROM generate_series(1, 2000)",
        id=show.id,
    )
    (now,) = ask("SELECT clock_timestamp()")[0]
    counted = "SELECT coalesce(sum(idx_scan), 0) FROM pg_stat_xact_user_tables WHERE relname = 'events'"
    with primary() as connection, connection.begin():
        # A session tells of its earlier transactions too, until it has passed their counts on.
        before = connection.exec_driver_sql(counted).scalar_one()
        found = select_rivals(connection, show.id, ["1"], at=now, since=show.created_at)
        scans = connection.exec_driver_sql(counted).scalar_one() - before
    assert found == {"1": first}
    assert scans < 10
