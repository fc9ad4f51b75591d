"""How pages stay up to date: by one stream a browser, and without any where streams are blocked."""

from collections.abc import Callable

from playwright.sync_api import BrowserContext, Page, expect

from core.shows.service import Show
from tests.external.browser.browsing import Visit
from tests.external.browser.buying import find_checkbox, show_list
from tests.external.browser.service import MakeShow, Site
from tests.external.browser.theatres import THEATRE

SEAT = "Row A, seat 1"


def test_where_streams_are_blocked_the_map_is_polled(
    site: Site, make_show: MakeShow, visit: Callable[..., Visit]
) -> None:
    show = make_show(**THEATRE)
    context = visit(origins={site.url}, forgives="ERR_FAILED|/stream").context
    context.route("**/stream*", lambda route: route.abort())
    page = context.new_page()
    page.goto(f"{site.url}/s/{show.id}")
    _see_a_sale(site, show, page)


def test_two_tabs_of_a_browser_follow_a_show_by_one_stream(
    site: Site, make_show: MakeShow, visit: Callable[..., Visit]
) -> None:
    show = make_show(**THEATRE)
    context = visit(origins={site.url}).context
    streams = _count_streams(context)
    first, second = context.new_page(), context.new_page()
    for page in (first, second):
        page.goto(f"{site.url}/s/{show.id}")
        show_list(page)
    _see_a_sale(site, show, second)
    expect(find_checkbox(first, SEAT)).to_be_disabled()
    assert len(streams) == 1
    # The tab that is left takes the stream over.
    first.close()
    site.book(show.id, "Stalls-B-1")
    expect(find_checkbox(second, "Row B, seat 1")).to_be_disabled()


def _count_streams(context: BrowserContext) -> list[str]:
    """The addresses of streams that its tabs ask for, as they come."""
    streams: list[str] = []
    context.on("request", lambda request: "/stream" in request.url and streams.append(request.url))
    return streams


def _see_a_sale(site: Site, show: Show, page: Page) -> None:
    show_list(page)
    expect(find_checkbox(page, SEAT)).to_be_enabled()
    site.book(show.id, "Stalls-A-1")
    expect(find_checkbox(page, SEAT)).to_be_disabled()
