"""The hall that a map draws: what is counted, what is found where, and colours that can be told apart."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from tests.external.browser.maps import drawn, stadium, theatre

STALLS = {"name": "Stalls", "rows": 3, "seats_per_row": 5, "price": 4500}
CIRCLE = {"name": "Circle", "rows": 2, "seats_per_row": 5, "price": 3000}
STANDING = {"name": "Standing", "capacity": 40, "price": 2000}
TELL_SECTIONS = "() => hall.sections.map(({ name, numbered, capacity, free, low, high }) =>\
    [name, numbered, capacity, free, low, high])"
COLORS = ["#ffffff", "#ffff00", "#00ff00", "#ffb6c1", "#808080", "#000000", "hsl(200 90% 80%)", "nonsense"]


def test_sections_count_their_free_seats_and_know_their_prices(open_hall: Callable[..., Page]) -> None:
    page = open_hall(theatre(STALLS, CIRCLE, STANDING))
    assert page.evaluate(TELL_SECTIONS) == [
        ["Stalls", True, 15, 15, 4500, 4500],
        ["Circle", True, 10, 10, 3000, 3000],
        ["Standing", False, 40, 40, 2000, 2000],
    ]


def test_changes_are_counted_once_and_tell_which_seats_changed(open_hall: Callable[..., Page]) -> None:
    page = open_hall(theatre(STALLS, STANDING))
    changes = {"Stalls-A-1": "booked", "Stalls-A-2": "held", "Standing-1": "booked", "Nowhere-1": "held"}
    indexes = page.evaluate("(changes) => hall.apply(changes)", changes)
    assert page.evaluate("(found) => found.map((index) => hall.numbers[index])", indexes) == [
        "Stalls-A-1",
        "Stalls-A-2",
        "Standing-1",
    ]
    assert page.evaluate("(changes) => hall.apply(changes)", changes) == []
    assert [section[3] for section in page.evaluate(TELL_SECTIONS)] == [13, 39]
    page.evaluate("() => hall.apply({'Stalls-A-2': 'available', 'Stalls-A-1': 'held'})")
    assert [section[3] for section in page.evaluate(TELL_SECTIONS)] == [14, 39]


def test_the_lowest_price_of_a_section_is_that_of_a_free_seat(open_hall: Callable[..., Page]) -> None:
    page = open_hall(drawn())
    far = {f"B-{number}": "booked" for number in range(1, 11)}
    page.evaluate("(changes) => hall.apply(changes)", far)
    assert page.evaluate(TELL_SECTIONS) == [["Floor", True, 20, 10, 4500, 4500]]
    page.evaluate("() => hall.apply({'B-3': 'available'})")
    assert page.evaluate(TELL_SECTIONS) == [["Floor", True, 20, 11, 3000, 4500]]


def test_states_of_all_seats_replace_those_before(open_hall: Callable[..., Page]) -> None:
    page = open_hall(theatre(STALLS, CIRCLE))
    page.evaluate("() => hall.apply({'Stalls-A-1': 'booked'})")
    page.evaluate("() => hall.setStates(Uint8Array.from({ length: 25 }, (_, n) => (n < 15 ? 0 : 2)))")
    assert page.evaluate(TELL_SECTIONS) == [
        ["Stalls", True, 15, 15, 4500, 4500],
        ["Circle", True, 10, 0, 3000, 3000],
    ]
    assert page.evaluate("() => [hall.isFree(0), hall.isFree(20)]") == [True, False]


def test_outlines_go_around_every_seat_of_their_section(open_hall: Callable[..., Page]) -> None:
    page = open_hall(stadium(20_000))
    outside = page.evaluate(
        """async (assets) => {
            const { polygonContains } = await import(`${assets}vendor/d3-polygon.js`);
            const isOut = (index) => {
                const { hull } = hall.sections[hall.section[index]];
                return !polygonContains(hull, [hall.x[index], hall.y[index]]);
            };
            return [...hall.x.keys()].filter(isOut).length;
        }""",
        "/assets/here/",
    )
    assert outside == 0
    assert page.evaluate("() => hall.pitch") == pytest.approx(24, abs=0.5)


def test_a_standing_section_lies_where_its_area_is(open_hall: Callable[..., Page]) -> None:
    page = open_hall(theatre(STALLS, STANDING))
    stalls, standing = page.evaluate("() => hall.sections.map(({ bounds }) => bounds)")
    assert standing["minY"] > stalls["maxY"]
    assert page.evaluate("() => hall.sections[1].seats.length") == 40


def test_seats_are_found_by_a_point_within_a_radius(open_hall: Callable[..., Page]) -> None:
    page = open_hall(theatre(STALLS, STANDING))
    found = page.evaluate(
        """() => {
            const [x, y] = [hall.x[7], hall.y[7]];
            return [stage.hit.at(x + 5, y - 5, 8), stage.hit.at(x + 9, y, 8), stage.hit.at(x + 11, y, 30)];
        }"""
    )
    assert found == [7, -1, 7]


def test_neighbours_are_those_of_the_row_then_of_the_rows_beside(open_hall: Callable[..., Page]) -> None:
    page = open_hall(theatre(STALLS, CIRCLE))
    near = page.evaluate(
        """() => ["left", "right", "up", "down"].map((way) => [0, 7, 14].map((index) =>
            hall.numbers[stage.hit.near(index, way)] ?? null))"""
    )
    assert near == [
        [None, "Stalls-B-2", "Stalls-C-4"],
        ["Stalls-A-2", "Stalls-B-4", None],
        [None, "Stalls-A-3", "Stalls-B-5"],
        ["Stalls-B-1", "Stalls-C-3", "Circle-A-5"],
    ]


def test_every_seat_of_a_stadium_can_be_walked_to(open_hall: Callable[..., Page]) -> None:
    page = open_hall(stadium(5_000))
    reached = page.evaluate(
        """() => {
            const seen = new Set([0]);
            for (const index of seen) {
                for (const way of ["left", "right", "up", "down"]) {
                    const next = stage.hit.near(index, way);
                    if (next >= 0) seen.add(next);
                }
            }
            return seen.size / hall.count;
        }"""
    )
    assert reached > 0.99


def test_seats_within_a_rectangle_are_found_all(open_hall: Callable[..., Page]) -> None:
    page = open_hall(stadium(5_000))
    is_same = page.evaluate(
        """() => {
            const { minX, minY, maxX, maxY } = hall.sections[3].bounds;
            const { x, y } = hall;
            const within = (i) => x[i] >= minX && x[i] <= maxX && y[i] >= minY && y[i] <= maxY;
            const expected = [...x.keys()].filter(within);
            const found = stage.hit.within(minX, minY, maxX, maxY).sort((a, b) => a - b);
            return expected.length > 0 && JSON.stringify(found) === JSON.stringify(expected);
        }"""
    )
    assert is_same


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_free_seats_of_every_category_stand_out(open_hall: Callable[..., Page], dark: bool) -> None:
    page = open_hall(theatre(STALLS), dark=dark, options={"style": {"color-scheme": "light dark"}})
    ratios = page.evaluate(
        """async ([assets, colors]) => {
            const { colorKinds, contrast, toRgb } = await import(`${assets}map/colors.js`);
            const { theme } = stage.looks;
            const background = toRgb(theme.background);
            const kinds = [...colors, ...Array(9).fill(null)].map((color) => ({ color }));
            return [contrast([255, 255, 255], background),
                ...colorKinds(kinds, theme).map((color) => contrast(toRgb(color), background))];
        }""",
        ["/assets/here/", COLORS],
    )
    assert (ratios[0] > 10) == dark
    assert min(ratios[1:]) >= 3


def test_a_color_keeps_its_hue(open_hall: Callable[..., Page]) -> None:
    page = open_hall(drawn())
    red, green, blue = page.evaluate(
        """async (assets) => (await import(`${assets}map/colors.js`)).toRgb(stage.looks.colors[0])""",
        "/assets/here/",
    )
    assert red == green > blue == 0


def test_system_colors_replace_the_plans_where_they_are_forced(open_hall: Callable[..., Page]) -> None:
    page = open_hall(drawn(), forced_colors=True)
    colors = page.evaluate("() => stage.looks.colors")
    assert colors[0] == colors[1] == page.evaluate("() => stage.looks.theme.text")
