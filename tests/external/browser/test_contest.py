"""Several browsers, and the same seats."""

from playwright.sync_api import Page, Route, expect

from tests.external.browser.buying import (
    choose_in_list,
    confirm,
    expect_held,
    find_checkbox,
    find_hold_button,
    hold,
    show_list,
)
from tests.external.browser.service import MakeShow, OpenPage, Site
from tests.external.browser.theatres import BOX, THEATRE
from tests.support import wait_until


def test_of_two_browsers_one_gets_the_seat_and_the_other_is_offered_the_nearest(
    site: Site, make_show: MakeShow, open_page: OpenPage
) -> None:
    show = make_show(**THEATRE)
    pages = [open_page(f"/s/{show.id}") for _ in range(2)]
    for page in pages:
        choose_in_list(page, "Row C, seat 3")
    # Both have asked before either hears of the other.
    asked: list[Route] = []
    for page in pages:
        # Playwright marks what it calls: a method of a list cannot be marked.
        page.route("**/bookings", lambda route: asked.append(route), times=1)  # noqa: PLW0108
        find_hold_button(page).click()
        while page not in [route.request.frame.page for route in asked]:
            page.wait_for_timeout(20)
    for route in asked:
        route.continue_()
    winner, loser = _tell_apart(pages)
    expect_held(winner)
    expect(loser.get_by_text("Row C, seat 3 was just taken.").first).to_be_visible()
    loser.get_by_role("button", name="Row C, seat").first.click()
    hold(loser)
    assert site.count(show.id)["held"] == 2


def test_who_chose_a_seat_that_another_takes_is_told_at_once(
    site: Site, make_show: MakeShow, open_page: OpenPage
) -> None:
    show = make_show(**THEATRE)
    page = open_page(f"/s/{show.id}")
    choose_in_list(page, "Row C, seat 3")
    site.book(show.id, "Stalls-C-3")
    expect(page.get_by_text("Row C, seat 3 was just taken.").first).to_be_visible()
    expect(find_checkbox(page, "Row C, seat 3")).not_to_be_checked()


def test_another_browser_sees_a_show_sell_out(site: Site, make_show: MakeShow, open_page: OpenPage) -> None:
    show = make_show(**BOX)
    buyer, onlooker = open_page(f"/s/{show.id}"), open_page(f"/s/{show.id}")
    show_list(onlooker)
    expect(find_checkbox(onlooker, "Row A, seat 1")).to_be_enabled()
    choose_in_list(buyer, "Row A, seat 1", "Row A, seat 2")
    hold(buyer)
    expect(find_checkbox(onlooker, "Row A, seat 1")).to_be_disabled()
    confirm(buyer)
    expect(onlooker.get_by_text("Sold out").first).to_be_visible()
    assert site.count(show.id) == {"available": 0, "held": 0, "booked": 2}


def _tell_apart(pages: list[Page]) -> tuple[Page, Page]:
    """The page that has the hold, and the one that was told."""
    loser = wait_until(lambda: [page for page in pages if page.get_by_text("was just taken").count()])[0]
    return next(page for page in pages if page is not loser), loser
