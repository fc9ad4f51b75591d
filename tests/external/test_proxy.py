"""Compose's proxy before real processes of web, as many as there are: requests and answers pass whole."""

import json
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from core.shows.service import Show
from local.embedded import find_free_port
from tests.acting import book, settle
from tests.api.test_stream import Viewer
from tests.api.test_waiting import call
from tests.external.haproxy import CONFIGURATION, Proxy, find_haproxy, run_proxy
from tests.support import ADMIN, run_process, wait_for_http, wait_until

pytestmark = [pytest.mark.external, pytest.mark.timeout(180)]
MakeShow = Callable[..., Show]
FIRST, SECOND = "127.0.0.2", "127.0.0.3"
ALLOWED = 20
SHOW = {"name": "A", "start_time": "2040-01-01T20:00:00Z", "total_seats": 10, "price": 100}
MIB = 1024**2


class Stand:
    """Processes of web behind the proxy, as compose starts them."""

    def __init__(self, stack: ExitStack, folder: Path, servers: dict[str, str]) -> None:
        self._stack, self._servers, self._port = stack, servers, find_free_port()
        self._running: dict[str, ExitStack] = {}
        self.proxy: Proxy = stack.enter_context(run_proxy(folder, self._port))

    def start(self, address: str) -> None:
        """Start a `web`, which is found once it answers."""
        variables = {
            "HOST": address,
            "PORT": str(self._port),
            "WEB_CONCURRENCY": "1",
            "TRUSTED_PROXIES": "1",
            "RATE_LIMIT_ENABLED": "true",
            "ADMIN_RATE_LIMIT": f"{ALLOWED}/minute",
        }
        own = self._running[address] = self._stack.enter_context(ExitStack())
        own.enter_context(run_process("web", {**self._servers, **variables}))
        wait_for_http(f"http://{address}:{self._port}/readyz")
        self.proxy.addresses.append(address)
        self.wait_for_turn(address)

    def wait_for_turn(self, address: str) -> None:
        """Ask the proxy until this `web` has answered."""
        answered = self.count(address, "/readyz")

        def has_answered() -> bool:
            wait_for_http(f"{self.proxy.address}/readyz")
            return self.count(address, "/readyz") > answered

        wait_until(has_answered)

    def stop(self, address: str) -> None:
        """Stop one as compose does: told to, and no name leads to it any more."""
        self._running[address].close()
        self.proxy.addresses.remove(address)

    def count(self, address: str, route: str) -> int:
        """How many requests to this route a `web` has answered."""
        line = f'seatline_http_requests_total{{method="GET",route="{route}",status="200"}}'
        with closing(HTTPConnection(address, self._port)) as connection:
            connection.request("GET", "/metrics")
            told = connection.getresponse().read().decode().splitlines()
        return int(float(next((each.split()[-1] for each in told if each.startswith(line)), 0)))


@pytest.fixture
def stand(database: dict[str, str], tmp_path: Path) -> Iterator[Stand]:
    """The proxy, and no `web` yet."""
    with ExitStack() as stack:
        yield Stand(stack, tmp_path, database)


def ask(stand: Stand, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any, Any]:
    return call(method, f"{stand.proxy.address}{path}", body, headers)


def test_configuration_has_no_fault() -> None:
    checked = subprocess.run(
        [find_haproxy(), "-c", "-dW", "-f", CONFIGURATION], capture_output=True, text=True, check=False
    )
    assert (checked.returncode, checked.stderr) == (0, "")


def test_without_web_clients_are_told_in_their_words(stand: Stand) -> None:
    status, headers, problem = ask(stand, "GET", '/shows/1?a="\\')
    assert status == 503
    assert headers["Content-Type"] == "application/problem+json"
    assert (headers["Retry-After"], headers["Access-Control-Allow-Origin"]) == ("2", "*")
    assert headers["X-Request-ID"]
    assert (problem["code"], problem["status"], problem["instance"]) == ("unavailable", 503, "/shows/1")
    assert problem.keys() == {"type", "title", "status", "detail", "instance", "code"}


def test_requests_are_shared_by_as_many_as_there_are(stand: Stand) -> None:
    for address in (FIRST, SECOND):
        stand.start(address)
    # HAProxy may give a new server several requests in a row before they take turns.
    stand.wait_for_turn(FIRST)
    for _ in range(40):
        assert ask(stand, "GET", "/shows")[0] == 200
    assert [stand.count(address, "/shows") for address in (FIRST, SECOND)] == [20, 20]
    # One goes, and nobody notices.
    stopping = threading.Thread(target=stand.stop, args=(FIRST,))
    stopping.start()
    statuses = []
    while stopping.is_alive() or len(statuses) < 100:
        statuses.append(ask(stand, "GET", "/shows")[0])
    stopping.join()
    assert set(statuses) == {200}


def test_stream_comes_as_it_is_sent(stand: Stand, make_show: MakeShow) -> None:
    show = make_show(total_seats=3)
    stand.start(FIRST)
    viewer = Viewer(stand.proxy.address, show.id)
    version, seats = viewer.read()
    assert len(seats) == 3
    for seat in ("1", "2"):
        version += 1
        book(show.id, seat)
        settle(show.id)
        assert viewer.read() == (version, {seat: "booked"})
    viewer.close()


def test_long_poll_has_its_time(stand: Stand, make_show: MakeShow) -> None:
    show = make_show()
    stand.start(FIRST)
    pending = book(show.id, "1")
    began = time.monotonic()
    status, _, booking = ask(stand, "GET", f"/bookings/{pending}?wait=25")
    assert (status, booking["status"]) == (200, "PENDING")
    assert time.monotonic() - began >= 24


def test_large_bodies_and_heads_pass(stand: Stand) -> None:
    stand.start(FIRST)
    body = json.dumps(SHOW).encode()
    status, _, show = ask(stand, "POST", "/admin/shows", body.ljust(32 * MIB), **ADMIN)
    assert (status, show["total_seats"]) == (201, 10)
    status, _, problem = ask(stand, "POST", "/admin/shows", body.ljust(32 * MIB + 1), **ADMIN)
    assert (status, problem["code"]) == (413, "payload_too_large")
    status, headers, _ = ask(
        stand, "GET", f"/shows/{show['id']}", **{"X-Long": "x" * 30_000, "X-Request-ID": "mine"}
    )
    assert (status, headers["X-Request-ID"]) == (200, "mine")


def test_clients_are_known_by_their_own_addresses(stand: Stand) -> None:
    """Each has its allowance, and none gets another one by what it makes up."""
    stand.start(FIRST)

    def fill(address: str, forwarded: str) -> list[int]:
        statuses = []
        for n in range(ALLOWED + 1):
            client = HTTPConnection("127.0.0.1", stand.proxy.port, source_address=(address, 0))
            with closing(client):
                client.request("GET", "/admin/shows/1", headers={"X-Forwarded-For": forwarded.format(n)})
                statuses.append(client.getresponse().status)
        return statuses

    for client in ("127.0.0.8", "127.0.0.9"):
        assert fill(client, "192.0.2.{}") == [401] * ALLOWED + [429]
