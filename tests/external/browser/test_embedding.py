"""What a site that embeds the map calls, hears and sends."""

from tests.external.browser.axe import find_barriers
from tests.external.browser.buying import choose_best, confirm, hold
from tests.external.browser.embeds import call, hear, last
from tests.external.browser.service import Embed, MakeShow, Site
from tests.external.browser.theatres import THEATRE
from tests.support import wait_until


def test_a_page_of_another_origin_sells_seats(site: Site, make_show: MakeShow, embed: Embed) -> None:
    show = make_show(**THEATRE)
    page = embed(show.id, more=f'<seatline-checkout show="{show.id}"></seatline-checkout>')
    assert not find_barriers(page)
    choose_best(page, 2)
    hold(page)
    confirm(page)
    assert site.count(show.id)["booked"] == 2

    def list_told() -> list[str]:
        names = [told["name"] for told in page.evaluate("told") if told["by"] == "seatline-map"]
        return [name for name in names if name != "change"]

    # The checkout tells it first.
    wait_until(lambda: "confirmed" in list_told())
    assert list_told() == ["ready", "held", "confirmed"]


def test_the_host_hears_what_is_chosen_held_and_taken(site: Site, make_show: MakeShow, embed: Embed) -> None:
    show = make_show(**THEATRE)
    page = embed(show.id)
    call(page, "select", ["Stalls-A-1", "Stalls-A-2"])
    changed = last(page, "change")
    assert (sorted(changed["seats"]), changed["amount"]) == (["Stalls-A-1", "Stalls-A-2"], 9000)
    site.book(show.id, "Stalls-A-1")
    taken = last(page, "taken")
    assert taken["seats"] == ["Stalls-A-1"]
    assert taken["alternatives"]
    call(page, "clear")
    call(page, "select", ["Stalls-B-1"])
    call(page, "hold")
    booking = last(page, "held")["booking"]
    assert booking["seats"] == ["Stalls-B-1"]
    assert site.ask("GET", f"/bookings/{booking['id']}")["held"]


def test_the_host_chooses_the_best_seats_and_gives_them_back(
    site: Site, make_show: MakeShow, embed: Embed
) -> None:
    show = make_show(**THEATRE)
    page = embed(show.id)
    call(page, "best", 3)
    wait_until(lambda: len(last(page, "change")["seats"]) == 3)
    call(page, "zoomTo", "Circle")
    call(page, "hold")
    hear(page, "held")
    assert site.count(show.id)["held"] == 3
    call(page, "release")
    wait_until(lambda: site.count(show.id)["held"] == 0)


def test_a_form_of_the_host_sends_the_seats_then_the_booking(make_show: MakeShow, embed: Embed) -> None:
    page = embed(make_show(**THEATRE).id)
    call(page, "select", ["Stalls-A-1"])
    read = "() => new FormData(document.querySelector('form')).getAll('seats')"
    wait_until(lambda: "Stalls-A-1" in ",".join(page.evaluate(read)))
    call(page, "hold")
    booking = last(page, "held")["booking"]
    wait_until(lambda: page.evaluate(read) == [booking["id"]])
