"""`make bench`: every scenario on real processes and servers of its own, one table, and the report."""

import argparse
import shutil
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import psycopg2

from bench.figures import SMOKE_PART, Figure, Outcome, render_table
from bench.machine import describe_machine
from bench.programs import find_node, require_programs
from bench.report import CHARTS, DOCUMENT, Record, write_report
from bench.scenarios import SCENARIOS, Scenario
from bench.stage import Plan, Stage, set_stage
from bench.target import BenchError
from local.data_dirs import ServerError

# One scenario that fails must not cost the half hour of the others.
NOT_MEASURED = (BenchError, OSError, RuntimeError, psycopg2.Error)

SMOKE = Plan(rounds=1, seconds=2, limit_seconds=3, scale=0.1, is_smoke=True)


def parse_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    names = ", ".join(scenario.name for scenario in SCENARIOS)
    parser.add_argument("--only", default="", help=f"some of: {names} (with commas between)")
    parser.add_argument("--smoke", action="store_true", help="under a minute, the most telling rows")
    parser.add_argument("--rounds", type=int, default=Plan.rounds)
    parser.add_argument("--seconds", type=float, default=Plan.seconds, help="of load in a turn")
    parser.add_argument("--scale", type=float, default=Plan.scale, help="part of the full sizes")
    return parser.parse_args(arguments)


def choose_scenarios(only: str, *, is_smoke: bool) -> list[Scenario]:
    """Those asked for, in the table's order. Raises BenchError where there is no such one."""
    if not only:
        return [scenario for scenario in SCENARIOS if scenario.in_smoke or not is_smoke]
    asked = {name.strip() for name in only.split(",")}
    known = {scenario.name for scenario in SCENARIOS}
    if unknown := sorted(asked - known):
        raise BenchError(f"there is no scenario {unknown[0]}; there are {', '.join(sorted(known))}")
    return [scenario for scenario in SCENARIOS if scenario.name in asked]


def leave_express_out(scenarios: Sequence[Scenario]) -> list[Scenario]:
    """Those that are measured without E; the others are named."""
    if names := ", ".join(scenario.name for scenario in scenarios if scenario.needs_express):
        print(f"bench: node or npm is missing, and without them there is no E to measure beside: {names}")
    return [scenario for scenario in scenarios if not scenario.needs_express]


def leave_browser_out(scenarios: Sequence[Scenario]) -> list[Scenario]:
    """Those that are measured without a browser; the others are named."""
    if names := ", ".join(scenario.name for scenario in scenarios if scenario.needs_browser):
        print(f"bench: chromium is missing (Debian: apt-get install chromium), and with it: {names}")
    return [scenario for scenario in scenarios if not scenario.needs_browser]


def run_all(
    stage: Stage, scenarios: Sequence[Scenario], *, keep: Callable[[str, Outcome], None]
) -> dict[str, Outcome]:
    """What each came to, kept as it comes; one that cannot be measured is said, and left out."""
    outcomes = {}
    for scenario in scenarios:
        print(f"{scenario.name}: {scenario.does}", flush=True)
        try:
            outcomes[scenario.name] = scenario.run(stage)
        except NOT_MEASURED as error:
            print(f"bench: {scenario.name}: {error}", file=sys.stderr, flush=True)
        else:
            keep(scenario.name, outcomes[scenario.name])
    return outcomes


def keep_in_report(record: Record) -> Callable[[str, Outcome], None]:
    """Enters an outcome in docs/performance.md and its charts."""
    names = [scenario.name for scenario in SCENARIOS]

    def keep(name: str, outcome: Outcome) -> None:
        record.add(name, outcome, date=f"{datetime.now(UTC):%Y-%m-%d}")
        write_report(record, names, document=DOCUMENT, charts=CHARTS)

    return keep


def run(options: argparse.Namespace) -> int:
    """Measure, print, and, where everything has its full size, write; the exit code. Raises BenchError."""
    scenarios = choose_scenarios(options.only, is_smoke=options.smoke)
    require_programs()
    if find_node() is None:
        scenarios = leave_express_out(scenarios)
    if shutil.which("chromium") is None:
        scenarios = leave_browser_out(scenarios)
    plan = SMOKE if options.smoke else Plan(options.rounds, options.seconds, scale=options.scale)
    with set_stage(plan) as stage:
        machine = describe_machine(stage.seatline, redis_url=stage.service.redis.url)
        keep = keep_in_report(Record.read(CHARTS / "figures.json", machine))
        outcomes = run_all(stage, scenarios, keep=keep if is_full(plan) else lambda *_: None)
    figures = [figure for outcome in outcomes.values() for figure in outcome.figures]
    print(f"\n{render_table(figures)}\n\nMeasured on {machine}.")
    if is_full(plan):
        print("Written to docs/performance.md.")
    is_whole = len(outcomes) == len(scenarios)
    return int(not is_whole or (plan.is_smoke and is_far_off(figures)))


def is_full(plan: Plan) -> bool:
    """Whether its figures are worth being written down."""
    return plan.scale >= Plan.scale and plan.rounds >= Plan.rounds and plan.seconds >= Plan.seconds


def is_far_off(figures: Sequence[Figure]) -> bool:
    """Whether any figure is under a third of its bar."""
    return any(figure.part < SMOKE_PART for figure in figures)


def main(arguments: Sequence[str]) -> int:
    """0 where everything could be measured, 1 after one line where it could not."""
    try:
        return run(parse_arguments(arguments))
    except (BenchError, ServerError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
