"""Layouts by columns: what they say is what the layout by sections says, seat for seat, in fewer bytes."""

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import assume, given

from core.halls.build import Hall, HallError, build_hall
from core.infra.json import to_json
from tests.core.halls.small_halls import CIRCLE, DEMO, GARDEN, STALLS, STANDING, drawn, sections
from tests.core.halls.test_halls import descriptions
from tests.core.halls.test_plans import SPIELFELD, hall_of, plan, with_areas


def leave_a_seat_without_category() -> dict[str, Any]:
    given = deepcopy(plan())
    given["zones"][1]["rows"][0]["seats"][0]["category"] = None
    return given


HALLS = {
    "counted": build_hall({"total_seats": 37, "price": 100}),
    "sections": sections(STALLS, STANDING, CIRCLE, GARDEN),
    "standing alone": sections(STANDING),
    "real": DEMO,
    "zones of one name": hall_of(plan(), {"B": 900}),
    "areas": hall_of(with_areas(SPIELFELD)),
    "no category": hall_of(leave_a_seat_without_category(), {"": 700}),
}


def to_sections(columns: dict[str, Any]) -> list[dict[str, Any]]:
    """The same by sections; of an unnumbered one no seats."""
    found = [{**section, "seats": []} for section in columns["sections"]]
    names = [category["name"] for category in columns["categories"]]
    for values in zip(*columns["seats"].values(), strict=True):
        seat = dict(zip(columns["seats"], values, strict=True))
        section, category = found[seat.pop("section")], seat["category"]
        seat["category"] = None if category is None else names[category]
        if section["numbered"]:
            section["seats"].append(seat)
        else:
            assert (seat["x"], seat["y"], seat["row"]) == (None, None, None)
    return found


def check_columns(hall: Hall) -> None:
    columns, layout = hall.columns(), hall.layout()
    assert columns["seats"]["seat_number"] == [seat.seat_number for seat in hall.seats()]
    assert columns["seats"]["price"] == [seat.price for seat in hall.seats()]
    assert to_sections(columns) == layout["sections"]
    for name in ("size", "areas", "categories"):
        assert columns[name] == layout[name]


@pytest.mark.parametrize("hall", HALLS.values(), ids=HALLS.keys())
def test_columns_say_what_the_layout_says(hall: Hall) -> None:
    check_columns(hall)


@given(description=descriptions)
def test_columns_of_any_hall_that_nobody_drew(description: dict[str, Any]) -> None:
    try:
        hall = build_hall(description)
    except HallError:
        assume(False)
    check_columns(hall)


def test_columns_have_every_seat_by_its_section() -> None:
    columns = sections(STANDING, {**STALLS, "rows": 1, "seats_per_row": 2}).columns()
    assert columns["sections"] == [
        {"name": "Standing", "numbered": False, "capacity": 5},
        {"name": "Stalls", "numbered": True, "capacity": 2},
    ]
    seats = columns["seats"]
    assert seats["section"] == [0] * 5 + [1] * 2
    assert seats["label"] == ["1", "2", "3", "4", "5", "1", "2"]
    assert seats["row"] == [None] * 5 + ["A"] * 2
    assert seats["x"][:5] == seats["y"][:5] == [None] * 5
    assert seats["category"] == [None] * 7


def xs_of(hall: Hall) -> str:
    return to_json(hall.columns()["seats"]["x"]).decode()


def test_positions_have_no_more_digits_than_they_need() -> None:
    assert xs_of(drawn([0.1 + 0.2, 1 / 3, 10.0, 1e6 / 3, -0.0])) == "[0.3,0.3,10,333333.3,0]"
    assert xs_of(drawn([0.1 + 0.2, 1 / 3, 100.25])) == "[0.3,0.33333,100.25]"
    assert xs_of(drawn([1e9, -1e9, 0.5, 2.5])) == "[1000000000,-1000000000,0,2]"
    assert ".0" not in to_json(HALLS["counted"].columns()["seats"]).decode()


def test_seats_of_a_small_plan_stay_apart() -> None:
    """A plan's unit may be as large as the hall."""
    hall = drawn([1 + place * 1e-7 for place in range(500)])
    columns = hall.columns()["seats"]
    assert len(set(columns["x"])) == 500
    assert columns["x"] == pytest.approx([seat.x for seat in hall.seats()], rel=0, abs=1e-6 * 500e-7)
    assert drawn([5e-324, 0.0]).columns()["seats"]["x"] == [5e-324, 0]


def test_seats_at_one_place_are_there() -> None:
    assert xs_of(drawn([1 / 3, 1 / 3])) == "[0.333333,0.333333]"
    assert xs_of(drawn([7.0])) == "[7]"
