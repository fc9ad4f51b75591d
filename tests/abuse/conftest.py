"""A web process as production runs it, on servers of its own, and shows to abuse."""

import resource
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import psutil
import pytest

from core.shows.service import Show
from local.embedded import find_free_port
from tests.apart import live_apart
from tests.support import ADMIN_KEY, SECRET, run_process, wait_for_http

PRODUCTION = {
    "SEATLINE_ENV": "production",
    "RATE_LIMIT_ENABLED": "true",
    "ADMIN_API_KEY": ADMIN_KEY,
    "SEATLINE_SECRET": SECRET,
    "HOST": "127.0.0.1",
    "WEB_CONCURRENCY": "2",
}
# What the tests' own process needs beside the connections that it opens.
OTHER_FILES = 500


@dataclass(frozen=True, slots=True)
class Web:
    """A web process: its port, and what can be seen of it from outside."""

    port: int
    pid: int

    def measure_bytes(self) -> int:
        """The memory of all its processes."""
        return sum(process.memory_info().rss for process in self._find_workers())

    def count_connections(self) -> int:
        """Connections that its processes have taken, and not closed."""
        return sum(
            connection.status == psutil.CONN_ESTABLISHED and connection.laddr.port == self.port
            for process in self._find_workers()
            for connection in process.net_connections("tcp")
        )

    def _find_workers(self) -> list[psutil.Process]:
        return psutil.Process(self.pid).children(recursive=True)


@pytest.fixture(scope="module")
def servers(servers: dict[str, str]) -> Iterator[dict[str, str]]:
    """The session's servers, apart from its other processes."""
    with live_apart(servers, name="abuse", redis_database=3) as variables:
        yield variables


@pytest.fixture(scope="module")
def web(servers: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    """The web process; what it says of those that it limits goes into a file."""
    port = find_free_port()
    log = tmp_path_factory.mktemp("abuse") / "log"
    with run_process("web", {**servers, **PRODUCTION, "PORT": str(port)}, log=log) as process:
        wait_for_http(f"http://127.0.0.1:{port}/readyz")
        yield Web(port, process.pid)


@pytest.fixture
def show(make_show: Callable[..., Show]) -> Show:
    """A show on sale that the others book in: 5,000 seats."""
    return make_show(total_seats=5000)


@pytest.fixture
def room() -> Iterator[int]:
    """How many connections this process may open, with its limit of files as high as it goes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield hard - OTHER_FILES
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
