"""PostgreSQL stands still: every request is answered in time all the same, and afterwards all is well."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from core.shows.service import Show
from local.embedded import find_free_port
from local.servers import EmbeddedPostgres
from tests.apart import live_apart
from tests.api.test_waiting import call, insist
from tests.lonely import frozen, run_lonely_postgres
from tests.measuring import measured
from tests.support import run_process, wait_for_http, wait_until

# By their own deadline, and not by that of a statement, which is 5 s.
ANSWERED_WITHIN_SECONDS = 4.5


@pytest.fixture(scope="module")
def postgres() -> Iterator[EmbeddedPostgres]:
    """A server that nothing else uses."""
    with run_lonely_postgres() as server:
        yield server


@pytest.fixture(scope="module")
def servers(servers: dict[str, str], postgres: EmbeddedPostgres) -> Iterator[dict[str, str]]:
    """That server, and the session's Redis."""
    with live_apart({**servers, "DATABASE_URL": postgres.url}, name="frozen", redis_database=5) as variables:
        yield variables


@pytest.fixture
def web(database: dict[str, str]) -> Iterator[str]:
    """A web process on it; ends before the tables are emptied, and with it what it may still be writing."""
    port = find_free_port()
    with run_process("web", {**database, "PORT": str(port), "HOST": "127.0.0.1", "WEB_CONCURRENCY": "1"}):
        wait_for_http(f"http://127.0.0.1:{port}/readyz")
        yield f"http://127.0.0.1:{port}"


def test_every_request_is_answered_in_time(
    web: str, postgres: EmbeddedPostgres, make_show: Callable[..., Show]
) -> None:
    """More of them than there are threads."""
    show = make_show()
    body = {"show_id": show.id, "seats": ["1"]}
    assert insist("POST", f"{web}/bookings", body)[0] == 202

    def ask(number: int) -> tuple[int, str | None]:
        if number % 2:
            status, headers, _ = call("POST", f"{web}/bookings", body)
        else:
            status, headers, _ = call("GET", f"{web}/shows/{show.id}")
        return status, headers["Retry-After"]

    with frozen(postgres), ThreadPoolExecutor(150) as pool, measured() as took:
        answers = set(pool.map(ask, range(150)))
    assert answers == {(503, "2")}
    assert took.quiet < ANSWERED_WITHIN_SECONDS
    wait_until(lambda: call("GET", f"{web}/readyz")[0] == 200)
    assert insist("POST", f"{web}/bookings", body)[0] == 202
