"""What may be asked of a booking once it is accepted, against the real table."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import uuid4

import pytest

from core.bookings import acting
from core.bookings.errors import (
    AlreadySettledError,
    BookingNotFoundError,
    HoldExpiredError,
    NotCancellableError,
    NotHeldError,
    PaymentRequiredError,
)
from core.bookings.history import explain_booking
from core.bookings.idempotency import Key
from core.bookings.rules import LONGEST_HOLD, Action, Answer, Stage
from core.errors import SeatlineError
from core.infra.db import primary, transaction
from core.shows.service import Show
from tests.acting import ask, book, cancel, confirm, end_hold, extend, hold, lock, read, run, settle, tell
from tests.support import wait_until

MakeShow = Callable[..., Show]


@pytest.mark.parametrize("act", [confirm, extend, cancel])
def test_unknown_booking(database: dict[str, str], act: Callable[..., object]) -> None:
    with pytest.raises(BookingNotFoundError):
        act(uuid4())


@pytest.mark.parametrize("act", [confirm, extend])
def test_not_held_yet(make_show: MakeShow, act: Callable[..., object]) -> None:
    booking_id = book(make_show().id, "1", hold=True)
    with pytest.raises(NotHeldError):
        act(booking_id)


@pytest.mark.parametrize("act", [confirm, extend])
def test_too_late(make_show: MakeShow, act: Callable[..., object]) -> None:
    show = make_show()
    booking_id = hold(show.id, "1")
    end_hold(booking_id, in_seconds=0)
    with pytest.raises(HoldExpiredError):
        act(booking_id)
    settle(show.id)
    with pytest.raises(HoldExpiredError):
        act(booking_id)


def test_asking_twice_changes_nothing_more(make_show: MakeShow) -> None:
    show = make_show()
    booking_id = hold(show.id, "1")
    assert confirm(booking_id).is_waiting
    first = read(booking_id)
    assert confirm(booking_id).is_waiting
    assert read(booking_id) == first
    settle(show.id)
    assert not confirm(booking_id).is_waiting
    assert cancel(booking_id).is_waiting
    assert cancel(booking_id).is_waiting
    with pytest.raises(AlreadySettledError):
        confirm(booking_id)
    settle(show.id)
    assert not cancel(booking_id).is_waiting


def test_extend_moves_booking_and_seats_up_to_the_cap(make_show: MakeShow) -> None:
    show = make_show(hold_seconds=600)
    booking_id = hold(show.id, "1", "2")
    held = read(booking_id)
    assert held.held_at and held.hold_expires_at
    extend(booking_id)
    extended = read(booking_id)
    assert extended.hold_expires_at == held.held_at + LONGEST_HOLD
    rows = ask("SELECT hold_expires_at FROM seats WHERE booking_id = :id", id=booking_id)
    assert [row.hold_expires_at for row in rows] == [extended.hold_expires_at] * 2
    assert extend(booking_id).booking == extended


def test_extend_by_what_the_show_says_now(make_show: MakeShow) -> None:
    show = make_show(hold_seconds=100)
    booking_id = hold(show.id, "1")
    before = read(booking_id).hold_expires_at
    run("UPDATE shows SET hold_seconds = 50")
    assert before
    assert extend(booking_id).booking.hold_expires_at == before + timedelta(seconds=50)


def test_confirm_of_an_unpaid_booking(make_show: MakeShow) -> None:
    booking_id = hold(make_show(payment_required=True).id, "1")
    with pytest.raises(PaymentRequiredError):
        confirm(booking_id)
    assert tell(booking_id) == "held"


def test_key_replays_an_action_and_a_refusal_is_not_recorded(make_show: MakeShow) -> None:
    show = make_show()
    key = Key("anonymous", "key", "confirm")
    booking_id = book(show.id, "1", hold=True)
    with pytest.raises(NotHeldError):
        confirm(booking_id, key)
    settle(show.id)
    assert not confirm(booking_id, key).is_replay
    assert confirm(booking_id, key).is_replay
    cancel(booking_id)
    settle(show.id)
    replay = confirm(booking_id, key)
    assert (replay.is_replay, replay.booking.status) == (True, "CANCELLED")


def test_who_waited_for_the_lock_is_judged_by_now(
    make_show: MakeShow, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In time when it was sent, too late once it has the booking."""
    show, locked, judge = make_show(), list[Stage](), acting.judge_action

    def note(stage: Stage, action: Action) -> Answer | SeatlineError:
        if stage is Stage.LOCKED:
            locked.append(stage)
        return judge(stage, action)

    monkeypatch.setattr(acting, "judge_action", note)
    booking_id = book(show.id, "1")
    settle(show.id)
    with ThreadPoolExecutor() as pool:
        with transaction() as holder:
            lock(holder, booking_id)
            asked = pool.submit(cancel, booking_id)
            wait_until(lambda: locked)
            run("UPDATE shows SET cancel_until = clock_timestamp()")
        with pytest.raises(NotCancellableError):
            asked.result()
    assert tell(booking_id) == "CONFIRMED"


def test_history_tells_everything_in_order(make_show: MakeShow) -> None:
    show = make_show()
    booking_id = hold(show.id, "1")
    extend(booking_id)
    confirm(booking_id)
    settle(show.id)
    cancel(booking_id)
    settle(show.id)
    with primary() as connection:
        history = explain_booking(connection, booking_id)
    assert [change["change"] for change in history] == [
        "BOOKING_ACCEPTED",
        "BOOKING_HELD",
        "EXTEND_REQUESTED",
        "CONFIRM_REQUESTED",
        "BOOKING_CONFIRMED",
        "CANCEL_REQUESTED",
        "BOOKING_CANCELLED",
    ]
    times = [change["at"] for change in history]
    assert times == sorted(times)
