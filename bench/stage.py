"""The stage of a measurement: real processes on servers of their own, fresh shows, quiet between turns."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from bench.client import Client
from bench.limit import measure_limit
from bench.selling import warm
from bench.service import Service, run_service
from bench.side import Side, await_none
from bench.target import BenchError
from bench.textbook import database as textbook_database
from core.events.queries import UNPUBLISHED
from core.infra.settings import count_default_processes
from local.data_dirs import CHECKOUT
from local.embedded import find_free_port
from local.processes import wait_until
from proof.tables import TABLES

READY_SECONDS = 60
TEXTBOOK = "textbook"

_IS_BUSY = f"""
    SELECT EXISTS (SELECT FROM bookings WHERE wants IS NOT NULL)
        OR EXISTS (SELECT FROM events e WHERE {UNPUBLISHED})
"""  # noqa: S608 (a constant)


@dataclass(frozen=True)
class Plan:
    """How long, how often and how large; `scale` is the part of the sizes that the table names."""

    rounds: int = 3
    seconds: float = 8
    limit_seconds: float = 5
    scale: float = 1.0
    is_smoke: bool = False

    def size(self, full: int) -> int:
        """So many of something, at this plan's scale."""
        return max(1, round(full * self.scale))


class Stage:
    """Everything that a scenario needs."""

    def __init__(self, service: Service, plan: Plan) -> None:
        self.service = service
        self.plan = plan
        self._textbook: list[subprocess.Popen[bytes]] = []
        self._textbook_url = ""

    @property
    def seatline(self) -> Side:
        """The service."""
        return Side(self.service.url, os.environ["DATABASE_URL"])

    @property
    def textbook(self) -> Side:
        """The yardstick application, started when it is first asked for."""
        database_url = self.name_database(TEXTBOOK)
        if not self._textbook:
            self.create_database(TEXTBOOK)
            self._start_textbook(database_url)
        return Side(self._textbook_url, database_url)

    def say(self, text: str) -> None:
        """Tell whoever waits how far it is."""
        print(f"  {text}", flush=True)

    def measure_limit(self) -> float:
        """L, on the service's server."""
        return measure_limit(self.seatline.database_url, seconds=self.plan.limit_seconds)

    def name_database(self, name: str) -> str:
        """The URL of another database on the same server."""
        return f"{self.service.postgres.url.rpartition('/')[0]}/{name}"

    def create_database(self, name: str) -> Side:
        """Another database with every table, for the service to be moved to."""
        with self.seatline.cursor() as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            cursor.execute(f"CREATE DATABASE {name}")
        url = self.name_database(name)
        self.service.migrate(url)
        return Side(self.service.url, url)

    def drop_database(self, name: str) -> None:
        """Be rid of a database, and of what it takes on disk."""
        with self.seatline.cursor() as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def move(self, **variables: str) -> None:
        """Start every process anew under these variables, Redis empty, and warm them up."""
        self.service.stop_processes()
        os.environ |= variables
        self.service.empty_redis()
        self.service.start_processes()
        self.warm_up()

    def warm_up(self) -> None:
        """Book until every process has been at work. Raises BenchError where nothing settles."""
        warm(self.seatline)
        self.await_quiet()

    def await_quiet(self) -> None:
        """Wait until the service has nothing left to do, so that the next turn has the machine to itself."""
        await_none(self.seatline, _IS_BUSY, what="bookings or events")

    def reset(self) -> None:
        """Empty every table: a scenario must not depend on which one ran before it."""
        self.await_quiet()
        with self.seatline.cursor() as cursor:
            cursor.execute(f"TRUNCATE {', '.join(TABLES)}")
            cursor.execute("CHECKPOINT")

    def close(self) -> None:
        """End the yardstick application; the service is its maker's."""
        for process in self._textbook:
            process.terminate()
        for process in self._textbook:
            process.wait(READY_SECONDS)
        self._textbook.clear()

    def _start_textbook(self, database_url: str) -> None:
        port, processes = find_free_port(), str(count_default_processes())
        environment = {
            **os.environ,
            textbook_database.URL_VARIABLE: database_url,
            textbook_database.BROKER_VARIABLE: self.service.redis.url.rpartition("/")[0] + "/1",
        }
        web = ["granian", "--interface=wsgi", "--host=127.0.0.1", f"--port={port}", f"--workers={processes}"]
        web += [f"--blocking-threads={textbook_database.THREADS}", "--no-log", "bench.textbook.app:app"]
        worker = ["celery", "-A", "bench.textbook.tasks", "worker", "-P", "prefork", "-c", processes]
        worker += ["-n", "textbook@%h", "--without-gossip", "--without-mingle", "--loglevel=ERROR"]
        for command in (web, worker):
            process = subprocess.Popen(
                [sys.executable, "-m", *command],
                cwd=CHECKOUT,
                env=environment,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
            self._textbook.append(process)
        self._textbook_url = f"http://127.0.0.1:{port}"
        if not wait_until(self._is_textbook_there, timeout_seconds=READY_SECONDS):
            raise BenchError("the textbook does not answer")
        warm(Side(self._textbook_url, database_url))

    def _is_textbook_there(self) -> bool:
        try:
            return Client(self._textbook_url).call("GET", "/nothing").status == 200
        except OSError:
            return False


@contextmanager
def set_stage(plan: Plan) -> Iterator[Stage]:
    """A stage with the service started and warm; gone at the end."""
    # A backlog is to be settled, however long this machine takes, and not to be given up.
    with run_service({"ACCEPT_DEADLINE_SECONDS": "3600"}) as service:
        stage = Stage(service, plan)
        try:
            stage.warm_up()
            yield stage
        finally:
            stage.close()
