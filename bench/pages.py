"""Pages measured in a real browser: when a map is there, what a frame of it costs, what embedding loads."""

import gzip
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from math import sin
from pathlib import Path
from statistics import mean
from urllib.parse import urlsplit

from playwright.sync_api import Browser, CDPSession, Page, Request, Route

from bench.figures import find_percentile
from bench.target import BenchError

SCRIPT = Path(__file__).with_name("pages.js")
EMPTY = "<!doctype html><html lang=en><meta charset=utf-8><title>Measured</title><body></body></html>"
CHANGES_PER_SECOND = 500
# Moves of the mouse in which it goes a third of the screen.
STEPS = 20
EMBED = "/embed/v1/seatline.js"
NOTE_PICTURE = (
    """document.addEventListener("seatline-ready", () => { window.drawnAt = performance.now(); });"""
)
WHEN_BEGUN = """() => Object.fromEntries(performance.getEntriesByType("resource")
    .map(({ name, startTime }) => [new URL(name).pathname, startTime]))"""
# Nothing was asked for within the last second.
IS_QUIET = """() => performance.now() - 1000
    > Math.max(...performance.getEntriesByType("resource").map(({ responseEnd }) => responseEnd))"""


@dataclass(frozen=True, slots=True)
class Screen:
    """What a page is looked at with; `slower` is by how much its processor is throttled."""

    width: int = 1280
    height: int = 720
    scale: float = 1
    touch: bool = False
    slower: float = 1


DESKTOP = Screen()
PHONE = Screen(width=390, height=844, scale=3, touch=True, slower=4)


@dataclass(frozen=True, slots=True)
class Panning:
    """Milliseconds of script in a frame, 95 in 100 of them at most; frames and changes a second meanwhile."""

    script_p95: float
    script_p50: float
    frames: float
    changes: float


@dataclass(frozen=True, slots=True)
class Loaded:
    """Gzipped bytes of files by their paths: of those asked for before the first picture, and of all."""

    first: dict[str, int]
    all: dict[str, int]


@contextmanager
def open_blank(browser: Browser, url: str, screen: Screen) -> Iterator[Page]:
    """An empty page of the service's origin, with what measures in it."""
    context = browser.new_context(
        viewport={"width": screen.width, "height": screen.height},
        device_scale_factor=screen.scale,
        is_mobile=screen.touch,
        has_touch=screen.touch,
    )
    page = context.new_page()
    page.route(f"{url}/measured", lambda route: _fulfill(route, EMPTY, "text/html"))
    page.route(f"{url}/measure.js", lambda route: _fulfill(route, SCRIPT.read_text(), "text/javascript"))
    page.goto(f"{url}/measured")
    if screen.slower != 1:
        _throttle(page.context.new_cdp_session(page), screen.slower)
    yield page
    context.close()


def draw_map(page: Page, show_id: int, *, tries: int = 3) -> list[float]:
    """Milliseconds from the data of a show to its map on the screen, in each try; the last map stays."""
    page.evaluate(
        """async ([assets, showId]) => {
            window.measure = await import("/measure.js");
            window.data = await measure.prepare(assets, showId);
        }""",
        [_find_assets(page), show_id],
    )
    draw = """async () => {
        window.drawn?.stage.destroy();
        window.drawn = await measure.drawFirst(data);
        return drawn.milliseconds;
    }"""
    return [float(page.evaluate(draw)) for _ in range(tries)]


def pan(page: Page, *, zoom: float, seconds: float) -> Panning:
    """Drag the map to and fro, nearer by `zoom` than the whole hall, while its seats change."""
    _zoom(page, zoom)
    begin = "(rate) => { window.end = measure.change(drawn.hall, drawn.stage, rate); }"
    page.evaluate(begin, CHANGES_PER_SECOND)
    _drag(page, seconds)
    found = page.evaluate("() => end()")
    script, frames = found["script"], found["frames"]
    return Panning(
        find_percentile(script, 0.95), find_percentile(script, 0.5), 1000 / mean(frames), found["rate"]
    )


def weigh_embed(browser: Browser, url: str, show_id: int, *, locale: str = "en") -> Loaded:
    """What a page loads that embeds the map, its data left out."""
    context = browser.new_context(locale=locale)
    page = context.new_page()
    page.route(f"{url}/measured", lambda route: _fulfill(route, _embed(show_id, locale), "text/html"))
    bodies: dict[str, bytes] = {}
    page.add_init_script(NOTE_PICTURE)
    page.on("requestfinished", lambda request: _keep(bodies, request))
    page.goto(f"{url}/measured")
    page.get_by_role("grid").wait_for()
    page.wait_for_function(IS_QUIET)
    begun: dict[str, float] = page.evaluate(WHEN_BEGUN)
    drawn = page.evaluate("drawnAt")
    context.close()
    weights = {path: len(gzip.compress(body, 9, mtime=0)) for path, body in bodies.items()}
    return Loaded({path: weight for path, weight in weights.items() if begun[path] <= drawn}, weights)


def _embed(show_id: int, locale: str) -> str:
    tag = f'<seatline-map show="{show_id}" locale="{locale}"></seatline-map>'
    return EMPTY.replace("</body>", f'{tag}<script type="module" src="{EMBED}"></script></body>')


def _keep(bodies: dict[str, bytes], request: Request) -> None:
    path = urlsplit(request.url).path
    answer = request.response()
    if answer and path.startswith(("/assets/", "/embed/")):
        bodies[path] = answer.body()


def _find_assets(page: Page) -> str:
    """The address of web/, as the script that sites embed has it."""
    text = page.evaluate("(path) => fetch(path).then((answer) => answer.text())", EMBED)
    found = re.search(r"/assets/[^/]+/", text)
    if not found:
        raise BenchError(f"{EMBED} leads to no assets")
    return found.group()


def _zoom(page: Page, factor: float) -> None:
    page.evaluate("() => drawn.stage.fit()")
    page.wait_for_function("() => drawn.stage.idle")
    if factor != 1:
        page.evaluate("(factor) => drawn.stage.zoomBy(factor)", factor)
    page.wait_for_function("() => drawn.stage.idle")


def _drag(page: Page, seconds: float) -> None:
    """With the mouse, which the browser moves as fast as it can keep up with."""
    width, height = page.evaluate("() => [innerWidth, innerHeight]")
    middle, reach = (width / 2, height / 2), min(width, height) / 3
    ends = time.monotonic() + seconds
    page.mouse.move(*middle)
    page.mouse.down()
    for step in count():
        if time.monotonic() > ends:
            break
        angle = step / STEPS
        page.mouse.move(middle[0] + reach * sin(angle), middle[1] + reach * sin(2 * angle) / 2)
    page.mouse.up()


def _throttle(session: CDPSession, slower: float) -> None:
    session.send("Emulation.setCPUThrottlingRate", {"rate": slower})


def _fulfill(route: Route, body: str, kind: str) -> None:
    route.fulfill(body=body, content_type=kind)
