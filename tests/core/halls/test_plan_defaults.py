"""Plans as the format's own tools write them: what their users left out, and what it then is."""

from copy import deepcopy
from typing import Any

import pytest

from tests.core.halls.test_plans import ELLIPSE, SPIELFELD, hall_of, plan, refusal, with_areas

# What the format's own tools write where their users filled nothing in, and what it then is.
LEFT_OUT: list[tuple[tuple[str | int, ...], object]] = [
    (("name",), ""),
    (("zones", 1, "name"), ""),
    (("zones", 1, "position"), {"x": 0, "y": 0}),
    (("zones", 1, "position", "x"), 0),
    (("zones", 1, "areas"), []),
    (("zones", 0, "rows", 0, "row_number"), ""),
    (("zones", 0, "rows", 1, "row_label"), ""),
    (("zones", 0, "rows", 1, "seat_label"), ""),
    (("zones", 0, "rows", 0, "position"), {"x": 0, "y": 0}),
    (("zones", 0, "rows", 0, "position", "y"), 0.0),
    (("zones", 0, "rows", 0, "seats"), []),
    (("zones", 1, "rows"), []),
    (("zones", 0, "rows", 0, "seats", 0, "seat_number"), "p1"),
    (("zones", 0, "rows", 0, "seats", 0, "position"), {"x": 0, "y": 0}),
    (("zones", 0, "rows", 0, "seats", 0, "position", "x"), 0),
    (("zones", 0, "rows", 0, "seats", 0, "category"), ""),
    (("categories", 0, "name"), ""),
    (("categories", 0, "color"), None),
    (("zones", 2, "areas", 0, "position"), {"x": 0, "y": 0}),
    (("zones", 2, "areas", 0, "text", "text"), ""),
]


def replace(description: Any, path: tuple[str | int, ...], value: object) -> dict[str, Any]:
    """The description with this value there; ... for none."""
    changed: Any = deepcopy(description)
    inner = changed
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    if value is ...:
        del inner[path[-1]]
    return dict(changed)


@pytest.mark.parametrize(("path", "value"), LEFT_OUT, ids=[str(path) for path, _ in LEFT_OUT])
def test_what_is_left_out_or_null_is_as_if_written(path: tuple[str | int, ...], value: object) -> None:
    full = plan()
    full["zones"][2]["areas"] = [{**SPIELFELD, "text": {"text": "Bar"}}]
    if path == ("categories", 0, "name"):
        full["zones"][0]["rows"][0]["seats"][0]["category"] = ""
        full["categories"].append({"name": "A"})
    written = hall_of(replace(full, path, value), {"B": 900})
    for missing in (None, ...):
        hall = hall_of(replace(full, path, missing), {"B": 900})
        assert list(hall.seats()) == list(written.seats())
        assert [area["position"] for area in hall.layout()["areas"]] == [
            area["position"] for area in written.layout()["areas"]
        ]
        assert hall.layout()["categories"] == written.layout()["categories"]
        assert hall.sections == written.sections
        assert hall.focus == written.focus


def test_a_plan_of_seats_alone() -> None:
    hall = hall_of(
        {"zones": [{"rows": [{"seats": [{"seat_guid": "a"}, {"seat_guid": "b", "position": {}}]}]}]}
    )
    assert [(one.seat_number, one.section, one.row, one.label) for one in hall.seats()] == [
        ("a", None, None, "a"),
        ("b", None, None, "b"),
    ]
    assert [(one.place, one.x, one.y, one.price, one.category) for one in hall.seats()] == [
        (1, 0, 0, 0, ""),
        (2, 0, 0, 0, ""),
    ]
    layout = hall.layout()
    assert layout["size"] == {"width": 40, "height": 40}
    assert layout["categories"] == [{"name": "", "color": None, "price": 0}]


def test_seats_without_a_category_have_the_price_of_none() -> None:
    drawn = replace(plan(), ("zones", 0, "rows", 0, "seats", 0, "category"), "")
    assert next(iter(hall_of(drawn, {"A": 400, "": 700}).seats())).price == 700
    assert hall_of(drawn, {"A": 400}).layout()["categories"][-1] == {"name": "", "color": None, "price": 0}
    declared = {**drawn, "categories": [{"name": "", "color": "#abcdef"}, *plan()["categories"]]}
    layout = hall_of(declared, {"": 700}).layout()
    assert layout["categories"][0] == {"name": "", "color": "#abcdef", "price": 700}
    assert len(layout["categories"]) == 3
    # Where all have one, there is no such category.
    assert refusal(plan(), {"": 700}) == "/prices/"


@pytest.mark.parametrize("size", [None, {}, {"width": 0, "height": 0}, {"width": None, "height": 0.0}])
def test_a_size_that_nobody_gave_is_that_of_seats_and_areas(size: object) -> None:
    drawn = {**plan(), "size": size}
    assert hall_of(drawn).layout()["size"] == {"width": 152, "height": 261}
    drawn["zones"][2]["areas"] = [{**SPIELFELD, "position": {"x": 500, "y": 700}}]
    assert hall_of(drawn).layout()["size"] == {"width": 550, "height": 744}
    assert hall_of({**drawn, "size": {"width": 7}}).layout()["size"] == {"width": 7, "height": 744}


def test_an_area_without_a_shape_has_that_of_its_extent() -> None:
    for extent in ("rectangle", "ellipse"):
        area = {**SPIELFELD, **ELLIPSE, "shape": None}
        for other in {"rectangle", "ellipse"} - {extent}:
            del area[other]
        (shown,) = hall_of(with_areas(area)).layout()["areas"]
        assert shown["shape"] == extent
    for area in ({}, {"text": {"text": "Bar"}}, {"shape": "polygon", "polygon": {"points": []}}):
        (shown,) = hall_of(with_areas(area)).layout()["areas"]
        assert shown == {"shape": "text", **area, "position": {"x": 100, "y": 200}}
