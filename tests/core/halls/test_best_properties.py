"""What must hold of any choice of seats, in any hall."""

from itertools import pairwise
from math import dist
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bench.arrangements import ARRANGEMENTS, draw
from core.halls.best import BestSeats
from core.halls.build import Hall, HallSeat, build_hall
from tests.core.halls.reference import choose_seated
from tests.core.halls.small_halls import DEMO, STALLS, drawn, sections

numbered = st.builds(
    lambda rows, width: {"rows": rows, "seats_per_row": width, "price": 7},
    st.integers(1, 4),
    st.integers(1, 9),
)
unnumbered = st.builds(lambda capacity: {"capacity": capacity, "price": 3}, st.integers(1, 8))
places = st.lists(st.sampled_from([10.0, 11.0, 25.0]), min_size=1, max_size=7).map(
    lambda steps: [sum(steps[: end + 1]) for end in range(len(steps))]
)
halls = st.one_of(
    st.integers(1, 60).map(lambda total: build_hall({"total_seats": total, "price": 5})),
    st.lists(numbered | unnumbered, min_size=1, max_size=4).map(
        lambda parts: sections(*({"name": f"S{index}", **part} for index, part in enumerate(parts)))
    ),
    st.lists(places, min_size=1, max_size=4).map(lambda rows: drawn(*rows)),
)


def check_together(seats: list[HallSeat]) -> None:
    assert len({(seat.section, seat.row_index) for seat in seats}) == 1
    taken = sorted(seat.place or 0 for seat in seats)
    assert not any(taken) or all(after == before + 1 for before, after in pairwise(taken))


@given(halls, st.data())
def test_choices_are_free_distinct_enough_and_where_asked(hall: Hall, data: st.DataObject) -> None:
    seats = {seat.seat_number: seat for seat in hall.seats()}
    free = data.draw(st.sets(st.sampled_from(sorted(seats))))
    best = BestSeats(hall, sorted(free))
    names = st.sampled_from([None, *(section.name for section in hall.sections)])
    for quantity, section in data.draw(st.lists(st.tuples(st.integers(1, 6), names), max_size=12)):
        fitting = {number for number in free if section in (None, seats[number].section)}
        choice = best.choose(quantity, section)
        if len(fitting) < quantity:
            assert choice is None
            continue
        assert choice is not None
        assert len(choice.seats) == len(set(choice.seats)) == quantity
        assert set(choice.seats) <= fitting
        assert choice.amount == sum(seats[number].price for number in choice.seats)
        if choice.together:
            check_together([seats[number] for number in choice.seats])
        free -= set(choice.seats)
        best.discard(choice.seats)


@given(st.integers(1, 80), st.integers(1, 4), st.data())
def test_the_run_with_the_smallest_mean_distance_is_chosen(
    total: int, quantity: int, data: st.DataObject
) -> None:
    hall = build_hall({"total_seats": total, "price": 5})
    seats = list(hall.seats())
    free = data.draw(st.sets(st.sampled_from([seat.seat_number for seat in seats])))
    best = BestSeats(hall, sorted(free))
    runs = [
        run
        for run in zip(*(seats[start:] for start in range(quantity)), strict=False)
        if len({seat.row_index for seat in run}) == 1 and free.issuperset(seat.seat_number for seat in run)
    ]
    choice = best.choose(quantity)
    if choice is None or not choice.together:
        assert not runs
        return
    nearest = min(sum(dist((seat.x, seat.y), hall.focus) for seat in run) for run in runs)
    taken = [seat for seat in seats if seat.seat_number in choice.seats]
    assert sum(dist((seat.x, seat.y), hall.focus) for seat in taken) == pytest.approx(nearest, abs=1e-3)


@given(st.sets(st.integers(0, 80), min_size=4), st.integers(2, 4))
def test_groups_across_rows_have_the_least_value_of_all(free: set[int], quantity: int) -> None:
    hall = sections({**STALLS, "rows": 9})
    seats = [seat for index, seat in enumerate(hall.seats()) if index in free and (seat.place or 0) % 2]
    best = BestSeats(hall, [seat.seat_number for seat in seats])
    while len(seats) >= quantity:
        choice = best.choose(quantity)
        assert choice is not None
        assert not choice.together
        taken = [seat for seat in seats if seat.seat_number in choice.seats]
        assert min(value(hall, one, taken, quantity) for one in taken) == pytest.approx(
            min(value(hall, one, seats, quantity) for one in seats)
        )
        best.discard(choice.seats)
        seats = [seat for seat in seats if seat.seat_number not in choice.seats]


def value(hall: Hall, anchor: HallSeat, seats: list[HallSeat], quantity: int) -> float:
    spread = sorted(dist((seat.x, seat.y), (anchor.x, anchor.y)) for seat in seats)[:quantity]
    return dist((anchor.x, anchor.y), hall.focus) + 2 * sum(spread) / quantity


somewhere = st.tuples(
    st.sampled_from([0.0, 1.0, 2.0, 9.5, 40.0, 1e-300, -3e9]), st.sampled_from([0.0, 1.0, 7.0, 1e9])
)
anywhere = st.tuples(st.floats(-3e9, 3e9), st.floats(-3e9, 3e9))
in_a_place = st.one_of(
    st.lists(st.lists(somewhere | anywhere, min_size=1, max_size=9), min_size=1, max_size=9).map(draw),
    st.tuples(st.sampled_from(sorted(ARRANGEMENTS)), st.integers(20, 60)).map(
        lambda chosen: ARRANGEMENTS[chosen[0]](chosen[1])
    ),
)


@given(in_a_place, st.data())
def test_choices_in_any_arrangement_are_those_of_the_plain_rule(hall: Hall, data: st.DataObject) -> None:
    seats = {seat.seat_number: seat for seat in hall.seats()}
    free = data.draw(st.sets(st.sampled_from(sorted(seats))))
    near = data.draw(st.sampled_from(sorted(seats)))
    best = BestSeats(hall, sorted(free))
    for quantity in data.draw(st.lists(st.integers(1, 6), max_size=6)):
        suggested = best.suggest(quantity, near=near, limit=1)
        point = seats[near].x, seats[near].y
        assert [choice.seats for choice in suggested] == [
            seats for seats in [choose_seated(hall, free, quantity, point)] if seats
        ]
        choice = best.choose(quantity)
        assert (choice and choice.seats) == choose_seated(hall, free, quantity, hall.focus)
        best.discard(choice.seats if choice else ())
        free -= set(choice.seats if choice else ())


# To compare a real hall's choices takes a while: on a busy machine too long for Hypothesis's own taste.
@settings(max_examples=12, suppress_health_check=[HealthCheck.too_slow])
@given(st.randoms(use_true_random=False), st.sampled_from([0.05, 0.3, 0.9]))
def test_choices_in_a_real_hall_are_those_of_the_plain_rule(chance: Random, part: float) -> None:
    numbers = [seat.seat_number for seat in DEMO.seats()]
    free = set(chance.sample(numbers, int(part * len(numbers))))
    best = BestSeats(DEMO, sorted(free))
    for _ in range(4):
        quantity = chance.choice([1, 2, 2, 3, 4, 6])
        choice = best.choose(quantity)
        assert choice is not None
        assert choice.seats == choose_seated(DEMO, free, quantity, DEMO.focus)
        best.discard(choice.seats)
        free -= set(choice.seats)
