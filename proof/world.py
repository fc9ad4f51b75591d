"""The world that is shaken: servers and processes on ports that stay theirs, to be killed, frozen, healed."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy import text

from core.errors import UnavailableError
from core.infra.db import dispose_engines, primary, transaction
from core.infra.settings import get_settings
from core.shows.service import NewShow, create_show
from local.data_dirs import CHECKOUT
from local.embedded import EmbeddedServer, find_free_port
from local.processes import wait_until
from local.procfile import read_procfile
from local.ready import is_ready
from local.servers import EmbeddedPostgres, EmbeddedRedis
from proof.buyers import Buyer
from proof.history import History
from proof.sink import Sink, run_sink
from proof.till import Till

PROCESSES = ("web", "worker", "outbound", "beat", "sandbox")
READY_SECONDS = 60
STOP_SECONDS = 15
ADMIN_KEY = "the-admin-key-of-the-proof"
# Small enough to be filled in a moment; a mount of its own, so that nothing else runs out of room.
DISK = "size=700m,mode=755"
HOOKS = CHECKOUT / "proof" / "hooks"
# The shortest hold there is would have every round wait for it: the proof's own tables allow a shorter one.
HOLD_SECONDS = 4


class World:
    """Everything that runs; whatever was done to it, heal() makes it whole."""

    def __init__(self, folder: Path, sink: Sink) -> None:
        self.folder, self.sink = folder, sink
        self.strikes = folder / "strikes"
        self._is_mounted = self.is_disk_small = mount_small_disk(folder / "postgres")
        self.postgres = EmbeddedPostgres(
            folder / "postgres", port=find_free_port(), settings={"max_wal_size": "128MB"}
        )
        self.redis = EmbeddedRedis(folder / "redis", port=find_free_port())
        # Apart, so that what was published outlives what is done to the other.
        self.events = EmbeddedRedis(folder / "events", port=find_free_port())
        self.port = find_free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.till = Till(find_free_port(), folder)
        self._log = (folder / "processes.log").open("ab")
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._extra: list[subprocess.Popen[bytes]] = []
        self._altered: set[str] = set()
        # What the round at hand is about: faults that are users take part in it.
        self.seed, self.show_ids, self.paid_ids, self.history = "", list[int](), list[int](), History()
        # What a fault saw for itself that must not be.
        self.complaints: list[str] = []

    def start(self) -> None:
        """Start everything and wait until it serves."""
        os.environ |= {
            "DATABASE_URL": self.postgres.start(),
            "REDIS_URL": self.redis.start(),
            "EVENTS_BROKER_URL": self.events.start(),
            "ADMIN_API_KEY": ADMIN_KEY,
            "SEATLINE_ENV": "development",
            "HOST": "127.0.0.1",
            "PORT": str(self.port),
            "WEB_CONCURRENCY": "2",
            "WORKER_CONCURRENCY": "2",
            "WEBHOOK_ALLOW_PRIVATE": "true",
            "PAYMENT_PROVIDER": "sandbox",
            "SANDBOX_PORT": str(self.till.port),
            "SEATLINE_HOME": str(self.folder),
            "LOG_LEVEL": "WARNING",
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        }
        get_settings.cache_clear()
        subprocess.run(["alembic", "upgrade", "head"], cwd=CHECKOUT, check=True)
        with transaction() as connection:
            connection.execute(text("ALTER TABLE shows DROP CONSTRAINT shows_hold_is_bounded"))
        self.heal()

    def make_show(self, *, seats: int, **more: Any) -> int:
        """A show with a small hall that is to be fought for; its id."""
        start_time = datetime.now(UTC) + timedelta(days=30)
        fields = {"hold_seconds": HOLD_SECONDS, **more}
        show = NewShow(name="Proof", start_time=start_time, total_seats=seats, **fields)
        with transaction() as connection:
            return create_show(connection, show).id

    def make_paid_show(self, *, seats: int, **more: Any) -> int:
        """The same, whose bookings must be paid; its id."""
        return self.make_show(seats=seats, price=1_250, payment_required=True, **more)

    def make_buyer(self, number: int, show_ids: list[int]) -> Buyer:
        """A buyer of these shows in the round at hand."""
        return Buyer(
            self.url,
            show_ids,
            self.history,
            till=self.till,
            admin_key=ADMIN_KEY,
            number=number,
            seed=self.seed,
        )

    def heal(self) -> None:
        """Wake what is frozen, start what is dead, end what is too much; wait until the API is ready."""
        for server in (self.postgres, self.redis, self.events):
            self._wake(server.pid)
            if not server.is_running:
                server.stop()
                server.start()
        for process in self._extra:
            self._end(process)
        self._extra.clear()
        for name in tuple(self._altered):
            self.restart(name)
        for name in PROCESSES:
            found = self._running.get(name)
            if found is not None:
                self._wake(found.pid)
            if found is None or found.poll() is not None:
                self._running[name] = self._spawn(name, {})
        self._await_ready()
        if not wait_until(self._is_swept, timeout_seconds=READY_SECONDS):
            raise RuntimeError("no worker sweeps again")

    @property
    def is_at_work(self) -> bool:
        """Whether bookings are taken, and settled."""
        return is_ready("127.0.0.1", self.port) and self._is_swept()

    def _await_ready(self) -> None:
        def is_web_ready() -> bool:
            if self.is_dead("web"):
                # It was about to end when it was looked at last.
                self._running["web"] = self._spawn("web", {})
            return is_ready("127.0.0.1", self.port)

        if not wait_until(is_web_ready, timeout_seconds=READY_SECONDS):
            raise RuntimeError("the API is not ready again")

    def _is_swept(self) -> bool:
        # A worker that starts takes seconds until it works.
        query = text("SELECT at > clock_timestamp() - interval '2 s' FROM heartbeats WHERE name = 'sweep'")
        with suppress(UnavailableError), primary() as connection:
            return bool(connection.execute(query).scalar_one())
        return False

    def find_pids(self, name: str) -> list[int]:
        """A process of the Procfile and all that it started."""
        root = psutil.Process(self._running[name].pid)
        return [root.pid, *(child.pid for child in root.children(recursive=True))]

    def find_server_pids(self, server: EmbeddedServer) -> list[int]:
        """A server and its sessions."""
        root = psutil.Process(server.pid)
        return [root.pid, *(child.pid for child in root.children(recursive=True))]

    def kill(self, name: str) -> None:
        """Kill a process and all that it started, at once."""
        with suppress(ProcessLookupError):
            os.killpg(self._running[name].pid, signal.SIGKILL)
        self._running[name].wait()

    def is_dead(self, name: str) -> bool:
        """Whether a process has ended by itself."""
        return self._running[name].poll() is not None

    def restart(self, name: str, **environment: str) -> int:
        """Have a process stop in order, and start it again, in another environment; its exit code."""
        process = self._running[name]
        self._wake(process.pid)
        process.terminate()
        code = process.wait(STOP_SECONDS)
        self._running[name] = self._spawn(name, environment)
        self._altered.discard(name)
        return code

    def respawn(self, name: str, **environment: str) -> None:
        """Put a process into another environment, until the world is healed; wait until it is at work."""
        self.restart(name, **environment)
        self._altered.add(name)
        if name == "web":
            self._await_ready()

    def enter(self, **variables: str) -> None:
        """Have everything live by these variables from now on, this process too."""
        os.environ |= variables
        get_settings.cache_clear()
        dispose_engines()
        for name in PROCESSES:
            self.restart(name)
        self._await_ready()

    def move(self, server: EmbeddedPostgres) -> None:
        """Take a server for PostgreSQL, and discard the one of before."""
        self._discard_postgres()
        self.postgres, self.is_disk_small = server, False

    def add(self, name: str, **environment: str) -> None:
        """Another process of this kind, until the world is healed."""
        self._extra.append(self._spawn(name, environment))

    def stop(self) -> None:
        """End everything."""
        for process in (*self._running.values(), *self._extra):
            self._wake(process.pid)
            self._end(process)
        self.redis.discard()
        self.events.discard()
        self._discard_postgres()
        self._log.close()

    def _discard_postgres(self) -> None:
        self.postgres.stop()
        if self._is_mounted:
            subprocess.run(["umount", "--lazy", str(self.folder / "postgres")], check=False)
            self._is_mounted = False
        self.postgres.discard()

    def _spawn(self, name: str, environment: dict[str, str]) -> subprocess.Popen[bytes]:
        if "PROOF_HOOK" in environment:
            paths = f"{HOOKS}{os.pathsep}{CHECKOUT}"
            environment = {"PYTHONPATH": paths, "PROOF_STRUCK": str(self.strikes), **environment}
        return subprocess.Popen(
            read_procfile()[name],
            shell=True,
            cwd=CHECKOUT,
            env=os.environ | environment,
            stdout=self._log,
            stderr=self._log,
            start_new_session=True,
        )

    def _wake(self, pid: int | None) -> None:
        with suppress(psutil.Error, ProcessLookupError):
            root = psutil.Process(pid)
            for each in (root, *root.children(recursive=True)):
                os.kill(each.pid, signal.SIGCONT)

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(STOP_SECONDS)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def mount_small_disk(folder: Path) -> bool:
    """Put a disk of its own at a folder, in memory; False where that is not allowed."""
    folder.mkdir(mode=0o755)
    command = ["mount", "-t", "tmpfs", "-o", DISK, "seatline-proof", str(folder)]
    with suppress(OSError):
        return subprocess.run(command, check=False, capture_output=True).returncode == 0
    return False


@contextmanager
def run_world() -> Iterator[World]:
    """A world, started; gone at the end."""
    folder = Path(tempfile.mkdtemp(prefix="seatline-proof-"))
    folder.chmod(0o755)
    with run_sink() as sink:
        world = World(folder, sink)
        try:
            world.start()
            yield world
        finally:
            world.stop()
            shutil.rmtree(folder, ignore_errors=True)
