"""A hold before its buyer's eyes: its countdown, its end, and what it outlives."""

import re

import pytest
from playwright.sync_api import Page, expect

from core.shows.service import Show
from tests.external.browser.buying import choose_best, confirm, expect_held, find_hold_button, hold
from tests.external.browser.service import MakeShow, OpenPage, Site
from tests.external.browser.theatres import THEATRE

# What the browser says of requests that the test takes the network from.
OFFLINE = "ERR_INTERNET_DISCONNECTED|ERR_NETWORK|ERR_FAILED|Failed to fetch"


@pytest.fixture
def held(make_show: MakeShow, open_page: OpenPage) -> tuple[Show, Page]:
    """A show, and a page of it on which two seats are held for two minutes."""
    show = make_show(**THEATRE)
    page = open_page(f"/s/{show.id}", forgives=OFFLINE)
    choose_best(page, 2)
    hold(page)
    return show, page


def test_a_hold_runs_out_and_its_seats_are_chosen_anew(
    site: Site, make_show: MakeShow, open_page: OpenPage
) -> None:
    show = make_show(**THEATRE, hold_seconds=15)
    page = open_page(f"/s/{show.id}")
    choose_best(page, 2)
    hold(page)
    expect(page.get_by_text(re.compile(r"\b0:0\d\b")).filter(visible=True).first).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("Choose (again|seats)")).first).to_be_visible()
    assert site.count(show.id)["held"] == 0
    page.get_by_role("button", name=re.compile("Choose (again|seats)")).first.click()
    choose_best(page, 2)
    hold(page)
    confirm(page)
    assert site.count(show.id)["booked"] == 2


def test_more_time_is_given_where_it_is_asked_for(
    site: Site, make_show: MakeShow, open_page: OpenPage
) -> None:
    show = make_show(**THEATRE, hold_seconds=60)
    page = open_page(f"/s/{show.id}")
    choose_best(page, 2)
    hold(page)
    expect(page.get_by_text(re.compile(r"\b(0:5\d|1:00)\b")).filter(visible=True).first).to_be_visible()
    page.get_by_role("button", name="More time").first.click()
    expect(page.get_by_text(re.compile(r"\b1:[345]\d\b")).filter(visible=True).first).to_be_visible()


def test_what_is_given_back_is_free_at_once(site: Site, held: tuple[Show, Page]) -> None:
    show, page = held
    page.get_by_role("button", name="Give back").first.click()
    expect(find_hold_button(page)).to_be_visible()
    assert site.count(show.id)["held"] == 0


def test_a_reload_keeps_the_hold(site: Site, held: tuple[Show, Page]) -> None:
    show, page = held
    page.reload()
    expect_held(page)
    confirm(page)
    assert site.count(show.id)["booked"] == 2


def test_who_comes_back_from_another_page_finds_the_hold(held: tuple[Show, Page]) -> None:
    _, page = held
    page.goto(page.url.partition("/s/")[0])
    expect(page.get_by_role("link", name=re.compile("Hamlet"))).to_be_visible()
    page.go_back()
    expect_held(page)


def test_a_second_tab_shows_the_hold_and_may_give_it_back(site: Site, held: tuple[Show, Page]) -> None:
    show, page = held
    other = page.context.new_page()
    other.goto(page.url)
    expect_held(other)
    other.get_by_role("button", name="Give back").first.click()
    expect(find_hold_button(page)).to_be_visible()
    assert site.count(show.id)["held"] == 0


def test_a_hold_outlives_the_tab_it_was_made_in(site: Site, held: tuple[Show, Page]) -> None:
    show, page = held
    other = page.context.new_page()
    other.goto(page.url)
    expect_held(other)
    page.close()
    confirm(other)
    assert site.count(show.id)["booked"] == 2


def test_a_lost_network_keeps_the_hold(site: Site, held: tuple[Show, Page]) -> None:
    show, page = held
    page.context.set_offline(True)
    # What was said aloud stays in its live region.
    shown = page.locator("[part=notice]", has_text="Live updates are interrupted")
    expect(shown).to_have_count(1)
    page.context.set_offline(False)
    expect(shown).to_have_count(0)
    confirm(page)
    assert site.count(show.id)["booked"] == 2
