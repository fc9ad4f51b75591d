"""Keys in real web processes, several beside each other, and with a PostgreSQL that goes away."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from core.access.principals import Role
from local.embedded import find_free_port
from local.servers import EmbeddedPostgres
from tests.apart import live_apart
from tests.api.test_waiting import call, insist
from tests.keys import choose_text, make_key, revoke
from tests.lonely import frozen, run_lonely_postgres, stopped
from tests.measuring import measured
from tests.support import ADMIN, run_process, wait_for_http, wait_until

pytestmark = pytest.mark.processes

REFUSED_WITHIN_SECONDS = 5.0
ANSWERED_WITHIN_SECONDS = 2.0


@pytest.fixture(scope="module")
def postgres() -> Iterator[EmbeddedPostgres]:
    """A server that nothing else uses."""
    with run_lonely_postgres() as server:
        yield server


@pytest.fixture(scope="module")
def servers(servers: dict[str, str], postgres: EmbeddedPostgres) -> Iterator[dict[str, str]]:
    """That server, and the session's Redis."""
    with live_apart({**servers, "DATABASE_URL": postgres.url}, name="ring", redis_database=7) as variables:
        yield variables


@pytest.fixture(scope="module")
def webs(servers: dict[str, str]) -> Iterator[list[str]]:
    """Two web processes on it; their addresses."""
    with ExitStack() as processes:
        addresses = []
        for _ in range(2):
            port = str(find_free_port())
            web = {**servers, "PORT": port, "HOST": "127.0.0.1", "WEB_CONCURRENCY": "1"}
            processes.enter_context(run_process("web", web))
            addresses.append(f"http://127.0.0.1:{port}")
        for address in addresses:
            wait_for_http(f"{address}/readyz")
        yield addresses


def test_a_new_key_works_at_once_and_a_revoked_one_nowhere_after_five_seconds(
    database: dict[str, str], webs: list[str]
) -> None:
    key = make_key(Role.BOX_OFFICE)
    for web in webs:
        assert insist("GET", f"{web}/admin/stats", headers=key.headers)[0] == 200
    revoke(key)
    began = time.monotonic()

    def ask() -> bool:
        """Whether all refuse it; none of those takes it that was asked after the five seconds."""
        asked_after = time.monotonic() - began
        found = {insist("GET", f"{web}/admin/stats", headers=key.headers)[0] for web in webs}
        assert found <= {200, 401}
        assert found == {401} or asked_after < REFUSED_WITHIN_SECONDS
        return found == {401}

    wait_until(ask)


@pytest.mark.parametrize("ail", [frozen, stopped])
def test_without_the_database_a_key_is_known_for_five_seconds(
    database: dict[str, str], webs: list[str], postgres: EmbeddedPostgres, ail: Callable[..., Any]
) -> None:
    """Then it is 503 and not what was true; the admin key needs no database, and a probe no key."""
    web, key = webs[0], make_key()
    wait_until(lambda: call("GET", f"{web}/nothing", headers=key.headers)[0] == 404)
    with ail(postgres):
        began = time.monotonic()

        def has_ended() -> bool:
            asked_after = time.monotonic() - began
            status, headers, _ = call("GET", f"{web}/nothing", headers=key.headers)
            assert status in (404, 503)
            assert status == 503 or asked_after < REFUSED_WITHIN_SECONDS
            assert status == 404 or headers["Retry-After"]
            return status == 503

        wait_until(has_ended)
        with measured() as took:
            made_up = {"Authorization": f"Bearer {choose_text()}"}
            assert call("GET", f"{web}/nothing", headers=made_up)[0] == 503
        assert took.quiet < ANSWERED_WITHIN_SECONDS
        assert call("GET", f"{web}/nothing", headers=ADMIN)[0] == 404
        assert call("GET", f"{web}/nothing")[0] == 404
        assert call("GET", f"{web}/healthz", headers=key.headers)[0] == 200
        assert call("GET", f"{web}/nothing", headers={"Authorization": "Bearer x"})[0] == 401
    wait_until(lambda: call("GET", f"{web}/nothing", headers=key.headers)[0] == 404)
