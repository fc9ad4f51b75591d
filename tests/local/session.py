"""A `make run` of a test's own, and what is to be seen of it."""

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from contextlib import suppress
from pathlib import Path

import psutil

from local.data_dirs import CHECKOUT
from local.embedded import find_free_port
from local.processes import wait_until
from tests.canary import watch
from tests.support import HANGS_SECONDS

SET_BY_RUN = ("DATABASE_URL", "REDIS_URL", "ADMIN_API_KEY", "CELERY_BROKER_URL", "EVENTS_BROKER_URL")
PROCESSES = ("web", "worker", "outbound", "beat", "flower", "sandbox")
PORTS = ("PORT", "FLOWER_PORT", "SANDBOX_PORT")


def find_processes(home: Path) -> list[psutil.Process]:
    """Every process that was started by a run on this data folder, however indirectly."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            is_its_own = process.environ().get("SEATLINE_HOME") == str(home)
            if is_its_own and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def find_ports(home: Path) -> set[int]:
    """Those that a run on this data folder listens on."""
    return {
        connection.laddr.port
        for process in find_processes(home)
        for connection in process.net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN
    }


def build_environment(home: Path, **changes: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in SET_BY_RUN}
    ports = {name: str(find_free_port()) for name in PORTS}
    return kept | ports | {"SEATLINE_HOME": str(home), "HOST": "127.0.0.1"} | changes


class Session:
    """A run in a session of its own, so that it can be sent what a terminal sends."""

    def __init__(self, home: Path, *, printed: str = "printed", **changes: str) -> None:
        self.home, self.printed = home, home.parent / printed
        watch(self.printed)
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
        assert wait_until(is_settled, timeout_seconds=3 * HANGS_SECONDS)
        assert self.process.poll() is None, self.printed.read_text()
        return self.printed.read_text()

    def read_more(self, printed: str) -> str:
        """What was printed since."""
        return self.printed.read_text().removeprefix(printed)

    def press_ctrl_c(self) -> int:
        os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(HANGS_SECONDS)

    def find_pid(self, name: str) -> int:
        """The process of this name in the Procfile, in the order of which it was started."""
        return int(list(json.loads((self.home / "processes.json").read_text()))[PROCESSES.index(name)])


def read_line(printed: str, name: str) -> str:
    found = re.search(rf"^  {name} +(.+)$", printed, re.MULTILINE)
    assert found, printed
    return found[1]


def fetch(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=HANGS_SECONDS) as response:
        return response.read()
