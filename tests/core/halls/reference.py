"""The choice of seats as it is told in words, with no thought for time: of every run and group, the best."""

from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise
from math import hypot
from statistics import median_low

from core.halls.build import Hall, HallSeat

Point = tuple[float, float]
Numbers = tuple[str, ...]


def distance(seat: HallSeat, point: Point) -> int:
    return round(hypot(seat.x - point[0], seat.y - point[1]) * 10_000)


def choose_seated(hall: Hall, free: set[str], quantity: int, point: Point) -> Numbers | None:
    """Of a hall whose seats are all numbered."""
    seats = list(hall.seats())
    if len(free) < quantity:
        return None
    order = {seat.seat_number: index for index, seat in enumerate(seats)}
    for across_aisles in (False, True):
        runs = [run for run in _runs(seats, quantity, across_aisles) if free.issuperset(_numbers(run))]
        if runs:
            return _numbers(min(runs, key=lambda run: sum(distance(seat, point) for seat in run)))
    left = [seat for seat in seats if seat.seat_number in free]
    group = min(
        (_group(anchor, left, quantity) for anchor in left),
        key=lambda group: _value(group, quantity, point),
    )
    return tuple(sorted(_numbers(group), key=order.__getitem__))


def _numbers(seats: Sequence[HallSeat]) -> Numbers:
    return tuple(seat.seat_number for seat in seats)


def _runs(seats: list[HallSeat], quantity: int, across_aisles: bool) -> Iterator[list[HallSeat]]:
    for _, of_row in groupby(seats, lambda seat: seat.row_index):
        row = list(of_row)
        gaps = [hypot(right.x - left.x, right.y - left.y) for left, right in pairwise(row)]
        widest = 1.5 * median_low(gaps) if gaps else 0
        for start in range(len(row) - quantity + 1):
            is_parted = any(gap > widest for gap in gaps[start : start + quantity - 1])
            if across_aisles or not is_parted:
                yield row[start : start + quantity]


def _group(anchor: HallSeat, left: list[HallSeat], quantity: int) -> list[HallSeat]:
    return sorted(left, key=lambda seat: distance(seat, (anchor.x, anchor.y)))[:quantity]


def _value(group: list[HallSeat], quantity: int, point: Point) -> int:
    # The anchor comes first, or others in its place before it.
    anchor = group[0]
    around = sum(distance(seat, (anchor.x, anchor.y)) for seat in group)
    return quantity * distance(anchor, point) + 2 * around
