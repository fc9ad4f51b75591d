"""Pictures of the pages, small enough for the repository; `make screenshots` keeps them in docs/images."""

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from core.halls.plans import SeatingPlan
from core.shows.service import Show
from local.demo import HALL, PRICES
from tests.external.browser.browsing import PHONE
from tests.external.browser.buying import choose_best, confirm, hold
from tests.external.browser.service import MakeShow, OpenPage, Site
from tests.external.browser.theatres import THEATRE

MOST_BYTES = 150_000
COLORS = 128
# The whole of a show's page.
TALL = {"width": 1280, "height": 1000}
START = (datetime.now(UTC) + timedelta(days=30)).replace(hour=18, minute=30, second=0, microsecond=0)

IS_DRAWN = (
    "() => { const map = document.querySelector('seatline-map'); return !map || map.stage?.stage.idle; }"
)

Keep = Callable[[Page, str], None]


@pytest.fixture
def keep(tmp_path: Path) -> Keep:
    """Takes a picture of what a page shows, by a name; in SCREENSHOTS, where that is set."""
    folder = Path(os.environ.get("SCREENSHOTS") or tmp_path)

    def take(page: Page, name: str) -> None:
        path = folder / f"{name}.png"
        page.wait_for_function(IS_DRAWN)
        page.screenshot(path=path, animations="disabled")
        with Image.open(path) as picture:
            picture.convert("RGB").quantize(COLORS, dither=Image.Dither.NONE).save(path, optimize=True)
        assert 0 < path.stat().st_size <= MOST_BYTES

    return take


@pytest.fixture
def hall(site: Site, make_show: MakeShow) -> Show:
    """A show in the demo's hall, a third of whose first seats are sold."""
    plan = SeatingPlan.model_validate_json(HALL.read_bytes())
    show = make_show(
        name="Hamlet", start_time=START, seating_plan=plan, prices=PRICES, time_zone="Europe/Berlin"
    )
    seats = site.ask("GET", f"/shows/{show.id}/seats?limit=360")["seats"]
    numbers = [seat["seat_number"] for seat in seats[::3]]
    for first in range(0, len(numbers), 10):
        site.book(show.id, *numbers[first : first + 10])
    return show


def test_the_list_of_shows(make_show: MakeShow, open_page: OpenPage, keep: Keep) -> None:
    for days, name in enumerate(("Hamlet", "The Tempest", "Twelfth Night", "A Winter's Tale")):
        start = START + timedelta(days=days)
        make_show(**{**THEATRE, "name": name, "start_time": start, "time_zone": "Europe/Berlin"})
    page = open_page("/")
    expect(page.get_by_role("link", name="The Tempest")).to_be_visible()
    keep(page, "shows")


@pytest.mark.parametrize("look", ["light", "dark"])
def test_the_map(hall: Show, open_page: OpenPage, keep: Keep, look: str) -> None:
    page = open_page(f"/s/{hall.id}", dark=look == "dark", viewport=TALL, reduced_motion=True)
    choose_best(page, 2)
    page.get_by_role("button", name="Whole hall").click()
    keep(page, f"map-{look}")


def test_a_phone(hall: Show, open_page: OpenPage, keep: Keep) -> None:
    page = open_page(f"/s/{hall.id}", viewport=PHONE, touch=True, reduced_motion=True)
    choose_best(page, 2)
    keep(page, "phone")


def test_a_ticket(make_show: MakeShow, open_page: OpenPage, keep: Keep) -> None:
    show = make_show(**THEATRE, start_time=START, time_zone="Europe/Berlin")
    page = open_page(f"/s/{show.id}")
    choose_best(page, 2)
    hold(page)
    confirm(page)
    page.get_by_role("link", name="Open your booking").click()
    expect(page.get_by_role("button", name="Cancel booking")).to_be_visible()
    keep(page, "ticket")
