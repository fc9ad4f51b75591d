"""What an audience looks at: what is said, else what a label says, else what the rows face."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from heapq import nlargest
from itertools import chain
from math import dist, hypot
from statistics import StatisticsError, correlation
from typing import Any

from core.halls.areas import Box, Point, find_box, read_text
from core.halls.facing import Part, PlacedRow, read_parts, sample
from core.halls.labels import read_label

# What a show's `focus` says: a place, or a side of the plan.
Focus = dict[str, float] | str
SIDES = ("top", "bottom", "left", "right")

# What lies beside the audience counts from so near, a part of the audience's mean extent: from far away the
# ends of curved rows, which come forward, would be nearer than their middles.
NEAR = 0.1
# What a sign counts for a place, where 1 is that all rows are known to face it: that rows lie across the way
# to it; a large thing without a label there; an empty space there; shorter rows there; that it is the top.
ACROSS, UNLABELLED, SPACE, SHORTER, TOP = 0.5, 0.3, 0.4, 0.2, 0.05
# What rows face contradicts itself below this, as at tables, around which people sit.
DOUBT = 0.15
# Unlabelled areas that are looked at, the largest; one is large from this part of the audience's extent on.
LARGEST, LARGE = 8, 0.2


@dataclass(frozen=True, slots=True)
class Ground:
    """Where seats are in a drawing: the box around all, that of the seats, and the middle one each way."""

    drawing: Box
    seats: Box
    middle: Point

    @property
    def near(self) -> float:
        """How far what is near is, in the plan's units."""
        return NEAR * (self.seats.width + self.seats.height) / 2


def locate(focus: Focus, box: Box, middle: Point) -> Point:
    """The place that is said: of a side of the box the point before this middle."""
    if isinstance(focus, dict):
        return focus["x"], focus["y"]
    x, y = middle
    sides = {"top": (x, box.top), "bottom": (x, box.bottom), "left": (box.left, y), "right": (box.right, y)}
    return sides[focus]


def find_focus(
    rows: Sequence[PlacedRow], areas: Sequence[dict[str, Any]], *, size: Point, said: Focus | None
) -> Point:
    """What the audience of a plan of this size looks at."""
    if isinstance(said, dict):
        return said["x"], said["y"]
    ground = _survey(rows, *size)
    place = (
        locate(said, ground.drawing, ground.middle)
        if said is not None
        else find_labelled(areas) or find_faced(rows, areas, ground)
    )
    return _approach(place, rows, ground)


def _survey(rows: Sequence[PlacedRow], width: float, height: float) -> Ground:
    xs = sorted(chain.from_iterable(row.xs for row in rows))
    ys = sorted(chain.from_iterable(row.ys for row in rows))
    half = len(xs) // 2
    middle = (xs[half] + xs[~half]) / 2, (ys[half] + ys[~half]) / 2
    seats = Box(xs[0], ys[0], xs[-1], ys[-1])
    near = Ground(seats, seats, middle).near
    drawing = Box(
        min(0.0, seats.left - near),
        min(0.0, seats.top - near),
        max(width, seats.right + near),
        max(height, seats.bottom + near),
    )
    return Ground(drawing, seats, middle)


def _approach(place: Point, rows: Sequence[PlacedRow], ground: Ground) -> Point:
    """The place, nearer to the first of the rows where it lies beside all seats."""
    x, y = place
    edge_x, edge_y = ground.seats.nearest(x, y)
    away = dist(place, (edge_x, edge_y))
    if not away:
        return place
    ahead = (edge_x - x) / away, (edge_y - y) / away
    step = max(min(_measure(row, place, ahead) for row in rows) - ground.near, 0.0)
    return x + step * ahead[0], y + step * ahead[1]


def _measure(row: PlacedRow, place: Point, ahead: Point) -> float:
    """How far ahead of the place a row is: its middle, or where it runs away from the place its near end."""
    first, middle, last = (
        (row.xs[seat] - place[0]) * ahead[0] + (row.ys[seat] - place[1]) * ahead[1]
        for seat in (0, len(row.xs) // 2, -1)
    )
    across = (row.xs[-1] - row.xs[0]) * ahead[1] - (row.ys[-1] - row.ys[0]) * ahead[0]
    return min(first, last) if abs(last - first) > abs(across) else middle


def find_labelled(areas: Sequence[dict[str, Any]]) -> Point | None:
    """The middle of what is labelled as a stage, else a field, else a screen: of several the largest."""
    found = []
    for area in areas:
        kind = read_label(read_text(area))
        if kind is not None:
            box = find_box(area)
            found.append((kind, -(box.width * box.height), box))
    return min(found, key=lambda one: one[:2])[2].middle if found else None


def find_faced(rows: Sequence[PlacedRow], areas: Sequence[dict[str, Any]], ground: Ground) -> Point:
    """The place that most seats face: a side, a corner, what they surround, or a large unlabelled thing."""
    parts = list(read_parts(rows))
    signs = _weigh_sides(rows, areas, ground)
    left, top, right, bottom = ground.drawing
    places = [
        *((locate(side, ground.drawing, ground.middle), signs[side]) for side in SIDES),
        *(((x, y), 0.0) for x in (left, right) for y in (top, bottom)),
        (_find_between(parts, ground), 0.0),
        *((place, UNLABELLED) for place in _find_unlabelled(rows, areas, ground)),
    ]
    # Equal but for rounding are equal, and then the first is taken.
    return max(places, key=lambda one: round(_weigh(parts, one[0]) + one[1], 3))[0]


def _weigh(parts: Sequence[Part], place: Point) -> float:
    """From -1, all have their backs to it, to 1, all face it."""
    total = weight = 0.0
    for x, y, seats, along, faces in parts:
        dx, dy = place[0] - x, place[1] - y
        distance = hypot(dx, dy) or 1.0
        weight += seats
        if faces:
            total += seats * (faces[0] * dx + faces[1] * dy) / distance
        else:
            total += ACROSS * seats * abs(along[0] * dy - along[1] * dx) / distance
    faced = total / weight if weight else 0.0
    return faced if abs(faced) > DOUBT else 0.0


def _find_between(parts: Sequence[Part], ground: Ground) -> Point:
    """The middle of what lies between rows that face each other, or between rows and the drawing's edge."""
    facing = [(part, part.faces) for part in parts if part.faces]
    box, (x, y) = ground.drawing, ground.seats.middle
    left = max((part.x for part, faces in facing if faces[0] > 0.5), default=box.left)
    right = min((part.x for part, faces in facing if faces[0] < -0.5), default=box.right)
    top = max((part.y for part, faces in facing if faces[1] > 0.5), default=box.top)
    bottom = min((part.y for part, faces in facing if faces[1] < -0.5), default=box.bottom)
    return (left + right) / 2 if left <= right else x, (top + bottom) / 2 if top <= bottom else y


def _find_unlabelled(
    rows: Sequence[PlacedRow], areas: Sequence[dict[str, Any]], ground: Ground
) -> Iterator[Point]:
    """Large areas that nothing is written on and no seat stands in."""
    boxes = [find_box(area) for area in areas if not read_text(area).strip()]
    seats = ground.seats
    large = [box for box in boxes if box.width > LARGE * seats.width or box.height > LARGE * seats.height]
    for box in nlargest(LARGEST, large, key=lambda one: one.width * one.height):
        if not any(box.holds(x, y) for row in rows for x, y in sample(row)):
            yield box.middle


def _weigh_sides(
    rows: Sequence[PlacedRow], areas: Sequence[dict[str, Any]], ground: Ground
) -> dict[str, float]:
    """The signs that count less than what rows face: empty space, and where rows are shorter."""
    signs = dict.fromkeys(SIDES, 0.0) | {"top": TOP}
    taken = [ground.seats, *(find_box(area) for area in areas if read_text(area).strip())]
    box, seats = ground.drawing, ground.seats
    free = {
        "top": min(one.top for one in taken) - box.top,
        "bottom": box.bottom - max(one.bottom for one in taken),
        "left": min(one.left for one in taken) - box.left,
        "right": box.right - max(one.right for one in taken),
    }
    # Where a hall is smaller than what it is drawn on, there is space on two sides.
    widest, next_widest = nlargest(2, free, key=lambda side: free[side])
    spare = (free[widest] - 2 * free[next_widest]) / ((seats.width + seats.height) / 2 or 1.0)
    signs[widest] += SPACE * min(max(spare, 0.0), 1.0)
    lengths = [len(row.xs) for row in rows]
    downwards = _correlate(lengths, [row.ys[0] for row in rows])
    rightwards = _correlate(lengths, [row.xs[0] for row in rows])
    signs["top" if downwards > 0 else "bottom"] += SHORTER * abs(downwards)
    signs["left" if rightwards > 0 else "right"] += SHORTER * abs(rightwards)
    return signs


def _correlate(lengths: Sequence[int], places: Sequence[float]) -> float:
    if min(lengths) == max(lengths):
        return 0.0
    try:
        return correlation(lengths, places)
    except StatisticsError:
        # All are in one place, or as good as.
        return 0.0
