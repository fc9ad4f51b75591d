"""Real servers for the tests, an embedded PostgreSQL and Valkey each test process, emptied between tests."""

import os
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, settings
from psycopg2.errors import DeadlockDetected
from sqlalchemy.exc import OperationalError

from core.infra import db, jobs, redis
from core.infra.settings import get_settings
from core.shows.service import NewShow, Show, create_show
from local.data_dirs import write_private
from local.embedded import find_free_port
from local.servers import EmbeddedPostgres, EmbeddedRedis
from proof.tables import empty_tables
from tests.apart import forget_database, make_migrated_database
from tests.canary import CANARY, pytest_runtest_makereport, watch
from tests.support import ADMIN_KEY, SECRET, WORKER, run_process, wait_for_http, wait_until
from tests.tracing import Kept, keep_traces

__all__ = ["pytest_runtest_makereport"]

# On a busy machine every example takes long.
settings.register_profile("seatline", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("seatline")


@pytest.fixture(scope="session")
def servers() -> Iterator[dict[str, str]]:
    """Both servers, running and migrated; the variables that lead to them are set in this process too."""
    # Not under pytest's own folder, which is closed to the user that servers run as for root.
    folder = Path(tempfile.mkdtemp(prefix="seatline-tests-"))
    folder.chmod(0o755)
    postgres = EmbeddedPostgres(folder / "postgres", durable=False, port=find_free_port())
    redis_server = EmbeddedRedis(folder / "redis", durable=False, port=find_free_port())
    for server in (postgres, redis_server):
        server.data_dir.mkdir()
        write_private(server.data_dir / "password", f"{CANARY}-{secrets.token_hex(16)}")
        watch(server.data_dir / "server.log")
    with postgres, redis_server:
        variables = {
            "DATABASE_URL": postgres.url,
            "REDIS_URL": redis_server.url,
            "ADMIN_API_KEY": ADMIN_KEY,
            "SEATLINE_SECRET": SECRET,
            "SEATLINE_ENV": "development",
        }
        os.environ.update(variables)
        os.environ["DATABASE_URL"] = variables["DATABASE_URL"] = make_migrated_database(postgres.url, "tests")
        get_settings.cache_clear()
        yield variables
        db.dispose_engines()
    # Not only the folder: in a closed checkout the programs were copied to where their user can go.
    postgres.discard()
    redis_server.discard()
    shutil.rmtree(folder)


@pytest.fixture
def database(servers: dict[str, str]) -> Iterator[dict[str, str]]:
    """An empty, migrated database and an empty Redis; nothing is remembered of earlier ones."""
    yield servers
    wait_until(_empty)
    redis.breaker.close()
    jobs.broker_breaker.close()
    redis.get_redis().flushall()
    forget_database()


def _empty() -> bool:
    """Whether the tables could be emptied: real workers that still run may hold locks in another order."""
    try:
        with db.transaction() as connection:
            empty_tables(connection)
    except OperationalError as error:
        if isinstance(error.orig, DeadlockDetected):
            return False
        raise
    return True


@pytest.fixture
def client(database: dict[str, str]) -> FlaskClient:
    """A client of the real application, in this process."""
    from api.app import create_app  # noqa: PLC0415 (reads the settings, which the servers set)

    return create_app().test_client()


@pytest.fixture
def make_show(database: dict[str, str]) -> Callable[..., Show]:
    """Create a show, of ten seats "1" … "10" at 100 each unless said otherwise."""

    def make(**changes: Any) -> Show:
        fields = {
            "name": "A show",
            "start_time": datetime.now(UTC) + timedelta(days=30),
            "hold_seconds": 120,
            "price": 100,
            **changes,
        }
        if not fields.keys() & {"total_seats", "sections", "seating_plan"}:
            fields["total_seats"] = 10
        with db.transaction() as connection:
            return create_show(connection, NewShow(**fields))

    return make


@pytest.fixture(scope="module")
def workers(servers: dict[str, str]) -> Iterator[None]:
    """A real worker and a real beat on the servers, for this module: in others nothing settles by itself."""
    with run_process("worker", {**servers, **WORKER}), run_process("beat", {**servers, **WORKER}):
        yield


@pytest.fixture(scope="session")
def web(servers: dict[str, str]) -> Iterator[str]:
    """A real web process on the servers; its address."""
    port = find_free_port()
    with run_process("web", {**servers, "PORT": str(port), "HOST": "127.0.0.1", "WEB_CONCURRENCY": "2"}):
        address = f"http://127.0.0.1:{port}"
        wait_for_http(f"{address}/readyz")
        yield address


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The files of real processes first: begun last, they would run on alone."""
    items.sort(key=lambda item: item.get_closest_marker("processes") is None)


@pytest.fixture
def kept() -> Iterator[Kept]:
    """What is traced in this process."""
    with keep_traces() as traces:
        yield traces
