"""PgBouncer in transaction mode: bookings go through it, with every time-out, and through its restart."""

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from core.infra.async_db import LoopConnection
from core.infra.db import primary, transaction
from core.infra.prepared import Prepared
from core.shows.service import NewShow, Show, create_show
from local.embedded import find_free_port
from local.servers import EmbeddedPostgres
from proof.pgbouncer import PgBouncer
from tests.acting import ask
from tests.apart import enter, make_migrated_database
from tests.invariants import check_settled
from tests.pipeline.load import posting
from tests.support import HANGS_SECONDS, ROOT, run_process, wait_for_http, wait_until

pytestmark = pytest.mark.external
MakeShow = Callable[..., Show]
DECLARED = {"DATABASE_POOLER": "pgbouncer"}
TIMEOUTS = {
    "statement_timeout": "5s",
    "lock_timeout": "2s",
    "idle_in_transaction_session_timeout": "3s",
    "TimeZone": "UTC",
}
SHOW = {
    "name": "A show",
    "start_time": datetime.now(UTC) + timedelta(days=30),
    "hold_seconds": 120,
    "price": 100,
    "total_seats": 20_000,
}
# After PostgreSQL is back, or its pooler.
BACK_WITHIN_SECONDS = 2


@contextmanager
def run_pooler(url: str, **settings: str) -> Iterator[PgBouncer]:
    """A pooler before the server of this URL."""
    with tempfile.TemporaryDirectory(prefix="seatline-pgbouncer-") as folder:
        pooler = PgBouncer(Path(folder), url, **settings)
        pooler.start()
        try:
            yield pooler
        finally:
            pooler.stop()


@pytest.fixture(scope="module")
def pooler(servers: dict[str, str]) -> Iterator[PgBouncer]:
    """A pooler before the tests' PostgreSQL, at a database of our own."""
    with run_pooler(make_migrated_database(servers["DATABASE_URL"], "pooled")) as found:
        yield found


@pytest.fixture
def pooled(servers: dict[str, str], pooler: PgBouncer) -> Iterator[dict[str, str]]:
    """The session's servers, with the pooler in between."""
    variables = {**servers, **DECLARED, "DATABASE_URL": pooler.url}
    with enter(variables):
        yield variables


@pytest.mark.parametrize(("name", "value"), TIMEOUTS.items())
def test_time_out_is_in_force(pooled: dict[str, str], name: str, value: str) -> None:
    with primary() as connection:
        assert connection.execute(text(f"SHOW {name}")).scalar_one() == value
    with transaction() as connection:
        connection.execute(text("SELECT 1"))
        assert connection.execute(text(f"SHOW {name}")).scalar_one() == value


def test_the_loops_connection_has_its_own(pooled: dict[str, str]) -> None:
    async def show() -> object:
        connection = LoopConnection()
        statement = Prepared("show_lock_timeout", "SELECT current_setting('lock_timeout'), :id")
        return await connection.fetch_all(statement, lambda: {"id": 1})

    assert asyncio.run(show()) == [("100ms", 1)]


def start(variables: dict[str, str], url: str) -> subprocess.CompletedProcess[str]:
    """A web process that is expected to end at once."""
    command = [sys.executable, "-m", "api.server.main"]
    environment = {**os.environ, **variables, "DATABASE_URL": url, "PORT": str(find_free_port())}
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=HANGS_SECONDS
    )


@pytest.mark.parametrize("settings", [{}, {"ignore_startup_parameters": "options"}])
def test_undeclared_pooler_is_told_of_in_one_line(servers: dict[str, str], settings: dict[str, str]) -> None:
    with run_pooler(servers["DATABASE_URL"], **settings) as pooler:
        started = start(servers, pooler.url)
    assert started.returncode == 1
    assert started.stderr.startswith("seatline: DATABASE_URL: ")
    assert started.stderr.count("\n") == 1
    assert "set DATABASE_POOLER=pgbouncer" in started.stderr


@contextmanager
def run_processes(variables: dict[str, str]) -> Iterator[int]:
    """Web, with a worker and a beat; its port."""
    port = find_free_port()
    web = {**variables, "PORT": str(port), "HOST": "127.0.0.1", "WEB_CONCURRENCY": "2"}
    with run_process("web", web), run_process("worker", variables), run_process("beat", variables):
        wait_for_http(f"http://127.0.0.1:{port}/readyz")
        yield port


def check_restart(port: int, show_id: int, *, stop: Callable[[], object], start: Callable[[], object]) -> int:
    """Bookings are taken again within two seconds of the start; how many were accepted."""
    with posting(port, show_id) as running:
        wait_until(lambda: len(running.posts) > 50)
        stop()
        # Long enough that everybody has noticed, and waits.
        gone_at = time.monotonic()
        wait_until(lambda: running.posts[-1].sent_at > gone_at + 3)
        start()
        back_at = time.monotonic()
        wait_until(lambda: running.posts[-1].sent_at > back_at + 2 * BACK_WITHIN_SECONDS)
    refused = [post.sent_at - back_at for post in running.posts if post.status not in (0, 202)]
    assert refused
    assert max(refused) < BACK_WITHIN_SECONDS
    return sum(post.status == 202 for post in running.posts)


def check_all(accepted: int) -> None:
    """All that was accepted is settled, and rightly."""
    wait_until(lambda: not ask("SELECT FROM bookings WHERE wants IS NOT NULL LIMIT 1"))
    check_settled()
    # A booking whose answer was lost is there as well.
    assert ask("SELECT count(*) FROM bookings")[0][0] >= accepted


def test_bookings_go_on_after_its_restart(
    pooled: dict[str, str], pooler: PgBouncer, make_show: MakeShow
) -> None:
    show = make_show(total_seats=20_000)
    with run_processes(pooled) as port:
        check_all(check_restart(port, show.id, stop=pooler.stop, start=pooler.start))


@pytest.fixture(scope="module")
def lonely(servers: dict[str, str]) -> Iterator[EmbeddedPostgres]:
    """A PostgreSQL that nothing else uses, and that keeps its port over a restart."""
    folder = Path(tempfile.mkdtemp(prefix="seatline-lonely-"))
    folder.chmod(0o755)
    server = EmbeddedPostgres(folder / "postgres", port=find_free_port())
    server.start()
    yield server
    server.discard()


def test_bookings_go_on_after_a_restart_of_postgresql(
    servers: dict[str, str], lonely: EmbeddedPostgres
) -> None:
    with run_pooler(make_migrated_database(lonely.url, "pooled")) as pooler:
        variables = {**servers, **DECLARED, "DATABASE_URL": pooler.url}
        with enter(variables), run_processes(variables) as port:
            with transaction() as connection:
                show = create_show(connection, NewShow(**SHOW))
            check_all(check_restart(port, show.id, stop=lonely.stop, start=lonely.start))
