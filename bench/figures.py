"""Figures: measured turn by turn, set against a yardstick and a bar, and put into a table."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

# By how much a smoke run may miss a bar: it is short, and its machine has other things to do.
SMOKE_PART = 1 / 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One figure; a `ceiling` is a bar not to be passed, the others are to be reached."""

    what: str
    value: float
    bar: float
    unit: str
    ceiling: bool = False
    beside: str = ""

    @property
    def part(self) -> float:
        """How much of the bar is reached: 1 and above is all of it."""
        if self.ceiling:
            return self.bar / self.value if self.value else 1.0
        return self.value / self.bar

    @property
    def is_reached(self) -> bool:
        """Whether it is as it must be."""
        return self.part >= 1

    @property
    def measured(self) -> str:
        """The value with its unit."""
        return f"{show_number(self.value)} {self.unit}".strip()

    @property
    def wanted(self) -> str:
        """The bar with its unit."""
        return f"{'≤' if self.ceiling else '≥'} {show_number(self.bar)} {self.unit}".strip()


@dataclass(frozen=True, slots=True)
class Point:
    """Latencies in ms at a rate: of POST, and from there to settled as a long poll sees it."""

    rate: float
    post_p50: float
    post_p99: float
    settled_p50: float
    settled_p99: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a scenario came to; `curve` where it measured latencies over rates."""

    figures: list[Figure]
    curve: list[Point] = field(default_factory=list)


Turns = Mapping[str, Callable[[], float]]


def take_turns(rounds: int, turns: Turns, *, say: Callable[[str], None]) -> dict[str, list[float]]:
    """Measure each thing once a round, every other round in reverse, so that drift hits all alike."""
    found: dict[str, list[float]] = {name: [] for name in turns}
    for number in range(rounds):
        names = list(turns)[:: 1 if number % 2 == 0 else -1]
        for name in names:
            found[name].append(turns[name]())
            say(f"round {number + 1}: {name} {show_number(found[name][-1])}")
    return found


def find_ratio(measured: Sequence[float], yardstick: Sequence[float]) -> float:
    """The median of the rounds' ratios: each figure is set against its own round's yardstick."""
    return median(one / other for one, other in zip(measured, yardstick, strict=True))


def compare_rates(
    what: str, measured: Sequence[float], yardstick: Sequence[float], *, bar: float, unit: str, name: str = ""
) -> Figure:
    """Rates as a figure that says how many times the yardstick's they are, and both beside it."""
    rate, other = show_number(median(measured)), show_number(median(yardstick))
    beside = f"{rate}/s beside {f'{name} ' if name else ''}{other}/s"
    return Figure(what=what, value=find_ratio(measured, yardstick), bar=bar, unit=unit, beside=beside)


def find_percentile(values: Sequence[float], part: float) -> float:
    """The value that this part of them does not pass; 0 where there are none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))] if ordered else 0.0


def show_number(value: float) -> str:
    """Three digits at most that count, in thousands where there are some."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{round(value, 2):.3g}"


def render_table(figures: Sequence[Figure]) -> str:
    """The table, in Markdown."""
    rows = [
        [figure.what, figure.measured, figure.wanted, "yes" if figure.is_reached else "no", figure.beside]
        for figure in figures
    ]
    head = ["what", "measured", "must reach", "does", "beside"]
    lines = [head, ["---", "---:", "---:", "---", "---"], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
