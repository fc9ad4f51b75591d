"""The map as an element of other sites' pages: losing and holding seats, and how it comes and goes."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from core.halls.plans import SeatingPlan
from tests.acting import end_hold
from tests.external.browser.buying import find_hold_button, hold, show_list
from tests.external.browser.embeds import call, hear, last
from tests.external.browser.hosting import WEB
from tests.external.browser.service import Embed, MakeShow, Site
from tests.external.browser.theatres import BOX, THEATRE
from tests.support import wait_until

HOSTILE = "<img src=x onerror=window.hacked=1>"


def test_a_seat_lost_to_another_is_replaced_by_one_click(
    site: Site, make_show: MakeShow, embed: Embed
) -> None:
    show = make_show(**THEATRE)
    page = embed(show.id)
    call(page, "select", ["Stalls-C-3", "Stalls-C-4"])
    site.book(show.id, "Stalls-C-3")
    expect(page.get_by_role("alert").get_by_text("Row C, seat 3 was just taken.")).to_have_count(1)
    taken = hear(page, "taken", show.id)[-1]["detail"]
    assert taken["seats"] == ["Stalls-C-3"]
    assert not {"Stalls-C-3", "Stalls-C-4"} & {
        seat for each in taken["alternatives"] for seat in each["seats"]
    }
    assert taken["alternatives"][0]["amount"] == 4500
    page.locator("[part~=alternative]").first.click()
    expect(page.locator("[data-kind=taken]")).to_have_count(0)
    assert set(last(page, "change")["seats"]) == {"Stalls-C-4", *taken["alternatives"][0]["seats"]}


def test_a_hold_that_comes_too_late_tells_which_seats_are_lost(
    site: Site, make_show: MakeShow, embed: Embed
) -> None:
    show = make_show(**THEATRE)
    page = embed(show.id)
    # The map hears of nothing: only the answer to its hold can tell.
    page.locator("seatline-map").evaluate("(map) => map.session.feed.stop()")
    call(page, "select", ["Stalls-C-3", "Stalls-C-4"])
    site.book(show.id, "Stalls-C-3")
    find_hold_button(page).click()
    expect(page.locator("[data-kind=taken]").get_by_text("Row C, seat 3 was just taken.")).to_be_visible()
    assert last(page, "change")["seats"] == ["Stalls-C-4"]
    assert site.count(show.id)["held"] == 0


def test_a_press_just_after_a_loss_leaves_the_nearest_seats_to_choose(
    site: Site, make_show: MakeShow, embed: Embed
) -> None:
    show = make_show(**THEATRE)
    page = embed(show.id)
    call(page, "select", ["Stalls-C-3"])
    site.book(show.id, "Stalls-C-3")
    hear(page, "taken", show.id)
    find_hold_button(page).click(force=True)
    expect(page.locator("[part~=alternative]").first).to_be_visible()
    expect(page.get_by_text("Choose your seats first")).to_have_count(0)


def test_two_clicks_hold_once(site: Site, make_show: MakeShow, embed: Embed) -> None:
    show = make_show(**THEATRE)
    page = embed(show.id)
    call(page, "select", ["Stalls-A-1"])
    ids = page.locator("seatline-map").evaluate(
        "async (map) => (await Promise.all([map.hold(), map.hold()])).map((booking) => booking.id)"
    )
    assert ids[0] == ids[1]
    assert len(hear(page, "held", show.id)) == 1
    assert site.count(show.id)["held"] == 1


def test_what_a_customer_may_not_have_is_told(make_show: MakeShow, embed: Embed) -> None:
    page = embed(make_show(**THEATRE, max_seats_per_customer=1).id, attributes='customer="c-1"')
    call(page, "select", ["Stalls-A-1", "Stalls-A-2"])
    find_hold_button(page).click()
    expect(page.get_by_text("more than one customer may have").first).to_be_visible()


def hear_no_more(page: Page, *seats: str) -> None:
    """Stop the map's feed once it has told that these are held."""
    is_held = (
        "(map, seats) => seats.every((seat) => !map.session.hall.isFree(map.session.hall.indexOf(seat)))"
    )
    show_map = page.locator("seatline-map")
    wait_until(lambda: show_map.evaluate(is_held, seats))
    show_map.evaluate("(map) => map.session.feed.stop()")


def test_an_expired_hold_is_chosen_again_by_one_click(make_show: MakeShow, embed: Embed) -> None:
    show = make_show(**THEATRE)
    page = embed(show.id)
    call(page, "select", ["Stalls-A-1", "Stalls-A-2"])
    hold(page)
    hear_no_more(page, "Stalls-A-1", "Stalls-A-2")
    end_hold(hear(page, "held", show.id)[-1]["detail"]["booking"]["id"], in_seconds=3)
    page.locator("seatline-map").evaluate("(map) => map.session.keeper.refresh()")
    # It has less than the 30 seconds that are warned of.
    assert hear(page, "expiring", show.id)
    expired = hear(page, "expired", show.id)[-1]["detail"]["booking"]
    assert expired["failure"]["code"] == "hold_expired"
    page.get_by_role("button", name="Choose again").click()
    wait_until(lambda: last(page, "change")["seats"] == ["Stalls-A-1", "Stalls-A-2"])


def test_seats_given_back_can_be_chosen_at_once(make_show: MakeShow, embed: Embed) -> None:
    page = embed(make_show(**THEATRE).id)
    call(page, "select", ["Stalls-A-1"])
    hold(page)
    hear_no_more(page, "Stalls-A-1")
    seats = page.locator("seatline-map").evaluate(
        """async (map) => {
            await map.release();
            return map.select(["Stalls-A-1"]);
        }"""
    )
    assert seats == ["Stalls-A-1"]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"sales_open_at": datetime.now(UTC) + timedelta(days=20)}, "Sales open on"),
        ({"sales_open_at": datetime.now(UTC) + timedelta(hours=3)}, "Sales open in 2:"),
        ({"start_time": datetime.now(UTC) - timedelta(days=1)}, "Sales are closed."),
    ],
)
def test_a_show_that_is_not_on_sale_says_so(
    make_show: MakeShow, embed: Embed, changes: dict[str, Any], told: str
) -> None:
    page = embed(make_show(**{**THEATRE, **changes}).id)
    expect(page.get_by_text(told)).to_be_visible()
    expect(find_hold_button(page)).to_have_count(0)
    assert page.locator("seatline-map").evaluate("(map) => map.select(['Stalls-A-1'])") == []


def test_sales_open_before_ones_eyes(make_show: MakeShow, embed: Embed) -> None:
    soon = datetime.now(UTC) + timedelta(seconds=8)
    page = embed(make_show(**THEATRE, sales_open_at=soon).id)
    expect(page.get_by_text("Sales open in 0:0")).to_be_visible()
    expect(page.get_by_role("button", name="Best seats")).to_be_visible()
    call(page, "select", ["Stalls-A-1"])
    assert last(page, "change")["seats"] == ["Stalls-A-1"]


def test_a_show_sells_out_before_ones_eyes(site: Site, make_show: MakeShow, embed: Embed) -> None:
    show = make_show(**BOX)
    page = embed(show.id)
    site.book(show.id, "Box-A-1", "Box-A-2")
    expect(page.get_by_text("Sold out.")).to_be_visible()


def test_a_show_that_does_not_exist_is_told_and_another_takes_its_place(
    make_show: MakeShow, embed: Embed
) -> None:
    show = make_show(**THEATRE)
    page = embed(999_999, until="error", forgives="404")
    expect(page.get_by_text("There is no such show.")).to_be_visible()
    assert hear(page, "error", 999_999)[-1]["detail"]["problem"]["code"] == "show_not_found"
    page.locator("seatline-map").evaluate("(map, id) => map.setAttribute('show', id)", str(show.id))
    hear(page, "ready", show.id)
    expect(page.get_by_role("grid")).to_be_visible()


def test_texts_are_the_hosts_where_it_has_some(make_show: MakeShow, embed: Embed) -> None:
    attributes = (
        """locale="de" hold-label="Weiter" texts='{"your-seats": "Ihre { $none } Wahl", "total": "Macht"}'"""
    )
    page = embed(make_show(**THEATRE).id, attributes=attributes)
    expect(page.get_by_role("button", name="Weiter")).to_be_visible()
    expect(page.get_by_role("heading", name="Wahl")).to_be_visible()
    page.locator("seatline-map").evaluate("(map) => { map.texts = {'best-seats': 'Nimm die besten'}; }")
    expect(page.get_by_role("button", name="Nimm die besten")).to_be_visible()
    expect(page.get_by_role("heading", name="Ihre Plätze")).to_be_visible()


def test_a_required_map_keeps_a_form_from_being_sent(make_show: MakeShow, embed: Embed) -> None:
    page = embed(make_show(**THEATRE).id, attributes="required")
    is_valid = "() => document.querySelector('#form').checkValidity()"
    assert page.evaluate(is_valid) is False
    call(page, "select", ["Stalls-A-1"])
    page.wait_for_function(is_valid)
    page.evaluate("() => document.querySelector('#form').reset()")
    page.wait_for_function(f"() => !({is_valid})()")


def test_maps_of_one_page_leave_each_other_alone(site: Site, make_show: MakeShow, embed: Embed) -> None:
    first, second = make_show(**THEATRE), make_show(**THEATRE)
    page = embed(first.id, second.id)
    maps = page.locator("seatline-map")
    for number, seats in enumerate((["Stalls-A-1"], ["Stalls-B-1", "Stalls-B-2"])):
        maps.nth(number).evaluate("(map, seats) => { map.select(seats); return map.hold(); }", seats)
    assert [site.count(show.id)["held"] for show in (first, second)] == [1, 2]
    maps.nth(0).get_by_role("button", name="Give back").click()
    wait_until(lambda: site.count(first.id)["held"] == 0)
    expect(maps.nth(1).get_by_role("button", name="Give back")).to_be_visible()


def test_a_map_that_leaves_the_page_stops_and_comes_back(
    site: Site, make_show: MakeShow, embed: Embed
) -> None:
    show = make_show(**THEATRE)
    page = embed(show.id)
    # Where it is the only tab, it follows the seats under a lock.
    follows = "async (count) => (await navigator.locks.query()).held.length === count"
    page.wait_for_function(follows, arg=1)
    call(page, "select", ["Stalls-A-1"])
    page.evaluate("() => { window.away = document.querySelector('seatline-map'); away.remove(); }")
    page.wait_for_function(follows, arg=0)
    assert page.evaluate("() => away.session") is None
    page.evaluate("() => document.querySelector('main').append(away)")
    wait_until(lambda: len(hear(page, "ready", show.id)) == 2)
    assert page.evaluate("() => away.value") == "Stalls-A-1"
    site.book(show.id, "Stalls-A-1")
    hear(page, "taken", show.id)


def test_who_tabs_to_the_map_at_once_is_in_its_grid_as_soon_as_that_is_there(
    make_show: MakeShow, embed: Embed
) -> None:
    page = embed(make_show(**THEATRE).id)
    late = "await new Promise((go) => { window.go = go; });"
    script = f"{late}\n{(WEB / 'elements' / 'seat-grid.js').read_text()}"
    answer = {
        "body": script,
        "content_type": "text/javascript",
        "headers": {"Access-Control-Allow-Origin": "*"},
    }
    page.route("**/seat-grid.js", lambda route: route.fulfill(**answer))
    page.reload()
    page.get_by_role("button", name="Standing").focus()
    page.keyboard.press("Tab")
    door = page.get_by_role("group", name="Seats", exact=True)
    expect(door).to_be_focused()
    page.wait_for_function("() => window.go")
    page.evaluate("() => go()")
    expect(page.locator("[role=gridcell]:focus")).to_have_count(1)
    expect(door).to_have_count(0)
    page.keyboard.press("Space")
    assert len(last(page, "change")["seats"]) == 1


def test_names_are_text_whatever_they_look_like(make_show: MakeShow, embed: Embed) -> None:
    seats = [
        {
            "seat_guid": f"{HOSTILE}{n}",
            "seat_number": f"{HOSTILE}{n}",
            "category": HOSTILE,
            "position": {"x": 30 * n, "y": 0},
        }
        for n in range(3)
    ]
    row = {"row_number": HOSTILE, "position": {"x": 0, "y": 0}, "seats": seats}
    zone = {"name": HOSTILE, "position": {"x": 0, "y": 0}, "rows": [row]}
    plan = {
        "name": HOSTILE,
        "size": {"width": 200, "height": 200},
        "categories": [{"name": HOSTILE, "color": "#ff0000"}],
        "zones": [zone],
    }
    drawn = SeatingPlan.model_validate(plan)
    page = embed(make_show(name=HOSTILE, seating_plan=drawn, prices={HOSTILE: 4500}).id)
    call(page, "select", [f"{HOSTILE}1"])
    expect(page.get_by_text(f"Row {HOSTILE}, seat {HOSTILE}1").first).to_be_visible()
    show_list(page)
    expect(page.get_by_role("checkbox", name=f"Row {HOSTILE}, seat {HOSTILE}2").first).to_be_visible()
    find_hold_button(page).click()
    expect(page.get_by_role("button", name="Give back")).to_be_visible()
    assert page.locator("img").count() == 0
    assert page.evaluate("() => window.hacked") is None
