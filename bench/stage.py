"""The stage of a measurement: real processes on servers of their own, fresh shows, quiet between turns."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from bench.cpu import measure_cpu
from bench.limit import measure_limit
from bench.selling import warm
from bench.service import Service, run_service
from bench.side import Side, await_none
from bench.yardsticks import Application, ExpressSide, start_express, start_textbook
from proof.tables import TABLES, UNPUBLISHED

TEXTBOOK, EXPRESS = "textbook", "express"

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
        self._yardsticks: dict[str, Application] = {}

    @property
    def seatline(self) -> Side:
        """The service."""
        return Side(self.service.url, os.environ["DATABASE_URL"])

    @property
    def textbook(self) -> Side:
        """T, started when it is first asked for."""
        url = self.name_database(TEXTBOOK)
        if TEXTBOOK not in self._yardsticks:
            self.create_database(TEXTBOOK)
            broker_url = self.service.redis.url.rpartition("/")[0] + "/1"
            self._yardsticks[TEXTBOOK] = start_textbook(url, broker_url=broker_url)
            warm(Side(self._yardsticks[TEXTBOOK].url, url))
        return Side(self._yardsticks[TEXTBOOK].url, url)

    @property
    def express(self) -> ExpressSide:
        """E, started when it is first asked for. Raises BenchError where it cannot be."""
        url = self.name_database(EXPRESS)
        if EXPRESS not in self._yardsticks:
            self._create_empty_database(EXPRESS)
            ExpressSide("", url).create_tables()
            self._yardsticks[EXPRESS] = start_express(url)
            warm(ExpressSide(self._yardsticks[EXPRESS].url, url))
        return ExpressSide(self._yardsticks[EXPRESS].url, url)

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
        self._create_empty_database(name)
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
            # The audit log is only added to, by whoever minds triggers.
            cursor.execute("SET session_replication_role = replica")
            cursor.execute(f"TRUNCATE {', '.join(TABLES)}")
            cursor.execute("RESET session_replication_role")
            cursor.execute("CHECKPOINT")
        if EXPRESS in self._yardsticks:
            self.express.empty_tables()

    def measure_cpu(self, side: Side) -> float:
        """The CPU seconds that a side's web processes and the PostgreSQL of all sides have taken so far."""
        web = self._yardsticks[EXPRESS].pids if side.is_synchronous else self.service.find_pids("web")[:1]
        return sum(measure_cpu(pid) for pid in [*web, self.service.postgres.pid or 0])

    def close(self) -> None:
        """End the yardstick applications; the service is its maker's."""
        for application in self._yardsticks.values():
            application.close()
        self._yardsticks.clear()

    def _create_empty_database(self, name: str) -> None:
        with self.seatline.cursor() as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            cursor.execute(f"CREATE DATABASE {name}")


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
