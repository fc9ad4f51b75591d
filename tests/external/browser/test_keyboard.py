"""The map without a mouse: one grid over the canvas."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.external.browser.axe import find_barriers
from tests.external.browser.browsing import Visit
from tests.external.browser.halls import open_hall
from tests.external.browser.hosting import Host

SMALL = [
    {"name": "Stalls", "rows": 3, "seats": 4, "price": 4500},
    {"name": "Circle", "rows": 2, "seats": 3, "price": 2500},
    {"name": "Standing", "capacity": 5, "price": 1500},
]
# Far wider and deeper than what is seen of it.
LARGE = [
    {"name": "Field", "rows": 200, "seats": 100, "price": 3000},
    {"name": "End", "rows": 40, "seats": 50, "price": 100},
]

Open = Callable[..., Page]


@pytest.fixture
def open_grid(host: Host, visit: Callable[..., Visit]) -> Open:
    """Opens a page with the map of a hall of these sections between two buttons, without movement."""

    def open_it(sections: list[dict[str, Any]], **settings: Any) -> Page:
        page = open_hall(host, visit, reduced_motion=True, **settings)
        page.evaluate("(sections) => mountGrid(sections)", sections)
        return page

    return open_it


def seat(page: Page) -> Any:
    return page.locator("[role=gridcell]:focus")


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def enter(page: Page) -> None:
    page.get_by_role("button", name="Before").focus()
    press(page, "Tab")


def expect_in_view(page: Page) -> None:
    """The seat in focus is drawn inside the map, with its cell over it and nothing else on it."""
    place = """() => {
        const cell = grid.element.querySelector("[tabindex='0']");
        const { x, y } = stage.toScreen(Number(cell.dataset.seat));
        const [map, box] = [host.getBoundingClientRect(), cell.getBoundingClientRect()];
        const [across, down] = [map.left + x, map.top + y];
        const [off, below] = [box.left + box.width / 2 - across, box.top + box.height / 2 - down];
        return Math.hypot(off, below) < 1 && x > 0 && y > 0 && x < map.width && y < map.height
            && document.elementFromPoint(across, down) === host.querySelector("canvas");
    }"""
    page.wait_for_function(place)


def test_the_map_is_one_tab_stop(open_grid: Open) -> None:
    page = open_grid(SMALL)
    enter(page)
    expect(seat(page)).to_have_accessible_name("Stalls, Row B, seat 2, €45, free")
    expect(page.locator("[role=grid] [tabindex='0']")).to_have_count(1)
    press(page, "ArrowRight", "ArrowDown")
    expect(page.locator("[role=grid] [tabindex='0']")).to_have_count(1)
    press(page, "Tab")
    expect(page.get_by_role("button", name="After")).to_be_focused()
    press(page, "Shift+Tab")
    expect(seat(page)).to_have_accessible_name("Stalls, Row C, seat 3, €45, free")


def test_keys_lead_from_seat_to_seat_and_from_section_to_section(open_grid: Open) -> None:
    page = open_grid(SMALL)
    enter(page)
    steps = [
        ("ArrowLeft", "Row B, seat 1, €45, free"),
        ("ArrowLeft", "Row B, seat 1, €45, free"),
        ("ArrowUp", "Row A, seat 1, €45, free"),
        ("End", "Row A, seat 4, €45, free"),
        ("Home", "Row A, seat 1, €45, free"),
        ("PageDown", "Circle, Row A, seat 2, €25, free"),
        ("PageDown", "Circle, Row A, seat 2, €25, free"),
        ("ArrowDown", "Row B, seat 2, €25, free"),
        ("PageUp", "Stalls, Row B, seat 2, €45, free"),
        ("Control+End", "Circle, Row B, seat 3, €25, free"),
        ("Control+Home", "Stalls, Row A, seat 1, €45, free"),
    ]
    for key, name in steps:
        press(page, key)
        expect(seat(page)).to_have_accessible_name(name)
    press(page, "End", "ArrowDown", "ArrowDown", "ArrowDown")
    expect(seat(page)).to_have_accessible_name("Circle, Row A, seat 3, €25, free")


def test_taken_seats_are_reached_and_say_so(open_grid: Open) -> None:
    page = open_grid(SMALL)
    page.evaluate("change({'Stalls-B-3': 'booked', 'Stalls-B-4': 'held'})")
    enter(page)
    press(page, "ArrowRight")
    expect(seat(page)).to_have_accessible_name("Row B, seat 3, €45, taken")
    expect(seat(page)).to_have_attribute("aria-disabled", "true")
    press(page, "ArrowRight")
    expect(seat(page)).to_have_accessible_name("Row B, seat 4, €45, held by others")
    page.evaluate("change({'Stalls-B-4': 'available'})")
    expect(seat(page)).to_have_accessible_name("Row B, seat 4, €45, free")
    expect(seat(page)).to_have_attribute("aria-disabled", "false")


def test_space_and_enter_choose_and_the_next_visit_begins_at_the_choice(open_grid: Open) -> None:
    page = open_grid(SMALL)
    enter(page)
    press(page, "ArrowDown", "Space")
    expect(seat(page)).to_have_attribute("aria-selected", "true")
    expect(seat(page)).to_have_accessible_name("Row C, seat 2, €45, chosen")
    press(page, "Enter")
    expect(seat(page)).to_have_attribute("aria-selected", "false")
    assert page.evaluate("seen.map((index) => hall.numbers[index])") == ["Stalls-C-2", "Stalls-C-2"]
    began = page.evaluate("""async () => {
        const { Keys } = await import("/assets/here/map/keys.js");
        hall.selected.add(hall.indexOf("Circle-B-1"));
        return hall.numbers[new Keys(hall, grid.order, stage.hit).entry()];
    }""")
    assert began == "Circle-B-1"


def test_a_screen_readers_press_chooses_once(open_grid: Open) -> None:
    page = open_grid(SMALL)
    page.locator("[role=gridcell]").first.evaluate("(cell) => cell.click()")
    assert page.evaluate("seen.map((index) => hall.numbers[index])") == ["Stalls-A-1"]


def test_pointers_reach_the_canvas_and_keys_go_on_from_there(open_grid: Open) -> None:
    page = open_grid(SMALL)
    page.evaluate("host.addEventListener('stage-pick', ({ detail }) => seen.push(detail.index))")
    box = page.locator("[role=gridcell]").first.bounding_box()
    assert box
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    assert page.evaluate("seen.map((index) => hall.numbers[index])") == ["Stalls-A-1"]
    enter(page)
    expect(seat(page)).to_have_accessible_name("Stalls, Row A, seat 1, €45, free")


def test_plus_minus_and_zero_zoom_and_escape_leaves(open_grid: Open) -> None:
    page = open_grid(LARGE)
    enter(page)
    radius = "stage.toScreen(grid.current).r"
    first = page.evaluate(radius)
    press(page, "+")
    page.wait_for_function(f"(first) => {radius} > first * 1.2", arg=first)
    expect_in_view(page)
    press(page, "-", "-")
    page.wait_for_function(f"(first) => {radius} < first", arg=first)
    press(page, "0")
    page.wait_for_function(f"(first) => {radius} < first / 4", arg=first)
    press(page, "Escape")
    expect(page.get_by_role("button", name="After")).to_be_focused()


def test_other_keys_stay_the_browsers(open_grid: Open) -> None:
    page = open_grid(SMALL)
    enter(page)
    page.evaluate("addEventListener('keydown', (event) => seen.push(event.key, event.defaultPrevented))")
    press(page, "a", "Control+ArrowDown", "Alt+ArrowLeft", "Control++")
    assert True not in page.evaluate("seen")
    expect(seat(page)).to_have_accessible_name("Stalls, Row B, seat 2, €45, free")


def test_the_ring_is_drawn_where_the_focus_is_and_goes_with_it(open_grid: Open) -> None:
    page = open_grid(SMALL)
    enter(page)
    press(page, "ArrowRight")
    page.wait_for_function("() => stage.idle")
    with_ring = page.locator("canvas").first.screenshot()
    assert page.evaluate("hall.numbers[rings.at(-1)]") == "Stalls-B-3"
    press(page, "Tab")
    page.wait_for_function("() => stage.idle")
    assert page.evaluate("rings.at(-1)") is None
    assert page.locator("canvas").first.screenshot() != with_ring


def test_the_seat_in_focus_is_always_in_view_with_its_cell_over_it(open_grid: Open) -> None:
    page = open_grid(LARGE)
    enter(page)
    expect_in_view(page)
    assert page.evaluate("stage.toScreen(grid.current).r") >= 6
    for key in (
        ["ArrowRight"] * 30 + ["ArrowDown"] * 30 + ["Home", "End", "Control+End", "PageUp", "Control+Home"]
    ):
        press(page, key)
        assert page.evaluate("document.querySelectorAll('[role=gridcell]').length") <= 75
        if key not in ("ArrowRight", "ArrowDown"):
            expect_in_view(page)
    expect(seat(page)).to_have_accessible_name("Field, Row A, seat 1, €30, free")
    expect(page.locator("[role=grid]")).to_have_attribute("aria-rowcount", "240")
    expect(seat(page)).to_have_attribute("aria-colindex", "1")


def test_nothing_that_lies_over_the_map_covers_the_seat_in_focus(open_grid: Open) -> None:
    page = open_grid(LARGE)
    page.evaluate("""() => {
        const card = document.createElement("div");
        Object.assign(card.style, { position: "absolute", inset: "auto 0 0 0", height: "200px" });
        host.append(card);
    }""")
    enter(page)
    for _ in range(20):
        press(page, "ArrowDown")
        expect_in_view(page)


def test_the_page_scrolls_to_the_seat_in_focus(open_grid: Open) -> None:
    page = open_grid(SMALL, viewport={"width": 1280, "height": 300})
    page.evaluate("() => { host.style.marginTop = '2000px'; }")
    enter(page)
    page.wait_for_function("""() => {
        const { top, bottom } = document.activeElement.getBoundingClientRect();
        return top >= 0 && bottom <= innerHeight;
    }""")
    expect_in_view(page)


def test_a_cell_follows_its_seat_when_the_map_is_panned(open_grid: Open) -> None:
    page = open_grid(LARGE)
    enter(page)
    page.mouse.move(400, 300)
    page.mouse.down()
    page.mouse.move(440, 330, steps=4)
    page.mouse.up()
    expect_in_view(page)


def test_axe_finds_nothing_in_the_grid(open_grid: Open) -> None:
    page = open_grid(SMALL)
    page.evaluate("change({'Stalls-A-1': 'booked'})")
    enter(page)
    press(page, "Space")
    assert find_barriers(page) == []


def test_a_grid_that_is_gone_leaves_nothing(open_grid: Open) -> None:
    page = open_grid(SMALL)
    page.evaluate("grid.destroy()")
    expect(page.get_by_role("grid")).to_have_count(0)
    page.evaluate("stage.fit()")
    enter(page)
    expect(page.get_by_role("button", name="After")).to_be_focused()
