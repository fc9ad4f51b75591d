"""Accepting: a 202 is a row on disk with its key, a refusal leaves nothing."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.bookings.accepting import Accepted, prepare_batch
from core.bookings.errors import HoldRequiredError, IdempotencyKeyReusedError
from core.bookings.idempotency import DELETED_AT_ONCE, KEPT_HOURS, Key
from core.bookings.requests import NewBooking
from core.errors import InvalidRequestError, SeatlineError
from core.housekeeping import purge_idempotency_keys
from core.seats.errors import DuplicateSeatsError, TooManySeatsError, UnknownSeatsError
from core.shows.errors import SalesClosedError, SalesNotOpenError, ShowCancelledError, ShowNotFoundError
from core.shows.service import Show
from tests.acting import (
    accept,
    accept_batch,
    accept_booking,
    ask,
    book,
    make_ready,
    read,
    run,
    settle_all,
    tell,
)

MakeShow = Callable[..., Show]
KEY = Key("anonymous", "key", "fingerprint")


def count_bookings() -> int:
    return int(ask("SELECT count(*) FROM bookings")[0][0])


def test_accepted_booking_is_on_disk_and_waits(make_show: MakeShow) -> None:
    show = make_show()
    accepted = accept_booking(NewBooking(show_id=show.id, seats=("2", "1"), hold=True, customer="ann"), None)
    booking = accepted.bookings[0]
    assert (booking.status, booking.wants, booking.amount) == ("PENDING", "acquire", 200)
    assert (booking.seats, booking.customer, booking.hold) == (("2", "1"), "ann", True)
    assert (booking.currency, accepted.is_replay) == ("EUR", False)
    assert count_bookings() == 1


SOON = datetime.now(UTC) + timedelta(days=1)
LONG_AGO = datetime.now(UTC) - timedelta(days=1)
REFUSALS: list[tuple[dict[str, Any], dict[str, Any], type[SeatlineError]]] = [
    ({}, {"seats": ("11",)}, UnknownSeatsError),
    ({}, {"seats": ("1", "1")}, DuplicateSeatsError),
    ({"max_seats_per_booking": 2}, {"seats": ("1", "2", "3")}, TooManySeatsError),
    ({"max_seats_per_booking": 2}, {"quantity": 3}, TooManySeatsError),
    ({"max_seats_per_customer": 2}, {"seats": ("1",)}, InvalidRequestError),
    ({}, {"quantity": 1, "section": "Nowhere"}, InvalidRequestError),
    ({"payment_required": True}, {"seats": ("1",)}, HoldRequiredError),
    ({"sales_open_at": SOON}, {"seats": ("1",)}, SalesNotOpenError),
    ({"sales_close_at": LONG_AGO}, {"seats": ("1",)}, SalesClosedError),
    ({"start_time": LONG_AGO}, {"seats": ("1",)}, SalesClosedError),
]


@pytest.mark.parametrize(("show", "asked", "refusal"), REFUSALS)
def test_refused(
    make_show: MakeShow, show: dict[str, Any], asked: dict[str, Any], refusal: type[SeatlineError]
) -> None:
    new = NewBooking(show_id=make_show(**show).id, **asked)
    with pytest.raises(refusal):
        accept_booking(new, KEY)
    assert count_bookings() == 0
    # Refusals are not recorded: the key may be used again.
    assert ask("SELECT count(*) FROM used_keys")[0][0] == 0


def test_unknown_show(database: dict[str, str]) -> None:
    with pytest.raises(ShowNotFoundError):
        accept_booking(NewBooking(show_id=1, seats=("1",)), None)


def test_cancelled_show_takes_nothing(make_show: MakeShow) -> None:
    show = make_show()
    run("UPDATE shows SET cancelled_at = now()")
    with pytest.raises(ShowCancelledError):
        book(show.id, "1")


def test_batch_is_accepted_in_its_order(make_show: MakeShow) -> None:
    show = make_show()
    news = [NewBooking(show_id=show.id, seats=(str(n),)) for n in (3, 10, 1, 7, 2)]
    accepted = accept_batch(news, None)
    assert [b.seats for b in accepted.bookings] == [n.seats for n in news]
    times = [booking.created_at for booking in accepted.bookings]
    assert times == sorted(set(times))


def test_batch_is_refused_whole_with_a_fault_an_item(make_show: MakeShow) -> None:
    show = make_show()
    news = [NewBooking(show_id=show.id, seats=seats) for seats in (("1",), ("99",), ("2", "2"))]
    with pytest.raises(InvalidRequestError) as refusal:
        accept_batch(news, KEY)
    assert [(fault.pointer, fault.code) for fault in refusal.value.faults] == [
        ("/bookings/1/seats/0", "unknown_seats"),
        ("/bookings/2/seats/1", "duplicate_seats"),
    ]
    assert count_bookings() == 0


def test_batch_is_of_one_show(make_show: MakeShow) -> None:
    first, second = make_show().id, make_show().id
    news = [NewBooking(show_id=show_id, seats=("1",)) for show_id in (first, second, first, 0)]
    with pytest.raises(InvalidRequestError) as refusal:
        accept_batch(news, KEY)
    assert [(fault.pointer, fault.code) for fault in refusal.value.faults] == [
        ("/bookings/1/show_id", "invalid_request"),
        ("/bookings/3/show_id", "show_not_found"),
    ]
    assert count_bookings() == 0


def test_key_replays_the_booking_as_it_is_now(make_show: MakeShow) -> None:
    show = make_show()
    booking_id = book(show.id, "1", key=KEY)
    settle_all(show.id)
    replay = accept_booking(NewBooking(show_id=show.id, seats=("1",)), KEY)
    assert (replay.is_replay, replay.bookings[0].id, replay.bookings[0].status) == (
        True,
        booking_id,
        "CONFIRMED",
    )
    assert count_bookings() == 1


def test_key_is_looked_up_before_sales_and_limits_are_judged(make_show: MakeShow) -> None:
    show = make_show()
    booking_id = book(show.id, "1", key=KEY)
    run("UPDATE shows SET cancelled_at = now(), max_seats_per_booking = 1")
    replay = accept_booking(NewBooking(show_id=show.id, seats=("1", "2", "99")), KEY)
    assert replay.bookings[0].id == booking_id


def test_key_for_another_request_is_refused(make_show: MakeShow) -> None:
    show = make_show()
    book(show.id, "1", key=KEY)
    with pytest.raises(IdempotencyKeyReusedError):
        book(show.id, "2", key=Key(KEY.principal, KEY.key, "another"))
    assert count_bookings() == 1


def test_keys_of_principals_are_apart(make_show: MakeShow) -> None:
    show = make_show()
    assert book(show.id, "1", key=KEY) != book(show.id, "1", key=Key("another", KEY.key, KEY.fingerprint))


def test_keys_are_kept_for_two_days_and_then_forgotten(make_show: MakeShow) -> None:
    show = make_show()
    old, young = Key("anonymous", "old", "f"), Key("anonymous", "young", "f")
    for key in (old, young):
        book(show.id, "1", key=key)
    older = "created_at - make_interval(hours => :hours)"
    age = f"UPDATE used_keys SET created_at = {older} WHERE key = :key"
    run(age, hours=KEPT_HOURS + 1, key="old")
    run(age, hours=KEPT_HOURS - 1, key="young")
    run(
        "INSERT INTO used_keys (principal, show_id, key, fingerprint, booking_ids, created_at)"
        " SELECT 'c', 1, n, 'f', '{}', now() - interval '3 days'"
        " FROM generate_series(1, :many) AS n",
        many=DELETED_AT_ONCE + 1,
    )
    assert purge_idempotency_keys() == DELETED_AT_ONCE + 2
    assert [row.key for row in ask("SELECT key FROM used_keys")] == ["young"]


def test_odd_text_survives(make_show: MakeShow) -> None:
    show = make_show(sections=[{"name": "Größe {\"x\", '%s' :y}\\", "capacity": 3, "price": 1}])
    name = show.sections[0]["name"]
    ids = [
        book(show.id, f"{name}-1", customer="NULL"),
        book(show.id, quantity=2, section=name, customer="{}"),
    ]
    settle_all(show.id)
    assert [tell(booking_id) for booking_id in ids] == ["CONFIRMED", "CONFIRMED"]


def test_together_each_goes_in_or_not_by_itself(make_show: MakeShow) -> None:
    """Unkeyed, with keys of their own, with one that was used before, of shows that refuse it."""
    show, closed = make_show(), make_show(sales_close_at=LONG_AGO)
    small, cancelled = make_show(max_seats_per_booking=1), make_show(max_seats_per_customer=1)
    run("UPDATE shows SET cancelled_at = now() WHERE id = :id", id=cancelled.id)
    accept_booking(NewBooking(show_id=show.id, seats=("9",)), KEY)
    outcomes = accept(
        [
            make_ready(show.id, "1"),
            make_ready(closed.id, "1"),
            make_ready(show.id, "9", key=KEY),
            make_ready(show.id, "3", key=Key("anonymous", "b", "fingerprint")),
            make_ready(closed.id, "3", key=Key("anonymous", "a", "fingerprint")),
            make_ready(show.id, quantity=2),
            make_ready(show.id, "2", key=Key("anonymous", "key", "another")),
            make_ready(small.id, "1", "2"),
            make_ready(cancelled.id, "1"),
        ]
    )
    assert [describe(outcome) for outcome in outcomes] == [
        [["1"]],
        "sales_closed",
        [["9"], "again"],
        [["3"]],
        "sales_closed",
        [[]],
        "idempotency_key_reused",
        "too_many_seats",
        "show_cancelled",
    ]
    arrived = [outcome.bookings[0].created_at for outcome in outcomes if isinstance(outcome, Accepted)]
    assert arrived[0] < arrived[2] < arrived[3]
    assert count_bookings() == 4
    # A refusal used no key up.
    assert ask("SELECT key FROM used_keys ORDER BY key") == [("b",), ("key",)]


def describe(outcome: Accepted | SeatlineError) -> Any:
    if isinstance(outcome, SeatlineError):
        return outcome.code
    return [list(b.seats) for b in outcome.bookings] + ["again"] * outcome.is_replay


def test_accepted_booking_is_what_is_on_disk(make_show: MakeShow) -> None:
    """It is put together of what was asked for, and not read."""
    show = make_show(sections=[{"name": "Stalls", "rows": 1, "seats_per_row": 9, "price": 7}])
    outcomes = accept(
        [
            make_ready(show.id, "Stalls-A-1", "Stalls-A-2", hold=True, customer="Zoë", key=KEY),
            make_ready(show.id, quantity=2, section="Stalls"),
        ]
    )
    for outcome in outcomes:
        assert isinstance(outcome, Accepted)
        (told,) = outcome.bookings
        found = read(told.id)
        assert found._replace(seats=tuple(found.seats)) == told
        assert found.to_document() == told.to_document()


def test_too_many_seats_tells_the_limit_and_where(make_show: MakeShow) -> None:
    show = make_show(max_seats_per_booking=2)
    refused = accept([make_ready(show.id, "1", "2", "3"), make_ready(show.id, quantity=3)])
    assert [str(refusal) for refusal in refused] == ["A booking may have at most 2 seats."] * 2
    faults = [fault for refusal in refused if isinstance(refusal, SeatlineError) for fault in refusal.faults]
    assert [fault.pointer for fault in faults] == ["/seats", "/quantity"]


def test_together_the_same_key_is_one_booking(make_show: MakeShow) -> None:
    show = make_show()
    outcomes = accept([make_ready(show.id, "1", key=KEY) for _ in range(20)])
    accepted = [outcome for outcome in outcomes if isinstance(outcome, Accepted)]
    assert (len(accepted), len({outcome.bookings[0].id for outcome in accepted})) == (20, 1)
    assert [outcome.is_replay for outcome in accepted].count(False) == 1
    assert count_bookings() == 1


def test_together_the_same_key_for_another_request_is_refused(make_show: MakeShow) -> None:
    show = make_show()
    outcomes = accept(
        [make_ready(show.id, seat, key=Key(KEY.principal, KEY.key, seat)) for seat in ("1", "2") * 5]
    )
    assert sorted(map(str, map(describe, outcomes))).count("idempotency_key_reused") == 5
    assert count_bookings() == 1


def test_together_a_batch_goes_in_whole_or_not(make_show: MakeShow) -> None:
    """What it is refused for is told of all of its items: by memory, and by the database."""
    show = make_show(max_seats_per_booking=2)
    asked = [{"seats": ("1",)}, {"seats": ("11",)}, {"seats": ("2", "3", "4")}, {"quantity": 3}]
    spoilt = prepare_batch([NewBooking(show_id=show.id, **each) for each in asked], KEY)  # type: ignore[arg-type]
    good = prepare_batch([NewBooking(show_id=show.id, seats=(seat,)) for seat in "21"], KEY)
    refusal, accepted = accept([spoilt, good])
    assert isinstance(refusal, InvalidRequestError)
    assert [(fault.pointer, fault.code) for fault in refusal.faults] == [
        ("/bookings/1/seats/0", "unknown_seats"),
        ("/bookings/2/seats", "too_many_seats"),
        ("/bookings/3/quantity", "too_many_seats"),
    ]
    assert describe(accepted) == [["2"], ["1"]]
    assert ask("SELECT cardinality(booking_ids) FROM used_keys") == [(2,)]


def test_batch_for_an_unknown_show(database: dict[str, str]) -> None:
    with pytest.raises(InvalidRequestError) as refusal:
        accept_batch([NewBooking(show_id=1, seats=("1",))] * 2, None)
    assert [(fault.pointer, fault.code) for fault in refusal.value.faults] == [
        ("/bookings/0/show_id", "show_not_found"),
        ("/bookings/1/show_id", "show_not_found"),
    ]
