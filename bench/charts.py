"""Charts in SVG: how much of its bar each figure reaches, and times over rates."""

from collections.abc import Callable, Sequence
from html import escape
from math import log10

from bench.figures import Figure, Point, show_number

WIDTH, ROW, LEFT, RIGHT, TOP = 960, 26, 470, 120, 34
# What is beyond is drawn as this much.
MOST = 2.0
REACHED, MISSED, LINE, TEXT = "#2a7f62", "#c0532f", "#888888", "#333333"
CURVE_HEIGHT, CURVE_BOTTOM, CURVE_LEFT = 360, 46, 64
# What each line is, its colour, where it is found.
LINES: tuple[tuple[str, str, Callable[[Point], float]], ...] = (
    ("POST p50", "#9db8d9", lambda point: point.post_p50),
    ("POST p99", "#2f5d9b", lambda point: point.post_p99),
    ("settled p50", "#a3cdb9", lambda point: point.settled_p50),
    ("settled p99", REACHED, lambda point: point.settled_p99),
)


def draw_bars(figures: Sequence[Figure]) -> str:
    """A bar a figure, as long as the part of its own bar that it reaches, with a line where that is all."""
    unit = (WIDTH - LEFT - RIGHT) / MOST
    height = TOP + ROW * len(figures) + 10
    shapes = [_text(LEFT + unit, 20, "must reach", anchor="middle")]
    for number, figure in enumerate(figures):
        y = TOP + ROW * number
        length = min(figure.part, MOST) * unit
        colour = REACHED if figure.is_reached else MISSED
        shapes.append(_text(LEFT - 8, y + 16, _shorten(figure.what), anchor="end"))
        shapes.append(f'<rect x="{LEFT}" y="{y + 4}" width="{length:.1f}" height="16" fill="{colour}"/>')
        shapes.append(_text(LEFT + length + 6, y + 16, figure.measured))
    x = LEFT + unit
    shapes.append(f'<line x1="{x}" y1="{TOP - 6}" x2="{x}" y2="{height - 6}" stroke="{LINE}"/>')
    return _svg(height, "How much of its bar each figure reaches", shapes)


def draw_curve(points: Sequence[Point]) -> str:
    """Times in ms, on a scale of powers of ten, over the rate of bookings."""
    ordered = sorted(points, key=lambda point: point.rate)
    top_rate = ordered[-1].rate
    values = [max(of(point), 0.1) for point in ordered for _, _, of in LINES]
    low, high = int(log10(min(values)) // 1), int(log10(max(values)) // 1) + 1

    def x_of(rate: float) -> float:
        return CURVE_LEFT + rate / top_rate * (WIDTH - CURVE_LEFT - RIGHT)

    def y_of(milliseconds: float) -> float:
        part = (log10(max(milliseconds, 0.1)) - low) / (high - low)
        return CURVE_HEIGHT - CURVE_BOTTOM - part * (CURVE_HEIGHT - CURVE_BOTTOM - TOP)

    shapes = _draw_grid(range(low, high + 1), y_of)
    shapes += [_text(x_of(p.rate), CURVE_HEIGHT - 26, show_number(p.rate), anchor="middle") for p in ordered]
    shapes.append(_text(WIDTH / 2, CURVE_HEIGHT - 6, "bookings a second", anchor="middle"))
    for number, (name, colour, of) in enumerate(LINES):
        path = " ".join(f"{x_of(point.rate):.1f},{y_of(of(point)):.1f}" for point in ordered)
        shapes.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        shapes.append(_text(WIDTH - RIGHT + 14, TOP + 10 + 20 * number, name, colour=colour))
    return _svg(CURVE_HEIGHT, "Times over the rate of bookings", shapes)


def _draw_grid(powers: range, y_of: Callable[[float], float]) -> list[str]:
    shapes = []
    for power in powers:
        y = y_of(10.0**power)
        shapes.append(
            f'<line x1="{CURVE_LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}" stroke="#dddddd"/>'
        )
        shapes.append(_text(CURVE_LEFT - 6, y + 4, f"{show_number(10.0**power)} ms", anchor="end"))
    return shapes


def _shorten(what: str, longest: int = 66) -> str:
    return what if len(what) <= longest else what[: longest - 1].rstrip(" ,") + "…"


def _text(x: float, y: float, words: str, *, anchor: str = "start", colour: str = TEXT) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}">{escape(words)}</text>'


def _svg(height: float, title: str, shapes: Sequence[str]) -> str:
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img"'
    return "\n".join(
        [
            f'{head} font-family="sans-serif" font-size="13">',
            f"<title>{escape(title)}</title>",
            f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
            *shapes,
            "</svg>\n",
        ]
    )
