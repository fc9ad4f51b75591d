"""Seating plans: what is read of them, what is refused and where."""

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from core.halls.build import Hall, HallError, build_hall
from core.halls.focus import find_labelled
from core.halls.normal import normalise_plan
from core.halls.plans import SeatingPlan
from core.halls.seat_index import find_index

REAL_HALL = Path(__file__).parents[3] / "local" / "halls" / "riethsporthalle-erfurt.json"
SPIELFELD = {"shape": "rectangle", "position": {"x": 1, "y": 2}, "rectangle": {"width": 10, "height": 4}}
ELLIPSE = {"shape": "ellipse", "position": {"x": 0, "y": 0}, "ellipse": {"radius": {"x": 1, "y": 1}}}


def seat(guid: str, x: float, category: str = "A") -> dict[str, Any]:
    return {"seat_guid": guid, "seat_number": guid[-1], "position": {"x": x, "y": 1}, "category": category}


def plan() -> dict[str, Any]:
    row = {"row_number": "7", "position": {"x": 10, "y": 20}, "seats": [seat("p1", 1), seat("p2", 2, "B")]}
    labelled = {"row_number": "8", "row_label": "Row %s", "seat_label": "No. %s", "seats": [seat("p3", 3)]}
    left = {"name": "Parkett", "position": {"x": 100, "y": 200}, "rows": [row, labelled], "areas": []}
    right = {"name": "Parkett", "position": {"x": 0.5, "y": 0}, "rows": [{**row, "seats": [seat("p4", 4)]}]}
    unnamed = {"position": {"x": 0, "y": 0}, "rows": [{**row, "seats": [seat("p5", 5)]}]}
    categories = [{"name": "A", "color": "#ffffff"}, {"name": "B"}]
    size = {"width": 600, "height": 400}
    return {"name": "Plan", "categories": categories, "size": size, "zones": [left, right, unnamed]}


def hall_of(description: dict[str, Any], prices: dict[str, int] | None = None) -> Hall:
    normalised = normalise_plan(SeatingPlan.model_validate(description), prices or {})
    return build_hall({"plan": json.loads(json.dumps(normalised))})


def refusals(description: dict[str, Any], prices: dict[str, int] | None = None) -> list[tuple[str, str]]:
    with pytest.raises(HallError) as refused:
        hall_of(description, prices)
    return [(fault.pointer, fault.detail) for fault in refused.value.faults]


def refusal(description: dict[str, Any], prices: dict[str, int] | None = None) -> str:
    ((pointer, _),) = refusals(description, prices)
    return pointer


def with_areas(*areas: dict[str, Any]) -> dict[str, Any]:
    drawn = plan()
    drawn["zones"][0]["areas"] = list(areas)
    return drawn


def test_seats_are_placed_labelled_and_priced() -> None:
    first, second, third, fourth, fifth = hall_of(plan(), {"B": 900}).seats()
    assert (first.x, first.y, first.row, first.label, first.price, first.category) == (
        111,
        221,
        "7",
        "1",
        0,
        "A",
    )
    assert (second.x, second.price, second.category, second.place) == (112, 900, "B", 2)
    assert (third.x, third.y, third.row, third.label) == (103, 201, "Row 8", "No. 3")
    assert (fourth.x, fourth.section) == (14.5, "Parkett")
    assert fifth.section is None
    assert [one.row_index for one in (first, second, third, fourth, fifth)] == [0, 0, 1, 2, 3]


def test_zones_of_one_name_are_one_section() -> None:
    parkett, unnamed = hall_of(plan(), {"A": 400, "B": 900}).sections
    assert (parkett.name, parkett.capacity, parkett.price, parkett.price_max) == ("Parkett", 4, 400, 900)
    assert (unnamed.name, unnamed.capacity, unnamed.price, unnamed.price_max) == (None, 1, 400, 400)


def test_a_row_or_zone_without_seats_is_none_of_the_halls() -> None:
    drawn = plan()
    drawn["zones"].insert(0, {"name": "Empty", "position": {"x": 0, "y": 0}, "rows": []})
    drawn["zones"][1]["rows"].insert(0, {"row_number": "0", "seats": []})
    assert list(hall_of(drawn).seats()) == list(hall_of(plan()).seats())
    assert [section.name for section in hall_of(drawn).sections] == ["Parkett", None]


def test_prices_of_seats() -> None:
    hall = hall_of(plan(), {"B": 900})
    assert [hall.price_of(number) for number in ("p1", "p2", "P1", "")] == [0, 900, None, None]


def test_layout_shows_the_plans_own_drawing() -> None:
    area = {**SPIELFELD, "rotation": 30, "text": {"text": "Bar", "size": 12}, "own": {"x": [1]}}
    layout = hall_of(with_areas(area), {"B": 900}).layout()
    assert layout["size"] == {"width": 600, "height": 400}
    assert layout["areas"] == [{**area, "position": {"x": 101, "y": 202}}]
    assert layout["categories"] == [
        {"name": "A", "color": "#ffffff", "price": 0},
        {"name": "B", "color": None, "price": 900},
    ]
    assert [one["seat_number"] for one in layout["sections"][0]["seats"]] == ["p1", "p2", "p3", "p4"]


def test_a_plan_without_a_size_is_as_large_as_its_seats() -> None:
    drawn = plan()
    del drawn["size"]
    assert hall_of(drawn).layout()["size"] == {"width": 152, "height": 261}


def test_refusals_point_at_what_is_wrong() -> None:
    twice, undeclared, again, empty = plan(), plan(), plan(), plan()
    twice["zones"][1]["rows"][0]["seats"][0]["seat_guid"] = "p2"
    assert refusal(twice) == "/seating_plan/zones/1/rows/0/seats/0/seat_guid"
    undeclared["zones"][0]["rows"][0]["seats"][1]["category"] = "C"
    assert refusal(undeclared) == "/seating_plan/zones/0/rows/0/seats/1/category"
    again["categories"].append({"name": "A"})
    assert refusal(again) == "/seating_plan/categories/2/name"
    empty["zones"] = []
    assert refusal(empty) == "/seating_plan/zones"
    assert refusal(plan(), {"VIP/~": 1}) == "/prices/VIP~1~0"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("zones", 0, "position", "x"), float("nan")),
        (("zones", 0, "position", "x"), float("inf")),
        (("zones", 0, "position", "x"), "1"),
        (("zones", 0, "position", "x"), True),
        (("zones", 0, "rows", 0, "seats", 0, "seat_guid"), ""),
        (("zones", 0, "rows", 0, "seats", 0, "seat_guid"), "g" * 201),
        (("zones", 0, "rows", 0, "seats", 0, "seat_guid"), "a\0b"),
        (("zones", 0, "rows", 0, "seats", 0, "seat_guid"), "a\nb"),
        (("zones", 0, "rows", 0, "seats", 0, "seat_guid"), 7),
        (("zones", 0, "rows", 0, "row_number"), 7),
        (("zones", 0, "areas"), [{**SPIELFELD, "shape": "star"}]),
        (("zones", 0, "areas"), [{**SPIELFELD, "own": ["\0"]}]),
        (("zones", 0, "areas"), [{**SPIELFELD, "text": {"text": "\u202egats"}}]),
        (("zones", 0, "areas"), [{**SPIELFELD, "text": {"text": "\ufdd0"}}]),
        (("zones", 0, "areas"), [{**SPIELFELD, "own": {"\0": 1}}]),
        (("zones", 0, "areas"), [{**SPIELFELD, "own": float("inf")}]),
        (("zones", 0, "areas"), [{**SPIELFELD, "own": json.loads("[" * 500 + "]" * 500)}]),
        (("zones", 0, "areas"), [{**ELLIPSE, "ellipse": {"radius": {"x": -1, "y": 1}}}]),
        (("zones", 0, "position", "y"), 1e308),
        (("zones", 0, "rows", 0, "position", "x"), "1"),
        (("zones", 0, "rows", 0, "seats", 0, "seat_guid"), None),
        (("zones", 0, "rows", 0, "seats", 0, "category"), 7),
        (("zones", 0, "rows", 0, "seats", 0, "seat_number"), 7),
        (("size", "width"), -1),
        (("size", "width"), "600"),
        (("categories",), {}),
        (("name",), 7),
    ],
)
def test_wrong_types_and_values_are_refused(path: tuple[str | int, ...], value: object) -> None:
    SeatingPlan.model_validate(plan())
    drawn: Any = plan()
    inner = drawn
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    with pytest.raises(ValidationError) as refused:
        SeatingPlan.model_validate(drawn)
    assert refused.value.errors()[0]["loc"][: len(path)] == path


def test_all_seats_of_one_number_are_named_with_what_they_collide_with() -> None:
    drawn = plan()
    drawn["zones"][1]["rows"][0]["seats"] = [seat("p2", 1), seat("p4", 2), seat("p2", 3)]
    drawn["zones"][2]["rows"][0]["seats"] = [seat("p4", 1), seat("p5", 2, "C"), seat("p6", 3, "C")]
    assert refusals(drawn) == [
        (
            f"/seating_plan/zones/{zone}/rows/0/seats/{index}/{field}",
            f'"{guid}" is the seat_guid of /seating_plan/zones/{first}/rows/0/seats/1 too'
            if field == "seat_guid"
            else "the seating plan declares no such category",
        )
        for zone, index, field, guid, first in (
            (1, 0, "seat_guid", "p2", 0),
            (1, 2, "seat_guid", "p2", 0),
            (2, 0, "seat_guid", "p4", 1),
            (2, 1, "category", "", 0),
        )
    ]


def test_of_many_the_first_twenty_are_named_and_all_counted() -> None:
    drawn = plan()
    drawn["zones"][2]["rows"][0]["seats"] = [seat("same", 1)] * 500
    with pytest.raises(HallError) as refused:
        hall_of(drawn)
    assert len(refused.value.faults) == 20
    assert refused.value.detail == "499 things about the hall are wrong; errors has the first 20."


@pytest.mark.parametrize("twin", ["\u00e9", "e\u0301"])
def test_numbers_and_names_that_are_written_alike_are_one(twin: str) -> None:
    drawn = plan()
    drawn["zones"][2]["rows"][0]["seats"] = [seat("\u00e9", 1), seat(twin, 2)]
    assert refusal(drawn) == "/seating_plan/zones/2/rows/0/seats/1/seat_guid"
    drawn = plan()
    drawn["categories"] += [{"name": "\u00e9"}, {"name": twin}]
    assert refusal(drawn) == "/seating_plan/categories/3/name"
    drawn = plan()
    drawn["zones"][0]["name"], drawn["zones"][1]["name"] = "\u00e9", twin
    assert [section.name for section in hall_of(drawn).sections] == ["\u00e9", None]


def test_unknown_fields_are_ignored() -> None:
    drawn = deepcopy(plan())
    seats = drawn["zones"][0]["rows"][0]["seats"]
    for part in (drawn, drawn["size"], drawn["zones"][0], drawn["zones"][0]["rows"][0], seats[0]):
        part["uuid"] = "unknown"
    assert list(hall_of(drawn).seats()) == list(hall_of(plan()).seats())


def test_the_largest_of_several_is_looked_at_whatever_its_shape() -> None:
    at, text = {"position": {"x": 10, "y": 20}}, {"text": {"text": "Stage"}}
    corners = [{"x": -10, "y": 0}, {"x": 30, "y": 0}, {"x": 0, "y": 50}]
    shapes = [
        {"shape": "text", **at, **text},
        {"shape": "circle", "circle": {"radius": 3}, **at, **text},
        {"shape": "rectangle", "rectangle": {"width": 10, "height": 6}, **at, **text},
        {"shape": "ellipse", "ellipse": {"radius": {"x": 20, "y": 5}}, **at, **text},
        {"shape": "polygon", "polygon": {"points": corners}, **at, **text},
    ]
    middles = [(10, 20), (10, 20), (15, 23), (10, 20), (20, 45)]
    for count, middle in enumerate(middles, start=1):
        assert find_labelled(shapes[:count]) == middle
    assert find_labelled(shapes[::-1]) == middles[-1]


def test_a_real_hall() -> None:
    hall = hall_of(json.loads(REAL_HALL.read_bytes()), {"VIP": 9000, "Kategorie I": 4500})
    assert hall.total_seats == len({one.seat_number for one in hall.seats()}) == 1222
    assert [section.name for section in hall.sections] == [f"Block {letter}" for letter in "DEFABC"]
    assert hall.focus == (930 - 870 + 1270, 40 + 400 + 190)
    assert hall.price_of("D-14-1") == 0
    assert (hall.sections[4].price, hall.sections[4].price_max) == (4500, 9000)


def test_halls_weigh_what_is_drawn_in_them_too() -> None:
    """Caches of halls go by it: a plan of four seats may have megabytes of areas."""
    area = {"shape": "text", "position": {"x": 1, "y": 2}, "own": [{}] * 100_000}
    hall = hall_of(with_areas(area))
    assert hall.weight > 1_000 > hall_of(plan()).weight >= 4
    assert find_index(hall).weight == hall.weight
    assert hall.layout()["areas"] == [{**area, "position": {"x": 101, "y": 202}}]
