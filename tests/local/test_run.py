"""`make run`, as a user has it: what it refuses, what it prints, that it stops whole and finds its data."""

import itertools
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest

from core.infra.ports import MAX_PORT, find_port_fault
from local.data_dirs import CHECKOUT
from local.embedded import find_free_port
from local.processes import wait_until
from tests.local.session import (
    PORTS,
    PROCESSES,
    Session,
    build_environment,
    fetch,
    find_ports,
    find_processes,
    read_line,
)
from tests.support import HANGS_SECONDS

pytestmark = [pytest.mark.processes, pytest.mark.timeout(1200)]


@pytest.fixture
def home() -> Iterator[Path]:
    """A data folder of this test's own, and an end to whatever still runs on it."""
    folder = Path(tempfile.mkdtemp(prefix="seatline-test-"))
    folder.chmod(0o755)
    yield folder / "data"
    for process in find_processes(folder / "data"):
        with suppress(psutil.Error):
            process.kill()
    shutil.rmtree(folder)


def run_refused(home: Path, **changes: str) -> str:
    """What a run that cannot be says: one line."""
    ended = subprocess.run(
        [sys.executable, "-m", "local.run"],
        cwd=CHECKOUT,
        env=build_environment(home, **changes),
        capture_output=True,
        text=True,
        timeout=HANGS_SECONDS,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (1, "")
    assert len(ended.stderr.splitlines()) == 1, ended.stderr
    assert find_processes(home) == []
    return ended.stderr


def find_proposals(said: str, *variables: str) -> list[int]:
    """The ports of the command that is proposed for these variables, which are free."""
    found = re.search("; free: make run " + " ".join(rf"{name}=(\d+)" for name in variables) + "\n$", said)
    assert found, said
    ports = [int(port) for port in found.groups()]
    assert not any(find_port_fault("127.0.0.1", port) for port in ports)
    return ports


@pytest.mark.parametrize("variable", PORTS)
def test_a_port_in_use_is_named_and_a_free_one_proposed(variable: str, home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        said = run_refused(home, **{variable: str(port)})
    told = f"seatline: {variable}: cannot listen on 127.0.0.1:{port}: address already in use;"
    assert said.startswith(told)
    assert find_proposals(said, variable) != [port]


def test_ports_in_use_are_named_together(home: Path) -> None:
    """As beside the run of another checkout."""
    with socket.create_server(("127.0.0.1", 0)) as web, socket.create_server(("127.0.0.1", 0)) as flower:
        ports = [listener.getsockname()[1] for listener in (web, flower)]
        said = run_refused(home, PORT=str(ports[0]), FLOWER_PORT=str(ports[1]))
    assert len({*ports, *find_proposals(said, "PORT", "FLOWER_PORT")}) == 4


def test_one_port_for_both_is_refused(home: Path) -> None:
    port = str(find_free_port())
    said = run_refused(home, PORT=port, FLOWER_PORT=port)
    assert said.startswith(
        f"seatline: FLOWER_PORT: {port} is that of PORT already; free: make run FLOWER_PORT="
    )


def test_the_last_port_in_use_is_no_end(home: Path) -> None:
    with socket.socket() as last:
        last.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Who has it otherwise makes the same point.
        with suppress(OSError):
            last.bind(("127.0.0.1", MAX_PORT))
            last.listen()
        said = run_refused(home, PORT=str(MAX_PORT))
    assert find_proposals(said, "PORT")[0] < MAX_PORT


def test_where_the_host_is_at_fault_no_port_is_proposed(home: Path) -> None:
    said = run_refused(home, HOST="192.0.2.1")
    assert "is 192.0.2.1 an address of this machine?" in said
    assert "free" not in said


@pytest.mark.parametrize(
    ("variable", "url"),
    [
        ("DATABASE_URL", "postgresql://seatline:s3cret@127.0.0.1:1/seatline"),
        ("DATABASE_URL", "mysql://seatline:s3cret@127.0.0.1/seatline"),
        ("DATABASE_URL", "postgresql://seatline:s3cret@127.0.0.1:none/seatline"),
        ("REDIS_URL", "redis://:s3cret@127.0.0.1:1/0"),
        ("REDIS_URL", "redis://:s3cret@127.0.0.1:none/0"),
        ("REDIS_URL", "s3cret"),
    ],
)
def test_a_bad_url_is_named_without_its_password(variable: str, url: str, home: Path) -> None:
    said = run_refused(home, **{variable: url})
    assert said.startswith(f"seatline: {variable}")
    assert "s3cret" not in said


SPOILT = [("HOLD_SECONDS", "0"), *itertools.product(PORTS, ["many", "0", "65536"])]


@pytest.mark.parametrize(("variable", "value"), SPOILT)
def test_a_spoilt_setting_is_named(variable: str, value: str, home: Path) -> None:
    assert run_refused(home, **{variable: value}).startswith(f"seatline: {variable} must be ")


def test_everything_runs_stops_whole_and_is_found_again(home: Path) -> None:
    first = Session(home)
    printed = first.await_ready()
    check_first_screen(printed)
    show_url = read_line(printed, "Demo show")
    assert b"pages/show.js" in fetch(show_url)
    read_show = f"{read_line(printed, 'API')}/shows/{show_url.rpartition('/')[2]}"
    show = json.loads(fetch(read_show))
    assert show["status"] == "on_sale"
    assert show["seats"]["available"] == show["total_seats"] == 1222
    assert fetch(f"{read_line(printed, 'API')}/readyz")
    assert b"swagger" in fetch(read_line(printed, "Swagger UI")).lower()
    with pytest.raises(urllib.error.HTTPError, match="401"):
        fetch(read_line(printed, "Flower").split()[0])
    assert b"checkout_url" in fetch(read_line(printed, "Payments").split()[0])
    check_that_another_is_refused(first)
    # The servers have sockets.
    assert find_ports(home) == {
        urlsplit(read_line(printed, name).split()[0]).port for name in ("API", "Flower", "Payments")
    }
    assert first.press_ctrl_c() == 0
    assert find_processes(home) == []
    assert "Traceback" not in first.printed.read_text()

    second = Session(home)
    again = second.await_ready()
    for name in ("Admin key", "DATABASE_URL", "REDIS_URL"):
        assert read_line(again, name) == read_line(printed, name)
    second_url = read_line(again, "Demo show")
    assert second_url.rpartition("/")[2] == show_url.rpartition("/")[2]
    read_again = read_show.replace(read_line(printed, "API"), read_line(again, "API"))
    assert json.loads(fetch(read_again))["created_at"] == show["created_at"]
    second.process.terminate()
    assert second.process.wait(HANGS_SECONDS) == 0
    assert find_processes(home) == []


def check_first_screen(printed: str) -> None:
    """What is started, in a few lines, and nothing of what the processes say that is no warning."""
    lines = printed.partition("Seatline is running.")[0].splitlines()
    assert len(lines) <= 5, printed
    assert sum(line.startswith("Starting ") for line in lines) == 2
    assert all(name in lines[-1] for name in PROCESSES)


@pytest.mark.parametrize("part", ["", "postgres/data", "valkey"])
def test_data_that_are_removed_under_it_end_it_with_one_line(part: str, home: Path) -> None:
    session = Session(home)
    printed = session.await_ready()
    # Until all have been quiet for a moment there is more to come of their starts.
    wait_until(lambda: " ready." in session.read_more(printed), timeout_seconds=1)
    printed = session.printed.read_text()
    shutil.rmtree(home / part, ignore_errors=True)
    assert session.process.wait(HANGS_SECONDS) == 1
    said = session.read_more(printed)
    assert len(said.splitlines()) == 1, said
    assert re.match(
        rf"seatline: {home}\S* was removed while Seatline ran on it, so everything is stopped", said
    )
    assert find_processes(home) == []


def test_what_a_process_said_that_ends_at_its_start_is_shown(home: Path) -> None:
    """Though it is no warning: Flower's own words, of which none is JSON."""
    session = Session(home, FLOWER_MAX_TASKS="many")
    assert session.process.wait(120) == 1
    said = session.printed.read_text()
    assert "ValueError: invalid literal for int() with base 10: 'many'" in said
    assert said.splitlines()[-1] == "seatline: flower stopped by itself (exit code 1), see above"
    assert {line.split("|")[0].split()[1] for line in said.splitlines() if "|" in line} == {"flower"}
    assert find_processes(home) == []


def test_a_killed_run_is_cleared_up_by_the_next(home: Path) -> None:
    killed = Session(home)
    killed.await_ready()
    killed.process.kill()
    killed.process.wait()
    left = {process.pid for process in find_processes(home)}
    assert left

    following = Session(home)
    following.await_ready()
    assert left.isdisjoint(process.pid for process in find_processes(home))
    check_that_a_dead_process_ends_it(following)


def check_that_a_dead_process_ends_it(session: Session) -> None:
    """And is named."""
    os.kill(session.find_pid("beat"), signal.SIGKILL)
    assert session.process.wait(HANGS_SECONDS) == 1
    assert session.printed.read_text().splitlines()[-1].startswith("seatline: beat stopped by itself")
    assert find_processes(session.home) == []


def check_that_another_is_refused(running: Session) -> None:
    """On the same data; the one that runs goes on."""
    second = Session(running.home, printed="printed-by-another")
    assert second.process.wait(HANGS_SECONDS) == 1
    assert "another `make run` is using" in second.printed.read_text()
    assert running.process.poll() is None
