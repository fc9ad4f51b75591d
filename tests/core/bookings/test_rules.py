"""Decisions about bookings: who gets seats, what may be asked of a booking, when a hold ends."""

from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.bookings.errors import (
    AlreadySettledError,
    BookingLockedError,
    HoldExpiredError,
    NotCancellableError,
    NotHeldError,
    PaymentRequiredError,
)
from core.bookings.rules import (
    Action,
    Answer,
    Applicant,
    Award,
    Stage,
    award_seats,
    judge_action,
    limit_customers,
    limit_holders,
    list_allowed,
)
from core.bookings.states import FailureCode
from core.halls.best import BestSeats
from core.halls.build import build_hall
from core.shows.errors import ShowCancelledError

HALL = build_hall(
    {
        "sections": [
            {"name": "Stalls", "rows": 2, "seats_per_row": 4, "price": 300},
            {"name": "Standing", "capacity": 4, "price": 100},
        ]
    }
)
SEATS = [seat.seat_number for seat in HALL.seats()]


def apply(*seats: str, quantity: int | None = None, **more: Any) -> Applicant:
    fields = {"section": None, "customer": None, "holder": None, **more}
    return Applicant(seats=seats, quantity=quantity, **fields)


def award(applicants: Sequence[Applicant], free: Sequence[str] = SEATS, **more: Any) -> list[Award]:
    return award_seats(applicants, free=free, best=BestSeats(HALL, free), **more)


people = st.sampled_from([None, "a", "b", "c"])
named = st.lists(st.sampled_from(SEATS), min_size=1, max_size=4, unique=True).flatmap(
    lambda seats: st.builds(partial(apply, *seats), customer=people, holder=people)
)
quantities = st.builds(
    apply,
    quantity=st.integers(1, 5),
    section=st.sampled_from([None, "Stalls", "Standing"]),
    customer=people,
    holder=people,
)
crowds = st.lists(st.one_of(named, quantities), max_size=12)
free_seats = st.sets(st.sampled_from(SEATS)).map(sorted)


@given(crowds, free_seats)
def test_everybody_gets_all_or_nothing(crowd: list[Applicant], free: list[str]) -> None:
    for applicant, got in zip(crowd, award(crowd, free), strict=True):
        if got.failure:
            assert not got.seats
        elif applicant.quantity is None:
            assert tuple(got.seats) == applicant.seats
        else:
            assert len(set(got.seats)) == applicant.quantity
            assert got.amount == sum(HALL.price_of(seat) or 0 for seat in got.seats)
            if applicant.section:
                assert all(seat.startswith(applicant.section) for seat in got.seats)


@given(crowds, free_seats)
def test_no_seat_has_two_owners_and_only_free_ones_are_given(crowd: list[Applicant], free: list[str]) -> None:
    given_away = Counter(seat for got in award(crowd, free) for seat in got.seats)
    assert set(given_away) <= set(free)
    assert set(given_away.values()) <= {1}


@given(crowds, free_seats)
def test_first_come_first_served(crowd: list[Applicant], free: list[str]) -> None:
    left = set(free)
    for applicant, got in zip(crowd, award(crowd, free), strict=True):
        if applicant.quantity is None:
            missing = tuple(seat for seat in applicant.seats if seat not in left)
            assert (got.failure == FailureCode.SEATS_UNAVAILABLE) == bool(missing)
            assert tuple(got.missing) == missing
        elif got.failure:
            fits = [seat for seat in left if applicant.section is None or seat.startswith(applicant.section)]
            assert got.failure == FailureCode.NOT_ENOUGH_SEATS
            assert len(fits) < applicant.quantity
        left -= set(got.seats)


@given(crowds, free_seats)
def test_later_ones_change_nothing_for_earlier_ones(crowd: list[Applicant], free: list[str]) -> None:
    everybody = award(crowd, free)
    for count in range(len(crowd)):
        assert award(crowd[:count], free) == everybody[:count]


numbers_of_seats = st.dictionaries(st.sampled_from(["a", "b"]), st.integers(0, 6))


@given(crowds, numbers_of_seats, st.integers(1, 6))
def test_customer_limit_is_exact(crowd: list[Applicant], owned: dict[str, int], limit: int) -> None:
    counts = Counter(owned)
    for applicant, got in zip(crowd, award(crowd, limits=[limit_customers(limit, owned)]), strict=True):
        wanted = applicant.quantity or len(applicant.seats)
        exceeds = applicant.customer is not None and counts[applicant.customer] + wanted > limit
        assert (got.failure == FailureCode.CUSTOMER_LIMIT) == exceeds
        if applicant.customer is not None:
            counts[applicant.customer] += len(got.seats)


@given(crowds, numbers_of_seats, numbers_of_seats, st.integers(1, 6), st.integers(1, 6))
def test_client_limit_is_exact_beside_the_customers(
    crowd: list[Applicant], owned: dict[str, int], held: dict[str, int], most: int, most_held: int
) -> None:
    limits = [limit_customers(most, owned), limit_holders(most_held, held)]
    has = Counter(held)
    for applicant, got in zip(crowd, award(crowd, limits=limits), strict=True):
        wanted = applicant.quantity or len(applicant.seats)
        exceeds = applicant.holder is not None and has[applicant.holder] + wanted > most_held
        if got.failure == FailureCode.CLIENT_LIMIT:
            assert exceeds
        else:
            assert not exceeds or got.failure == FailureCode.CUSTOMER_LIMIT
        if applicant.holder is not None:
            has[applicant.holder] += len(got.seats)


def test_what_a_client_may_not_hold_is_left_to_the_next() -> None:
    greedy, rival = apply(*SEATS[:3], holder="a"), apply(*SEATS[:2], holder="b")
    got = award([greedy, rival], limits=[limit_holders(2, {})])
    assert [each.failure for each in got] == [FailureCode.CLIENT_LIMIT, None]
    # Counted before seats are chosen.
    assert [each.missing for each in got] == [(), ()]
    assert award([apply(quantity=3, holder="a")], limits=[limit_holders(2, {})]) == [got[0]]


def test_a_refused_booking_leaves_its_other_seats_to_the_next() -> None:
    first, second, third = apply("Stalls-A-1"), apply("Stalls-A-1", "Stalls-A-2"), apply("Stalls-A-2")
    got = award([first, second, third])
    assert [a.failure for a in got] == [None, FailureCode.SEATS_UNAVAILABLE, None]
    assert list(got[1].missing) == ["Stalls-A-1"]


def test_a_quantity_is_not_chosen_from_what_a_named_one_just_got() -> None:
    got = award([apply(*SEATS[:7]), apply(quantity=1, section="Stalls")])
    assert list(got[1].seats) == [SEATS[7]]


DO, WAITS, DONE = Answer.DO, Answer.WAITS, Answer.DONE
SETTLED, EXPIRED, NOT_HELD = AlreadySettledError, HoldExpiredError, NotHeldError
PAST = AlreadySettledError
# As the HTTP contract has it; the columns are confirm, extend, cancel.
CONTRACT: dict[Stage, tuple[Any, Any, Any]] = {
    Stage.ACQUIRING: (NOT_HELD, NOT_HELD, DO),
    Stage.HELD: (DO, DO, DO),
    Stage.UNPAID: (PaymentRequiredError, DO, DO),
    Stage.CALLED_OFF: (ShowCancelledError, ShowCancelledError, DO),
    Stage.OVERDUE: (EXPIRED, EXPIRED, DO),
    Stage.CONFIRMING: (WAITS, SETTLED, DO),
    Stage.CONFIRMED: (DONE, SETTLED, DO),
    Stage.KEPT: (DONE, SETTLED, NotCancellableError),
    Stage.CANCELLING: (SETTLED, SETTLED, WAITS),
    Stage.CANCELLED: (SETTLED, SETTLED, DONE),
    Stage.EXPIRED: (EXPIRED, EXPIRED, SETTLED),
    Stage.PAID_LATE: (WAITS, SETTLED, SETTLED),
    Stage.FAILED: (SETTLED, SETTLED, SETTLED),
    Stage.ARCHIVED: (PAST, PAST, PAST),
    Stage.LOCKED: (BookingLockedError, BookingLockedError, BookingLockedError),
}


@pytest.mark.parametrize("stage", Stage)
@pytest.mark.parametrize(("column", "action"), [(0, Action.CONFIRM), (1, Action.EXTEND), (2, Action.CANCEL)])
def test_what_may_be_asked(stage: Stage, column: int, action: Action) -> None:
    expected = CONTRACT[stage][column]
    answer = judge_action(stage, action)
    if isinstance(expected, Answer):
        assert answer is expected
    else:
        assert type(answer) is expected
        # A fresh one each time: a shared one would gather every request's traceback.
        assert answer is not judge_action(stage, action)


def test_what_is_allowed_is_what_is_not_refused() -> None:
    allowed = {(stage, action) for stage in Stage for action in Action} & set(list_allowed(*Answer))
    assert allowed == {
        (stage, action)
        for stage in Stage
        for action in Action
        if isinstance(judge_action(stage, action), Answer)
    }
