"""`make run`, as a user has it: what it refuses, what it prints, that it stops whole and finds its data."""

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

import psutil
import pytest

from local.data_dirs import CHECKOUT
from local.embedded import find_free_port
from local.processes import wait_until

pytestmark = [pytest.mark.processes, pytest.mark.timeout(300)]

SET_BY_RUN = ("DATABASE_URL", "REDIS_URL", "ADMIN_API_KEY", "CELERY_BROKER_URL", "EVENTS_BROKER_URL")
PROCESSES = ("web", "worker", "outbound", "beat", "flower")


@pytest.fixture
def home() -> Iterator[Path]:
    """A data folder of this test's own, and an end to whatever still runs on it."""
    path = Path(tempfile.mkdtemp(prefix="seatline-test-"))
    path.chmod(0o755)
    yield path
    for process in find_processes(path):
        with suppress(psutil.Error):
            process.kill()
    shutil.rmtree(path)


def find_processes(home: Path) -> list[psutil.Process]:
    """Every process that was started by a run on this data folder, however indirectly."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if (
                process.environ().get("SEATLINE_HOME") == str(home)
                and process.status() != psutil.STATUS_ZOMBIE
            ):
                found.append(process)
    return found


def build_environment(home: Path, **changes: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in SET_BY_RUN}
    ports = {"PORT": str(find_free_port()), "FLOWER_PORT": str(find_free_port())}
    return kept | ports | {"SEATLINE_HOME": str(home), "HOST": "127.0.0.1"} | changes


def run_refused(home: Path, **changes: str) -> str:
    """What a run that cannot be says: one line."""
    ended = subprocess.run(
        [sys.executable, "-m", "local.run"],
        cwd=CHECKOUT,
        env=build_environment(home, **changes),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 1
    assert ended.stdout == ""
    assert len(ended.stderr.splitlines()) == 1, ended.stderr
    assert find_processes(home) == []
    return ended.stderr


@pytest.mark.parametrize("variable", ["PORT", "FLOWER_PORT"])
def test_a_port_in_use_is_named(variable: str, home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        said = run_refused(home, **{variable: str(port)})
    assert said == f"seatline: {variable}: cannot listen on 127.0.0.1:{port}: address already in use\n"


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


@pytest.mark.parametrize("changes", [{"PORT": "many"}, {"FLOWER_PORT": "many"}, {"HOLD_SECONDS": "0"}])
def test_a_spoilt_setting_is_named(changes: dict[str, str], home: Path) -> None:
    assert next(iter(changes)) in run_refused(home, **changes)


class Session:
    """A run in a session of its own, so that it can be sent what a terminal sends."""

    def __init__(self, home: Path, *, printed: str = "printed", **changes: str) -> None:
        self.home = home
        self.printed = home / printed
        with self.printed.open("wb") as file:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "local.run"],
                cwd=CHECKOUT,
                env=build_environment(home, **changes),
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def await_ready(self) -> str:
        """All that was printed, once everything is up."""
        is_settled = lambda: "Ctrl-C stops" in self.printed.read_text() or self.process.poll() is not None  # noqa: E731
        assert wait_until(is_settled, timeout_seconds=120)
        assert self.process.poll() is None, self.printed.read_text()
        return self.printed.read_text()

    def press_ctrl_c(self) -> int:
        os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(60)

    def find_pid(self, name: str) -> int:
        """The process of this name in the Procfile, in the order of which it was started."""
        return int(list(json.loads((self.home / "processes.json").read_text()))[PROCESSES.index(name)])


def read_line(printed: str, name: str) -> str:
    found = re.search(rf"^  {name} +(.+)$", printed, re.MULTILINE)
    assert found, printed
    return found[1]


def fetch(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=10) as response:
        return response.read()


def test_everything_runs_stops_whole_and_is_found_again(home: Path) -> None:
    first = Session(home)
    printed = first.await_ready()
    show_url = read_line(printed, "Demo show")
    show = json.loads(fetch(show_url))
    assert show["status"] == "on_sale"
    assert show["seats"]["available"] == show["total_seats"] == 1222
    assert fetch(f"{read_line(printed, 'API')}/readyz")
    assert b"swagger" in fetch(read_line(printed, "Swagger UI")).lower()
    with pytest.raises(urllib.error.HTTPError, match="401"):
        fetch(read_line(printed, "Flower").split()[0])
    check_that_another_is_refused(first)
    assert first.press_ctrl_c() == 0
    assert find_processes(home) == []
    assert "Traceback" not in first.printed.read_text()

    second = Session(home)
    again = second.await_ready()
    assert read_line(again, "Admin key") == read_line(printed, "Admin key")
    second_url = read_line(again, "Demo show")
    assert second_url.rpartition("/")[2] == show_url.rpartition("/")[2]
    assert json.loads(fetch(second_url))["created_at"] == show["created_at"]
    second.process.terminate()
    assert second.process.wait(60) == 0
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
    assert session.process.wait(60) == 1
    assert session.printed.read_text().splitlines()[-1].startswith("seatline: beat stopped by itself")
    assert find_processes(session.home) == []


def check_that_another_is_refused(running: Session) -> None:
    """On the same data; the one that runs goes on."""
    second = Session(running.home, printed="printed-by-another")
    assert second.process.wait(60) == 1
    assert "another `make run` is using" in second.printed.read_text()
    assert running.process.poll() is None
