"""What the rows of a plan face, as their curves and names tell."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import dist, hypot
from typing import NamedTuple, Protocol

from core.halls.areas import Point

# Seats of a row that are looked at, however many it has.
SAMPLED = 8
# A row that is so much longer than the way from its one end to the other goes around what it faces.
TURNS = 1.45
# A row is curved whose middle half lies beside its ends by more than this part of its length: a seat that was
# moved by hand makes no curve, the slightest curve of a theatre is twice that.
FLAT = 0.01
# Rows are beside each other up to this sine of the angle between them.
ASKEW = 0.3
LONGEST_NUMBER, LONGEST_LETTERS = 9, 2

Rank = tuple[int, str]


class PlacedRow(Protocol):
    """A row of a plan, as far as it tells where the audience looks."""

    @property
    def section(self) -> str | None:
        """The name of its section."""

    @property
    def name(self) -> str | None:
        """Its own."""

    @property
    def xs(self) -> Sequence[float]:
        """Where its seats are, from left to right."""

    @property
    def ys(self) -> Sequence[float]:
        """And from top to bottom."""


class Part(NamedTuple):
    """A row, or a part of one that turns: its middle, its seats; unit vectors along it, to what it faces."""

    x: float
    y: float
    seats: float
    along: Point
    faces: Point | None


def read_parts(rows: Sequence[PlacedRow]) -> Iterator[Part]:
    """The rows, or their parts; what one faces where its curve tells, else where the names of rows do.

    A row of one seat tells nothing and is left out.
    """
    of_rows = [list(_cut(_close(sample(row)), len(row.xs))) for row in rows]
    named = _face_by_names(rows, of_rows)
    for index, parts in enumerate(of_rows):
        for part in parts:
            yield part if part.faces or index not in named else part._replace(faces=named[index])


def sample(row: PlacedRow) -> list[Point]:
    """Some of a row's seats, evenly, its first and its last among them."""
    last = len(row.xs) - 1
    steps = min(SAMPLED, last) or 1
    return [(row.xs[seat], row.ys[seat]) for seat in (last * step // steps for step in range(steps + 1))]


def _close(points: list[Point]) -> list[Point]:
    """A row around a table ends beside its beginning: closed, it faces the middle from all sides alike."""
    step = _measure(points) / (len(points) - 1)
    is_open_by_a_seat = len(points) > 3 and step / 2 < dist(points[0], points[-1]) < TURNS * step
    return [*points, points[0]] if is_open_by_a_seat else points


def _measure(points: list[Point]) -> float:
    return sum(map(dist, points, points[1:]))


def _cut(points: list[Point], seats: float) -> Iterator[Part]:
    (x, y), (end_x, end_y) = points[0], points[-1]
    length = dist(points[0], points[-1])
    if len(points) > 3 and _measure(points) > TURNS * length:
        half = len(points) // 2
        yield from _cut(points[: half + 1], seats / 2)
        yield from _cut(points[half:], seats / 2)
    elif length:
        along = (end_x - x) / length, (end_y - y) / length
        beside = [along[0] * (py - y) - along[1] * (px - x) for px, py in points]
        ends = max(1, len(beside) // 4)
        middle = beside[ends:-ends] or [0.0]
        # The middle lies away from what a curved row faces.
        curve = sum(middle) / len(middle) - sum(beside[:ends] + beside[-ends:]) / (2 * ends)
        sign = 0 if abs(curve) <= FLAT * length else -1 if curve > 0 else 1
        faces = (-along[1] * sign, along[0] * sign) if sign else None
        yield Part((x + end_x) / 2, (y + end_y) / 2, seats, along, faces)


def _face_by_names(rows: Sequence[PlacedRow], of_rows: Sequence[Sequence[Part]]) -> dict[int, Point]:
    """What rows face, by index, where names go on beside them, as "1" and "2": the first is in front."""
    votes: dict[int, Point] = {}
    ranks = [_rank(row.name) for row in rows]
    for index, (one, other) in enumerate(pairwise(of_rows)):
        if len(one) == len(other) == 1 and rows[index].section == rows[index + 1].section:
            x, y = _compare(one[0], other[0], ranks[index], ranks[index + 1])
            for voter in (index, index + 1):
                votes[voter] = votes.get(voter, (0.0, 0.0))[0] + x, votes.get(voter, (0.0, 0.0))[1] + y
    lengths = {index: hypot(*vote) for index, vote in votes.items()}
    # Votes that contradict each other come to nothing.
    return {
        index: (x / lengths[index], y / lengths[index])
        for index, (x, y) in votes.items()
        if lengths[index] > 0.5
    }


def _compare(one: Part, other: Part, rank: Rank | None, next_rank: Rank | None) -> Point:
    """A unit vector to what both face, as far as their names tell."""
    if rank is None or next_rank is None or rank == next_rank or bool(rank[1]) != bool(next_rank[1]):
        return 0.0, 0.0
    across = -one.along[1], one.along[0]
    if abs(across[0] * other.along[0] + across[1] * other.along[1]) > ASKEW:
        return 0.0, 0.0
    dx, dy = other.x - one.x, other.y - one.y
    behind = across[0] * dx + across[1] * dy
    if abs(behind) <= FLAT * hypot(dx, dy):
        return 0.0, 0.0
    sign = -1 if (behind > 0) == (next_rank > rank) else 1
    return sign * across[0], sign * across[1]


def _rank(name: str | None) -> Rank | None:
    """Where a row comes by its name's last number, else its last letters: A … Z, AA, BB …."""
    if numbers := re.findall(r"\d+", name or ""):
        return int(numbers[-1][:LONGEST_NUMBER]), ""
    words = re.findall(r"[^\W_]+", name or "")
    return (len(words[-1]), words[-1].upper()) if words and len(words[-1]) <= LONGEST_LETTERS else None
