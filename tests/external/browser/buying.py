"""What buyers do on the pages, by the names under which people and screen readers find things."""

import re

from playwright.sync_api import Locator, Page, expect

from tests.support import wait_until

LOCATE_SEAT = """(map, number) => {
    const { x, y } = map.stage.stage.toScreen(map.session.hall.indexOf(number));
    const box = map.stage.host.getBoundingClientRect();
    return [box.left + x, box.top + y];
}"""


def choose_best(page: Page, count: int) -> None:
    """Have the service choose so many seats."""
    page.get_by_role("spinbutton", name="How many?").fill(str(count))
    page.get_by_role("button", name="Best seats").click()
    expect(find_hold_button(page)).to_be_enabled()


def choose_in_list(page: Page, *seats: str) -> None:
    """Choose seats of the first section by the beginnings of their names in the list: "Row C, seat 12"."""
    show_list(page)
    for seat in seats:
        find_checkbox(page, seat).check()


def show_list(page: Page) -> None:
    """Turn to the list, and open its first section."""
    page.get_by_role("tab", name="List").click()
    section = page.locator("seatline-list details").first
    expect(section).to_be_visible()
    if section.get_attribute("open") is None:
        section.locator("summary").click()


def find_checkbox(page: Page, seat: str) -> Locator:
    """A seat in the list, by the beginning of its name."""
    return page.get_by_role("checkbox", name=re.compile(rf"^{re.escape(seat)},"))


def find_hold_button(page: Page) -> Locator:
    """What has the chosen seats held."""
    return page.get_by_role("button", name="Hold these seats")


def hold(page: Page) -> None:
    """Hold the chosen seats."""
    find_hold_button(page).click()
    expect_held(page)


def hold_best(page: Page) -> None:
    """Have the service choose two seats, and hold them."""
    choose_best(page, 2)
    hold(page)


def expect_held(page: Page) -> None:
    """The page shows a hold."""
    expect(page.get_by_role("button", name="Give back").first).to_be_visible()


def confirm(page: Page) -> None:
    """Book what is held, without paying."""
    page.get_by_role("button", name="Confirm booking").click()
    expect_ticket(page)


def pay(page: Page, amount: str, *, button: str = "Pay") -> None:
    """Go to the sandbox, press its button, and come back."""
    page.get_by_role("button", name=f"Pay {amount}").click()
    page.get_by_role("button", name=button).click()
    page.get_by_role("link", name="Back to the seller").click()


def expect_ticket(page: Page, code: str = "") -> None:
    """The page shows a ticket with this code; with any, where none is given."""
    expect(page.locator("code")).to_have_text(code or re.compile(r"^\w{4}(-\w{4}){4}$"))
    expect(page.get_by_role("img", name=re.compile("QR"))).to_be_visible()


def find_seat(page: Page, number: str) -> tuple[float, float]:
    """Where a seat is on the map once that has been zoomed to it: x and y in the page's pixels."""
    hall = page.locator("seatline-map").first
    expect(hall.get_by_role("grid")).to_be_visible()
    hall.evaluate("(map, number) => map.zoomTo(number)", number)
    wait_until(lambda: hall.evaluate("(map) => map.stage.stage.idle"))
    x, y = hall.evaluate(LOCATE_SEAT, number)
    return x, y


def click_seat(page: Page, number: str) -> None:
    """Click a seat on the map."""
    page.mouse.click(*find_seat(page, number))


def tap_seat(page: Page, number: str) -> None:
    """Tap a seat on the map with a finger, until its card is there."""
    x, y = find_seat(page, number)
    card = page.get_by_role("button", name="Choose", exact=True)

    def ask() -> bool:
        page.touchscreen.tap(x, y)
        return card.is_visible()

    wait_until(ask)
