"""The report: charts in SVG, text outside the markers that stays, and no figures of two machines mixed."""

from pathlib import Path
from xml.etree import ElementTree

import pytest

from bench.charts import draw_bars, draw_curve
from bench.figures import Figure, Outcome, Point
from bench.report import CHARTS, DOCUMENT, Record, put_between, write_report
from bench.scenarios import SCENARIOS
from bench.target import BenchError

SVG = "{http://www.w3.org/2000/svg}"
REACHED = Figure(what="a <thing> & another", value=0.3, bar=0.28, unit="× L")
MISSED = Figure(what="times", value=60, bar=30, unit="ms", ceiling=True)
CURVE = [Point(200, 2, 9, 12, 80), Point(100, 1, 5, 10, 40)]


def write(folder: Path, machine: str, name: str, figure: Figure, curve: list[Point]) -> str:
    record = Record.read(folder / "charts" / "figures.json", machine)
    record.add(name, Outcome([figure], curve), date="2030-01-02")
    names = [scenario.name for scenario in SCENARIOS]
    write_report(record, names, document=folder / "performance.md", charts=folder / "charts")
    return (folder / "performance.md").read_text()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "performance.md").write_text("before\n<!-- figures -->\nold\n<!-- /figures -->\nafter\n")
    return tmp_path


def test_a_bar_a_figure_in_the_colour_of_whether_it_is_reached() -> None:
    root = ElementTree.fromstring(draw_bars([REACHED, MISSED]))
    _, *bars = root.findall(f"{SVG}rect")
    assert [bar.get("fill") for bar in bars] == ["#2a7f62", "#c0532f"]
    assert float(bars[0].get("width", 0)) > float(bars[1].get("width", 0)) > 0
    assert "a <thing> & another" in [text.text for text in root.findall(f"{SVG}text")]


def test_times_rise_with_the_rate() -> None:
    root = ElementTree.fromstring(draw_curve(CURVE))
    for line in root.findall(f"{SVG}polyline"):
        (x1, y1), (x2, y2) = [map(float, at.split(",")) for at in line.get("points", "").split()]
        assert x1 < x2
        assert y1 > y2


def test_what_is_outside_of_the_markers_stays(folder: Path) -> None:
    text = write(folder, "a machine", "sale", REACHED, [])
    assert text.startswith("before\n<!-- figures -->\n| what |")
    assert text.endswith("![Ratios](charts/ratios.svg)\n<!-- /figures -->\nafter\n")
    assert "Measured 2030-01-02 on a machine." in text
    assert "old" not in text
    assert not (folder / "charts" / "times.svg").exists()


def test_a_scenario_run_alone_changes_its_own_rows(folder: Path) -> None:
    write(folder, "a machine", "latency", MISSED, CURVE)
    text = write(folder, "a machine", "sale", REACHED, [])
    assert text.index("0.3 × L") < text.index("60 ms")
    assert "times.svg" in text
    assert "60 ms" not in write(folder, "another machine", "sale", REACHED, [])


def test_a_document_without_markers_is_left_alone() -> None:
    with pytest.raises(BenchError, match="no <!-- figures -->"):
        put_between("no markers", "figures")


def test_the_document_has_its_markers_and_names_every_scenario() -> None:
    text = DOCUMENT.read_text()
    assert put_between(text, "figures")
    assert [s.name for s in SCENARIOS if f"| `{s.name}` |" not in text] == []
    assert CHARTS.parent == DOCUMENT.parent
