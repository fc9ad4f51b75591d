"""The processes with what compose gives them, and nothing else: together they sell a seat."""

from contextlib import ExitStack
from pathlib import Path

import pytest

from local.embedded import find_free_port
from tests.api.test_waiting import call
from tests.deploy.composing import OTHERS, SECRETS, read_given, read_services
from tests.pipeline.test_processes import ask_status, running
from tests.support import HANGS_SECONDS, wait_until

pytestmark = pytest.mark.processes
SHOW = {"name": "A show", "start_time": "2040-01-01T20:00:00Z", "total_seats": 2, "price": 100}


@pytest.fixture
def given(database: dict[str, str], tmp_path: Path) -> dict[str, dict[str, str]]:
    """Each process's variables, where the servers are the operator's own; the ports are the test's."""
    urls = {name: database[name] for name in ("DATABASE_URL", "REDIS_URL")}
    fewer = {"POSTGRES_SCALE": "0", "REDIS_SCALE": "0", "WEB_CONCURRENCY": "1", "WORKER_CONCURRENCY": "1"}
    services = read_services({**SECRETS, **urls, **fewer})
    found = {name: read_given(service) for name, service in services.items() if name not in OTHERS}
    found["web"] |= {"PORT": str(find_free_port()), "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    found["flower"] |= {"FLOWER_PORT": str(find_free_port())}
    return found


def test_they_sell_a_seat(given: dict[str, dict[str, str]], tmp_path: Path) -> None:
    with ExitStack() as stack:
        release = stack.enter_context(running("release", given.pop("release"), tmp_path / "release.log"))
        assert release.wait(HANGS_SECONDS) == 0
        for name, variables in given.items():
            stack.enter_context(running(name, variables, tmp_path / f"{name}.log"))
        web, flower = given["web"]["PORT"], given["flower"]["FLOWER_PORT"]
        wait_until(lambda: ask_status(f"http://127.0.0.1:{web}/readyz") == 200)
        key = {"Authorization": f"Bearer {SECRETS['ADMIN_API_KEY']}"}
        status, _, show = call("POST", f"http://127.0.0.1:{web}/admin/shows", SHOW, key)
        assert status == 201
        # As one that comes through the proxy; in production there are allowances.
        told = {"X-Forwarded-For": "192.0.2.1"}
        body = {"show_id": show["id"], "seats": ["1"]}
        status, headers, booking = call("POST", f"http://127.0.0.1:{web}/bookings", body, told)
        assert (status, headers["RateLimit-Limit"]) == (202, "120")
        settled = f"http://127.0.0.1:{web}/bookings/{booking['id']}?wait=2"
        wait_until(lambda: call("GET", settled, None, told)[2]["status"] == "CONFIRMED")
        wait_until(lambda: ask_status(f"http://127.0.0.1:{flower}/api/workers") == 401)
