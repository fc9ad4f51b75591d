"""Figures: ratios within a round, medians, bars to be reached and not to be passed, the table."""

import pytest

from bench.figures import (
    Figure,
    compare_rates,
    find_percentile,
    find_ratio,
    render_table,
    show_number,
    take_turns,
)
from bench.measure import SMOKE, choose_scenarios, is_far_off, is_full, leave_express_out
from bench.stage import Plan
from bench.target import BenchError


def make(value: float, bar: float, *, ceiling: bool = False) -> Figure:
    return Figure(what="a thing", value=value, bar=bar, unit="× L", ceiling=ceiling, beside="so much")


def test_a_ratio_is_set_within_its_round() -> None:
    # The machine slowed down in the third round: it hit both, and changes nothing.
    assert find_ratio([300, 310, 30], [1000, 1000, 100]) == pytest.approx(0.3)


def test_rates_stand_beside_their_yardstick() -> None:
    figure = compare_rates("a thing", [30, 310], [10, 100], bar=2, unit="× E", name="E")
    assert figure.value == pytest.approx(3.05)
    assert figure.beside == "170/s beside E 55/s"
    assert compare_rates("", [1], [2], bar=1, unit="× the rate").beside == "1/s beside 2/s"


def test_turns_alternate() -> None:
    order: list[str] = []

    def measure(name: str) -> float:
        order.append(name)
        return float(len(order))

    turns = {"a": lambda: measure("a"), "b": lambda: measure("b")}
    found = take_turns(3, turns, say=lambda _: None)
    assert order == ["a", "b", "b", "a", "a", "b"]
    assert found == {"a": [1, 4, 5], "b": [2, 3, 6]}


@pytest.mark.parametrize(
    ("figure", "part", "is_reached"),
    [
        (make(0.3, 0.28), 0.3 / 0.28, True),
        (make(0.14, 0.28), 0.5, False),
        (make(20, 30, ceiling=True), 1.5, True),
        (make(60, 30, ceiling=True), 0.5, False),
        (make(0, 30, ceiling=True), 1, True),
    ],
)
def test_a_bar_is_reached_or_not_passed(figure: Figure, part: float, is_reached: bool) -> None:
    assert figure.part == pytest.approx(part)
    assert figure.is_reached is is_reached


def test_a_smoke_run_objects_under_a_third_of_a_bar_alone() -> None:
    assert not is_far_off([make(1, 1), make(0.34, 1)])
    assert is_far_off([make(1, 1), make(0.33, 1)])
    assert is_far_off([make(91, 30, ceiling=True)])


def test_percentiles() -> None:
    assert find_percentile([], 0.99) == 0
    assert find_percentile(range(1, 101), 0.5) == 51
    assert find_percentile(range(1, 101), 0.99) == 100


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.284, "0.28"), (1.0, "1"), (30, "30"), (15.26, "15.3"), (99.94, "99.9"), (1234.5, "1,234"), (0, "0")],
)
def test_numbers_are_short(value: float, shown: str) -> None:
    assert show_number(value) == shown


def test_the_table_has_a_row_a_figure() -> None:
    assert render_table([make(0.3, 0.28), make(60, 30, ceiling=True)]).splitlines() == [
        "| what | measured | must reach | does | beside |",
        "| --- | ---: | ---: | --- | --- |",
        "| a thing | 0.3 × L | ≥ 0.28 × L | yes | so much |",
        "| a thing | 60 × L | ≤ 30 × L | no | so much |",
    ]


def test_scenarios_are_found_by_their_names_in_the_order_of_the_table() -> None:
    assert [s.name for s in choose_scenarios("batch, sale", is_smoke=False)] == ["sale", "batch"]
    assert {s.name for s in choose_scenarios("", is_smoke=True)} < {
        s.name for s in choose_scenarios("", is_smoke=False)
    }
    with pytest.raises(BenchError, match="no scenario stream"):
        choose_scenarios("stream", is_smoke=False)


def test_without_node_what_is_measured_beside_express_is_left_out_in_one_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    asked = choose_scenarios("sale, reads, confirms", is_smoke=False)
    assert [s.name for s in leave_express_out(asked)] == ["sale"]
    assert capsys.readouterr().out.rstrip().endswith("beside: reads, confirms")
    assert [s.name for s in leave_express_out(asked[:1])] == ["sale"]
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("plan", [SMOKE, Plan(rounds=1), Plan(seconds=2), Plan(scale=0.1)])
def test_a_short_try_is_not_written_down(plan: Plan) -> None:
    assert is_full(Plan())
    assert not is_full(plan)
