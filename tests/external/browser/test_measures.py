"""What `make bench ONLY=pages` measures, here once and in short: printed, and no failure where it is slow."""

import sys

import pytest
from playwright.sync_api import Browser

from bench.figures import Figure, render_table
from bench.scenarios.pages import HALLS, PHONE_SEATS, Wanted, measure_embed, measure_map, measure_phone
from bench.stadiums import PRICES, draw_stadium
from core.halls.plans import SeatingPlan
from tests.external.browser.service import MakeShow, Site

pytestmark = pytest.mark.measures
# On a machine that has ten times as much to do as it can; what takes longer hangs.
NONSENSE = 200
# Seconds of panning at each distance.
SHORT = 1


def make_stadium(make_show: MakeShow, seats: int) -> int:
    """A show's id."""
    plan = SeatingPlan.model_validate(draw_stadium(seats))
    return make_show(name="Stadium", seating_plan=plan, prices=PRICES).id


def tell(*figures: Figure) -> None:
    """Print them (`pytest -s`), and have none be nonsense."""
    sys.stdout.write(f"\n{render_table(figures)}\n")
    for figure in figures:
        assert 0 < figure.value < figure.bar * NONSENSE


@pytest.mark.parametrize("wanted", HALLS, ids=lambda wanted: f"{wanted.seats:,} seats")
def test_maps_are_drawn_and_panned(site: Site, browser: Browser, make_show: MakeShow, wanted: Wanted) -> None:
    show_id = make_stadium(make_show, wanted.seats)
    tell(*measure_map(browser, site.url, show_id, f"{wanted.seats:,} seats", wanted, seconds=SHORT))


def test_a_map_is_panned_on_a_phone(site: Site, browser: Browser, make_show: MakeShow) -> None:
    show_id = make_stadium(make_show, PHONE_SEATS)
    tell(measure_phone(browser, site.url, show_id, f"{PHONE_SEATS:,} seats on a phone", seconds=SHORT))


def test_what_embedding_loads_is_small(site: Site, browser: Browser, make_show: MakeShow) -> None:
    figure = measure_embed(browser, site.url, make_show().id)
    tell(figure)
    assert figure.is_reached
