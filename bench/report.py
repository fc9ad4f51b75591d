"""The report: figures kept by scenario, and docs/performance.md made of them."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from bench.charts import draw_bars, draw_curve
from bench.figures import Figure, Outcome, Point, render_table
from bench.target import BenchError
from local.data_dirs import CHECKOUT

DOCUMENT = CHECKOUT / "docs" / "performance.md"
CHARTS = CHECKOUT / "docs" / "charts"
BEGIN, END = "<!-- figures -->", "<!-- /figures -->"


@dataclass(slots=True)
class Record:
    """What each scenario came to on one machine, and the day of it."""

    machine: str
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    dates: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path, machine: str) -> Self:
        """What was kept; nothing where there is none or it is another machine's: figures are not mixed."""
        try:
            kept = json.loads(path.read_text())
        except OSError:
            return cls(machine)
        if kept["machine"] != machine:
            return cls(machine)
        outcomes = {name: _to_outcome(outcome) for name, outcome in kept["outcomes"].items()}
        return cls(machine, outcomes, kept["dates"])

    def add(self, name: str, outcome: Outcome, *, date: str) -> None:
        """Put a scenario's outcome in the place of its last one."""
        self.outcomes[name], self.dates[name] = outcome, date

    def write(self, path: Path) -> None:
        """Keep it."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n")


def write_report(record: Record, names: Sequence[str], *, document: Path, charts: Path) -> None:
    """Write the charts, and put table, machine and dates between the document's markers."""
    known = [name for name in names if name in record.outcomes]
    figures = [figure for name in known for figure in record.outcomes[name].figures]
    record.write(charts / "figures.json")
    (charts / "ratios.svg").write_text(draw_bars(figures))
    parts = [render_table(figures), _describe_run(record, known), "![Ratios](charts/ratios.svg)"]
    curve = [point for name in known for point in record.outcomes[name].curve]
    if curve:
        (charts / "times.svg").write_text(draw_curve(curve))
        parts.append("![Times over rates](charts/times.svg)")
    document.write_text(put_between(document.read_text(), "\n\n".join(parts)))


def put_between(text: str, figures: str) -> str:
    """The text with the figures between its markers; what is outside stays. Raises BenchError."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise BenchError(f"the document has no {BEGIN} … {END} to write between")
    return f"{before}{BEGIN}\n{figures}\n{END}{after}"


def _describe_run(record: Record, names: Sequence[str]) -> str:
    dates = sorted({record.dates[name] for name in names})
    when = dates[0] if len(dates) == 1 else f"{dates[0]} to {dates[-1]}"
    return f"Measured {when} on {record.machine}."


def _to_outcome(kept: dict[str, Any]) -> Outcome:
    return Outcome([Figure(**one) for one in kept["figures"]], [Point(**one) for one in kept["curve"]])
