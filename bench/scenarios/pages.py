"""Pages in a real browser: how soon a map is there, what its frames cost, what embedding it loads."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from playwright.sync_api import Browser

from bench.client import Client
from bench.figures import Figure, Outcome, show_number
from bench.pages import CHANGES_PER_SECOND, DESKTOP, PHONE, Panning, draw_map, open_blank, pan, weigh_embed
from bench.service import ADMIN_KEY
from bench.stadiums import PRICES, draw_stadium
from bench.stage import Stage
from bench.target import BenchError
from local.browser import run_browser

EMBED_KILOBYTES = 60
PHONE_SEATS, PHONE_MILLISECONDS = 5_000, 16
# As near as levels of the map begin: the whole hall, its seats as dots, its seats with their states.
ZOOMS = (1, 4, 16)
SECONDS = 3
DAYS_AHEAD = 30


@dataclass(frozen=True, slots=True)
class Wanted:
    """A hall, and the milliseconds that its first map, and the script in a frame of it, may take."""

    seats: int
    first: float
    script: float


HALLS = (Wanted(5_000, 150, 8), Wanted(20_000, 400, 8), Wanted(100_000, 1_000, 16))


def look_at_maps(stage: Stage) -> Outcome:
    """Stadiums of three sizes on a desktop screen, the smallest on a phone's too, and the embedded script."""
    stage.reset()
    url = stage.seatline.url
    figures: list[Figure] = []
    with run_browser() as browser:
        for wanted in HALLS:
            seats = stage.plan.size(wanted.seats)
            show_id = _make_stadium(url, seats)
            stage.say(f"{seats:,} seats")
            figures += measure_map(browser, url, show_id, f"a map of {seats:,} seats", wanted)
        seats = stage.plan.size(PHONE_SEATS)
        show_id = _make_stadium(url, seats)
        figures.append(measure_phone(browser, url, show_id, f"a map of {seats:,} seats on a phone"))
        figures.append(measure_embed(browser, url, show_id))
    return Outcome(figures)


def measure_map(
    browser: Browser, url: str, show_id: int, what: str, wanted: Wanted, *, seconds: float = SECONDS
) -> list[Figure]:
    """How soon the map of a show is there, and what panning it costs while seats change."""
    with open_blank(browser, url, DESKTOP) as page:
        tries = draw_map(page, show_id)
        pannings = [pan(page, zoom=zoom, seconds=seconds) for zoom in ZOOMS]
    first = Figure(
        what=f"{what}, on the screen after its data",
        # The first: code that ran before is faster.
        value=tries[0],
        bar=wanted.first,
        unit="ms",
        ceiling=True,
        beside=f"drawn again: {', '.join(show_number(each) for each in tries[1:])} ms",
    )
    return [first, _describe(what, pannings, wanted.script)]


def measure_phone(browser: Browser, url: str, show_id: int, what: str, *, seconds: float = SECONDS) -> Figure:
    """What panning costs on a phone's screen, with a processor a quarter as fast."""
    with open_blank(browser, url, PHONE) as page:
        draw_map(page, show_id, tries=1)
        pannings = [pan(page, zoom=zoom, seconds=seconds) for zoom in ZOOMS]
    return _describe(what, pannings, PHONE_MILLISECONDS)


def measure_embed(browser: Browser, url: str, show_id: int) -> Figure:
    """What a page of another site loads until the map is there."""
    loaded = weigh_embed(browser, url, show_id)
    kilobytes = sum(loaded.all.values()) / 1000
    return Figure(
        what="what embedding a map loads until it is drawn, gzipped",
        value=sum(loaded.first.values()) / 1000,
        bar=EMBED_KILOBYTES,
        unit="kB",
        ceiling=True,
        beside=f"{len(loaded.first)} files; in the end {show_number(kilobytes)} kB, {len(loaded.all)} files",
    )


def _describe(what: str, pannings: list[Panning], bar: float) -> Figure:
    worst = max(pannings, key=lambda panning: panning.script_p95)
    frames = ", ".join(show_number(panning.frames) for panning in pannings)
    return Figure(
        what=f"{what}, panned while {CHANGES_PER_SECOND} seats a second change: script in a frame, p95",
        value=worst.script_p95,
        bar=bar,
        unit="ms",
        ceiling=True,
        beside=f"frames/s from afar, nearer and near: {frames}",
    )


def _make_stadium(url: str, seats: int) -> int:
    body = {
        "name": "Stadium",
        "start_time": (datetime.now(UTC) + timedelta(days=DAYS_AHEAD)).isoformat(timespec="seconds"),
        "seating_plan": draw_stadium(seats),
        "prices": PRICES,
    }
    client = Client(url)
    answer = client.call("POST", "/admin/shows", body, Authorization=f"Bearer {ADMIN_KEY}")
    client.close()
    if answer.status != 201:
        raise BenchError(f"a stadium of {seats:,} seats was answered {answer.status}")
    return int(answer.document["id"])
