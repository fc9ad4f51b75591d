"""Choosing seats on a map that another site embeds: one by one, the best ones, places without a number."""

from playwright.sync_api import expect

from tests.external.browser.buying import choose_in_list, click_seat, hold, show_list
from tests.external.browser.embeds import call, last
from tests.external.browser.service import Embed, MakeShow, Site
from tests.external.browser.theatres import STALLS, STANDING, THEATRE
from tests.support import wait_until


def test_a_click_on_the_map_chooses_a_seat_and_another_gives_it_up(make_show: MakeShow, embed: Embed) -> None:
    page = embed(make_show(**THEATRE).id)
    chosen = page.get_by_role("button", name="Remove Row B, seat 3")
    click_seat(page, "Stalls-B-3")
    expect(chosen).to_be_visible()
    assert last(page, "change") == {"seats": ["Stalls-B-3"], "amount": 4500}
    click_seat(page, "Stalls-B-3")
    expect(chosen).to_have_count(0)


def test_a_seat_is_removed_where_the_choice_is_listed(make_show: MakeShow, embed: Embed) -> None:
    page = embed(make_show(**THEATRE).id)
    call(page, "select", ["Stalls-A-1", "Stalls-A-2"])
    page.get_by_role("button", name="Remove Row A, seat 1").click()
    expect(page.get_by_text("Total €45.00")).to_be_visible()
    assert last(page, "change")["seats"] == ["Stalls-A-2"]
    page.get_by_role("button", name="Remove Row A, seat 2").click()
    # What had the focus is gone, and the person is not sent to the top of the page.
    expect(page.get_by_role("heading", name="Your seats")).to_be_focused()


def test_the_best_seats_fit_the_party_and_the_filters(make_show: MakeShow, embed: Embed) -> None:
    page = embed(make_show(**THEATRE).id)
    page.get_by_role("button", name="One more").click()
    page.get_by_label("Section").select_option("Circle")
    page.get_by_role("button", name="Best seats").click()
    expect(page.get_by_text("3 together, chosen for you").first).to_be_visible()
    seats = last(page, "change")["seats"]
    assert len(seats) == 3
    assert all(seat.startswith("Circle-") for seat in seats)


def test_filters_dim_the_map_and_shorten_the_list(make_show: MakeShow, embed: Embed) -> None:
    page = embed(make_show(**THEATRE).id)
    read = "(map) => [map.session.hall.dimmed.filter(Boolean).length, map.session.hall.count]"
    page.get_by_label("Price").select_option("up to €30")
    dimmed, count = page.locator("seatline-map").evaluate(read)
    assert (dimmed, count) == (24, 56)
    show_list(page)
    expect(page.get_by_role("checkbox", name="Row A, seat 1,")).to_have_count(1)
    expect(page.locator("seatline-list").get_by_text("Stalls")).to_have_count(0)


def test_standing_places_are_chosen_by_their_number(site: Site, make_show: MakeShow, embed: Embed) -> None:
    show = make_show(name="Concert", sections=[STALLS, STANDING])
    page = embed(show.id)
    page.get_by_role("button", name="Standing").click()
    places = page.locator(".card").get_by_role("spinbutton", name="How many?")
    expect(places).to_be_focused()
    places.fill("3")
    places.press("Enter")
    expect(page.get_by_text("Standing × 3")).to_be_visible()
    # Places are alike: one that is lost is replaced, and nothing is told.
    lost = last(page, "change")["seats"][0]
    site.book(show.id, lost)
    wait_until(lambda: lost not in last(page, "change")["seats"])
    assert len(last(page, "change")["seats"]) == 3
    hold(page)
    assert site.count(show.id)["held"] == 3


def test_a_hall_of_standing_places_alone_has_no_map(site: Site, make_show: MakeShow, embed: Embed) -> None:
    show = make_show(name="Concert", sections=[STANDING])
    page = embed(show.id)
    expect(page.get_by_role("tab")).to_have_count(0)
    page.get_by_role("button", name="Standing").click()
    page.locator(".card").get_by_role("button", name="One more").click()
    hold(page)
    assert site.count(show.id)["held"] == 1


def test_no_more_seats_are_chosen_than_a_booking_takes(make_show: MakeShow, embed: Embed) -> None:
    page = embed(make_show(**THEATRE, max_seats_per_booking=3).id, attributes='max="2"')
    call(page, "select", ["Stalls-A-1", "Stalls-A-2"])
    click_seat(page, "Stalls-B-3")
    expect(page.get_by_text("One booking takes at most 2 seats.").first).to_be_visible()
    assert last(page, "change")["seats"] == ["Stalls-A-1", "Stalls-A-2"]
    page.locator("seatline-map").evaluate("(map) => { map.max = 9; }")
    call(page, "select", ["Stalls-A-1", "Stalls-A-2", "Stalls-A-3", "Stalls-A-4"])
    assert last(page, "change")["seats"] == ["Stalls-A-1", "Stalls-A-2", "Stalls-A-3"]


def test_the_list_and_the_map_show_one_choice(make_show: MakeShow, embed: Embed) -> None:
    page = embed(make_show(**THEATRE).id)
    choose_in_list(page, "Row C, seat 3")
    assert last(page, "change")["seats"] == ["Stalls-C-3"]
    page.get_by_role("tab", name="List").press("ArrowLeft")
    expect(page.get_by_role("tab", name="Map")).to_be_focused()
    click_seat(page, "Stalls-C-3")
    wait_until(lambda: last(page, "change")["seats"] == [])
