"""Races against the clock: a confirm or an extension accepted in time counts, one that is late does not."""

from collections.abc import Callable
from functools import partial
from uuid import UUID

from core.bookings.acting import Acted
from core.bookings.errors import AlreadySettledError, HoldExpiredError
from core.errors import SeatlineError
from core.shows.service import Show
from tests.acting import confirm, extend, read, run, settle_all, tell, tell_all
from tests.invariants import check_settled
from tests.races.racing import book, race, settlers
from tests.support import wait_until

MakeShow = Callable[..., Show]
HOLDS = 120
# Holds end while the actions are under way. There are more races until some were won and some were lost.
AT_RANDOM, RACES_AT_MOST = "random() * interval '0.4 s'", 50


def hold_all(show_id: int) -> list[UUID]:
    """Holds of all seats, "1" …."""
    ids = [book(show_id, str(n), hold=True) for n in range(1, HOLDS + 1)]
    settle_all(show_id)
    return ids


def end_holds(show_id: int, after: str) -> None:
    """Let each hold of the show end so long after now, an interval in SQL of `s.seat_number`."""
    run(
        f"WITH s AS (UPDATE seats s SET hold_expires_at = clock_timestamp() + {after}"
        "            WHERE s.show_id = :show_id RETURNING booking_id, hold_expires_at)"
        " UPDATE bookings b SET hold_expires_at = s.hold_expires_at FROM s WHERE s.booking_id = b.id",
        show_id=show_id,
    )


def race_against_expiry(
    make_show: MakeShow, act: Callable[[UUID], Acted]
) -> dict[UUID, Acted | SeatlineError]:
    """What came of acting on all holds at once, while they end one after the other."""
    show = make_show(total_seats=HOLDS)
    ids = hold_all(show.id)
    with settlers(show.id, count=2):
        outcomes = race([partial(act, id_) for id_ in ids], begin=partial(end_holds, show.id, AT_RANDOM))
    return dict(zip(ids, outcomes, strict=True))


def test_confirm_against_expiry(make_show: MakeShow) -> None:
    kinds: set[str] = set()
    for _ in range(RACES_AT_MOST):
        outcomes = race_against_expiry(make_show, confirm)
        for booking_id, outcome in outcomes.items():
            in_time = isinstance(outcome, Acted)
            assert in_time or isinstance(outcome, HoldExpiredError)
            assert tell(booking_id) == ("CONFIRMED" if in_time else "hold_expired")
            kinds.add(tell(booking_id))
        check_settled()
        if kinds == {"CONFIRMED", "hold_expired"}:
            return
    raise AssertionError(f"all are {kinds}")


def test_extend_against_expiry(make_show: MakeShow) -> None:
    kinds: set[type[Acted | SeatlineError]] = set()
    for _ in range(RACES_AT_MOST):
        outcomes = race_against_expiry(make_show, extend)
        for booking_id, outcome in outcomes.items():
            kinds.add(type(outcome))
            if isinstance(outcome, Acted):
                assert read(booking_id).hold_expires_at == outcome.booking.hold_expires_at
                assert tell(booking_id) == "held"
            else:
                assert isinstance(outcome, HoldExpiredError | AlreadySettledError)
                assert tell(booking_id) == "hold_expired"
        check_settled()
        if {Acted, HoldExpiredError} <= kinds:
            return
    raise AssertionError(f"all are {kinds}")


def test_expired_seats_go_to_who_waits_for_them_and_not_before(make_show: MakeShow) -> None:
    show = make_show(total_seats=HOLDS)
    holds = hold_all(show.id)
    end_holds(show.id, "interval '0.5 s' + (s.seat_number::int - 1) * interval '5 ms'")
    ends = [read(booking_id).hold_expires_at for booking_id in holds]

    def book_until_got(seat: str) -> UUID:
        def is_had() -> UUID | None:
            booking_id = book(show.id, seat)
            wait_until(lambda: not read(booking_id).wants)
            return booking_id if tell(booking_id) == "CONFIRMED" else None

        got: UUID = wait_until(is_had)
        return got

    with settlers(show.id, count=2):
        rivals = [
            i for i in race([partial(book_until_got, str(n)) for n in range(1, 21)]) if isinstance(i, UUID)
        ]
    assert tell_all(holds[:20]) == ["hold_expired"] * 20
    for rival, expired, end in zip(rivals, holds, ends, strict=False):
        assert end and end <= read(expired).updated_at <= read(rival).updated_at
    check_settled()
