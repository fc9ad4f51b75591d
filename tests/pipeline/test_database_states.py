"""PostgreSQL cuts its sessions, restarts, takes no writes: web and worker go on by themselves."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, closing
from typing import Any

import psycopg2
import pytest

from local.embedded import find_free_port
from local.servers import EmbeddedPostgres
from tests.apart import make_migrated_database
from tests.lonely import run_lonely_postgres, stopped
from tests.pipeline.started import Started
from tests.support import ADMIN_KEY, wait_until

pytestmark = pytest.mark.processes
SEATS = 1000


@pytest.fixture(scope="module")
def postgres(servers: dict[str, str]) -> Iterator[EmbeddedPostgres]:
    """A server that nothing else uses."""
    with run_lonely_postgres() as server:
        yield server


@pytest.fixture(scope="module")
def url(postgres: EmbeddedPostgres) -> str:
    """Its database, migrated."""
    return make_migrated_database(postgres.url, "states")


@pytest.fixture(scope="module")
def started(servers: dict[str, str], url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    """One process of web, and one of a worker."""
    variables = {
        "DATABASE_URL": url,
        "REDIS_URL": f"{servers['REDIS_URL'].rpartition('/')[0]}/9",
        "ADMIN_API_KEY": ADMIN_KEY,
        "HOST": "127.0.0.1",
        "PORT": str(find_free_port()),
        "WEB_CONCURRENCY": "1",
        "WORKER_CONCURRENCY": "1",
    }
    with ExitStack() as stack:
        started = Started(stack, variables, tmp_path_factory.mktemp("logs"))
        started.start("web", "worker")
        wait_until(lambda: started.ask("GET", "/readyz")[0] == 200)
        yield started


@pytest.fixture(scope="module")
def show_id(started: Started) -> int:
    """A show with seats enough for all."""
    show = {"name": "A show", "start_time": "2040-01-01T20:00:00Z", "total_seats": SEATS, "price": 100}
    return int(started.ask("POST", "/admin/shows", show)[2]["id"])


seats = iter(range(1, SEATS))


def book(started: Started, show_id: int) -> str:
    """Accept a booking, by the shared commit; its id."""
    status, _, booking = started.ask(
        "POST", "/bookings", {"show_id": show_id, "seats": [str(next(seats))], "hold": True}
    )
    assert status == 202
    return str(booking["id"])


def await_held(started: Started, booking_id: str) -> None:
    def is_held() -> bool:
        return bool(started.ask("GET", f"/bookings/{booking_id}?wait=2")[2].get("held"))

    wait_until(is_held)


def use_every_way(started: Started, show_id: int) -> None:
    """A request of each kind, by each pool and the loop; each is answered well, the first time."""
    booking_id = book(started, show_id)
    batch = {"bookings": [{"show_id": show_id, "seats": [str(next(seats))]}]}
    for method, path, body in (
        ("GET", "/readyz", None),
        ("GET", f"/bookings/{booking_id}", None),
        ("POST", "/bookings/batch", batch),
        ("GET", f"/shows/{show_id}/availability", None),
        ("GET", "/admin/stats", None),
        ("POST", f"/bookings/{booking_id}/cancel", None),
    ):
        assert started.ask(method, path, body)[0] in (200, 202), path


def run(url: str, *statements: str) -> Any:
    """The last one's rows; on a session that may write whatever others may."""
    with closing(psycopg2.connect(url, options="-c default_transaction_read_only=off")) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []


OTHERS = "FROM pg_stat_activity WHERE datname = 'states' AND pid <> pg_backend_pid()"


def cut_all(url: str) -> None:
    """End all sessions, and wait until those that there were are no more."""
    pids = [row[0] for row in run(url, f"SELECT pid, pg_terminate_backend(pid) {OTHERS}")]
    assert pids
    wait_until(lambda: not run(url, f"SELECT {OTHERS} AND pid = ANY(ARRAY{pids})"))


def read_errors(started: Started, name: str) -> list[str]:
    lines = [line for line in started.log(name).read_text().splitlines() if line.startswith("{")]
    return [line for line in lines if json.loads(line)["level"] in ("error", "critical")]


def test_first_requests_after_sessions_were_cut_are_answered(
    started: Started, show_id: int, postgres: EmbeddedPostgres, url: str
) -> None:
    use_every_way(started, show_id)
    cut_all(url)
    use_every_way(started, show_id)
    with stopped(postgres):
        pass
    use_every_way(started, show_id)
    await_held(started, book(started, show_id))


def test_read_only_database_is_an_outage_until_it_is_over(started: Started, show_id: int, url: str) -> None:
    use_every_way(started, show_id)
    run(url, "ALTER DATABASE states SET default_transaction_read_only = on")
    cut_all(url)
    try:
        status, _, problem = started.ask("GET", "/readyz")
        assert (status, "read-only" in problem["detail"]) == (503, True)
        new = {"show_id": show_id, "seats": ["1"]}
        for path, body in (("/bookings", new), ("/bookings/batch", {"bookings": [new]})):
            status, headers, problem = started.ask("POST", path, body)
            assert (status, problem["code"], headers["Retry-After"]) == (503, "unavailable", "2")
        # Accepted elsewhere, or just before: a worker that finds it can do nothing.
        wait_until(lambda: started.tells("worker", "ReadOnlySqlTransaction"))
        assert started.ask("GET", f"/shows/{show_id}")[0] == 200
    finally:
        run(url, "ALTER DATABASE states RESET default_transaction_read_only")
    wait_until(lambda: started.ask("GET", "/readyz")[0] == 200)
    await_held(started, book(started, show_id))
    assert run(url, "SELECT max(tries) FROM bookings") == [(0,)]
    assert read_errors(started, "worker") == []
    assert read_errors(started, "web") == []
