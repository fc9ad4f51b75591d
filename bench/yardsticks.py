"""The yardstick applications: their processes, and where theirs differ, their tables."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from bench.client import Client
from bench.loading import quote_end
from bench.programs import find_node
from bench.side import Side
from bench.target import BenchError
from bench.textbook import database as textbook_database
from core.infra.settings import count_default_processes
from local.data_dirs import CHECKOUT
from local.embedded import find_free_port
from local.processes import kill_group, wait_until

READY_SECONDS, STOP_SECONDS = 60, 15
EXPRESS = Path(__file__).parent / "express"
# What npm writes last, so that a folder that has it is whole.
INSTALLED = EXPRESS / "node_modules" / ".package-lock.json"
EXPRESS_TABLES = "seats, bookings, shows"

_INSERT_SHOWS = """
    WITH made AS (
        INSERT INTO shows (name, total_seats) SELECT 'Show ' || number, %(seats)s
        FROM generate_series(1, %(count)s) AS number RETURNING id
    )
    SELECT min(id), max(id) FROM made
"""
_INSERT_SEATS = """
    INSERT INTO seats (show_id, seat_number)
    SELECT show, seat::text
    FROM generate_series(%s::bigint, %s::bigint) AS made(show)
    CROSS JOIN generate_series(1, %s) AS numbered(seat)
    ORDER BY made.show, numbered.seat
"""


class Application:
    """Processes that answer on one port."""

    def __init__(self, name: str, port: int) -> None:
        self.name = name
        self.url = f"http://127.0.0.1:{port}"
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self, *commands: Sequence[str], variables: Mapping[str, str], folder: Path = CHECKOUT) -> None:
        """Start them, and wait until they answer. Raises BenchError where they do not."""
        for command in commands:
            process = subprocess.Popen(
                command,
                cwd=folder,
                env={**os.environ, **variables},
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
            self._processes.append(process)
        if not wait_until(self._is_there, timeout_seconds=READY_SECONDS):
            self.close()
            raise BenchError(f"{self.name} does not answer")

    @property
    def pids(self) -> list[int]:
        """Those that were started; what they started themselves is below them."""
        return [process.pid for process in self._processes]

    def close(self) -> None:
        """End them, and all that they started."""
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            with suppress(subprocess.TimeoutExpired):
                process.wait(STOP_SECONDS)
            kill_group(process.pid, timeout_seconds=STOP_SECONDS)
        self._processes.clear()

    def _is_there(self) -> bool:
        try:
            return Client(self.url).call("GET", "/nothing").status == 200
        except OSError:
            return False


@dataclass(frozen=True, slots=True)
class ExpressSide(Side):
    """E, whose tables are its own."""

    is_synchronous: ClassVar[bool] = True

    def make_shows(self, *, count: int = 1, seats: int) -> tuple[int, int]:
        """Fresh shows; the first one's id and the last one's."""
        with self.cursor() as cursor:
            cursor.execute(_INSERT_SHOWS, {"count": count, "seats": seats})
            first, last = cursor.fetchone()
            cursor.execute(_INSERT_SEATS, (first, last, seats))
            cursor.execute("ANALYZE seats")
            cursor.execute("CHECKPOINT")
        return int(first), int(last)

    def create_tables(self) -> None:
        """Into an empty database."""
        with self.cursor() as cursor:
            cursor.execute((EXPRESS / "schema.sql").read_text())

    def empty_tables(self) -> None:
        """Forget every show."""
        with self.cursor() as cursor:
            cursor.execute(f"TRUNCATE {EXPRESS_TABLES}")


def start_textbook(database_url: str, *, broker_url: str) -> Application:
    """T, on a database with the service's tables."""
    port, processes = find_free_port(), str(count_default_processes())
    web = ["granian", "--interface=wsgi", "--host=127.0.0.1", f"--port={port}", f"--workers={processes}"]
    web += [f"--blocking-threads={textbook_database.THREADS}", "--no-log", "bench.textbook.app:app"]
    worker = ["celery", "-A", "bench.textbook.tasks", "worker", "-P", "prefork", "-c", processes]
    worker += ["-n", "textbook@%h", "--without-gossip", "--without-mingle", "--loglevel=ERROR"]
    variables = {
        textbook_database.URL_VARIABLE: database_url,
        textbook_database.BROKER_VARIABLE: broker_url,
    }
    textbook = Application("the textbook", port)
    textbook.start(*([sys.executable, "-m", *command] for command in (web, worker)), variables=variables)
    return textbook


def start_express(database_url: str) -> Application:
    """E, on a database with its own tables. Raises BenchError where it cannot be installed."""
    found = find_node()
    if found is None:
        raise BenchError("Node or npm is missing")
    node, npm = found
    _install(npm)
    port = find_free_port()
    variables = {
        "NODE_ENV": "production",
        "EXPRESS_DATABASE_URL": database_url,
        "EXPRESS_PORT": str(port),
        "EXPRESS_PROCESSES": str(count_default_processes()),
        "EXPRESS_CONNECTIONS": str(textbook_database.THREADS),
    }
    express = Application("Express", port)
    express.start([node, "server.js"], variables=variables, folder=EXPRESS)
    return express


def _install(npm: str) -> None:
    """Have the packages that are locked, unless they are there."""
    lock = EXPRESS / "package-lock.json"
    if INSTALLED.exists() and INSTALLED.stat().st_mtime >= lock.stat().st_mtime:
        return
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    ran = subprocess.run(command, cwd=EXPRESS, capture_output=True, text=True, check=False)
    if ran.returncode:
        raise BenchError(f"npm cannot install what Express needs: {quote_end(ran.stdout + ran.stderr)}")
