"""What tests share: waiting for conditions, processes of the Procfile, the admin key."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import psutil
import psycopg2
import pytest

from core.infra.redis import get_redis
from core.infra.settings import get_settings
from tests.canary import CANARY, watch

ROOT = Path(__file__).parent.parent
ADMIN_KEY = f"{CANARY}-the-admin-key-of-the-tests"
ADMIN = {"Authorization": f"Bearer {ADMIN_KEY}"}
SECRET = f"{CANARY}-the-secret-of-the-tests"
FLOWER_PASSWORD = f"{CANARY}-the-password-of-flower"
# What has not come by then does not come: a machine with ten times as much to do as it can takes a minute to
# start what it starts in six seconds.
HANGS_SECONDS = 120
# What a worker and a beat are started with.
WORKER = {"WORKER_CONCURRENCY": "2", "EXPIRY_INTERVAL_SECONDS": "0.5"}


def wait_until(is_so: Callable[[], Any], *, seconds: float = HANGS_SECONDS) -> Any:
    """The first truthy thing that `is_so` returns; fails the test where none comes."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := is_so():
            return found
        time.sleep(0.02)
    pytest.fail(f"did not come true within {seconds} s")


@contextmanager
def run_silent_port() -> Iterator[int]:
    """A loopback port that takes every connection, and never says a word on it."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        yield int(listener.getsockname()[1])


@contextmanager
def run_deaf_port() -> Iterator[int]:
    """A loopback port that neither takes a connection nor refuses it, like an address behind a firewall."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener, socket.socket() as only:
        # The queue has room for one: what comes after it the kernel drops.
        only.connect(listener.getsockname())
        yield int(listener.getsockname()[1])


@contextmanager
def frozen_redis() -> Iterator[None]:
    """The Redis of the tests takes connections and commands meanwhile, and answers nothing."""
    pid = get_redis().info("server")["process_id"]
    assert psutil.Process(pid).ppid() == os.getpid()
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def wait_for_http(url: str, *, seconds: float = HANGS_SECONDS) -> None:
    """Wait until the address answers 200."""

    def answers() -> bool:
        try:
            with urllib.request.urlopen(url, timeout=HANGS_SECONDS) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    wait_until(answers, seconds=seconds)


def read_procfile() -> dict[str, str]:
    """The Procfile's commands by name."""
    lines = (ROOT / "Procfile").read_text().splitlines()
    return {name: command.strip() for name, command in (line.split(":", 1) for line in lines if line.strip())}


def start_process(
    name: str, environment: Mapping[str, str], *, log: Path | None = None, folder: Path = ROOT
) -> subprocess.Popen[bytes]:
    """Start a process of the Procfile in a group of its own, as an operator would: by its command alone.

    What it says goes into the log, if there is to be one. `folder` has the code.
    """
    if log:
        watch(log)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    with log.open("ab") if log else nullcontext() as output:
        return subprocess.Popen(
            read_procfile()[name],
            shell=True,
            cwd=folder,
            env={**os.environ, **environment, "PATH": path},
            stdout=output,
            stderr=output,
            start_new_session=True,
        )


@contextmanager
def run_process(
    name: str, environment: Mapping[str, str], *, log: Path | None = None, folder: Path = ROOT
) -> Iterator[subprocess.Popen[bytes]]:
    """A process of the Procfile, stopped at the end, or killed with its children where it does not stop."""
    process = start_process(name, environment, log=log, folder=folder)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(HANGS_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def cut_connections() -> None:
    """End every session of this process on its database, and wait until all of them are gone.

    Those of other processes, which use the server too, stay.
    """
    ports = [connection.laddr.port for connection in psutil.Process().net_connections("tcp")]
    cut = "SELECT pid, pg_terminate_backend(pid) FROM pg_stat_activity WHERE client_port = ANY(%s)"
    # A connection beside the pools: one of theirs might be cut while it asks.
    with closing(psycopg2.connect(get_settings().database_url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(cut, (ports,))
            pids = [pid for pid, _ in cursor.fetchall()]
            assert pids

            def are_gone() -> bool:
                cursor.execute("SELECT FROM pg_stat_activity WHERE pid = ANY(%s)", (pids,))
                return not cursor.rowcount

            wait_until(are_gone)
