"""axe-core finds nothing on any page, in any state, in any look; and no page scrolls sideways."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from core.maps.cache import bump_generation
from tests.acting import end_hold
from tests.external.browser.axe import COLORS, find_barriers
from tests.external.browser.browsing import PHONE
from tests.external.browser.buying import (
    choose_best,
    choose_in_list,
    confirm,
    expect_ticket,
    hold,
    show_list,
    tap_seat,
)
from tests.external.browser.service import MakeShow, OpenPage, Site
from tests.external.browser.theatres import THEATRE

PAST = datetime(2026, 1, 1, tzinfo=UTC)
NARROW = {"width": 320, "height": 640}


def check(page: Page) -> None:
    """Nothing is wrong with what the page shows now: in light and dark, in forced colours, and narrow."""
    assert not find_barriers(page)
    page.emulate_media(color_scheme="dark")
    assert not find_barriers(page, COLORS), "in the dark"
    page.emulate_media(color_scheme="light", forced_colors="active")
    assert not find_barriers(page, COLORS), "in forced colours"
    page.emulate_media(forced_colors="none")
    wide = page.viewport_size
    page.set_viewport_size(NARROW)
    assert not find_barriers(page), "where it is narrow"
    widths = page.evaluate("() => [document.documentElement.scrollWidth, innerWidth]")
    assert widths[0] <= widths[1], "the page scrolls sideways"
    page.set_viewport_size(wide)


def test_the_list_of_shows_has_no_barrier(make_show: MakeShow, open_page: OpenPage) -> None:
    page = open_page("/", reduced_motion=True)
    expect(page.get_by_text("There are no shows just now")).to_be_visible()
    check(page)
    make_show(**THEATRE)
    make_show(name="Closed", start_time=PAST)
    # They were made beside the API, which would have done so.
    bump_generation()
    page.reload()
    expect(page.get_by_role("link", name="Hamlet")).to_be_visible()
    check(page)


def test_a_purchase_has_no_barrier_from_choosing_to_the_ticket(
    site: Site, make_show: MakeShow, open_page: OpenPage
) -> None:
    show = make_show(**THEATRE)
    page = open_page(f"/s/{show.id}", reduced_motion=True)
    expect(page.get_by_role("grid")).to_be_visible()
    check(page)
    show_list(page)
    check(page)
    choose_in_list(page, "Row C, seat 3")
    check(page)
    site.book(show.id, "Stalls-C-3")
    expect(page.get_by_text("was just taken").first).to_be_visible()
    check(page)
    choose_best(page, 2)
    hold(page)
    check(page)
    confirm(page)
    check(page)


def test_a_booking_has_no_barrier(site: Site, make_show: MakeShow, open_page: OpenPage) -> None:
    show = make_show(**THEATRE)
    booking = site.book(show.id, "Stalls-A-1")
    page = open_page(f"/b/{booking['id']}", reduced_motion=True)
    expect_ticket(page, booking["ticket_code"])
    check(page)
    page.get_by_role("button", name="Cancel booking").click()
    expect(page.get_by_role("button", name="Yes, cancel")).to_be_visible()
    check(page)
    page.get_by_role("button", name="Yes, cancel").click()
    expect(page.get_by_text("This booking is cancelled")).to_be_visible()
    check(page)


def test_a_hold_that_must_be_paid_and_one_that_ran_out_have_no_barrier(
    make_show: MakeShow, open_page: OpenPage
) -> None:
    show = make_show(**THEATRE, payment_required=True)
    page = open_page(f"/s/{show.id}", reduced_motion=True)
    choose_best(page, 1)
    hold(page)
    check(page)
    end_hold(page.locator("seatline-map").evaluate("(map) => map.booking.id"), in_seconds=3)
    page.reload()
    expect(page.get_by_role("button", name="Choose").first).to_be_visible()
    check(page)


def test_the_card_of_a_tapped_seat_has_no_barrier(make_show: MakeShow, open_page: OpenPage) -> None:
    show = make_show(**THEATRE)
    page = open_page(f"/s/{show.id}", viewport=PHONE, touch=True, reduced_motion=True)
    tap_seat(page, "Stalls-B-3")
    check(page)


@pytest.mark.parametrize(
    "changes",
    [
        {"start_time": PAST},
        {"sales_open_at": datetime.now(UTC) + timedelta(days=7)},
        {"payment_required": True},
    ],
)
def test_a_show_that_sells_nothing_has_no_barrier(
    make_show: MakeShow, open_page: OpenPage, changes: dict[str, Any]
) -> None:
    show = make_show(**{**THEATRE, **changes})
    page = open_page(f"/s/{show.id}", reduced_motion=True)
    expect(page.get_by_role("grid")).to_be_visible()
    check(page)


@pytest.mark.parametrize("path", ["/s/999999", "/b/01990000-0000-7000-8000-000000000000", "/problems"])
def test_what_does_not_exist_has_no_barrier(site: Site, open_page: OpenPage, path: str) -> None:
    page = open_page(path, forgives="status of 404", reduced_motion=True)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    check(page)
