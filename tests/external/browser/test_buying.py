"""A buyer's way from the list of shows to a ticket, paid and unpaid."""

import re

from playwright.sync_api import expect

from tests.external.browser.buying import choose_best, choose_in_list, confirm, expect_ticket, hold, pay
from tests.external.browser.service import MakeShow, OpenPage, Site
from tests.external.browser.theatres import THEATRE


def test_a_buyer_goes_from_the_list_of_shows_to_a_ticket(
    site: Site, make_show: MakeShow, open_page: OpenPage
) -> None:
    show = make_show(**THEATRE)
    page = open_page("/")
    page.get_by_role("link", name=re.compile(r"Hamlet")).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Hamlet")
    choose_best(page, 2)
    hold(page)
    assert site.count(show.id)["held"] == 2
    confirm(page)
    assert site.count(show.id)["booked"] == 2


def test_what_is_paid_at_the_sandbox_becomes_a_ticket(
    site: Site, make_show: MakeShow, open_page: OpenPage
) -> None:
    show = make_show(**THEATRE, payment_required=True)
    page = open_page(f"/s/{show.id}")
    choose_in_list(page, "Row B, seat 3", "Row B, seat 4")
    hold(page)
    pay(page, "€90.00")
    expect_ticket(page)
    assert site.count(show.id)["booked"] == 2


def test_a_ticket_is_found_again_by_its_address_and_given_back(
    site: Site, make_show: MakeShow, open_page: OpenPage
) -> None:
    show = make_show(**THEATRE)
    booking = site.book(show.id, "Stalls-A-1")
    page = open_page(f"/b/{booking['id']}")
    expect_ticket(page, booking["ticket_code"])
    page.get_by_role("button", name="Cancel booking").click()
    page.get_by_role("button", name="Yes, cancel").click()
    expect(page.get_by_text("This booking is cancelled")).to_be_visible()
    assert site.count(show.id)["booked"] == 0


def test_places_without_a_number_are_bought_by_quantity(
    site: Site, make_show: MakeShow, open_page: OpenPage
) -> None:
    show = make_show(**THEATRE)
    page = open_page(f"/s/{show.id}")
    page.get_by_role("tab", name="List").click()
    places = page.get_by_role("spinbutton", name="Places in Standing")
    places.fill("3")
    places.press("Enter")
    hold(page)
    confirm(page)
    assert site.count(show.id)["booked"] == 3
    assert site.ask("GET", f"/shows/{show.id}/seats?status=booked")["seats"][0]["section"] == "Standing"


def test_the_name_of_a_show_is_never_markup(make_show: MakeShow, open_page: OpenPage) -> None:
    name = "<img src=x onerror=alert(1)>"
    show = make_show(**{**THEATRE, "name": name})
    page = open_page("/")
    expect(page.get_by_role("link", name=re.compile(re.escape(name)))).to_be_visible()
    page.goto(page.url + f"s/{show.id}")
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    assert page.locator("img[src=x]").count() == 0
