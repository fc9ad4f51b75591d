"""Each process of the Procfile starts alone, with three variables, and stops when told to."""

import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from core.infra.redis import get_redis
from local.embedded import find_free_port
from tests.canary import watch
from tests.measuring import measured
from tests.support import HANGS_SECONDS, ROOT, read_procfile, wait_until

pytestmark = pytest.mark.processes
STOPPED_WITHIN_SECONDS = 10
NEEDED = "DATABASE_URL", "REDIS_URL", "ADMIN_API_KEY"


def start(name: str, variables: dict[str, str], log: Path) -> subprocess.Popen[bytes]:
    """Start a process with these variables and no other."""
    watch(log)
    path = f"{Path(sys.executable).parent}{os.pathsep}/usr/bin{os.pathsep}/bin"
    with log.open("wb") as output:
        return subprocess.Popen(
            read_procfile()[name],
            shell=True,
            cwd=ROOT,
            env={"PATH": path, "HOME": str(log.parent), **variables},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


@contextmanager
def running(name: str, variables: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The process; killed with all its children at the end, if any of them is left."""
    process = start(name, variables, log)
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def ask_status(url: str) -> int:
    """The status of the answer, 0 where there is none."""
    try:
        with urllib.request.urlopen(url, timeout=HANGS_SECONDS) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refusal:
        return refusal.code
    except OSError:
        return 0


@pytest.mark.parametrize("name", ["web", "worker", "outbound", "beat", "flower", "sandbox"])
def test_starts_alone_and_stops_when_told_to(name: str, database: dict[str, str], tmp_path: Path) -> None:
    port = find_free_port()
    signs: dict[str, Callable[[], object]] = {
        "web": lambda: ask_status(f"http://127.0.0.1:{port}/readyz") == 200,
        "worker": lambda: b"ready" in log.read_bytes(),
        "outbound": lambda: b"ready" in log.read_bytes(),
        "beat": lambda: get_redis().llen("expiry"),
        "flower": lambda: ask_status(f"http://127.0.0.1:{port}/api/workers") == 401,
        "sandbox": lambda: ask_status(f"http://127.0.0.1:{port}/") == 200,
    }
    ports = {name: str(port) for name in ("PORT", "FLOWER_PORT", "SANDBOX_PORT")}
    log = tmp_path / "log"
    with running(name, {key: database[key] for key in NEEDED} | ports, log) as process:
        wait_until(signs[name])
        process.send_signal(signal.SIGTERM)
        with measured() as took:
            assert process.wait(HANGS_SECONDS) in (0, -signal.SIGTERM), log.read_text()
        assert took.quiet < STOPPED_WITHIN_SECONDS
        with pytest.raises(ProcessLookupError):
            os.killpg(process.pid, 0)


def test_web_listens_at_a_name(database: dict[str, str], tmp_path: Path) -> None:
    port, log = find_free_port(), tmp_path / "log"
    variables = {key: database[key] for key in NEEDED} | {"HOST": "localhost", "PORT": str(port)}
    with running("web", variables, log):
        wait_until(lambda: ask_status(f"http://127.0.0.1:{port}/readyz") == 200)


def test_flower_does_not_run_open(database: dict[str, str], tmp_path: Path) -> None:
    variables = {key: database[key] for key in ("DATABASE_URL", "REDIS_URL")}
    log = tmp_path / "log"
    with running("flower", variables, log) as process:
        assert process.wait(HANGS_SECONDS) == 1
    assert log.read_text().count("\n") == 1
    assert "FLOWER_PASSWORD" in log.read_text()


@pytest.mark.parametrize("port", ["0", "65536"])
def test_flower_takes_no_port_that_is_none(port: str, database: dict[str, str], tmp_path: Path) -> None:
    variables = {key: database[key] for key in NEEDED} | {"FLOWER_PORT": port}
    log = tmp_path / "log"
    with running("flower", variables, log) as process:
        assert process.wait(30) == 1
    assert log.read_text() == "flower: FLOWER_PORT must be a number from 1 to 65535\n"


@pytest.mark.parametrize("name", sorted(read_procfile()))
def test_missing_variable_is_one_line(name: str, database: dict[str, str], tmp_path: Path) -> None:
    log = tmp_path / "log"
    variables = {"REDIS_URL": database["REDIS_URL"], "ADMIN_API_KEY": database["ADMIN_API_KEY"]}
    with running(name, variables, log) as process:
        assert process.wait(HANGS_SECONDS) == 1
    assert log.read_text() == "seatline: DATABASE_URL is not set\n"


@pytest.mark.parametrize("name", sorted(read_procfile()))
def test_metrics_folder_that_is_not_there_is_one_line(
    name: str, database: dict[str, str], tmp_path: Path
) -> None:
    log = tmp_path / "log"
    variables = {key: database[key] for key in NEEDED}
    with running(name, variables | {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path / "none")}, log) as process:
        assert process.wait(30) == 1
    assert log.read_text().startswith("seatline: PROMETHEUS_MULTIPROC_DIR is no folder that this process")
    assert log.read_text().count("\n") == 1


@pytest.mark.parametrize("is_set", [True, False])
def test_metrics_are_added_up_in_their_folder_alone(
    database: dict[str, str], tmp_path: Path, is_set: bool
) -> None:
    port, log, folder = find_free_port(), tmp_path / "log", tmp_path / "metrics"
    folder.mkdir()
    # Empty is unset; to the Prometheus client it would be the working folder.
    variables = {"PROMETHEUS_MULTIPROC_DIR": str(folder) if is_set else ""}
    variables["WEB_CONCURRENCY"] = "2" if is_set else "1"
    address = f"http://127.0.0.1:{port}"
    with running("web", {key: database[key] for key in NEEDED} | variables | {"PORT": str(port)}, log):
        wait_until(lambda: ask_status(f"{address}/readyz") == 200)
        with urllib.request.urlopen(f"{address}/metrics") as answer:
            assert b'seatline_http_requests_total{method="GET",route="/readyz",status="200"}' in answer.read()
        assert bool(list(folder.glob("*/*.db"))) is is_set
    assert not list(ROOT.glob("*.db"))
