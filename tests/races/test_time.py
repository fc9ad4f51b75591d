"""Races against the clock: a confirm or an extension accepted in time counts, one that is late does not."""

import random
import time
from collections.abc import Callable
from functools import partial
from uuid import UUID

from core.bookings.acting import Acted
from core.bookings.errors import AlreadySettledError, HoldExpiredError
from core.errors import SeatlineError
from core.shows.service import Show
from tests.acting import ask, book, confirm, extend, read, run, settle_all, tell, tell_all
from tests.invariants import check_settled
from tests.races.racing import race, settlers

MakeShow = Callable[..., Show]
HOLDS = 120
SPREAD_SECONDS = 0.05


def hold_and_spread(show_id: int, *, step_seconds: float) -> list[UUID]:
    """Holds of seats "1" …, the first of which ends in half a second and each other a step later."""
    ids = [book(show_id, str(n), hold=True) for n in range(1, HOLDS + 1)]
    settle_all(show_id)
    ends = "now() + interval '0.5 s' + make_interval(secs => (s.seat_number::int - 1) * :step)"
    run(
        f"WITH s AS (UPDATE seats s SET hold_expires_at = {ends} WHERE s.show_id = :show_id"
        "            RETURNING booking_id, hold_expires_at)"
        " UPDATE bookings b SET hold_expires_at = s.hold_expires_at FROM s WHERE s.booking_id = b.id",
        step=step_seconds,
        show_id=show_id,
    )
    return ids


def race_against_expiry(
    make_show: MakeShow, act: Callable[[UUID], Acted]
) -> dict[UUID, Acted | SeatlineError]:
    """What came of acting on each hold within 50 ms before or after its end."""
    show = make_show(total_seats=HOLDS)
    ids = hold_and_spread(show.id, step_seconds=0.012)
    left = "extract(epoch FROM hold_expires_at - clock_timestamp())::float"
    ends_in = {row.id: row.left for row in ask(f"SELECT id, {left} AS left FROM bookings")}
    started_at = time.monotonic()
    chance = random.Random(7)

    def act_at(booking_id: UUID, at: float) -> Acted:
        time.sleep(max(at - time.monotonic(), 0))
        return act(booking_id)

    runs = []
    for booking_id in ids:
        at = started_at + ends_in[booking_id] + chance.uniform(-SPREAD_SECONDS, SPREAD_SECONDS)
        runs.append(partial(act_at, booking_id, at))
    with settlers(show.id, count=2):
        outcomes = race(runs)
    return dict(zip(ids, outcomes, strict=True))


def test_confirm_against_expiry(make_show: MakeShow) -> None:
    kinds: set[str] = set()
    for _ in range(2):
        outcomes = race_against_expiry(make_show, confirm)
        for booking_id, outcome in outcomes.items():
            in_time = isinstance(outcome, Acted)
            assert in_time or isinstance(outcome, HoldExpiredError)
            assert tell(booking_id) == ("CONFIRMED" if in_time else "hold_expired")
            kinds.add(tell(booking_id))
        check_settled()
    assert kinds == {"CONFIRMED", "hold_expired"}


def test_extend_against_expiry(make_show: MakeShow) -> None:
    outcomes = race_against_expiry(make_show, extend)
    for booking_id, outcome in outcomes.items():
        if isinstance(outcome, Acted):
            assert (tell(booking_id), read(booking_id).hold_expires_at) == (
                "held",
                outcome.booking.hold_expires_at,
            )
        else:
            assert isinstance(outcome, HoldExpiredError | AlreadySettledError)
            assert tell(booking_id) == "hold_expired"
    assert {type(outcome) for outcome in outcomes.values()} == {Acted, HoldExpiredError}
    check_settled()


def test_expired_seats_go_to_who_waits_for_them_and_not_before(make_show: MakeShow) -> None:
    show = make_show(total_seats=HOLDS)
    holds = hold_and_spread(show.id, step_seconds=0.005)
    ends = [read(booking_id).hold_expires_at for booking_id in holds]

    def book_until_got(seat: str) -> UUID:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            booking_id = book(show.id, seat)
            while read(booking_id).wants:
                time.sleep(0.05)
            if tell(booking_id) == "CONFIRMED":
                return booking_id
        raise AssertionError(seat)

    with settlers(show.id, count=2):
        rivals = [
            i for i in race([partial(book_until_got, str(n)) for n in range(1, 21)]) if isinstance(i, UUID)
        ]
    assert tell_all(holds[:20]) == ["hold_expired"] * 20
    for rival, expired, end in zip(rivals, holds, ends, strict=False):
        assert end and end <= read(expired).updated_at <= read(rival).updated_at
    check_settled()
