"""Lists and grids of 100,000 seats: how long they take is printed (`pytest -s`), and never far too long."""

import sys
from collections.abc import Callable

import pytest

from tests.external.browser.browsing import Visit
from tests.external.browser.halls import open_hall
from tests.external.browser.hosting import Host

pytestmark = pytest.mark.measures
# A fifth of the seats in one section.
LARGE = [
    {"name": "Field", "rows": 100, "seats": 200, "price": 3000},
    *({"name": f"Block {number}", "rows": 40, "seats": 50, "price": 2000 + number} for number in range(40)),
]
# On a machine that has ten times as much to do as it can.
BUSY = 10
MOUNT = """async (sections) => {
    await mountList(sections);
    const again = document.createElement("seatline-list");
    Object.assign(again, { hall: makeHall(sections), texts, currency: "EUR" });
    const start = performance.now();
    list.replaceWith(again);
    await again.updateComplete;
    again.getBoundingClientRect();
    window.list = again;
    return performance.now() - start;
}"""
OPEN = """async () => {
    const spent = [];
    for (const details of [...list.shadowRoot.querySelectorAll("details")].slice(0, 5)) {
        const start = performance.now();
        details.open = true;
        await new Promise((done) => details.addEventListener("toggle", done, { once: true }));
        await list.updateComplete;
        details.getBoundingClientRect();
        spent.push(performance.now() - start);
        details.open = false;
    }
    list.shadowRoot.querySelector("details").open = true;
    return spent.sort((a, b) => a - b)[2];
}"""
CHANGE = """async () => {
    const spent = [];
    for (let round = 0; round < 50; round++) {
        const start = performance.now();
        await change({ [hall.numbers[round * 17]]: "booked" });
        spent.push(performance.now() - start);
    }
    return spent.sort((a, b) => a - b)[47];
}"""
ENTER = """async (sections) => {
    await mountGrid(sections);
    const { SeatGrid } = await import("/assets/here/elements/seat-grid.js");
    grid.destroy();
    const start = performance.now();
    window.grid = new SeatGrid(host, hall, stage.hit, stage, describe, () => {}, texts.t);
    const made = performance.now() - start;
    grid.focus();
    const steps = [];
    for (let step = 0; step < 40; step++) {
        const begun = performance.now();
        const pressed = new KeyboardEvent("keydown", { key: "ArrowRight", bubbles: true });
        document.activeElement.dispatchEvent(pressed);
        steps.push(performance.now() - begun);
    }
    return [made, steps.sort((a, b) => a - b)[38]];
}"""


def tell(what: str, milliseconds: float, most: float) -> None:
    """Print it beside what it should take at most."""
    sys.stdout.write(f"\n{what}: {milliseconds:.1f} ms, {most} at most\n")
    assert milliseconds <= most * BUSY


def test_a_list_opens_and_changes_at_once(host: Host, visit: Callable[..., Visit]) -> None:
    page = open_hall(host, visit)
    tell("list of 100,000 seats", page.evaluate(MOUNT, LARGE), 1000)
    tell("a section of it", page.evaluate(OPEN), 200)
    assert page.locator("[data-seat]").count() == 500
    tell("a change in it, p95", page.evaluate(CHANGE), 50)


def test_a_grid_is_entered_and_walked_at_once(host: Host, visit: Callable[..., Visit]) -> None:
    page = open_hall(host, visit)
    made, step = page.evaluate(ENTER, LARGE)
    tell("grid of 100,000 seats", made, 300)
    tell("a step in it, p95", step, 50)
