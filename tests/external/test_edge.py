"""deploy/haproxy before real processes of web: what comes from the internet, and what stays out."""

import gzip
import http.client
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from core.shows.service import Show
from tests.acting import book, settle
from tests.external.edge import CLIENT, FIRST, HOST, OPERATOR, Edge, ask_on, count, run_edge, run_stand
from tests.external.toolbox import need
from tests.support import ADMIN

pytestmark = [pytest.mark.external, pytest.mark.timeout(180), *need("curl")]
MakeShow = Callable[..., Show]
OTHER = "127.0.0.9"
ALLOWED = 20
# As deploy/haproxy/haproxy.cfg has them.
MOST_CONNECTIONS, MOST_REQUESTS, HEAD_SECONDS, SILENT_SECONDS = 200, 1000, 10, 35


@pytest.fixture
def edge(database: dict[str, str], tmp_path: Path) -> Iterator[Edge]:
    with run_stand(tmp_path, database) as found:
        yield found


@pytest.mark.parametrize("beside", ["servers.cfg", "compose.cfg"])
def test_configuration_has_no_fault(tmp_path: Path, beside: str) -> None:
    edge = Edge(tmp_path, {"one": "127.0.0.1:8000"}, beside)
    checked = subprocess.run([*edge.command, "-c", "-dW"], capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, "")


def test_tls_is_of_today(edge: Edge) -> None:
    assert edge.ask("GET", "/shows").headers["Strict-Transport-Security"] == "max-age=63072000"
    for version in ("TLSv1_2", "TLSv1_3"):
        context = edge.trust("h2", "http/1.1")
        context.minimum_version = context.maximum_version = ssl.TLSVersion[version]
        with edge.connect(context=context) as connection:
            assert connection.version() == version.replace("_", ".")
            assert connection.selected_alpn_protocol() == "h2"
    old = edge.trust()
    old.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning):
        old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(ssl.SSLError, match="alert protocol version"):
        edge.connect(context=old)


def test_what_comes_in_the_clear_is_led_to_tls_and_never_to_web(edge: Edge) -> None:
    with closing(http.client.HTTPConnection(HOST, edge.plain_port)) as connection:
        led = ask_on(connection, "GET", "/shows?q=a", Host="tickets.example")
        assert (led.status, led.headers["Location"]) == (308, "https://tickets.example/shows?q=a")
    with closing(http.client.HTTPConnection(HOST, edge.plain_port)) as connection:
        refused = ask_on(connection, "POST", "/bookings", {}, **ADMIN)
        assert (refused.status, refused.json["instance"]) == (403, "/bookings")
    assert count(edge.web, "/shows") == 0


def test_clients_cannot_forge_where_they_come_from(tmp_path: Path) -> None:
    heads: list[str] = []

    def serve(listener: socket.socket) -> None:
        while True:
            with closing(listener.accept()[0]) as client:
                heads.append(client.recv(65_536).decode())
                client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    with socket.create_server((FIRST, 0)) as listener:
        threading.Thread(target=serve, args=(listener,), daemon=True).start()
        with run_edge(tmp_path, {"one": f"{FIRST}:{listener.getsockname()[1]}"}) as edge:
            forged = {
                "X_Forwarded_For": "192.0.2.1",
                "X_Forwarded_Proto": "http",
                "Forwarded": "for=192.0.2.1",
            }
            assert edge.ask("GET", "/shows", **forged).status == 200
    told = [line.lower() for line in next(head for head in heads if "/shows" in head).split("\r\n")]
    assert [line for line in told if "forwarded" in line] == [
        f"x-forwarded-for: {CLIENT}",
        "x-forwarded-proto: https",
    ]


def test_each_address_has_its_allowance(tmp_path: Path, database: dict[str, str]) -> None:
    limits = {"RATE_LIMIT_ENABLED": "true", "RATE_LIMIT": f"{ALLOWED}/minute"}
    with run_stand(tmp_path, database, **limits) as edge:
        for source in (OTHER, OPERATOR):
            asked = [
                edge.ask("GET", "/shows", source=source, X_Forwarded_For=f"192.0.2.{n}")
                for n in range(ALLOWED + 1)
            ]
            assert [answer.status for answer in asked] == [200] * ALLOWED + [429]


def test_admin_and_metrics_are_open_to_operators_alone(edge: Edge) -> None:
    for path in ("/admin/stats", "/metrics"):
        assert edge.ask("GET", path, source=OPERATOR, **ADMIN).status == 200
        refused = edge.ask("GET", path, **ADMIN)
        assert (refused.status, refused.json["code"]) == (403, "forbidden")
        assert refused.headers["X-Request-ID"]
    spellings = ["//admin/stats", "/%61dmin/stats", "/ADMIN/stats", "/%2fadmin/stats", "/./admin/stats"]
    spellings += ["/x/../admin/stats", "/admin%2fstats", "/%2561dmin/stats", "/metrics/", "//%6detrics"]
    for path in [*spellings, f"https://{HOST}/admin/stats"]:
        assert edge.ask("GET", path, **ADMIN).status in (403, 404), path


@pytest.mark.parametrize("version", ["--http1.1", "--http2"])
@pytest.mark.usefixtures("database")
def test_stream_comes_as_it_is_sent(edge: Edge, make_show: MakeShow, version: str) -> None:
    show = make_show(total_seats=3)
    url = f"https://{HOST}:{edge.port}/shows/{show.id}/stream"
    command = ["curl", "-sSN", version, "--cacert", edge.authority, url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as viewer:
        assert viewer.stdout
        try:
            events = (line for line in viewer.stdout if line.startswith("data: "))
            assert next(events)
            for seat in ("1", "2"):
                book(show.id, seat)
                settle(show.id)
                assert f'"{seat}"' in next(events)
        finally:
            viewer.terminate()


def test_long_poll_has_its_time(edge: Edge, make_show: MakeShow) -> None:
    pending = book(make_show().id, "1")
    began = time.monotonic()
    asked = edge.ask("GET", f"/bookings/{pending}?wait=25")
    assert (asked.status, asked.json["status"]) == (200, "PENDING")
    assert time.monotonic() - began >= 24


def test_large_heads_and_bodies_pass(edge: Edge) -> None:
    show = {"name": "A" * 100, "start_time": "2040-01-01T20:00:00Z", "total_seats": 10, "price": 100}
    made = edge.ask("POST", "/admin/shows", show | {"x": "x" * 2_000_000}, source=OPERATOR, **ADMIN)
    # Whole at `web`, which knows no such field.
    assert (made.status, made.json["code"]) == (422, "invalid_request")
    assert edge.ask("GET", "/shows", X_Long="x" * 30_000).status == 200
    assert edge.ask("GET", "/shows", X_Long="x" * 40_000).status == 400


def test_who_is_slow_is_closed_and_holds_up_no_other(edge: Edge) -> None:
    head = b"POST /bookings HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
    began = time.monotonic()
    with ExitStack() as stack:
        silent = stack.enter_context(closing(socket.create_connection((HOST, edge.port))))
        slow = [stack.enter_context(closing(edge.connect())) for _ in range(150)]
        for connection in slow[:75]:
            connection.sendall(head)
        for connection in slow[75:]:
            connection.sendall(head + b"Content-Length: 9\r\n\r\n{")
        for _ in range(50):
            asked = time.monotonic()
            assert edge.ask("GET", "/shows", source=OTHER).status == 200
            assert time.monotonic() - asked < 2
        for connection in slow:
            assert connection.recv(4096).startswith(b"HTTP/1.1 408 ")
        assert HEAD_SECONDS <= time.monotonic() - began + 1 < HEAD_SECONDS * 2
        assert silent.recv(1) == b""
        assert time.monotonic() - began < SILENT_SECONDS * 1.5
    assert 'method="POST"' not in edge.ask("GET", "/metrics", source=OPERATOR).body.decode()


def test_an_address_has_so_many_connections_and_others_have_theirs(edge: Edge) -> None:
    with ExitStack() as stack:
        for _ in range(MOST_CONNECTIONS):
            stack.enter_context(closing(edge.connect()))
        with pytest.raises(OSError):
            edge.connect()
        assert edge.ask("GET", "/shows", source=OTHER).status == 200


def test_an_address_has_so_many_requests_and_others_have_theirs(edge: Edge) -> None:
    # What is answered by HAProxy itself, so that they are all of one ten seconds.
    with closing(edge.open()) as connection:
        asked = [ask_on(connection, "GET", "/metrics") for _ in range(MOST_REQUESTS + 1)]
    assert {answer.status for answer in asked[:-1]} == {403}
    assert (asked[-1].status, asked[-1].json["code"]) == (429, "rate_limited")
    assert edge.ask("GET", "/shows", source=OTHER).status == 200


def test_files_are_kept_and_each_request_has_its_id(edge: Edge) -> None:
    module = edge.ask("GET", "/embed/v1/seatline.js").body.decode()
    entry = next(part for part in module.split('"') if part.startswith("/assets/"))
    path = entry.replace("embed/v1/seatline.js", "map/stage.js")
    plain, packed = edge.ask("GET", path), edge.ask("GET", path, Accept_Encoding="gzip")
    assert gzip.decompress(packed.body) == plain.body
    before = count(edge.web, "/assets/<digest>/<path:file>")
    again = edge.ask("GET", path, Accept_Encoding="gzip, deflate, br")
    assert count(edge.web, "/assets/<digest>/<path:file>") == before > 0
    assert again.body == packed.body
    for name in ("Cache-Control", "Content-Encoding", "ETag", "Access-Control-Allow-Origin"):
        assert again.headers[name] == packed.headers[name]
    assert again.headers["X-Request-ID"] != packed.headers["X-Request-ID"]
    # Who takes none of it packed gets it as it is.
    assert edge.ask("GET", path).body == plain.body
