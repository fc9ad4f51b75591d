"""The same purchase by keyboard, by the list alone, on a phone, and in German."""

import re

from playwright.sync_api import Page, expect

from tests.external.browser.browsing import PHONE
from tests.external.browser.buying import (
    choose_in_list,
    confirm,
    expect_held,
    expect_ticket,
    hold,
    show_list,
    tap_seat,
)
from tests.external.browser.service import MakeShow, OpenPage, Site
from tests.external.browser.theatres import THEATRE

# More presses of Tab than any page of these has stops.
MOST_STOPS = 80


def test_the_keyboard_alone_leads_to_a_ticket(site: Site, make_show: MakeShow, open_page: OpenPage) -> None:
    show = make_show(**THEATRE)
    page = open_page("/")
    expect(page.get_by_role("link", name=re.compile("Hamlet"))).to_be_visible()
    _go_to(page, "link", "Hamlet")
    page.keyboard.press("Enter")
    expect(page.get_by_role("grid")).to_be_visible()
    _go_to(page, "gridcell", "")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    _go_to(page, "button", "Hold these seats")
    page.keyboard.press("Enter")
    expect_held(page)
    _go_to(page, "button", "Confirm booking")
    page.keyboard.press("Enter")
    expect_ticket(page)
    assert site.count(show.id)["booked"] == 2


def test_the_list_alone_leads_to_a_ticket(site: Site, make_show: MakeShow, open_page: OpenPage) -> None:
    show = make_show(**THEATRE)
    page = open_page(f"/s/{show.id}")
    show_list(page)
    expect(page.locator("canvas").first).to_be_hidden()
    choose_in_list(page, "Row A, seat 2", "Row B, seat 2")
    hold(page)
    confirm(page)
    taken = site.ask("GET", f"/shows/{show.id}/availability")["booked"]
    assert taken == ["Stalls-A-2", "Stalls-B-2"]


def test_a_phone_leads_to_a_ticket(site: Site, make_show: MakeShow, open_page: OpenPage) -> None:
    show = make_show(**THEATRE)
    page = open_page(f"/s/{show.id}", viewport=PHONE, touch=True, scale=3)
    tap_seat(page, "Stalls-B-3")
    page.get_by_role("button", name="Choose", exact=True).tap()
    page.get_by_role("button", name="Hold these seats").tap()
    expect_held(page)
    page.get_by_role("button", name="Confirm booking").tap()
    expect_ticket(page)
    assert site.count(show.id)["booked"] == 1


def test_a_german_browser_is_spoken_to_in_german(
    site: Site, make_show: MakeShow, open_page: OpenPage
) -> None:
    show = make_show(**THEATRE, time_zone="Europe/Berlin")
    page = open_page("/", locale="de-DE")
    expect(page.locator("html")).to_have_attribute("lang", re.compile("^de"))
    page.get_by_role("link", name=re.compile("Hamlet")).click()
    page.get_by_role("spinbutton", name="Wie viele?").fill("2")
    page.get_by_role("button", name="Beste Plätze").click()
    expect(page.get_by_text("90,00\N{NO-BREAK SPACE}€").first).to_be_visible()
    page.get_by_role("button", name="Diese Plätze reservieren").click()
    page.get_by_role("button", name=re.compile("buchen|bestätigen", re.IGNORECASE)).click()
    expect(page.get_by_role("img", name=re.compile("QR-Code"))).to_be_visible()
    assert site.count(show.id)["booked"] == 2


def _go_to(page: Page, role: str, name: str) -> None:
    """Press Tab until what has the focus is this."""
    wanted = page.get_by_role(role, name=name)  # type: ignore[arg-type]
    for _ in range(MOST_STOPS):
        page.keyboard.press("Tab")
        for each in wanted.all():
            if each.evaluate("(element) => element.matches(':focus')"):
                return
    raise AssertionError(f"no press of Tab leads to the {role} {name!r}")
