"""Maps of halls in an empty page, without a service: their layouts, and pictures of them compared."""

from collections.abc import Callable
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image
from pixelmatch.contrib.PIL import pixelmatch
from playwright.sync_api import Page

from bench.stadiums import PRICES, draw_stadium
from core.halls.build import build_hall
from core.infra.json import to_json
from tests.core.halls.test_plans import hall_of
from tests.external.browser.hosting import Document, Host

BASELINES = Path(__file__).with_name("baselines")
SCRIPT = Path(__file__).with_name("stage.js")
SMALL = {"width": 480, "height": 320}
# Fonts, and what rounds the edges of circles, differ between machines.
MOST_DIFFERENT = 0.02
STALLS = {"name": "Stalls", "rows": 8, "seats_per_row": 14, "price": 4500}
STANDING = {"name": "Standing", "capacity": 40, "price": 2000}
AREAS: list[dict[str, Any]] = [
    {
        "shape": "rectangle",
        "position": {"x": 20, "y": 10},
        "rectangle": {"width": 200, "height": 40},
        "color": "#e5e7eb",
    },
    {"shape": "circle", "position": {"x": 300, "y": 40}, "circle": {"radius": 30}, "color": "#b91c1c"},
    {
        "shape": "ellipse",
        "position": {"x": 400, "y": 40},
        "ellipse": {"radius": {"x": 40, "y": 20}},
        "border_color": "#15803d",
    },
    {
        "shape": "polygon",
        "position": {"x": 20, "y": 150},
        "rotation": 90,
        "polygon": {"points": [{"x": 0, "y": 0}, {"x": 60, "y": 0}, {"x": 0, "y": -60}]},
        "color": "#1d4ed8",
    },
    {"shape": "text", "position": {"x": 120, "y": 120}, "text": {"text": "Bar", "size": 30}},
]


@cache
def stadium(seats: int) -> dict[str, Any]:
    """Of several tiers of sections, each with a category of its own."""
    return hall_of(draw_stadium(seats), PRICES).columns()


def theatre(*sections: dict[str, Any]) -> dict[str, Any]:
    """Of sections as shows are made of."""
    return build_hall({"sections": list(sections)}).columns()


def drawn() -> dict[str, Any]:
    """Two rows of two categories among things of every shape."""
    return hall_of(
        {
            "name": "Drawn",
            "categories": [{"name": "Near", "color": "#ffff00"}, {"name": "Far", "color": "#111111"}],
            "zones": [
                {"name": "Floor", "rows": [_row("A", 200, "Near"), _row("B", 230, "Far")], "areas": AREAS}
            ],
        },
        {"Near": 4500, "Far": 3000},
    ).columns()


def _row(name: str, top: int, category: str) -> dict[str, Any]:
    seats = [
        {
            "seat_guid": f"{name}-{n}",
            "seat_number": str(n),
            "position": {"x": 40 * n, "y": 0},
            "category": category,
        }
        for n in range(1, 11)
    ]
    return {"row_number": name, "position": {"x": 0, "y": top}, "seats": seats}


def open_map(
    open_module_page: Callable[..., Page],
    host: Host,
    layout: dict[str, Any],
    *,
    options: dict[str, Any] | None = None,
    **settings: Any,
) -> Page:
    """A page that is this layout's map; it has `hall`, `stage`, `host`, `told` and settle()."""
    host.documents["/stage.js"] = Document(SCRIPT.read_text(), "text/javascript")
    host.documents["/layout.json"] = Document(to_json(layout).decode(), "application/json")
    page = open_module_page(**{"viewport": SMALL, **settings})
    page.evaluate(
        """async (options) => {
            const [{ mount }, layout] = await Promise.all(
                [import("/stage.js"), fetch("/layout.json").then((answer) => answer.json())]);
            await mount(layout, options);
        }""",
        options or {},
    )
    return page


def look_at(page: Page, index: int, factor: float) -> None:
    """Come nearer to a seat; `factor` by how much then."""
    page.evaluate(
        "async ([index, factor]) => { stage.zoomTo({ index }); stage.zoomBy(factor); await settle(); }",
        [index, factor],
    )


def drag(page: Page, across: int, down: int) -> tuple[float, float]:
    """With the mouse, from the middle; how far a seat went."""
    before = page.evaluate("() => stage.toScreen(6)")
    page.mouse.move(240, 160)
    page.mouse.down()
    page.mouse.move(240 + across, 160 + down, steps=5)
    page.mouse.up()
    after = page.evaluate("() => stage.toScreen(6)")
    return after["x"] - before["x"], after["y"] - before["y"]


def take(page: Page) -> Image.Image:
    """What the page shows once nothing waits to be drawn."""
    page.evaluate("() => settle()")
    return Image.open(BytesIO(page.screenshot())).convert("RGBA")


def count_different(one: Image.Image, other: Image.Image) -> int:
    """Pixels that a person sees to be different."""
    return int(pixelmatch(one, other, threshold=0.15))


def check_picture(page: Page, name: str) -> None:
    """The page is as its picture in baselines/, which is made where there is none."""
    path = BASELINES / f"{name}.png"
    picture = take(page)
    if not path.exists():
        picture.convert("RGB").quantize(64).save(path, optimize=True)
        raise AssertionError(f"{path} was made: look at it")
    with Image.open(path) as kept:
        different = count_different(picture, kept.convert("RGBA"))
    most = MOST_DIFFERENT * picture.width * picture.height
    assert different <= most, f"{different} pixels are not as in {path}"
