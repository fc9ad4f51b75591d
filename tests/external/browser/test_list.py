"""The hall as a list."""

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
    {"name": "Circle", "rows": 2, "seats": 3, "price": 2550},
    {"name": "Standing", "capacity": 5, "price": 1500},
]
LONG = [{"name": "Arena", "rows": 50, "seats": 100, "price": 3000}]

Open = Callable[..., Page]


@pytest.fixture
def open_list(host: Host, visit: Callable[..., Visit]) -> Open:
    """Opens a page with the list of a hall of these sections."""

    def open_it(sections: list[dict[str, Any]], locale: str = "en", **settings: Any) -> Page:
        page = open_hall(host, visit, **settings)
        page.evaluate("([sections, locale]) => mountList(sections, locale)", [sections, locale])
        return page

    return open_it


def open_section(page: Page, name: str) -> None:
    page.get_by_text(name, exact=True).click()


def box(page: Page, name: str) -> Any:
    return page.get_by_role("checkbox", name=name)


def test_sections_open_to_rows_of_named_checkboxes(open_list: Open) -> None:
    page = open_list(SMALL)
    expect(page.get_by_role("checkbox")).to_have_count(1)
    expect(page.locator("summary").first).to_have_text("Stalls €45 12 left", use_inner_text=True)
    open_section(page, "Circle")
    expect(page.get_by_role("group", name="Row B", exact=True).get_by_role("checkbox")).to_have_count(3)
    box(page, "Row B, seat 2, €25.50, free").check()
    assert page.evaluate("seen.map(({index}) => hall.numbers[index])") == ["Circle-B-2"]
    expect(box(page, "Row B, seat 2, €25.50, chosen")).to_be_checked()
    open_section(page, "Circle")
    expect(page.get_by_role("checkbox")).to_have_count(1)


def test_a_change_while_a_section_is_being_opened_leaves_it_open(open_list: Open) -> None:
    page = open_list(SMALL)
    page.evaluate("""async () => {
        list.shadowRoot.querySelector("details").open = true;
        // Before the browser has told of it.
        list.revision += 1;
        await list.updateComplete;
    }""")
    expect(page.locator("[data-seat]")).to_have_count(12)


def test_the_list_speaks_german(open_list: Open) -> None:
    page = open_list(SMALL, locale="de", **{"time_zone": "Europe/Berlin"})
    open_section(page, "Circle")
    expect(page.get_by_role("checkbox").last).to_have_accessible_name("Reihe B, Platz 3, 25,50\u00a0€, frei")


def test_taken_seats_are_read_and_cannot_be_chosen(open_list: Open) -> None:
    page = open_list(SMALL)
    page.evaluate("change({'Stalls-A-1': 'booked', 'Stalls-A-2': 'held'})")
    open_section(page, "Stalls")
    expect(box(page, "Row A, seat 1, €45, taken")).to_be_disabled()
    expect(box(page, "Row A, seat 2, €45, held by others")).to_be_disabled()


def test_a_seat_that_is_taken_under_the_focus_keeps_it_and_cannot_be_chosen(open_list: Open) -> None:
    page = open_list(SMALL)
    open_section(page, "Stalls")
    box(page, "Row B, seat 2").focus()
    page.evaluate("change({'Stalls-B-2': 'booked', 'Stalls-B-1': 'booked'})")
    taken = box(page, "Row B, seat 2, €45, taken")
    expect(taken).to_be_focused()
    expect(taken).to_have_attribute("aria-disabled", "true")
    page.keyboard.press("Space")
    expect(taken).not_to_be_checked()
    assert page.evaluate("seen") == []
    page.keyboard.press("Tab")
    expect(box(page, "Row B, seat 3")).to_be_focused()
    expect(taken).to_be_disabled()
    page.keyboard.press("Shift+Tab")
    expect(box(page, "Row A, seat 4")).to_be_focused()


def test_a_chosen_seat_that_another_buyer_gets_says_so(open_list: Open) -> None:
    page = open_list(SMALL)
    open_section(page, "Stalls")
    box(page, "Row A, seat 3").check()
    page.get_by_label("Only free seats").check()
    page.evaluate("() => { hall.selected.clear(); return change({'Stalls-A-3': 'held'}); }")
    lost = box(page, "Row A, seat 3, €45, held by others. You chose it, another buyer was faster.")
    expect(lost).to_be_disabled()
    expect(lost).not_to_be_checked()
    box(page, "Row A, seat 4").check()
    expect(box(page, "Row A, seat 3")).to_have_count(0)


def test_a_choice_that_is_refused_leaves_its_checkbox_empty(open_list: Open) -> None:
    page = open_list(SMALL)
    open_section(page, "Stalls")
    for place in range(10):
        page.locator("[data-seat]").nth(place).check()
    eleventh = box(page, "Row C, seat 3")
    eleventh.click()
    expect(eleventh).not_to_be_checked()


def test_while_seats_are_held_nothing_can_be_changed(open_list: Open) -> None:
    page = open_list(SMALL)
    open_section(page, "Stalls")
    box(page, "Row A, seat 3").check()
    page.evaluate("list.locked = true")
    expect(box(page, "Row A, seat 3")).to_have_attribute("aria-disabled", "true")
    expect(box(page, "Row A, seat 4")).to_be_disabled()
    page.get_by_role("button", name="One place more in Standing").click(force=True)
    page.get_by_role("spinbutton").press("ArrowUp")
    assert len(page.evaluate("seen")) == 1
    # What is let go of is no loss, though it is held until it is free.
    page.evaluate("change({'Stalls-A-3': 'held'})")
    page.evaluate("() => { hall.selected.clear(); list.locked = false; list.revision += 1; }")
    expect(box(page, "Row A, seat 3")).to_have_accessible_name("Row A, seat 3, €45, held by others")


def test_places_without_a_number_are_chosen_by_quantity(open_list: Open) -> None:
    page = open_list(SMALL)
    field = page.get_by_role("spinbutton", name="Places in Standing")
    more = page.get_by_role("button", name="One place more in Standing")
    fewer = page.get_by_role("button", name="One place fewer in Standing")
    expect(fewer).to_have_attribute("aria-disabled", "true")
    more.click()
    more.click()
    expect(field).to_have_value("2")
    fewer.click()
    expect(field).to_have_value("1")
    field.fill("9")
    field.press("Tab")
    expect(field).to_have_value("5")
    expect(more).to_have_attribute("aria-disabled", "true")
    assert [each["quantity"] for each in page.evaluate("seen")] == [1, 2, 1, 5]
    page.evaluate("hall.selected.clear()")
    page.evaluate("change({'Standing-1': 'booked', 'Standing-2': 'held'})")
    expect(page.get_by_role("group", name="Standing")).to_contain_text("3 left")
    field.fill("-4")
    field.press("Tab")
    expect(field).to_have_value("0")


def test_only_free_seats_are_listed_where_that_is_wished(open_list: Open) -> None:
    page = open_list(SMALL)
    taken = {"Circle-A-1": "booked", "Circle-A-2": "booked", "Circle-A-3": "held", "Circle-B-1": "held"}
    page.evaluate("(taken) => change(taken)", taken)
    open_section(page, "Circle")
    seats = page.locator("[data-seat]")
    expect(seats).to_have_count(6)
    page.get_by_label("Only free seats").check()
    expect(seats).to_have_count(2)
    expect(page.get_by_role("group", name="Row A", exact=True)).to_have_count(0)
    page.evaluate("change({'Circle-B-1': 'available'})")
    expect(seats).to_have_count(3)


def test_the_filter_of_the_map_is_the_filter_of_the_list(open_list: Open) -> None:
    page = open_list(SMALL)
    page.evaluate("() => { hall.filter = (index) => hall.price[index] < 3000; list.revision += 1; }")
    expect(page.locator("summary")).to_have_count(1)
    page.evaluate("() => { hall.filter = () => false; list.revision += 1; }")
    expect(page.get_by_text("No seats match.")).to_be_visible()
    page.evaluate("() => { hall.filter = null; list.revision += 1; }")
    expect(page.locator("summary")).to_have_count(2)


def test_arrow_keys_lead_from_row_to_row_past_rows_without_a_free_seat(open_list: Open) -> None:
    page = open_list(SMALL)
    page.evaluate("change(Object.fromEntries([1, 2, 3, 4].map((seat) => [`Stalls-B-${seat}`, 'booked'])))")
    open_section(page, "Stalls")
    box(page, "Row A, seat 3").focus()
    page.keyboard.press("ArrowDown")
    expect(box(page, "Row C, seat 3")).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(box(page, "Row C, seat 3")).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(box(page, "Row A, seat 3")).to_be_focused()


def test_a_long_section_is_listed_bit_by_bit_and_changes_leave_focus_and_scroll(open_list: Open) -> None:
    page = open_list(LONG)
    seats = page.locator("[data-seat]")
    expect(seats).to_have_count(500)
    more = page.get_by_role("button", name="More rows")
    more.click()
    expect(seats).to_have_count(1000)
    expect(box(page, "Row F, seat 1,")).to_be_focused()
    seat = box(page, "Row H, seat 50,")
    seat.focus()
    where = "[scrollY, document.querySelector('seatline-list').shadowRoot.activeElement.dataset.seat]"
    before = page.evaluate(where)
    assert before[0] > 0
    page.evaluate("""async () => {
        for (let round = 0; round < 20; round++) {
            const taken = hall.numbers.filter((number, index) => index % 20 === round && index % 1399 !== 0);
            await change(Object.fromEntries(taken.map((number) => [number, "booked"])));
        }
    }""")
    assert page.evaluate(where) == before
    page.get_by_label("Only free seats").evaluate("(field) => field.click()")
    expect(page.locator(f"[data-seat='{before[1]}']")).to_be_focused()


def test_rows_without_names_are_named_by_their_seats(open_list: Open) -> None:
    page = open_list(SMALL)
    page.evaluate("""async () => {
        const { Hall } = await import("/assets/here/map/model.js");
        const numbers = ["1", "2", "3", "4"];
        const seats = { seat_number: numbers, label: numbers, section: [0, 0, 0, 0],
            row: [null, null, null, null], x: [0, 24, 0, 24], y: [0, 0, 32, 32],
            category: [null, null, null, null], price: [0, 0, 0, 0] };
        const sections = [{ name: null, numbered: true, capacity: 4 }];
        list.hall = new Hall({ seats, sections, areas: [], categories: [], size: { width: 48, height: 64 } });
        await list.updateComplete;
    }""")
    # The only section there is stands open.
    expect(page.get_by_role("group", name="Seats 3 to 4").get_by_role("checkbox")).to_have_count(2)
    expect(box(page, "Seat 4, free")).to_be_enabled()


@pytest.mark.parametrize("settings", [{}, {"dark": True}, {"viewport": {"width": 320, "height": 640}}])
def test_axe_finds_nothing_in_the_list(open_list: Open, settings: dict[str, Any]) -> None:
    page = open_list(SMALL, **settings)
    page.evaluate("change({'Stalls-A-1': 'booked'})")
    open_section(page, "Stalls")
    box(page, "Row A, seat 3").check()
    assert find_barriers(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
