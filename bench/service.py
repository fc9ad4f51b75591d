"""The service under measure: servers with their data on disk, and the processes of the Procfile on them."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
from redis import Redis

from core.infra.settings import count_default_processes, get_settings
from local.data_dirs import CHECKOUT
from local.embedded import find_free_port
from local.processes import kill_group, wait_until
from local.procfile import read_procfile
from local.ready import is_ready
from local.servers import EmbeddedPostgres, EmbeddedRedis

PROCESSES = ("web", "worker", "outbound", "beat")
OTHER_WEB = "other web"
READY_SECONDS, STOP_SECONDS, KILL_SECONDS = 60, 15, 5
ADMIN_KEY = "the-admin-key-of-the-bench"
STRIPE_SECRET = "whsec_of_the_bench"  # noqa: S105 (it guards nothing)
# Counted as in production, and never reached.
NO_LIMIT = "1000000000/minute"


class Service:
    """Servers of its own and the processes on them, which can be started anew under other variables.

    Unlike the proof's world it has nothing that costs or spares time: no small disk, no hooks, no webhooks.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.postgres = EmbeddedPostgres(folder / "postgres", port=find_free_port())
        self.redis = EmbeddedRedis(folder / "redis", port=find_free_port())
        self._port = find_free_port()
        self.url = f"http://127.0.0.1:{self._port}"
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, variables: Mapping[str, str]) -> None:
        """Start everything and wait until it serves."""
        metrics, processes = self._folder / "metrics", str(count_default_processes())
        metrics.mkdir()
        os.environ |= {
            "DATABASE_URL": self.postgres.start(),
            "REDIS_URL": self.redis.start(),
            "ADMIN_API_KEY": ADMIN_KEY,
            "SEATLINE_ENV": "production",
            "SEATLINE_SECRET": "the-secret-of-the-bench-and-nobody-else",
            "RATE_LIMIT": NO_LIMIT,
            "BOOKING_RATE_LIMIT": NO_LIMIT,
            "ADMIN_RATE_LIMIT": NO_LIMIT,
            # Nothing is ever asked of it here: its address leads nowhere.
            "PAYMENT_PROVIDER": "stripe",
            "STRIPE_API_KEY": "sk_test_of_the_bench",
            "STRIPE_WEBHOOK_SECRET": STRIPE_SECRET,
            "STRIPE_API_BASE": "http://127.0.0.1:9",
            "HOST": "127.0.0.1",
            "PORT": str(self._port),
            "WEB_CONCURRENCY": processes,
            "WORKER_CONCURRENCY": processes,
            # What operators run with.
            "PROMETHEUS_MULTIPROC_DIR": str(metrics),
            "LOG_LEVEL": "INFO",
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            **variables,
        }
        get_settings.cache_clear()
        self.migrate(os.environ["DATABASE_URL"])
        self.start_processes()

    def migrate(self, database_url: str) -> None:
        """Give a database every table."""
        environment = {**os.environ, "DATABASE_URL": database_url}
        command = ["alembic", "upgrade", "head"]
        subprocess.run(command, cwd=CHECKOUT, env=environment, check=True, capture_output=True)

    def start_processes(self) -> None:
        """Start every process, and wait until the API is ready."""
        for name in PROCESSES:
            self._running[name] = self._start(name, {})
        self._await_ready(self._port)

    def replace(self, name: str, **variables: str) -> None:
        """Start a process anew, with these variables beside the others."""
        self.stop_processes(name)
        self._running[name] = self._start(name, variables)
        if name == "web":
            self._await_ready(self._port)

    @contextmanager
    def run_other_web(self, **variables: str) -> Iterator[str]:
        """Another `web` beside the first, found as OTHER_WEB, under other variables: its URL."""
        port = find_free_port()
        self._running[OTHER_WEB] = self._start("web", {**variables, "PORT": str(port)})
        try:
            self._await_ready(port)
            yield f"http://127.0.0.1:{port}"
        finally:
            self.stop_processes(OTHER_WEB)

    def _start(self, name: str, variables: Mapping[str, str]) -> subprocess.Popen[bytes]:
        with (self._folder / "processes.log").open("ab") as log:
            return subprocess.Popen(
                read_procfile()[name],
                shell=True,
                cwd=CHECKOUT,
                env={**os.environ, **variables},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _await_ready(self, port: int) -> None:
        if not wait_until(lambda: is_ready("127.0.0.1", port), timeout_seconds=READY_SECONDS):
            raise RuntimeError("the API does not get ready")

    def stop_processes(self, *names: str) -> None:
        """Have processes stop in order, by force where it takes too long; all where none is named."""
        stopping = [self._running.pop(name) for name in names or tuple(self._running)]
        for process in stopping:
            process.terminate()
        for process in stopping:
            with suppress(subprocess.TimeoutExpired):
                process.wait(STOP_SECONDS)
            kill_group(process.pid, timeout_seconds=KILL_SECONDS)
            process.wait()

    def empty_redis(self) -> None:
        """Forget what is cached and nudged."""
        with Redis.from_url(self.redis.url) as redis:
            redis.flushdb()

    def find_pids(self, name: str) -> list[int]:
        """A process of the Procfile and all that it started."""
        root = psutil.Process(self._running[name].pid)
        return [root.pid, *(child.pid for child in root.children(recursive=True))]

    def stop(self) -> None:
        """End everything."""
        self.stop_processes()
        self.redis.discard()
        self.postgres.discard()


@contextmanager
def run_service(variables: Mapping[str, str]) -> Iterator[Service]:
    """A service, started; gone at the end."""
    folder = Path(tempfile.mkdtemp(prefix="seatline-bench-"))
    # PostgreSQL may run as another user, who has to get through.
    folder.chmod(0o755)
    service = Service(folder)
    try:
        service.start(variables)
        yield service
    finally:
        service.stop()
        shutil.rmtree(folder, ignore_errors=True)
