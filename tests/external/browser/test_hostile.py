"""What a page is given by others does nothing to it."""

import pytest
from playwright.sync_api import expect

from tests.external.browser.buying import choose_best, hold
from tests.external.browser.service import MakeShow, OpenPage
from tests.external.browser.theatres import THEATRE


@pytest.mark.parametrize("url", ["javascript:window.hacked=1", "data:text/html,x", "/b/1", ""])
def test_a_payment_page_with_no_address_of_the_web_is_told_and_not_opened(
    url: str, make_show: MakeShow, open_page: OpenPage
) -> None:
    page = open_page(f"/s/{make_show(**THEATRE, payment_required=True).id}")
    choose_best(page, 2)
    hold(page)
    payment = {"status": "pending", "checkout_url": url or "http:", "client_secret": None}
    page.route("**/payments", lambda route: route.fulfill(status=201, json=payment))
    before = page.url
    page.get_by_role("button", name="Pay €90.00").click()
    expect(page.locator("seatline-checkout").get_by_role("alert")).to_be_visible()
    assert page.url == before
    assert page.evaluate("window.hacked") is None


def test_a_second_script_of_another_version_changes_nothing(make_show: MakeShow, open_page: OpenPage) -> None:
    page = open_page(f"/s/{make_show(**THEATRE).id}", bypass_csp=True)
    choose_best(page, 2)
    modules = page.evaluate("""async () => {
        const { pathname } = new URL(document.querySelector("script[type=module]").src);
        const other = pathname.replace(/assets\\/[^/]+/, "assets/0000000000000000");
        for (const name of ["seatline-checkout", "seatline-map", "seat-list"]) {
            await import(new URL(`../elements/${name}.js`, new URL(other, location.href)).href);
        }
        return performance.getEntriesByType("resource").map((each) => each.name);
    }""")
    assert any("0000000000000000" in each for each in modules)
    hold(page)


def test_a_hall_of_standing_places_alone_takes_another_language(
    make_show: MakeShow, open_page: OpenPage
) -> None:
    show = make_show(sections=[{"name": "Floor", "capacity": 20, "price": 2500}])
    page = open_page(f"/s/{show.id}")
    expect(page.get_by_role("heading", name="Your seats")).to_be_visible()
    page.locator("seatline-map").evaluate("(map) => (map.locale = 'de')")
    expect(page.get_by_role("heading", name="Ihre Plätze")).to_be_visible()
