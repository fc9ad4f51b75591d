"""Live seats by web/client/feed.js: one stream a browser, polls where there is none, and never a gap."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, Request, Route

from core.shows.service import Show
from tests.external.browser.client import (
    follow,
    load_client,
    read_heard,
    wait_for,
    wait_for_link,
    wait_for_seat,
)
from tests.external.browser.hosting import EMPTY, Document, Host
from tests.external.browser.service import Site

MakeShow = Callable[..., Show]
STREAM = "**/stream?*"
# What the browser itself says of streams and polls that fail.
FAILED = "Failed to load resource"
HIDE = """(state) => {
    Object.defineProperty(document, "visibilityState", {value: state, configurable: true});
    document.dispatchEvent(new Event("visibilitychange"));
}"""
# A proxy that lets the head of an answer pass, and keeps the rest.
KEEP_BACK = """() => {
    window.EventSource = class extends EventTarget {
        constructor() { super(); setTimeout(() => this.onopen()); }
        close() {}
    };
}"""


class Streams:
    """The streams that the tabs of a browser have."""

    def __init__(self, context: BrowserContext) -> None:
        self.begun: list[Request] = []
        self.open: set[Request] = set()
        context.on("request", self._begin)
        context.on("requestfinished", self._end)
        context.on("requestfailed", self._end)

    def _begin(self, request: Request) -> None:
        if "/stream?" in request.url:
            self.begun.append(request)
            self.open.add(request)

    def _end(self, request: Request) -> None:
        self.open.discard(request)

    def wait_for(self, page: Page, count: int) -> None:
        """Wait until so many are open."""
        # Events come while Playwright is waited for.
        while len(self.open) != count:
            page.wait_for_timeout(20)


@pytest.fixture
def open_tab(open_module_page: Callable[..., Page], site: Site) -> Callable[..., Page]:
    """Opens a tab with the client: of a new browser, or of that of an earlier tab."""

    def open_tab(beside: Page | None = None, *, has_clock: bool = False) -> Page:
        page = open_module_page(origins={site.url}, forgives=FAILED) if beside is None else None
        if beside:
            page = beside.context.new_page()
            if has_clock:
                page.clock.install()
            page.goto(beside.url)
        assert page
        return load_client(page, site.url)

    return open_tab


def assert_versions_grow(page: Page) -> None:
    versions = [each["version"] for each in read_heard(page, "states", "changes")]
    assert versions == sorted(set(versions))


def test_tabs_have_one_stream_and_the_next_takes_it_over_without_a_gap(
    open_tab: Callable[..., Page], site: Site, make_show: MakeShow
) -> None:
    show = make_show()
    first = open_tab()
    streams = Streams(first.context)
    wait_for_link(follow(first, show.id), "live")
    others = [follow(open_tab(first), show.id) for _ in range(2)]
    for page in others:
        wait_for_link(page, "live")
    site.book(show.id, "1")
    for page in (first, *others):
        wait_for_seat(page, "1", "booked")
    assert len(streams.begun) == 1
    first.close()
    site.book(show.id, "2")
    for page in others:
        wait_for_seat(page, "2", "booked")
        assert_versions_grow(page)
        wait_for_link(page, "live")
    assert len(streams.begun) == 2


def test_a_sandboxed_frame_follows_by_itself(
    open_module_page: Callable[..., Page], host: Host, site: Site, make_show: MakeShow
) -> None:
    show = make_show()
    host.documents["/"] = Document(EMPTY, headers={"Content-Security-Policy": "sandbox allow-scripts"})
    page = follow(load_client(open_module_page(origins={site.url}), site.url), show.id)
    assert page.evaluate("navigator.locks.request('it', () => {}).catch(({name}) => name)") == "SecurityError"
    wait_for_link(page, "live")
    site.book(show.id, "1")
    wait_for_seat(page, "1", "booked")


def test_a_tab_that_missed_a_message_asks_for_what_was_in_it(
    open_tab: Callable[..., Page], site: Site, make_show: MakeShow
) -> None:
    show = make_show()
    leader = follow(open_tab(), show.id)
    wait_for_link(leader, "live")
    other = follow(open_tab(leader), show.id)
    leader.evaluate(
        """() => {
            const post = BroadcastChannel.prototype.postMessage;
            BroadcastChannel.prototype.postMessage = function (message) {
                if (!("1" in (message.changes ?? {}))) post.call(this, message);
            };
        }"""
    )
    site.book(show.id, "1")
    wait_for_seat(leader, "1", "booked")
    site.book(show.id, "2")
    wait_for_seat(other, "2", "booked")
    wait_for_seat(other, "1", "booked")
    assert_versions_grow(other)


def test_the_place_of_a_tab_that_has_fallen_silent_is_taken(
    open_tab: Callable[..., Page], site: Site, make_show: MakeShow
) -> None:
    show = make_show()
    frozen = follow(open_tab(), show.id)
    wait_for_link(frozen, "live")
    other = follow(open_tab(frozen, has_clock=True), show.id)
    frozen.evaluate(
        "() => { BroadcastChannel.prototype.postMessage = () => {}; feed.dispatchEvent = () => {}; }"
    )
    other.clock.run_for(50_000)
    wait_for_link(other, "live")
    site.book(show.id, "1")
    wait_for_seat(other, "1", "booked")


def test_seats_that_change_while_the_network_is_gone_are_told_afterwards(
    open_tab: Callable[..., Page], site: Site, make_show: MakeShow
) -> None:
    show = make_show()
    page = follow(open_tab(), show.id)
    wait_for_link(page, "live")
    page.context.set_offline(True)
    wait_for_link(page, "offline")
    site.book(show.id, "1")
    page.context.set_offline(False)
    wait_for_seat(page, "1", "booked")
    wait_for_link(page, "live")
    assert_versions_grow(page)


def test_a_feed_that_starts_without_network_begins_with_it(
    open_tab: Callable[..., Page], make_show: MakeShow
) -> None:
    show = make_show()
    page = open_tab()
    page.context.set_offline(True)
    page.evaluate(
        "(show) => listen(window.feed = new SeatFeed(api, show), 'states', 'link').start()", show.id
    )
    wait_for_link(page, "offline")
    page.context.set_offline(False)
    wait_for_link(page, "live")
    assert [each["type"] for each in read_heard(page, "states")] == ["states"]


def _hang(_: Route) -> None:
    pass


@pytest.mark.parametrize(
    "block",
    [_hang, lambda route: route.abort(), lambda route: route.fulfill(status=429)],
    ids=["unanswered", "cut", "refused"],
)
def test_where_no_stream_gets_through_seats_are_polled_until_one_does(
    block: Callable[[Route], Any], open_tab: Callable[..., Page], site: Site, make_show: MakeShow
) -> None:
    show = make_show()
    page = open_tab()
    page.route(STREAM, block)
    wait_for_link(follow(page, show.id), "polling")
    site.book(show.id, "1")
    wait_for_seat(page, "1", "booked")
    page.unroute(STREAM)
    wait_for_link(page, "live")
    site.book(show.id, "2")
    wait_for_seat(page, "2", "booked")
    assert_versions_grow(page)


def test_a_stream_that_is_open_and_kept_back_is_given_up(
    open_tab: Callable[..., Page], site: Site, make_show: MakeShow
) -> None:
    show = make_show()
    page = open_tab()
    page.evaluate(KEEP_BACK)
    wait_for_link(follow(page, show.id), "live")
    site.book(show.id, "1")
    wait_for_seat(page, "1", "booked")
    wait_for_link(page, "polling")
    site.book(show.id, "2")
    wait_for_seat(page, "2", "booked")


def test_a_hidden_tab_rests_and_catches_up_when_it_is_seen(
    open_tab: Callable[..., Page], site: Site, make_show: MakeShow
) -> None:
    show = make_show()
    page = open_tab(open_tab(), has_clock=True)
    streams = Streams(page.context)
    wait_for_link(follow(page, show.id), "live")
    page.evaluate(HIDE, "hidden")
    page.clock.run_for(61_000)
    streams.wait_for(page, 0)
    site.book(show.id, "1")
    page.evaluate(HIDE, "visible")
    wait_for_seat(page, "1", "booked")
    streams.wait_for(page, 1)
    assert_versions_grow(page)


def test_after_the_service_was_restored_every_seat_is_told_again(
    open_tab: Callable[..., Page], site: Site, make_show: MakeShow
) -> None:
    show = make_show()
    page = open_tab()
    future = {"show_id": show.id, "version": 10**9, "states": "AAAA"}
    headers = {"Access-Control-Allow-Origin": "*"}
    page.route(
        "**/availability?format=states", lambda route: route.fulfill(json=future, headers=headers), times=1
    )
    follow(page, show.id)
    wait_for(page, "heard.filter(({type}) => type === 'states').length > 1")
    site.book(show.id, "1")
    wait_for_seat(page, "1", "booked")
    versions = [each["version"] for each in read_heard(page, "states", "changes")]
    assert versions[0] == 10**9
    assert versions[1] < versions[-1] < 10**9


def test_a_feed_of_no_show_ends_with_the_problem(open_tab: Callable[..., Page]) -> None:
    page = open_tab()
    page.evaluate("window.feed = listen(new SeatFeed(api, 999999), 'states', 'error')")
    page.evaluate("feed.start()")
    wait_for(page, "heard.at(-1)?.problem?.code === 'show_not_found'")


def test_a_feed_that_is_stopped_lets_go_of_the_stream(
    open_tab: Callable[..., Page], make_show: MakeShow
) -> None:
    show = make_show()
    page = open_tab()
    streams = Streams(page.context)
    wait_for_link(follow(page, show.id), "live")
    page.evaluate("feed.stop()")
    streams.wait_for(page, 0)
    page.evaluate("feed.start()")
    streams.wait_for(page, 1)
