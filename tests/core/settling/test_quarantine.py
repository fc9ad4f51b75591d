"""A booking at which settling raises ends after a few tries, and never blocks the rest of its show."""

import logging
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from core.infra.brief import brief_transaction
from core.infra.db import primary, transaction
from core.settling import batch as settling
from core.settling import worker
from core.settling.batch import Batch
from core.settling.quarantine import quarantine
from core.settling.queries import select_waiting_ids
from core.shows.service import Show
from tests.acting import (
    ask,
    book,
    cancel,
    confirm,
    end_hold,
    hold,
    make_due,
    read_events,
    read_seats,
    settle_in_turns,
    tell,
    tell_all,
)
from tests.invariants import check_settled

MakeShow = Callable[..., Show]


def test_acquisition_that_cannot_be_settled(
    make_show: MakeShow, poison: Callable[[], None], caplog: pytest.LogCaptureFixture
) -> None:
    show = make_show()
    before = book(show.id, "1")
    poisoned = book(show.id, "2", customer="poison")
    after = [book(show.id, str(number)) for number in range(2, 6)]
    poison()
    with caplog.at_level(logging.ERROR):
        settle_in_turns(show.id)
    assert tell_all([before, poisoned, *after]) == ["CONFIRMED", "timed_out"] + ["CONFIRMED"] * 4
    assert read_events(poisoned) == ["FAILED"]
    assert [record.message for record in caplog.records].count("booking quarantined") == 1
    check_settled()


@pytest.mark.parametrize(
    ("act", "outcome", "events"),
    [
        (cancel, "CANCELLED", ["HELD", "CANCELLED"]),
        (end_hold, "hold_expired", ["HELD", "FAILED"]),
    ],
)
def test_hold_that_cannot_be_settled(
    make_show: MakeShow,
    poison: Callable[[], None],
    act: Callable[..., object],
    outcome: str,
    events: list[str],
) -> None:
    show = make_show()
    poisoned = hold(show.id, "1", "2", customer="poison")
    act(poisoned)
    other = book(show.id, "3")
    poison()
    settle_in_turns(show.id)
    assert (tell(poisoned), tell(other)) == (outcome, "CONFIRMED")
    assert read_events(poisoned) == events
    assert read_seats(show.id)["1"] == "available"
    check_settled()


def test_seat_that_somebody_changed_by_hand(make_show: MakeShow) -> None:
    """The guard refuses to release it again and again; what the booking still has is freed."""
    show = make_show()
    booking_id = hold(show.id, "1", "2")
    with transaction() as connection:
        connection.execute(
            text("UPDATE seats SET status = 'available', booking_id = NULL, hold_expires_at = NULL")
        )
        connection.execute(text("UPDATE show_versions SET available = available + 2, held = held - 2"))
    cancel(booking_id)
    other = book(show.id, "1")
    settle_in_turns(show.id)
    assert (tell(booking_id), tell(other)) == ("CANCELLED", "CONFIRMED")
    assert read_seats(show.id) == {"1": "booked"} | {str(n): "available" for n in range(2, 11)}


def test_one_by_one_keeps_the_order_of_arrival(make_show: MakeShow, monkeypatch: pytest.MonkeyPatch) -> None:
    show = make_show()
    ids = [book(show.id, "1") for _ in range(4)]
    real, calls = settling.settle_batch, []

    def fail_first(*args: object, **options: object) -> object:
        calls.append(options)
        if len(calls) == 1:
            raise RuntimeError("chance")
        return real(*args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(worker, "settle_batch", fail_first)
    worker.settle_show(show.id)
    assert tell_all(ids) == ["CONFIRMED"] + ["seats_unavailable"] * 3
    assert len(calls) >= 5


def test_holds_have_their_turn_however_many_bookings_wait(make_show: MakeShow) -> None:
    """And the other way round: there is not always time for all of them."""
    show = make_show()
    holds = [hold(show.id, seat) for seat in "12"]
    for booking_id in holds:
        end_hold(booking_id)
    waiting = [book(show.id, str(number)) for number in range(3, 8)]
    with primary() as connection:
        found = select_waiting_ids(connection, show.id, limit=4)
    assert [id_ for id_ in found if id_ in holds] == holds
    assert [id_ for id_ in found if id_ in waiting] == waiting[:4]
    assert set(found[:4]) == {*holds, *waiting[:2]}
    assert len(found) == 6


def test_one_by_one_ends_in_time_and_goes_on_where_it_ended(make_show: MakeShow) -> None:
    show = make_show()
    ids = [book(show.id, str(number)) for number in range(1, 4)]

    def tell_time() -> float:
        # Each booking takes all the time that there is.
        return worker.ONE_BY_ONE_SECONDS * tell_all(ids).count("CONFIRMED")

    assert worker._settle_one_by_one(show.id, clock=tell_time)
    assert tell_all(ids) == ["CONFIRMED", "PENDING", "PENDING"]
    assert worker._settle_one_by_one(show.id, clock=tell_time)
    assert tell_all(ids) == ["CONFIRMED", "CONFIRMED", "PENDING"]


def test_what_comes_next_has_tries_of_its_own(make_show: MakeShow) -> None:
    """Where one booking cannot be settled, each turn is a try of all that wait beside it."""
    show = make_show()
    held = book(show.id, "1", hold=True)
    for act in (None, confirm, cancel):
        if act:
            act(held)
        with transaction() as connection:
            connection.execute(text("UPDATE bookings SET tries = tries + 2, retry_at = clock_timestamp()"))
        worker.settle_show(show.id, is_again=True)
        assert ask("SELECT tries, retry_at FROM bookings") == [(0, None)]
    assert tell(held) == "CANCELLED"
    assert read_events(held) == ["HELD", "CONFIRMED", "CANCELLED"]


@pytest.mark.parametrize(("outcome", "options"), [("CONFIRMED", {}), ("held", {"hold": True})])
def test_booking_that_waits_for_nothing_any_more_is_left_alone(
    make_show: MakeShow, outcome: str, options: dict[str, bool]
) -> None:
    """Somebody else has settled it since it was found waiting."""
    show = make_show()
    done = book(show.id, "1", **options)
    worker.settle_show(show.id)
    with brief_transaction() as current:
        assert quarantine(current, show.id, only=done) == Batch((), None)
    assert tell(done) == outcome
    assert len(read_events(done)) == 1
    check_settled()


def test_booking_that_takes_its_process_with_it(make_show: MakeShow, monkeypatch: pytest.MonkeyPatch) -> None:
    show = make_show()
    deadly, other = book(show.id, "1", customer="deadly"), book(show.id, "1")
    real = settling.award_seats

    def die(*args: Any, **options: Any) -> Any:
        if ask("SELECT wants FROM bookings WHERE customer = 'deadly' AND tries <= 3"):
            raise SystemExit("no handler sees this, as none sees a process killed")
        return real(*args, **options)

    monkeypatch.setattr(settling, "award_seats", die)
    with pytest.raises(SystemExit):
        worker.settle_show(show.id)
    for _ in range(3):
        make_due()
        with pytest.raises(SystemExit):
            worker.settle_show(show.id, is_again=True)
    make_due()
    worker.settle_show(show.id, is_again=True)
    assert (tell(deadly), tell(other)) == ("timed_out", "CONFIRMED")
    check_settled()
