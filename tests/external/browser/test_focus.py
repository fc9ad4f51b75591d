"""Whoever goes through the pages by Tab sees at each step where they are."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.external.browser.browsing import DESKTOP, PHONE
from tests.external.browser.buying import choose_best, find_checkbox, hold, show_list
from tests.external.browser.service import MakeShow, OpenPage, Site
from tests.external.browser.theatres import THEATRE

MOST_STOPS = 150
# What has the focus, in words, and whether a part of it is in view with nothing over it and a ring around it.
LOOK = """() => {
    let focused = document.activeElement;
    while (focused.shadowRoot?.activeElement) focused = focused.shadowRoot.activeElement;
    if (focused === document.body) return null;
    const topAt = (x, y) => {
        let top = document.elementFromPoint(x, y);
        for (let inner; (inner = top?.shadowRoot?.elementFromPoint(x, y)) && inner !== top;) top = inner;
        return top;
    };
    // Cells of the grid let pointers through to the canvas that draws their seats, and the ring around them.
    const grid = focused.closest("[role=grid]");
    const isOwn = (top) => {
        for (let at = top; at; at = at.parentNode ?? at.host) {
            if (at === focused || at === grid?.parentElement) return true;
        }
        return focused.labels && [...focused.labels].includes(top);
    };
    const { left, top, width, height } = focused.getBoundingClientRect();
    const parts = [0.1, 0.5, 0.9];
    const isSeen = parts.some((across) => parts.some((down) => {
        const [x, y] = [left + width * across, top + height * down];
        return x >= 0 && y >= 0 && x < innerWidth && y < innerHeight && isOwn(topAt(x, y));
    }));
    // In a date, the browser marks the day, the month or the year.
    const isMarked = grid || focused.type === "date";
    const ringed = [focused, focused.closest(".card")].filter(Boolean).map((each) => getComputedStyle(each));
    const isRinged = isMarked || ringed.some(({ outlineStyle }) => outlineStyle !== "none");
    const name = focused.ariaLabel || focused.innerText || focused.labels?.[0]?.innerText || focused.id;
    return [`${focused.localName} ${name}`, isSeen, Boolean(isRinged)];
}"""
SIZES: dict[str, dict[str, Any]] = {
    "desktop": {"viewport": DESKTOP},
    "phone": {"viewport": PHONE},
    "320 by 256, as 1280 by 1024 at 400 %": {"viewport": {"width": 320, "height": 256}},
}


@pytest.fixture(params=SIZES)
def size(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Settings of a visit."""
    return SIZES[request.param]


def go_through(page: Page) -> list[str]:
    """Press Tab from the beginning of the page to its end, and back; every stop in words."""
    page.evaluate("() => { document.activeElement.blur(); scrollTo(0, 0); }")
    stops: list[str] = []
    for key in ("Tab", "Shift+Tab"):
        first = len(stops)
        for _ in range(MOST_STOPS):
            page.keyboard.press(key)
            # Views that move to the focus have stopped after a frame: there is no movement here.
            seen = page.evaluate(
                f"() => new Promise((done) => requestAnimationFrame(() => done(({LOOK})())))"
            )
            if seen is None:
                break
            name, is_seen, is_ringed = seen
            assert is_seen, f"{name} is not in view by {key}"
            assert is_ringed, f"{name} has no ring"
            stops.append(name)
        assert len(stops) - first < MOST_STOPS, "Tab does not leave the page"
    return stops


def test_the_focus_is_never_out_of_sight(make_show: MakeShow, open_page: OpenPage, size: Any) -> None:
    show = make_show(**THEATRE)
    page = open_page("/", reduced_motion=True, **size)
    expect(page.get_by_role("link", name="Hamlet")).to_be_visible()
    assert any("Hamlet" in stop for stop in go_through(page))
    page.goto(f"{page.url.rstrip('/')}/s/{show.id}")
    choose_best(page, 2)
    stops = go_through(page)
    assert any("div Stalls, Row" in stop for stop in stops)
    page.get_by_role("tab", name="List").click()
    page.locator("seatline-list summary").first.click()
    stops = go_through(page)
    assert any("input Row D" in stop for stop in stops)
    hold(page)
    stops = go_through(page)
    assert any("Give back" in stop for stop in stops)


def test_the_focus_stays_in_the_list_while_seats_change(
    site: Site, make_show: MakeShow, open_page: OpenPage
) -> None:
    show = make_show(**THEATRE)
    page = open_page(f"/s/{show.id}")
    show_list(page)
    find_checkbox(page, "Row A, seat 2").focus()
    page.keyboard.press("Space")
    site.book(show.id, "Stalls-C-3")
    expect(page.get_by_role("checkbox", name="Row C, seat 3, €45, taken")).to_be_disabled()
    expect(find_checkbox(page, "Row A, seat 2")).to_be_focused()
    expect(find_checkbox(page, "Row A, seat 2")).to_be_checked()
