"""Where the areas of a plan lie: the things that are drawn beside its seats."""

from math import cos, radians, sin
from typing import Any, NamedTuple

Point = tuple[float, float]
# Coordinates in a plan reach as far, each way: sums and squares of them are finite.
FARTHEST = 1e9


class Box(NamedTuple):
    """What lies between these edges; y grows downwards, as on a screen."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def middle(self) -> Point:
        """The point halfway between its edges."""
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2

    @property
    def width(self) -> float:
        """From left to right."""
        return self.right - self.left

    @property
    def height(self) -> float:
        """From top to bottom."""
        return self.bottom - self.top

    def nearest(self, x: float, y: float) -> Point:
        """The point of the box that is nearest to this one."""
        return min(max(x, self.left), self.right), min(max(y, self.top), self.bottom)

    def holds(self, x: float, y: float) -> bool:
        """Whether the point is in the box."""
        return self.left <= x <= self.right and self.top <= y <= self.bottom


def find_box(area: dict[str, Any]) -> Box:
    """The box around an area, turned as it is drawn: by its rotation, about its position."""
    x, y = area["position"]["x"], area["position"]["y"]
    left, top, right, bottom = _measure(area)
    if angle := radians(_read_number(area.get("rotation"))):
        c, s = cos(angle), sin(angle)
        corners = [(px * c - py * s, px * s + py * c) for px in (left, right) for py in (top, bottom)]
        left, right = min(px for px, _ in corners), max(px for px, _ in corners)
        top, bottom = min(py for _, py in corners), max(py for _, py in corners)
    return Box(x + left, y + top, x + right, y + bottom)


def read_text(area: dict[str, Any]) -> str:
    """What is written on an area; "" where nothing is."""
    return (area.get("text") or {}).get("text") or ""


def _measure(area: dict[str, Any]) -> Box:
    """Relative to its position, which is a rectangle's corner and the middle of a circle."""
    points = (area.get("polygon") or {}).get("points")
    if points:
        xs, ys = [point.get("x") or 0 for point in points], [point.get("y") or 0 for point in points]
        return Box(min(xs), min(ys), max(xs), max(ys))
    if rectangle := area.get("rectangle"):
        return Box(0, 0, rectangle["width"], rectangle["height"])
    if ellipse := area.get("ellipse"):
        across, down = ellipse["radius"]["x"], ellipse["radius"]["y"]
        return Box(-across, -down, across, down)
    if circle := area.get("circle"):
        radius = circle["radius"]
        return Box(-radius, -radius, radius, radius)
    # A label by itself, which may be set beside its position: plans pass that on as it came.
    place = (area.get("text") or {}).get("position")
    x, y = (_read_number(place.get(axis)) for axis in "xy") if isinstance(place, dict) else (0.0, 0.0)
    return Box(x, y, x, y)


def _read_number(value: Any) -> float:
    return value if isinstance(value, int | float) and abs(value) <= FARTHEST else 0.0
