"""A hold as web/client/hold.js keeps it: through reloads, in every tab, by the service's clock."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Route

from core.shows.service import Show
from tests.acting import end_hold
from tests.external.browser.client import keep, load_client, read_heard, wait_for
from tests.external.browser.service import Site

MakeShow = Callable[..., Show]
# What the browser itself says of refusals and lost requests.
FAILED = "Failed to load resource"
HOUR = 3600
HOLD = "keeper.hold({seats: ['1']})"
CLOSE_EARLY = """async (id) => {
    const { CheckoutSession } = await import("/assets/here/elements/checkout/session.js");
    const session = new CheckoutSession(api);
    const opened = session.open(id);
    session.close();
    await opened;
    return { booking: session.booking, secondsLeft: session.secondsLeft };
}"""


@pytest.fixture
def page(open_module_page: Callable[..., Page], site: Site) -> Page:
    """A page of another origin, whose client asks the service."""
    return load_client(open_module_page(origins={site.url}, forgives=FAILED), site.url)


def open_beside(page: Page, site: Site) -> Page:
    """A second tab of the same browser."""
    other = page.context.new_page()
    other.goto(page.url)
    return load_client(other, site.url)


def reload(page: Page, site: Site, show: Show) -> Page:
    page.reload()
    return keep(load_client(page, site.url), show.id)


def hold(page: Page, show: Show) -> Any:
    """The booking that holds seat 1."""
    booking = keep(page, show.id).evaluate(HOLD)
    assert booking["held"]
    return booking


def test_a_hold_is_there_after_a_reload(page: Page, site: Site, make_show: MakeShow) -> None:
    show = make_show(hold_seconds=600)
    held = hold(page, show)
    reload(page, site, show)
    assert page.evaluate("keeper.restore()")["id"] == held["id"]
    assert 500 < page.evaluate("keeper.secondsLeft") <= 601
    assert page.evaluate("Object.keys(sessionStorage)") == [f"seatline:hold:{site.url}:{show.id}"]
    wait_for(page, "heard.filter(({type}) => type === 'tick').length > 1")


def test_a_hold_is_there_after_a_reload_that_came_before_its_answer(
    page: Page, site: Site, make_show: MakeShow
) -> None:
    show = make_show()
    waiting: list[Route] = []
    page.route("**/bookings", lambda route: waiting.append(route))  # noqa: PLW0108 (Playwright marks it)
    keep(page, show.id).evaluate(f"void {HOLD}.catch(() => {{}})")
    while not waiting:
        page.wait_for_timeout(20)
    # The service has it, and the page will not hear so.
    assert waiting[0].fetch().status == 201
    page.unroute("**/bookings")
    reload(page, site, show)
    assert page.evaluate("keeper.restore()")["seats"] == ["1"]
    assert site.count(show.id) == {"available": 9, "held": 1, "booked": 0}


def lose_answers(page: Page) -> None:
    """The service gets what is booked, and the page does not hear so."""

    def lose(route: Route) -> None:
        route.fetch()
        route.abort()

    page.route("**/bookings", lose)


def test_the_same_wish_after_a_lost_answer_is_the_same_hold(
    page: Page, site: Site, make_show: MakeShow
) -> None:
    show = make_show()
    lose_answers(page)
    keep(page, show.id)
    failed = page.evaluate("attempt(() => keeper.hold({seats: ['1']}, {patience: 0}))")
    assert (failed["code"], page.evaluate("keeper.isUnanswered")) == ("network", True)
    page.unroute("**/bookings")
    assert page.evaluate(HOLD)["held"]
    assert not page.evaluate("keeper.isUnanswered")
    assert site.count(show.id)["held"] == 1


def test_a_hold_whose_answer_comes_after_the_end_is_remembered_and_not_followed(
    page: Page, make_show: MakeShow
) -> None:
    show = make_show()
    keep(page, show.id)
    held = page.evaluate(f"(() => {{ const answer = {HOLD}; keeper.close(); return answer; }})()")
    assert page.evaluate("JSON.parse(Object.values(sessionStorage)[0]).id") == held["id"]
    assert page.evaluate("keeper.secondsLeft") == 0
    assert page.evaluate("keeper.restore()")["id"] == held["id"]
    wait_for(page, "keeper.secondsLeft > 0")


def test_a_checkout_that_has_ended_follows_no_booking(page: Page, make_show: MakeShow) -> None:
    held = hold(page, make_show())
    assert page.evaluate(CLOSE_EARLY, held["id"]) == {"booking": None, "secondsLeft": None}


def test_a_tab_without_a_hold_restores_none(page: Page, make_show: MakeShow) -> None:
    keep(page, make_show().id)
    assert page.evaluate("keeper.restore()") is None
    assert page.evaluate("attempt(() => keeper.extend())")["code"] == "not_held"


def test_a_hold_is_shown_and_released_in_every_tab(page: Page, site: Site, make_show: MakeShow) -> None:
    show = make_show()
    before = keep(open_beside(page, site), show.id)
    assert before.evaluate("keeper.restore()") is None
    held = hold(page, show)
    wait_for(before, "keeper.booking?.held")
    after = keep(open_beside(page, site), show.id)
    assert after.evaluate("keeper.restore()")["id"] == held["id"]
    assert after.evaluate("keeper.release()")["status"] == "CANCELLED"
    for tab in (page, before):
        wait_for(tab, "heard.at(-1).booking?.status === 'CANCELLED' && !keeper.booking")
    assert reload(page, site, show).evaluate("keeper.restore()") is None


def test_a_hold_runs_out_before_ones_eyes(page: Page, site: Site, make_show: MakeShow) -> None:
    show = make_show()
    end_hold(hold(page, show)["id"], in_seconds=4)
    page.evaluate("keeper.refresh()")
    wait_for(page, "heard.some(({type}) => type === 'expired')")
    (expired,) = read_heard(page, "expired")
    assert (expired["booking"]["status"], expired["booking"]["failure"]["code"]) == ("FAILED", "hold_expired")
    (expiring,) = read_heard(page, "expiring")
    # The service's clock is known by the second, from the headers of a few answers.
    assert 1 <= expiring["secondsLeft"] <= 5
    ticks = [each["secondsLeft"] for each in read_heard(page, "tick")]
    assert ticks == sorted(set(ticks), reverse=True)
    assert (ticks[-1], page.evaluate("keeper.booking")) == (0, None)
    assert site.count(show.id)["available"] == show.total_seats
    assert reload(page, site, show).evaluate("keeper.restore()") is None


def test_thirty_seconds_before_its_end_a_hold_says_so_once(
    page: Page, site: Site, make_show: MakeShow
) -> None:
    page.clock.install()
    show = make_show(hold_seconds=60)
    hold(page, show)
    page.clock.run_for(29_000)
    assert not read_heard(page, "expiring")
    page.clock.run_for(5_000)
    assert [each["secondsLeft"] for each in read_heard(page, "expiring")] == [30]
    # The page has slept; only the service says whether the hold is over.
    page.clock.fast_forward(HOUR * 1000)
    wait_for(page, "keeper.secondsLeft === 0")
    site.ask("POST", f"/bookings/{page.evaluate('keeper.booking.id')}/confirm", {})
    page.clock.resume()
    wait_for(page, "heard.at(-1).booking?.status === 'CONFIRMED' && !keeper.booking")
    assert not read_heard(page, "expired")


@pytest.mark.parametrize("hours", [-5, 5])
def test_a_countdown_is_right_by_a_clock_that_is_wrong(
    hours: int, page: Page, site: Site, make_show: MakeShow
) -> None:
    page.clock.install(time=time.time() + hours * HOUR)
    show = make_show(hold_seconds=600)
    hold(page, show)
    assert 590 <= page.evaluate("keeper.secondsLeft") <= 601
    reload(page, site, show)
    page.evaluate("keeper.restore()")
    assert 500 <= page.evaluate("keeper.secondsLeft") <= 601


def test_more_time_is_counted_and_beyond_the_end_refused(page: Page, site: Site, make_show: MakeShow) -> None:
    show = make_show(hold_seconds=60)
    held = hold(page, show)
    other = keep(open_beside(page, site), show.id)
    other.evaluate("keeper.restore()")
    extended = page.evaluate("keeper.extend()")
    assert extended["hold_expires_at"] > held["hold_expires_at"]
    wait_for(other, f"keeper.booking.hold_expires_at === '{extended['hold_expires_at']}'")
    site.ask("POST", f"/bookings/{held['id']}/confirm", {})
    assert page.evaluate("attempt(() => keeper.extend())")["code"] == "already_settled"
    wait_for(page, "heard.at(-1).booking?.status === 'CONFIRMED' && !keeper.booking")


def test_a_payment_confirms_before_ones_eyes(page: Page, site: Site, make_show: MakeShow) -> None:
    show = make_show(payment_required=True)
    held = hold(page, show)
    payment = page.evaluate("api.pay(keeper.booking.id)")
    page.evaluate("keeper.refresh()")
    site.ask("POST", f"/bookings/{held['id']}/payments", {})
    page.request.post(f"{payment['checkout_url']}/pay")
    wait_for(page, "heard.at(-1).booking?.status === 'CONFIRMED' && !keeper.booking")


def test_a_hold_is_restored_once_the_network_is_there(page: Page, site: Site, make_show: MakeShow) -> None:
    show = make_show()
    held = hold(page, show)
    reload(page, site, show)
    page.context.set_offline(True)
    with page.expect_event("requestfailed"):
        page.evaluate("void (window.restored = keeper.restore())")
    page.context.set_offline(False)
    assert page.evaluate("restored")["id"] == held["id"]


def test_where_storage_is_closed_a_hold_lives_as_long_as_its_page(page: Page, make_show: MakeShow) -> None:
    page.evaluate("Object.defineProperty(window, 'sessionStorage', {get() { throw new Error('closed'); }})")
    show = make_show()
    held = hold(page, show)
    assert page.evaluate("keeper.restore()")["id"] == held["id"]
