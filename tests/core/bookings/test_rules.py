"""Decisions about bookings: who gets seats, what may be asked of a booking, when a hold ends."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.bookings.errors import AlreadySettledError, HoldExpiredError, NotCancellableError, NotHeldError
from core.bookings.rules import (
    LONGEST_HOLD,
    Action,
    Answer,
    Applicant,
    Award,
    Stage,
    award_seats,
    extend_hold,
    find_stage,
    judge_action,
)
from core.bookings.states import FailureCode
from core.halls.best import BestSeats
from core.halls.build import build_hall

HALL = build_hall(
    {
        "sections": [
            {"name": "Stalls", "rows": 2, "seats_per_row": 4, "price": 300},
            {"name": "Standing", "capacity": 4, "price": 100},
        ]
    }
)
SEATS = [seat.seat_number for seat in HALL.seats()]
NOW = datetime(2027, 1, 1, tzinfo=UTC)


def apply(*seats: str, quantity: int | None = None, **more: Any) -> Applicant:
    fields = {"section": None, "customer": None, **more}
    return Applicant(seats=seats, quantity=quantity, **fields)


def award(applicants: Sequence[Applicant], free: Sequence[str] = SEATS, **more: Any) -> list[Award]:
    options = {"best": BestSeats(HALL, free), "owned": {}, "customer_limit": None, **more}
    return award_seats(applicants, free=free, **options)


customers = st.sampled_from([None, "a", "b", "c"])
named = st.lists(st.sampled_from(SEATS), min_size=1, max_size=4, unique=True).flatmap(
    lambda seats: st.builds(lambda customer: apply(*seats, customer=customer), customers)
)
quantities = st.builds(
    lambda quantity, section, customer: apply(quantity=quantity, section=section, customer=customer),
    st.integers(1, 5),
    st.sampled_from([None, "Stalls", "Standing"]),
    customers,
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


@given(crowds, st.dictionaries(st.sampled_from(["a", "b"]), st.integers(0, 6)), st.integers(1, 6))
def test_customer_limit_is_exact(crowd: list[Applicant], owned: dict[str, int], limit: int) -> None:
    counts = Counter(owned)
    for applicant, got in zip(crowd, award(crowd, owned=owned, customer_limit=limit), strict=True):
        wanted = applicant.quantity or len(applicant.seats)
        exceeds = applicant.customer is not None and counts[applicant.customer] + wanted > limit
        assert (got.failure == FailureCode.CUSTOMER_LIMIT) == exceeds
        if applicant.customer is not None:
            counts[applicant.customer] += len(got.seats)


def test_a_refused_booking_leaves_its_other_seats_to_the_next() -> None:
    first, second, third = apply("Stalls-A-1"), apply("Stalls-A-1", "Stalls-A-2"), apply("Stalls-A-2")
    got = award([first, second, third])
    assert [a.failure for a in got] == [None, FailureCode.SEATS_UNAVAILABLE, None]
    assert list(got[1].missing) == ["Stalls-A-1"]


def test_a_quantity_is_not_chosen_from_what_a_named_one_just_got() -> None:
    got = award([apply(*SEATS[:7]), apply(quantity=1, section="Stalls")])
    assert list(got[1].seats) == [SEATS[7]]


IN_TIME, PAST = NOW + timedelta(microseconds=1), NOW


@pytest.mark.parametrize(
    ("columns", "stage"),
    [
        (("PENDING", "acquire", None, None), Stage.ACQUIRING),
        (("PENDING", None, IN_TIME, None), Stage.HELD),
        (("PENDING", None, PAST, None), Stage.OVERDUE),
        (("PENDING", "confirm", IN_TIME, None), Stage.CONFIRMING),
        (("PENDING", "confirm", PAST, None), Stage.CONFIRMING),
        (("CONFIRMED", None, None, None), Stage.CONFIRMED),
        (("PENDING", "cancel", None, None), Stage.CANCELLING),
        (("PENDING", "cancel", PAST, None), Stage.CANCELLING),
        (("CONFIRMED", "cancel", None, None), Stage.CANCELLING),
        (("CANCELLED", None, None, None), Stage.CANCELLED),
        (("FAILED", None, None, "hold_expired"), Stage.EXPIRED),
        *(
            (("FAILED", None, None, code.value), Stage.FAILED)
            for code in FailureCode
            if code != "hold_expired"
        ),
    ],
)
@pytest.mark.parametrize("cancel_until", [None, IN_TIME, PAST])
def test_stage(
    columns: tuple[str, str | None, datetime | None, str | None], stage: Stage, cancel_until: datetime | None
) -> None:
    status, wants, expires_at, failure = columns
    found = find_stage(
        status=status,
        wants=wants,
        hold_expires_at=expires_at,
        failure_code=failure,
        cancel_until=cancel_until,
        now=NOW,
    )
    assert found == (Stage.KEPT if stage == Stage.CONFIRMED and cancel_until == PAST else stage)


DO, WAITS, DONE = Answer.DO, Answer.WAITS, Answer.DONE
SETTLED, EXPIRED, NOT_HELD = AlreadySettledError, HoldExpiredError, NotHeldError
# As the HTTP contract has it; the columns are confirm, extend, cancel.
CONTRACT: dict[Stage, tuple[Any, Any, Any]] = {
    Stage.ACQUIRING: (NOT_HELD, NOT_HELD, DO),
    Stage.HELD: (DO, DO, DO),
    Stage.OVERDUE: (EXPIRED, EXPIRED, DO),
    Stage.CONFIRMING: (WAITS, SETTLED, DO),
    Stage.CONFIRMED: (DONE, SETTLED, DO),
    Stage.KEPT: (DONE, SETTLED, NotCancellableError),
    Stage.CANCELLING: (SETTLED, SETTLED, WAITS),
    Stage.CANCELLED: (SETTLED, SETTLED, DONE),
    Stage.EXPIRED: (EXPIRED, EXPIRED, SETTLED),
    Stage.FAILED: (SETTLED, SETTLED, SETTLED),
}


@pytest.mark.parametrize("stage", Stage)
@pytest.mark.parametrize(("column", "action"), [(0, Action.CONFIRM), (1, Action.EXTEND), (2, Action.CANCEL)])
def test_what_may_be_asked(stage: Stage, column: int, action: Action) -> None:
    expected = CONTRACT[stage][column]
    if isinstance(expected, Answer):
        assert judge_action(stage, action) is expected
    else:
        with pytest.raises(expected) as first:
            judge_action(stage, action)
        with pytest.raises(expected) as second:
            judge_action(stage, action)
        # A fresh one each time: a shared one would gather every request's traceback.
        assert first.value is not second.value


@given(st.integers(0, 900), st.integers(0, 900), st.integers(15, 900))
def test_extended_hold(held_for: int, more: int, hold_seconds: int) -> None:
    expires_at = NOW + timedelta(seconds=held_for + more)
    got = extend_hold(held_at=NOW, hold_expires_at=expires_at, hold_seconds=hold_seconds)
    assert got >= expires_at
    assert got <= max(expires_at, NOW + LONGEST_HOLD)
    assert got == expires_at + timedelta(seconds=hold_seconds) or got in (NOW + LONGEST_HOLD, expires_at)
