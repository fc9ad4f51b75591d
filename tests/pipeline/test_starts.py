"""Processes that start while what they stand on is away wait, tell for what, and go on by themselves."""

import signal
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import psycopg2
import pytest
from redis import Redis

from local.embedded import find_free_port
from local.servers import EmbeddedPostgres, EmbeddedRedis
from tests.lonely import run_lonely_postgres, run_lonely_redis, stopped
from tests.measuring import measured
from tests.pipeline.started import Started
from tests.pipeline.test_processes import STOPPED_WITHIN_SECONDS
from tests.support import ADMIN_KEY, HANGS_SECONDS, wait_until

pytestmark = pytest.mark.processes
ON_DATABASE = "release", "web", "worker", "outbound"


@pytest.fixture(scope="module")
def postgres() -> Iterator[EmbeddedPostgres]:
    """A server with an empty database."""
    with run_lonely_postgres() as server:
        yield server


@pytest.fixture(scope="module")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedRedis]:
    """A broker."""
    with run_lonely_redis(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def variables(postgres: EmbeddedPostgres, redis_server: EmbeddedRedis) -> dict[str, str]:
    """What every process is started with."""
    return {
        "DATABASE_URL": postgres.url,
        "REDIS_URL": redis_server.url,
        "ADMIN_API_KEY": ADMIN_KEY,
        "HOST": "127.0.0.1",
        "PORT": str(find_free_port()),
        "FLOWER_PORT": str(find_free_port()),
        "WEB_CONCURRENCY": "2",
        "WORKER_CONCURRENCY": "1",
    }


@pytest.fixture
def started(variables: dict[str, str], tmp_path: Path) -> Iterator[Started]:
    """Nothing yet; all that is started ends with the test."""
    with ExitStack() as stack:
        yield Started(stack, variables, tmp_path)


def check_that_web_waits(started: Started, said: str) -> None:
    wait_until(lambda: started.ask("GET", "/healthz")[0] == 200)
    wait_until(lambda: said in started.ask("GET", "/readyz")[2]["detail"])
    for method, path, body in (
        ("GET", "/readyz", None),
        ("GET", "/shows", None),
        ("GET", "/openapi.json", None),
        ("POST", "/bookings", {"show_id": 1, "seats": ["1"]}),
    ):
        status, headers, problem = started.ask(method, path, body)
        assert (status, problem["code"], headers["Retry-After"]) == (503, "unavailable", "2")


def test_all_wait_for_servers_that_are_away_and_go_on_once_they_are_back(
    started: Started, postgres: EmbeddedPostgres, redis_server: EmbeddedRedis
) -> None:
    with stopped(redis_server):
        with stopped(postgres):
            started.start(*ON_DATABASE, "beat", "flower")
            for name in ON_DATABASE:
                line = "waiting for DATABASE_URL: the database does not answer"
                wait_until(lambda name=name, line=line: started.tells(name, line))
            for name in ("beat", "flower"):
                line = "waiting for REDIS_URL: the broker does not answer"
                wait_until(lambda name=name, line=line: started.tells(name, line))
            # Again after five seconds.
            wait_until(lambda: started.log("worker").read_text().count("waiting for") > 1)
            check_that_web_waits(started, "DATABASE_URL: the database does not answer")
            assert [p.poll() for p in started.processes.values()] == [None] * 6
        # Which has no schema yet: `release` makes it, and the others take it from there.
        assert started.processes.pop("release").wait(HANGS_SECONDS) == 0
        wait_until(lambda: started.ask("GET", "/readyz")[0] == 200)
        wait_until(lambda: started.tells("worker", "waiting for REDIS_URL"))
        show = {"name": "A show", "start_time": "2040-01-01T20:00:00Z", "total_seats": 2, "price": 100}
        show_id = started.ask("POST", "/admin/shows", show)[2]["id"]
        booking = started.ask("POST", "/bookings", {"show_id": show_id, "seats": ["1"]})[2]
        settled = f"/bookings/{booking['id']}?wait=2"
        wait_until(lambda: started.ask("GET", settled)[2]["status"] == "CONFIRMED")
    for name in ("worker", "outbound"):
        wait_until(lambda name=name: started.tells(name, " ready."))
    with Redis.from_url(redis_server.url) as redis:
        # Of beat's, taken by nobody yet or by somebody already.
        wait_until(lambda: redis.exists("expiry") or redis.keys("flag:*"))
    wait_until(lambda: started.tells("flower", "Visit me"))
    secrets = [password for server in (postgres, redis_server) if (password := server._password)]
    for log in map(started.log, started.processes):
        assert not any(secret in log.read_text() for secret in secrets)
    for process in started.processes.values():
        process.send_signal(signal.SIGTERM)
    with measured() as took:
        codes = {name: process.wait(HANGS_SECONDS) for name, process in started.processes.items()}
    assert set(codes.values()) <= {0, -signal.SIGTERM}, codes
    assert took.quiet < STOPPED_WITHIN_SECONDS


def test_what_waiting_mends_not_is_one_line(
    started: Started, postgres: EmbeddedPostgres, variables: dict[str, str]
) -> None:
    started._variables["DATABASE_URL"] = postgres.url.replace("postgres:", "postgres:wrong", 1)
    started.start(*ON_DATABASE)
    for name, process in started.processes.items():
        assert process.wait(HANGS_SECONDS) == 1
        said = [line for line in started.log(name).read_text().splitlines() if line.startswith("seatline: ")]
        assert len(said) == 1
        assert said[0].startswith("seatline: DATABASE_URL: the database refuses this role or its password")
        assert "Traceback" not in started.log(name).read_text()


def test_broker_that_refuses_a_password_is_not_waited_for(
    started: Started, redis_server: EmbeddedRedis
) -> None:
    started.start("release")
    assert started.processes.pop("release").wait(HANGS_SECONDS) == 0
    with Redis.from_url(redis_server.url) as redis:
        user, password = "somebody", "right"
        redis.acl_setuser(user, enabled=True, passwords=f"+{password}", commands=["+@all"], keys=["*"])
    started._variables["CELERY_BROKER_URL"] = f"redis://{user}:wrong@127.0.0.1:{redis_server.port}/0"
    started.start("worker", "outbound", "beat", "flower")
    for name, process in started.processes.items():
        assert process.wait(HANGS_SECONDS) == 1
        assert started.tells(name, "seatline: CELERY_BROKER_URL: the broker refuses this user, password")
        assert not started.tells(name, "Traceback")


def test_web_that_waits_in_vain_ends_with_one_line(started: Started, postgres: EmbeddedPostgres) -> None:
    """It comes back with a schema that this code does not know."""
    started.start("release")
    started.processes.pop("release").wait(HANGS_SECONDS)
    with closing(psycopg2.connect(postgres.url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute("UPDATE alembic_version SET version_num = '9999'")
    with stopped(postgres):
        started.start("web")
        check_that_web_waits(started, "DATABASE_URL")
    assert started.processes["web"].wait(HANGS_SECONDS) == 1
    said = started.log("web").read_text()
    lines = [line for line in said.splitlines() if line.startswith("seatline: ")]
    assert len(lines) == 1
    assert lines[0].startswith("seatline: DATABASE_URL: its schema is at 9999, newer")
    assert "Traceback" not in said
