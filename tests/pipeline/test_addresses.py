"""Clients' addresses are stored nowhere: in no table, not in Redis, in no log, whatever they send."""

import http.client
import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from core.access.pseudonyms import hide
from core.infra.redis import get_redis
from core.shows.service import Show
from local.embedded import find_free_port
from tests.acting import ask
from tests.apart import live_apart
from tests.support import ADMIN, HANGS_SECONDS, WORKER, run_process, wait_for_http, wait_until

pytestmark = pytest.mark.processes

# A client's own, and those that a proxy tells of others.
ADDRESS, FORWARDED, FORWARDED_6 = "127.9.8.7", "203.0.113.77", "2001:db8:77:7:8::9"
TRACES = ADDRESS, FORWARDED, "2001:db8:77"
PRODUCTION = {
    "SEATLINE_ENV": "production",
    "SEATLINE_SECRET": "the-secret-of-this-test-and-of-nobody-else",
    "TRUSTED_PROXIES": "1",
    # Counters outlast the test, and are reached.
    "BOOKING_RATE_LIMIT": "20/hour",
    "RATE_LIMIT": "1000/hour",
    "ADMIN_RATE_LIMIT": "1000/hour",
    "LOG_LEVEL": "DEBUG",
    "HOST": "127.0.0.1",
    "WEB_CONCURRENCY": "1",
}
LOGGED = "web", "worker", "beat", "outbound"


@pytest.fixture(scope="module")
def servers(servers: dict[str, str]) -> Iterator[dict[str, str]]:
    """The session's servers, apart, as production has them."""
    with live_apart({**servers, **PRODUCTION}, name="addresses", redis_database=13) as variables:
        yield variables


@pytest.fixture
def logs(database: dict[str, str], tmp_path: Path) -> Iterator[Path]:
    """The folder of what all processes say; web is at the port that the file `port` there has."""
    port = find_free_port()
    (tmp_path / "port").write_text(str(port))
    with ExitStack() as stack:
        for name in LOGGED:
            variables = {**database, **WORKER, "PORT": str(port)}
            stack.enter_context(run_process(name, variables, log=tmp_path / name))
        wait_for_http(f"http://127.0.0.1:{port}/readyz")
        yield tmp_path


class Client:
    """Requests from one address, by itself or for another that it tells of."""

    def __init__(self, port: int, forwarded: str | None = None) -> None:
        self._port, self._headers = port, {"X-Forwarded-For": forwarded} if forwarded else {}

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        """The answer's status and document."""
        sent = {"Content-Type": "application/json", **self._headers, **headers}
        text = body if isinstance(body, str) else None if body is None else json.dumps(body)
        with closing(self._connect()) as connection:
            connection.request(method, path, text, sent)
            answer = connection.getresponse()
            if answer.headers["Content-Type"] == "text/event-stream":
                return answer.status, answer.readline()
            read = answer.read()
            return answer.status, json.loads(read) if "json" in answer.headers["Content-Type"] else read

    def _connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(
            "127.0.0.1", self._port, timeout=HANGS_SECONDS, source_address=(ADDRESS, 0)
        )

    def send_garbage(self) -> None:
        """What is no HTTP; until the server closes."""
        address = "127.0.0.1", self._port
        with socket.create_connection(address, HANGS_SECONDS, source_address=(ADDRESS, 0)) as connection:
            connection.sendall(b"\x16\x03\x01 what is no HTTP\r\n\r\n")
            while connection.recv(1024):
                pass


def look_around(client: Client, show_id: int) -> None:
    """Read, follow, ask what cannot be, try keys."""
    for path in ("/shows", f"/shows/{show_id}", f"/shows/{show_id}/seats", f"/shows/{show_id}/stream"):
        assert client.ask("GET", path)[0] == 200
    for path in ("/nothing", "/shows/0", "/shows?limit=x", "/shows?q=%ff", "/bookings/x?wait=1"):
        assert client.ask("GET", path)[0] in {400, 404, 422}
    assert client.ask("GET", "/admin/stats")[0] == 401
    assert client.ask("GET", "/admin/stats", Authorization="Bearer nobody-issued-this-one")[0] == 401
    client.send_garbage()


def book(client: Client, show_id: int) -> None:
    """Book, hold, confirm, in every way, until that is too much."""
    wait = {"Prefer": "wait=25"}
    wanted = {"show_id": show_id, "quantity": 2}
    assert client.ask("POST", "/bookings", "{")[0] == 400
    assert client.ask("POST", "/bookings", {**wanted, "quantity": 0})[0] == 422
    assert client.ask("POST", "/bookings", wanted, **wait)[0] == 201
    assert client.ask("POST", "/bookings/batch", {"bookings": [wanted, wanted]}, **wait)[0] == 201
    status, held = client.ask("POST", "/bookings", {**wanted, "hold": True}, **wait)
    assert (status, held["held"]) == (201, True)
    assert client.ask("GET", f"/bookings/{held['id']}?wait=1")[0] == 200
    assert client.ask("POST", f"/bookings/{held['id']}/extend", {})[0] == 200
    assert client.ask("POST", f"/bookings/{held['id']}/confirm", {}, **wait)[0] == 200
    assert client.ask("POST", f"/bookings/{held['id']}/cancel", {}, **wait)[0] == 200
    wait_until(lambda: client.ask("POST", "/bookings", "{")[0] == 429)


def operate(client: Client) -> None:
    """Change what an operator changes, and have an endpoint told."""
    show = {"name": "Hamlet", "start_time": "2099-01-10T19:30:00Z", "total_seats": 3}
    status, made = client.ask("POST", "/admin/shows", show, **ADMIN)
    assert status == 201
    assert client.ask("PATCH", f"/admin/shows/{made['id']}", {"name": "Othello"}, **ADMIN)[0] == 200
    assert client.ask("POST", f"/admin/shows/{made['id']}/cancel", {}, **ADMIN)[0] == 202
    endpoint = {"url": f"https://receiver.example/{made['id']}"}
    assert client.ask("POST", "/admin/webhook-endpoints", endpoint, **ADMIN)[0] == 201


def list_tables_with(trace: str) -> list[str]:
    """The tables that have a row in which it stands."""
    tables = ask("SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'seats_flat'")
    found = "SELECT FROM {} AS t WHERE position(:trace IN t::text) > 0 LIMIT 1"
    return [row.tablename for row in tables if ask(found.format(row.tablename), trace=trace)]


def read_redis() -> str:
    """All keys, and all that they lead to."""
    client = get_redis()
    read = {
        b"string": client.get,
        b"list": partial(client.lrange, start=0, end=-1),
        b"hash": client.hgetall,
        b"set": client.smembers,
        b"zset": partial(client.zrange, start=0, end=-1),
        b"stream": client.xrange,
    }
    return str([(key, read[client.type(key)](key)) for key in client.scan_iter()])


def test_an_address_is_stored_nowhere(logs: Path, make_show: Any) -> None:
    show: Show = make_show(total_seats=200)
    port = int((logs / "port").read_text())
    clients = [Client(port), Client(port, FORWARDED), Client(port, FORWARDED_6)]
    for client in clients:
        look_around(client, show.id)
        book(client, show.id)
        operate(client)
    networks = ADDRESS, FORWARDED, "2001:db8:77:7::/64"
    pseudonyms = {hide(network) for network in networks}
    assert {row.client for row in ask("SELECT client FROM audit_log")} == pseudonyms
    kept = read_redis()
    assert all(pseudonym in kept for pseudonym in pseudonyms)
    for trace in TRACES:
        assert list_tables_with(trace) == []
        assert trace not in kept
        assert [name for name in LOGGED if trace in (logs / name).read_text(errors="replace")] == []
    assert list_tables_with(next(iter(pseudonyms))) != []
