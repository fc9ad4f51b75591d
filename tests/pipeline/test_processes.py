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
from tests.support import ROOT, read_procfile, wait_until

pytestmark = pytest.mark.processes
NEEDED = "DATABASE_URL", "REDIS_URL", "ADMIN_API_KEY"


def start(name: str, variables: dict[str, str], log: Path) -> subprocess.Popen[bytes]:
    """Start a process with these variables and no other."""
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
        with urllib.request.urlopen(url, timeout=2) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refusal:
        return refusal.code
    except OSError:
        return 0


@pytest.mark.parametrize("name", ["web", "worker", "outbound", "beat", "flower"])
def test_starts_alone_and_stops_when_told_to(name: str, database: dict[str, str], tmp_path: Path) -> None:
    port = find_free_port()
    signs: dict[str, Callable[[], object]] = {
        "web": lambda: ask_status(f"http://127.0.0.1:{port}/readyz") == 200,
        "worker": lambda: b"ready" in log.read_bytes(),
        "outbound": lambda: b"ready" in log.read_bytes(),
        "beat": lambda: get_redis().llen("expiry"),
        "flower": lambda: ask_status(f"http://127.0.0.1:{port}/api/workers") == 401,
    }
    ports = {"web": {"PORT": str(port)}, "flower": {"FLOWER_PORT": str(port)}}.get(name, {})
    log = tmp_path / "log"
    with running(name, {key: database[key] for key in NEEDED} | ports, log) as process:
        wait_until(signs[name], seconds=30)
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) in (0, -signal.SIGTERM), log.read_text()
        with pytest.raises(ProcessLookupError):
            os.killpg(process.pid, 0)


def test_flower_does_not_run_open(database: dict[str, str], tmp_path: Path) -> None:
    variables = {key: database[key] for key in ("DATABASE_URL", "REDIS_URL")}
    log = tmp_path / "log"
    with running("flower", variables, log) as process:
        assert process.wait(30) == 1
    assert log.read_text().count("\n") == 1
    assert "FLOWER_PASSWORD" in log.read_text()


@pytest.mark.parametrize("name", sorted(read_procfile()))
def test_missing_variable_is_one_line(name: str, database: dict[str, str], tmp_path: Path) -> None:
    log = tmp_path / "log"
    variables = {"REDIS_URL": database["REDIS_URL"], "ADMIN_API_KEY": database["ADMIN_API_KEY"]}
    with running(name, variables, log) as process:
        assert process.wait(30) == 1
    assert log.read_text() == "seatline: DATABASE_URL is not set\n"
