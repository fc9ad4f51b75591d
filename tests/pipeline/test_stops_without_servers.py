"""SIGTERM while what a process stands on is away: it ends in time, whatever it waits for and since when."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from subprocess import Popen

import psutil
import pytest

from local.embedded import EmbeddedServer, find_free_port
from tests.apart import make_migrated_database
from tests.lonely import frozen, run_lonely_postgres, run_lonely_redis, stopped
from tests.measuring import measured
from tests.pipeline.test_processes import running
from tests.support import ADMIN_KEY, HANGS_SECONDS, read_procfile, run_deaf_port, run_silent_port, wait_until

pytestmark = pytest.mark.processes
STOPPED_WITHIN_SECONDS = 10
ON_DATABASE = "release", "web", "worker", "outbound"
ON_BROKER = "worker", "outbound", "beat", "flower"
Running = dict[str, Popen[bytes]]


@contextmanager
def run_no_port() -> Iterator[int]:
    """A port where nobody listens."""
    yield 1


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, EmbeddedServer]]:
    """A database and a broker, by the variables that lead to them."""
    with run_lonely_postgres() as postgres, run_lonely_redis(tmp_path_factory.mktemp("redis")) as redis:
        yield {"DATABASE_URL": postgres, "REDIS_URL": redis}


@pytest.fixture(scope="module")
def urls(servers: dict[str, EmbeddedServer]) -> dict[str, str]:
    """The variables that lead to them."""
    with pytest.MonkeyPatch.context() as patch:
        for name, server in servers.items():
            patch.setenv(name, server.url)
        url = make_migrated_database(servers["DATABASE_URL"].url, "stops")
    return {"DATABASE_URL": url, "REDIS_URL": servers["REDIS_URL"].url}


@contextmanager
def run_all(names: tuple[str, ...], urls: dict[str, str], folder: Path) -> Iterator[Running]:
    """Processes that are about to be told to stop; whatever is left of them is killed."""
    variables = {**urls, "ADMIN_API_KEY": ADMIN_KEY, "WEB_CONCURRENCY": "2", "WORKER_CONCURRENCY": "2"}
    variables |= {name: str(find_free_port()) for name in ("PORT", "FLOWER_PORT", "SANDBOX_PORT")}
    variables["HOST"] = "127.0.0.1"
    with ExitStack() as stack:
        yield {name: stack.enter_context(running(name, variables, folder / name)) for name in names}


def await_all(running: Running, folder: Path, words: str) -> None:
    for name in running:
        wait_until(lambda name=name: words in (folder / name).read_text())


def check_stop(running: Running, *, is_group_told: bool) -> None:
    """All end in time, as told, and with all that they started."""
    for process in running.values():
        tell = os.killpg if is_group_told else os.kill
        tell(process.pid, signal.SIGTERM)
    with measured() as took:
        codes = {name: process.wait(HANGS_SECONDS) for name, process in running.items()}
    assert set(codes.values()) <= {0, -signal.SIGTERM}, codes
    assert took.quiet < STOPPED_WITHIN_SECONDS
    for process in running.values():
        # Whoever adopted a child that was killed may take its time to reap it.
        left = [each for each in psutil.process_iter() if _is_of(process.pid, each)]
        assert left == []


def _is_of(group: int, process: psutil.Process) -> bool:
    try:
        return os.getpgid(process.pid) == group and process.status() != psutil.STATUS_ZOMBIE
    except (ProcessLookupError, psutil.NoSuchProcess):
        return False


AWAY = pytest.mark.parametrize("run_port", [run_no_port, run_silent_port, run_deaf_port])
Port = Callable[[], AbstractContextManager[int]]


@AWAY
def test_that_was_away_from_the_start(urls: dict[str, str], tmp_path: Path, run_port: Port) -> None:
    """Some wait for the database, others have it and find no broker."""
    database, broker = tmp_path / "database", tmp_path / "broker"
    for folder in (database, broker):
        folder.mkdir()
    with run_port() as port:
        no_database = {**urls, "DATABASE_URL": f"postgresql://u:p@127.0.0.1:{port}/d"}
        no_broker = {**urls, "REDIS_URL": f"redis://127.0.0.1:{port}/0"}
        with (
            run_all(ON_DATABASE, no_database, database) as first,
            run_all(ON_BROKER, no_broker, broker) as second,
        ):
            await_all(first, database, "waiting for DATABASE_URL")
            await_all(second, broker, "waiting for REDIS_URL")
            check_stop(first, is_group_told=True)
            check_stop(second, is_group_told=False)


@pytest.mark.parametrize(
    ("variables", "away"),
    [(["DATABASE_URL"], frozen), (["REDIS_URL"], frozen), (["DATABASE_URL", "REDIS_URL"], stopped)],
)
def test_that_went_away_later(
    servers: dict[str, EmbeddedServer],
    urls: dict[str, str],
    tmp_path: Path,
    variables: list[str],
    away: Callable[[EmbeddedServer], AbstractContextManager[None]],
) -> None:
    names = tuple(name for name in read_procfile() if name != "release")
    with run_all(names, urls, tmp_path) as all_, ExitStack() as stack:
        await_all({name: all_[name] for name in ("worker", "outbound")}, tmp_path, " ready.")
        for variable in variables:
            stack.enter_context(away(servers[variable]))
        check_stop(all_, is_group_told=len(variables) == 1)
