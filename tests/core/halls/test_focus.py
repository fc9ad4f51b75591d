"""What a plan's audience looks at: what is said, what labels say, what rows face; and what is sold first."""

import random
from math import cos, dist, pi, sin
from typing import Any, NamedTuple

import pytest

from core.halls.best import BestSeats
from core.halls.build import Hall
from core.halls.focus import find_focus, find_labelled
from tests.core.halls.drawings import (
    SIDES,
    SIZE,
    TURNS,
    Place,
    Row,
    block,
    called,
    fan,
    hall_of,
    jolt,
    label,
    lettered,
    numbered,
    rectangle,
    ring,
    turn,
)
from tests.core.halls.test_any_arrangement import count_calls

# A tenth of a second's.
MOST_CALLS = 1_500_000


class Drawn(NamedTuple):
    """A row as a hall has it."""

    section: str | None
    name: str | None
    xs: tuple[float, ...]
    ys: tuple[float, ...]


def first_sold(hall: Hall, quantity: int = 2) -> set[str]:
    best = BestSeats(hall, [seat.seat_number for seat in hall.seats()])
    choice = best.choose(quantity)
    assert choice is not None
    return set(choice.seats)


def is_near(place: Place, other: Place, within: float = 30) -> bool:
    return dist(place, other) <= within


def side_of(hall: Hall) -> str | None:
    """Beside all seats, where the focus is."""
    xs, ys = [seat.x for seat in hall.seats()], [seat.y for seat in hall.seats()]
    x, y = hall.focus
    beside = {"top": y < min(ys), "bottom": y > max(ys), "left": x < min(xs), "right": x > max(xs)}
    return next((side for side, is_there in beside.items() if is_there), None)


FRONT_MIDDLE = {"0-0-9", "0-0-10"}
FACING: dict[str, list[Row]] = {
    "names are numbers": block(12, 20, name=numbered),
    "names are letters": block(12, 20, name=lettered),
    "beyond Z": block(30, 20, top=30, name=lettered),
    "names have a number": block(12, 20, name=called),
    "curved": fan(12, 20),
    "curved, named": fan(12, 20, name=numbered),
    "placed by hand": jolt(block(12, 20, name=numbered), 2),
    "curved by hand": jolt(fan(12, 20), 2),
}


@pytest.mark.parametrize("rows", FACING.values(), ids=FACING.keys())
@pytest.mark.parametrize("side", TURNS)
def test_rows_tell_where_the_stage_is(side: str, rows: list[Row]) -> None:
    hall = hall_of(turn(rows, TURNS[side]))
    assert first_sold(hall) == FRONT_MIDDLE
    # However they are listed, and however large the plan is drawn.
    assert hall_of(turn(rows, TURNS[side])[::-1]).focus == pytest.approx(hall.focus)
    assert first_sold(hall_of(turn(rows, TURNS[side]), size=100 * SIZE)) == FRONT_MIDDLE


@pytest.mark.parametrize("side", TURNS)
def test_curves_tell_more_than_names(side: str) -> None:
    rows = fan(12, 20, name=lambda row, rows: str(rows - row))
    assert first_sold(hall_of(turn(rows, TURNS[side]))) == FRONT_MIDDLE


@pytest.mark.parametrize("said", TURNS)
@pytest.mark.parametrize("drawn", TURNS)
def test_what_is_said_counts_whatever_is_drawn(said: str, drawn: str) -> None:
    rows = turn(block(12, 20, name=numbered), TURNS[said])
    stage = rectangle(SIDES[drawn][0] - 5, SIDES[drawn][1] - 5, 10, 10, **label("Stage"))
    hall = hall_of(rows, areas=[stage], focus=said)
    assert side_of(hall) == said
    assert first_sold(hall) == FRONT_MIDDLE
    place = {"x": SIDES[said][0], "y": SIDES[said][1]}
    assert first_sold(hall_of(rows, areas=[stage], focus=place)) == FRONT_MIDDLE


# Rows of a block across the way from the top, and from a side.
ENDS = {"top": FRONT_MIDDLE, "left": {"0-3-0", "0-3-1"}, "right": {"0-3-18", "0-3-19"}}


@pytest.mark.parametrize("said", ENDS)
@pytest.mark.parametrize("turned", TURNS)
def test_where_rows_run_away_from_what_is_said_their_near_ends_count(said: str, turned: str) -> None:
    around = {"top": "right", "right": "bottom", "bottom": "left", "left": "top"}
    side = said
    for _ in range(list(around).index(turned)):
        side = around[side]
    assert first_sold(hall_of(turn(block(7, 20), TURNS[turned]), focus=side)) == ENDS[said]


def test_a_place_that_is_said_is_taken_as_it_is() -> None:
    assert hall_of(block(2, 9), focus={"x": -7.5, "y": 1e9}).focus == (-7.5, 1e9)


@pytest.mark.parametrize("side", TURNS)
@pytest.mark.parametrize("text", ["S T A G E", "Bühne", "舞台", "Spielfeld", "LEINWAND"])
def test_a_label_counts_whatever_rows_are_called(side: str, text: str) -> None:
    # A theatre that counts its rows from the back: by their names the last is in front.
    rows = turn(block(12, 20, name=lambda row, rows: str(rows - row)), TURNS[side])
    x, y = SIDES[side]
    hall = hall_of(rows, areas=[rectangle(x - 40, y - 40, 80, 80, **label(text))])
    assert side_of(hall) == side
    assert first_sold(hall) == FRONT_MIDDLE


def test_a_theatre_with_its_stage_at_the_bottom() -> None:
    """The front row of the stalls goes first, and the last row of the balcony last."""
    stalls = turn(block(10, 21, name=lettered), 180)[::-1]
    balcony = [(name, [(x, y - 380) for x, y in row]) for name, row in turn(block(4, 21), 180)[::-1]]
    for areas in ([rectangle(300, 880, 400, 80, **label("S T A G E"))], [rectangle(300, 880, 400, 80)], []):
        hall = hall_of(balcony, stalls, areas=areas)
        assert side_of(hall) == "bottom"
        assert first_sold(hall, 3) == {"1-9-9", "1-9-10", "1-9-11"}
        order = BestSeats(hall, [seat.seat_number for seat in hall.seats()]).choose(21 * 13)
        assert order is not None
        assert not {f"0-0-{place}" for place in (0, 20)} & set(order.seats)


def test_of_several_a_stage_counts_then_a_field_then_a_screen() -> None:
    screen = rectangle(0, 0, 900, 100, **label("Screen"))
    field = rectangle(0, 100, 500, 100, **label("Spielfeld"))
    large, small = (rectangle(0, 200, width, 50, **label("Stage")) for width in (300, 20))
    door = rectangle(0, 300, 1000, 500, **label("Stage door"))
    assert find_labelled([door]) is None
    assert find_labelled([door, screen]) == (450, 50)
    assert find_labelled([screen, field, door]) == (250, 150)
    assert find_labelled([screen, field, small, large, door]) == (150, 225)


def test_a_turned_area_is_where_it_is_drawn() -> None:
    def find(**more: Any) -> Place | None:
        return find_labelled([rectangle(100, 300, 400, 60, **label("Stage"), **more)])

    # About its corner, to the right: from there downwards and to the left.
    assert find(rotation=90) == pytest.approx((70, 500))
    assert find(rotation=-180.0) == pytest.approx((-100, 270))
    for nothing in (0, None, "90", 1e308, [90], 360):
        assert find(rotation=nothing) == pytest.approx((300, 330))


def test_a_label_by_itself_is_where_it_is_written() -> None:
    text: dict[str, Any] = {"shape": "text", "position": {"x": 10, "y": 900}, "text": {"text": "S T A G E"}}
    assert find_labelled([text]) == (10, 900)
    for beside, place in (({"x": 5, "y": -2}, (15, 898)), ("here", (10, 900)), ({"x": 1e300}, (10, 900))):
        text["text"] = {"text": "Stage", "position": beside}
        assert find_labelled([text]) == place


@pytest.mark.parametrize("side", TURNS)
def test_a_large_thing_without_a_label_may_be_the_stage(side: str) -> None:
    x, y = SIDES[side]
    outline, thing = rectangle(0, 0, SIZE, SIZE), rectangle(x - 60, y - 60, 120, 120)
    rows = turn(block(12, 20), TURNS[side])
    assert side_of(hall_of(rows, areas=[outline, thing])) == side
    # But not what rows have their backs to.
    away = turn(block(12, 20, name=numbered), TURNS[side] + 180)
    assert first_sold(hall_of(away, areas=[outline, thing])) == FRONT_MIDDLE


def test_empty_space_may_be_the_stages() -> None:
    rows = block(12, 24, top=60)
    assert side_of(hall_of(rows)) == "bottom"
    # Not where a bar is, nor where the plan is smaller than what it is drawn on.
    bar = rectangle(0, 600, SIZE, 400, **label("Bar"))
    assert side_of(hall_of(rows, areas=[bar])) == "top"
    assert side_of(hall_of(block(12, 20, top=60, middle=280))) == "top"


def test_a_hall_grows_wider_behind() -> None:
    wider = [(None, block(1, 10 + row, top=300 + 32 * row)[0][1]) for row in range(12)]
    assert side_of(hall_of(wider)) == "top"
    assert side_of(hall_of(turn(wider, 180))) == "bottom"


def test_what_tells_nothing_leaves_the_top() -> None:
    singles: list[Row] = [(name, [place]) for name, places in block(9, 9, name=numbered) for place in places]
    tables = [
        (str(index), [(x + 30 * cos(pi / 4 * seat), y + 30 * sin(pi / 4 * seat)) for seat in range(8)])
        for index, (x, y) in enumerate((x, y) for y in range(200, 900, 150) for x in range(200, 900, 150))
    ]
    for rows in (block(12, 20), singles, tables):
        assert side_of(hall_of(rows)) == "top"
    for rows in ([(None, [(5.0, 5.0)] * 20)] * 3, [("1", [(500.0, 500.0)])]):
        assert hall_of(rows).focus == rows[0][1][0]


SURROUNDING: dict[str, list[list[Row]]] = {
    "four sides": [turn(block(5, 20, top=700, name=numbered), degrees) for degrees in (0, 90, 180, 270)],
    "two sides": [block(5, 20, top=700, name=numbered), turn(block(5, 20, top=700, name=numbered), 180)],
    "sides of unequal depth": [
        block(9, 20, top=700, name=numbered),
        turn(block(3, 20, top=700, name=numbered), 180),
    ],
    "rings": [[ring(300 + 30 * row, 60) for row in range(5)]],
    "one zone": [
        [row for degrees in (0, 90, 180, 270) for row in turn(block(5, 20, top=700, name=lettered), degrees)]
    ],
}


@pytest.mark.parametrize("zones", SURROUNDING.values(), ids=SURROUNDING.keys())
def test_what_the_audience_sits_around_is_in_its_middle(zones: list[list[Row]]) -> None:
    assert is_near(hall_of(*zones).focus, (500, 500), within=60)


def test_three_sides_look_at_what_is_between_them() -> None:
    zones = [turn(block(5, 20, top=700, name=numbered), degrees) for degrees in (0, 90, 270)]
    assert is_near(hall_of(*zones).focus, (500, 350), within=160)


def test_blocks_of_a_fan_look_at_its_middle() -> None:
    blocks = [fan(10, 12, spread=18, at=at) for at in (45, 90, 135)]
    for side, degrees in TURNS.items():
        hall = hall_of(*(turn(rows, degrees) for rows in blocks))
        assert is_near(hall.focus, SIDES[side], within=200)
        assert first_sold(hall) <= {f"1-0-{place}" for place in range(3, 9)}


def test_a_hall_that_stands_askew() -> None:
    for degrees in range(0, 360, 15):
        assert first_sold(hall_of(turn(block(12, 20, name=numbered), degrees))) <= {
            f"0-0-{place}" for place in range(6, 14)
        }


def test_the_middle_is_that_of_the_seats_not_of_the_plan() -> None:
    rows = block(12, 20, name=numbered, middle=2000)
    assert first_sold(hall_of(rows, size=5000)) == FRONT_MIDDLE
    assert first_sold(hall_of(rows, size=5000, focus="top")) == FRONT_MIDDLE


def test_seats_beside_a_wide_aisle_are_sold_from_the_front() -> None:
    left, right = (block(12, 10, name=numbered, middle=middle) for middle in (200, 800))
    hall = hall_of(left, right, areas=[rectangle(400, 20, 200, 60, **label("Stage"))])
    assert first_sold(hall) in ({"0-0-8", "0-0-9"}, {"1-0-0", "1-0-1"})


def test_any_numbers_make_a_place() -> None:
    chance = random.Random(3)
    for reach in (5e-324, 1e-300, 1e-9, 1e9):
        rows = [(str(row), [(chance.uniform(-reach, reach), reach) for _ in range(9)]) for row in range(9)]
        x, y = hall_of(rows).focus
        assert abs(x) <= 1e9
        assert abs(y) <= 1e9


@pytest.mark.parametrize(("rows", "seats"), [(2_000, 50), (10_000, 10), (10, 10_000), (1, 100_000)])
def test_the_largest_plan_is_understood_at_once(rows: int, seats: int) -> None:
    drawn = [
        Drawn("A", name, *zip(*places, strict=True)) for name, places in block(rows, seats, name=numbered)
    ]
    boxes = [rectangle(0, 0, SIZE, SIZE)] * 100
    assert count_calls(lambda: find_focus(drawn, boxes, size=(SIZE, SIZE), said=None)) < MOST_CALLS
