"""What multiplies in a plan is refused by its count, before anything is made of it."""

import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError

from core.halls import limits
from core.halls.build import HallError, check_sections
from core.halls.normal import normalise_plan
from core.halls.plans import SeatingPlan

Make = Callable[[int], dict[str, Any]]
CIRCLE = {"shape": "circle", "position": {"x": 0, "y": 0}, "circle": {"radius": 1}}
POINT = {"x": 0, "y": 0}


def seat(number: int, **more: Any) -> dict[str, Any]:
    return {"seat_guid": str(number), "seat_number": "1", "position": POINT, "category": "A", **more}


def row(*seats: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"row_number": "1", "seats": list(seats), **more}


def zone(*rows: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"position": POINT, "rows": list(rows), **more}


def plan(*zones: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"name": "P", "categories": [{"name": "A"}], "zones": list(zones), **more}


def zones_of(count: int) -> dict[str, Any]:
    return plan(*(zone(row(seat(number)), name=str(number)) for number in range(count)))


def rows_of(count: int) -> dict[str, Any]:
    half = count // 2
    return plan(zone(*[row(seat(0))] * half), zone(*[row(seat(0))] * (count - half)))


def seats_of(count: int) -> dict[str, Any]:
    return plan(zone(row(*[seat(0)] * (count - 1)), row(seat(0))))


def areas_of(count: int) -> dict[str, Any]:
    return plan(zone(row(seat(0)), areas=[CIRCLE] * count))


def categories_of(count: int) -> dict[str, Any]:
    return plan(zone(row(seat(0))), categories=[{"name": str(number)} for number in range(count)])


def points_of(count: int) -> dict[str, Any]:
    polygon = {"shape": "polygon", "position": POINT, "polygon": {"points": [POINT] * (count // 100)}}
    return plan(zone(row(seat(0)), areas=[polygon] * 100))


PARTS = {
    "zones": (zones_of, limits.MAX_SECTIONS, ("zones",)),
    "rows": (rows_of, limits.MAX_ROWS, ("zones",)),
    "areas": (areas_of, limits.MAX_AREAS, ("zones",)),
    "categories": (categories_of, limits.MAX_CATEGORIES, ("categories",)),
}


@pytest.mark.parametrize(("make", "limit", "path"), PARTS.values(), ids=PARTS.keys())
def test_a_plan_has_at_most_so_many_parts(make: Make, limit: int, path: tuple[str, ...]) -> None:
    SeatingPlan.model_validate(make(limit))
    with pytest.raises(ValidationError) as refused:
        SeatingPlan.model_validate(make(limit + 1))
    (error,) = refused.value.errors()
    assert error["loc"] == path
    assert str(limit) in error["msg"]


@pytest.mark.parametrize("make", [seats_of, points_of, areas_of, rows_of, zones_of])
def test_far_too_much_is_refused_before_anything_is_made_of_it(make: Make) -> None:
    drawn = make(5 * limits.MAX_SEATS)
    tracemalloc.start()
    try:
        with pytest.raises(ValidationError) as refused:
            SeatingPlan.model_validate(drawn)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert refused.value.errors()[0]["loc"] == ("zones",)
    # A hundred thousand models would be several times as much.
    assert peak < 6 * limits.MAX_AREA_BYTES


def test_of_many_values_that_are_wrong_in_one_way_the_first_is_told_of() -> None:
    drawn = plan(zone(row(*[seat(0, position=7)] * 1000), row(*[seat(0, category=7)] * 1000)))
    with pytest.raises(ValidationError) as refused:
        SeatingPlan.model_validate(drawn)
    assert [error["loc"][:6] for error in refused.value.errors()] == [("zones", 0, "rows", 0, "seats", 0)]


@pytest.mark.parametrize("field", ["row_label", "seat_label"])
def test_labels_have_few_places_for_the_number(field: str) -> None:
    drawn = plan(zone(row(seat(0), **{field: "%s" * limits.MAX_PLACEHOLDERS})))
    SeatingPlan.model_validate(drawn)
    drawn["zones"][0]["rows"][0][field] += "%s"
    with pytest.raises(ValidationError) as refused:
        SeatingPlan.model_validate(drawn)
    assert refused.value.errors()[0]["loc"] == ("zones", 0, "rows", 0, field)


def test_labels_come_out_no_longer_than_names() -> None:
    number = "9" * (limits.LONGEST_NAME // 2)
    drawn = plan(zone(row(seat(0, seat_number=number), seat_label="%s%s")))
    (made,) = normalise_plan(SeatingPlan.model_validate(drawn), {})["rows"]
    assert made["labels"] == [2 * number]
    drawn["zones"][0]["rows"][0]["seat_label"] += "."
    with pytest.raises(HallError) as refused:
        normalise_plan(SeatingPlan.model_validate(drawn), {})
    assert refused.value.faults[0].pointer == "/seating_plan/zones/0/rows/0/seat_label"
    assert str(limits.LONGEST_NAME) in refused.value.detail


def test_sections_are_named_so_that_they_can_be_asked_for() -> None:
    SeatingPlan.model_validate(plan(zone(name="Z" * limits.LONGEST_SECTION)))
    with pytest.raises(ValidationError) as refused:
        SeatingPlan.model_validate(plan(zone(name="Z" * (limits.LONGEST_SECTION + 1))))
    assert refused.value.errors()[0]["loc"] == ("zones", 0, "name")


@pytest.mark.parametrize("zones", [None, {}, [None], [{"rows": 7}], [{"rows": [None]}], [{"areas": 7}], "Z"])
def test_what_is_no_plan_at_all_is_refused_as_such(zones: object) -> None:
    with pytest.raises(ValidationError) as refused:
        SeatingPlan.model_validate({**plan(), "zones": zones})
    assert refused.value.errors()[0]["loc"][0] == "zones"


def test_sections_that_are_made_have_at_most_so_many_rows() -> None:
    sections = [
        {"name": str(number), "rows": limits.MAX_ROWS // 2, "seats_per_row": 1} for number in range(2)
    ]
    check_sections([*sections, {"name": "Standing", "capacity": 7}])
    with pytest.raises(HallError) as refused:
        check_sections([*sections, {"name": "one more", "rows": 1, "seats_per_row": 1}])
    assert refused.value.faults[0].pointer == "/sections"
    assert str(limits.MAX_ROWS) in refused.value.detail
