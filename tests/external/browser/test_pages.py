"""The pages for buyers: what is on, a show, a booking; in two languages, on paper, where there is nothing."""

import re
from datetime import UTC, datetime, timedelta

from playwright.sync_api import Locator, Page, expect

from tests.external.browser.service import MakeShow, OpenPage, Site
from tests.external.browser.theatres import BOX, THEATRE

SOON = datetime.now(UTC) + timedelta(days=10)
LATER = SOON + timedelta(days=60)


def find_card(page: Page, name: str) -> Locator:
    """A show in the list."""
    return page.get_by_role("listitem").filter(has=page.get_by_role("link", name=name, exact=True))


def test_cards_tell_what_is_left_and_when_sales_open(
    site: Site, make_show: MakeShow, open_page: OpenPage
) -> None:
    full = make_show(**BOX)
    site.book(full.id, "Box-A-1", "Box-A-2")
    half = make_show(**{**BOX, "name": "Half"})
    site.book(half.id, "Box-A-1")
    make_show(name="Plenty", total_seats=1222)
    make_show(name="Not yet", sales_open_at=SOON, start_time=LATER, time_zone="Europe/Berlin")
    make_show(name="Over", sales_close_at=datetime.now(UTC) - timedelta(days=1))
    page = open_page("/")
    expect(page.get_by_role("status")).to_have_text("5 shows")
    expect(find_card(page, "Hamlet in a box")).to_contain_text("Sold out")
    expect(find_card(page, "Half")).to_contain_text("Only 1 seat left")
    expect(find_card(page, "Half")).to_contain_text("€45")
    expect(find_card(page, "Plenty")).to_contain_text("1,222 seats left")
    expect(find_card(page, "Not yet")).to_contain_text("Sales open on")
    expect(find_card(page, "Over")).to_contain_text("Sales closed")


def test_a_show_is_dated_by_the_clocks_where_it_is(make_show: MakeShow, open_page: OpenPage) -> None:
    start = datetime(2030, 1, 10, 23, 30, tzinfo=UTC)
    show = make_show(name="Midnight", start_time=start, time_zone="Europe/Berlin")
    page = open_page(f"/s/{show.id}", time_zone="America/New_York")
    when = page.get_by_text(re.compile("January 2030"))
    expect(when).to_contain_text("Friday, 11 January 2030, 0:30 (CET)")


def test_a_search_stands_in_the_address_and_can_be_cleared(make_show: MakeShow, open_page: OpenPage) -> None:
    for name in ("Hamlet", "Macbeth"):
        make_show(name=name, start_time=SOON)
    page = open_page("/?q=mac")
    expect(page.get_by_role("searchbox")).to_have_value("mac")
    expect(page.get_by_role("heading", level=2)).to_have_text(["Macbeth"])
    page.get_by_role("searchbox").fill("nothing of the kind")
    expect(page.get_by_role("status")).to_have_text("No show matches your search.")
    expect(page).to_have_url(re.compile(r"\?q=nothing"))
    page.get_by_role("button", name="Show all").click()
    expect(page.get_by_role("heading", level=2)).to_have_text(["Hamlet", "Macbeth"])
    expect(page).to_have_url(re.compile(r"/$"))


def test_shows_are_listed_from_a_day_on(make_show: MakeShow, open_page: OpenPage) -> None:
    make_show(name="Soon", start_time=SOON)
    make_show(name="Later", start_time=LATER)
    page = open_page("/")
    expect(page.get_by_role("heading", level=2)).to_have_text(["Soon", "Later"])
    page.get_by_label("From").fill(f"{SOON + timedelta(days=5):%Y-%m-%d}")
    expect(page.get_by_role("heading", level=2)).to_have_text(["Later"])


def test_more_shows_are_brought_page_by_page(make_show: MakeShow, open_page: OpenPage) -> None:
    for number in range(30):
        make_show(name=f"Show {number}", start_time=SOON + timedelta(hours=number))
    page = open_page("/")
    expect(page.get_by_role("status")).to_have_text("24 shows, and more")
    page.get_by_role("button", name="More shows").click()
    expect(page.get_by_role("status")).to_have_text("30 shows")
    expect(page.get_by_role("button", name="More shows")).to_have_count(0)


def test_a_list_that_cannot_be_had_can_be_asked_for_again(make_show: MakeShow, open_page: OpenPage) -> None:
    make_show(name="Hamlet")
    page = open_page("/", forgives="500")
    page.route("**/shows?**", lambda route: route.fulfill(status=500, body="no"))
    page.get_by_role("searchbox").fill("h")
    expect(page.get_by_role("alert")).to_be_visible()
    page.unroute("**/shows?**")
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("link", name="Hamlet")).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)


def test_german_is_chosen_once_and_kept(make_show: MakeShow, open_page: OpenPage) -> None:
    show = make_show(**THEATRE)
    page = open_page("/")
    page.get_by_role("button", name="Deutsch").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Veranstaltungen")
    expect(page.locator("html")).to_have_attribute("lang", "de")
    expect(find_card(page, "Hamlet")).to_contain_text("56 Plätze frei")
    expect(find_card(page, "Hamlet")).to_contain_text(re.compile(r"ab 25\s€"))
    page.goto(f"{page.url}s/{show.id}")
    expect(page.get_by_role("button", name="Beste Plätze")).to_be_visible()
    expect(page).to_have_title(re.compile("^Hamlet .* Seatline$"))


def test_a_browser_that_speaks_german_is_answered_in_german(site: Site, open_page: OpenPage) -> None:
    page = open_page("/", locale="de-AT")
    expect(page.get_by_role("status")).to_have_text("Zurzeit gibt es keine Veranstaltungen.")


def test_a_show_that_is_not_there_leads_home(site: Site, open_page: OpenPage) -> None:
    page = open_page("/s/999999", forgives="404")
    expect(page.get_by_role("heading", level=1)).to_have_text("There is no such show")
    expect(page).to_have_title(re.compile("^There is no such show .* Seatline$"))
    page.get_by_role("link", name="All shows").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Shows")


def test_a_booking_that_is_not_there_says_so(site: Site, open_page: OpenPage) -> None:
    page = open_page("/b/01990000-0000-7000-8000-000000000000", forgives="404")
    expect(page.get_by_role("heading", level=1)).to_have_text("There is no such booking")
    expect(page.get_by_role("link", name="All shows")).to_be_visible()


def test_paper_shows_the_ticket_alone(site: Site, make_show: MakeShow, open_page: OpenPage) -> None:
    booking = site.book(make_show(**THEATRE).id, "Stalls-A-1")
    page = open_page(f"/b/{booking['id']}")
    expect(page.get_by_role("img", name=booking["ticket_code"])).to_be_visible()
    page.emulate_media(media="print")
    expect(page.get_by_text(booking["ticket_code"])).to_be_visible()
    expect(page.get_by_text("row A, seat 1")).to_be_visible()
    for hidden in ("banner", "button", "link"):
        assert page.get_by_role(hidden).all() == [], hidden
    expect(page.get_by_text("Details")).to_be_hidden()


def test_a_booking_is_kept_where_the_question_is_answered_so(
    site: Site, make_show: MakeShow, open_page: OpenPage
) -> None:
    show = make_show(**THEATRE)
    booking = site.book(show.id, "Stalls-A-1")
    page = open_page(f"/b/{booking['id']}")
    page.get_by_role("button", name="Cancel booking").click()
    question = page.get_by_role("dialog", name="Cancel this booking?")
    expect(question.get_by_role("button", name="Keep the booking")).to_be_focused()
    page.keyboard.press("Escape")
    expect(question).to_be_hidden()
    expect(page.get_by_role("button", name="Cancel booking")).to_be_focused()
    assert site.count(show.id)["booked"] == 1


def test_nothing_can_be_cancelled_after_its_time(
    site: Site, make_show: MakeShow, open_page: OpenPage
) -> None:
    show = make_show(**THEATRE, cancel_until=datetime.now(UTC) - timedelta(hours=1))
    page = open_page(f"/b/{site.book(show.id, 'Stalls-A-1')['id']}")
    expect(page.get_by_text("It could be cancelled until")).to_be_visible()
    expect(page.get_by_role("button", name="Cancel booking")).to_have_count(0)


def test_a_booking_that_failed_says_why(site: Site, make_show: MakeShow, open_page: OpenPage) -> None:
    show = make_show(**THEATRE)
    site.book(show.id, "Stalls-A-1")
    page = open_page(f"/b/{site.book(show.id, 'Stalls-A-1')['id']}")
    expect(page.get_by_role("heading", name="This booking did not come about")).to_be_visible()
    expect(page.get_by_text("A seat you wanted was taken")).to_be_visible()
    page.get_by_role("link", name="Choose seats").click()
    expect(page).to_have_url(f"{site.url}/s/{show.id}")
