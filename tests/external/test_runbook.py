"""docs/runbook.md: its commands, run as they are written, against a real web."""

import os
import re
import subprocess
from collections.abc import Callable

import pytest

from core.shows.service import Show
from tests.acting import book, settle
from tests.external.toolbox import need
from tests.support import ADMIN_KEY, ROOT

pytestmark = [pytest.mark.external, *need("bash", "curl", "jq", "psql")]
MakeShow = Callable[..., Show]
TEXT = (ROOT / "docs" / "runbook.md").read_text()
# Those of an installation, of the machine, or of a second server.
OTHERS = ("export SEATLINE=", "flask ", 'psql "$STANDBY_URL"')


def read_section(heading: str) -> list[str]:
    """The commands under a heading."""
    section = TEXT[TEXT.index(f"# {heading}\n") :].partition("\n## ")[0]
    blocks = re.findall(r"^ *```sh\n(.*?)^ *```$", section, re.DOTALL | re.MULTILINE)
    return [block for block in blocks if not block.strip().startswith(OTHERS)]


SETUP = next(block for block in read_section("Runbook") if block.startswith("ask()"))
SECTIONS = re.findall(r"^##? (.+)$", TEXT.partition("\n## Alerts\n")[0], re.MULTILINE)


@pytest.fixture
def run(web: str, database: dict[str, str]) -> Callable[..., str]:
    """Runs the commands under a heading, and returns what they print; fails the test where one fails."""

    def run_section(heading: str, **variables: str) -> str:
        script = "\n".join(["set -euo pipefail", SETUP, *read_section(heading)])
        environment = {**os.environ, **database, "SEATLINE": web, "KEY": ADMIN_KEY, **variables}
        ran = subprocess.run(
            ["bash", "-c", script], env=environment, capture_output=True, text=True, check=False
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout

    return run_section


def test_a_first_look(run: Callable[..., str]) -> None:
    told = run("Runbook")
    assert '"status": "ok"' in told
    assert '"oldest_seconds": 0' in told


def test_a_booking_that_is_stuck(run: Callable[..., str], make_show: MakeShow) -> None:
    booking = str(book(make_show().id, "1"))
    told = run("A booking is stuck", BOOKING=booking)
    assert "BOOKING_ACCEPTED" in told
    assert "BOOKING_CONFIRMED" not in told


def test_who_sits_in_a_seat(run: Callable[..., str], make_show: MakeShow) -> None:
    show = make_show()
    first, second = (str(book(show.id, "1")) for _ in range(2))
    settle(show.id)
    lines = [
        line.split("\t")[1:] for line in run("Who sits in a seat", SHOW=str(show.id), SEAT="1").splitlines()
    ]
    assert sorted(lines) == sorted([[first, "CONFIRMED", "-"], [second, "FAILED", "seats_unavailable"]])


def test_what_blocks_a_sale_is_ended(run: Callable[..., str], database: dict[str, str]) -> None:
    forgotten = ["psql", "--quiet", "--tuples-only", "--no-align", database["DATABASE_URL"]]
    with subprocess.Popen(forgotten, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as session:
        assert session.stdin and session.stdout
        session.stdin.write("BEGIN;\nLOCK TABLE shows;\nSELECT pg_backend_pid();\n")
        session.stdin.flush()
        pid = session.stdout.readline().strip()
        run("A sale is slow", PID=pid)
        # It finds out at its next statement.
        session.stdin.write("SELECT 1;\n")
        session.stdin.close()
        assert session.wait() == 2


def test_what_has_grown(run: Callable[..., str]) -> None:
    told = run("A disk is full")
    assert re.search(r"^ (bookings|events) +\| \d+ kB$", told, re.MULTILINE)
    assert "slot_name" in told
    assert "failed_count" in told


def test_what_was_done_with_a_key(run: Callable[..., str]) -> None:
    assert run("Somebody has seen a key").strip() == "[]"


def test_every_command_is_run_here() -> None:
    """So that a new one is not forgotten."""
    tried = {"Runbook", "A booking is stuck", "Who sits in a seat", "A sale is slow"}
    tried |= {"A disk is full", "Somebody has seen a key"}
    assert {heading for heading in SECTIONS if heading not in tried and read_section(heading)} == set()


def test_what_it_leads_to_is_there() -> None:
    """Links to paragraphs of this page and of operations.md."""
    for page, anchor in re.findall(r"\]\(([a-z.]*)#([a-z-]+)\)", TEXT):
        text = (ROOT / "docs" / page).read_text() if page else TEXT
        headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
        anchors = {re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-") for heading in headings}
        assert anchor in anchors, (page, anchor)
