"""SIGTERM under load: each process ends by itself within ten seconds, and leaves nothing half done."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from http.client import HTTPConnection
from itertools import product
from pathlib import Path

import orjson
import psutil
import pytest

from api.server.main import STOP_SECONDS
from core.events.publisher import STREAM
from core.infra.db import transaction
from core.infra.pubsub import BOOKINGS_CHANNEL
from core.infra.redis import get_redis
from core.shows.service import Show
from core.webhooks import service as webhooks
from local.embedded import find_free_port
from proof.sink import Sink, run_sink
from proof.tables import UNPUBLISHED
from tests.acting import ask
from tests.apart import enter, live_apart
from tests.invariants import check_invariants, check_settled
from tests.measuring import measured
from tests.pipeline.load import Client, Post, posting, under_load
from tests.support import HANGS_SECONDS, WORKER, run_process, wait_for_http, wait_until

pytestmark = pytest.mark.processes
MakeShow = Callable[..., Show]
Process = subprocess.Popen[bytes]
STOPPED_WITHIN_SECONDS = 10
# What has not stopped by itself by then is killed (api/server/main.py).
DRAINED_WITHIN_SECONDS = STOP_SECONDS - 1
# A request may be on its way on a connection that is idle for all that the process knows, and closed as such.
ON_ITS_WAY_SECONDS = 0.5
ALLOWED = {"WEBHOOK_ALLOW_PRIVATE": "true"}


def tell_main(process: Process) -> None:
    """As an orchestrator does."""
    process.terminate()


def tell_group(process: Process) -> None:
    """As honcho does, and a terminal's Ctrl-C."""
    os.killpg(process.pid, signal.SIGTERM)


TOLD = pytest.mark.parametrize("tell", [tell_main, tell_group])
Tell = Callable[[Process], None]


def await_end(process: Process, seconds: float = STOPPED_WITHIN_SECONDS) -> None:
    """It ends in time and well, and with all that it started."""
    with measured() as took:
        assert process.wait(HANGS_SECONDS) == 0
    assert took.quiet < seconds
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)


@pytest.fixture(scope="module")
def servers(servers: dict[str, str]) -> Iterator[dict[str, str]]:
    """The session's servers, apart from its processes."""
    with live_apart(servers, name="stops", redis_database=7) as variables:
        yield variables


@contextmanager
def run_web(servers: dict[str, str], *, log: Path | None = None) -> Iterator[tuple[Process, int]]:
    """A web process that is ready, and its port."""
    port = find_free_port()
    variables = {**servers, "PORT": str(port), "HOST": "127.0.0.1", "WEB_CONCURRENCY": "2"}
    with run_process("web", variables, log=log) as process:
        wait_for_http(f"http://127.0.0.1:{port}/readyz")
        yield process, port


def await_closed(port: int) -> None:
    """The process has heard that it is to stop: no new connection is taken."""

    def is_closed() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) != 0

    wait_until(is_closed)


def send_again(port: int, show_id: int, posts: list[Post]) -> None:
    with closing(HTTPConnection("127.0.0.1", port, timeout=HANGS_SECONDS)) as connection:
        for post in posts:
            first_id = post.booking_id
            post.send(connection, show_id)
            assert post.status == 202
            assert first_id in (None, post.booking_id)


@TOLD
def test_web_answers_all_that_was_sent_before(
    servers: dict[str, str], make_show: MakeShow, tell: Tell
) -> None:
    show = make_show(total_seats=20_000)
    with run_web(servers) as (web, port), posting(port, show.id) as load:
        wait_until(lambda: len(load.posts) > 200)
        told_at = time.monotonic()
        tell(web)
        await_end(web, DRAINED_WITHIN_SECONDS)
    unanswered = [post for post in load.posts if not post.status]
    assert [post for post in unanswered if post.sent_at < told_at - ON_ITS_WAY_SECONDS] == []
    with run_web(servers) as (_, port):
        send_again(port, show.id, [*unanswered, *load.posts[-50:]])
    # Each key is one booking, whether its answer came or not.
    assert ask("SELECT count(*) FROM bookings")[0][0] == len(load.posts)
    check_invariants()


# Those that come meanwhile go together, in the next one.
SLOW_INSERTS = """
    CREATE FUNCTION insert_slowly() RETURNS trigger LANGUAGE plpgsql
    AS 'BEGIN PERFORM pg_sleep(0.4); RETURN NULL; END';
    CREATE TRIGGER insert_slowly BEFORE INSERT ON bookings FOR EACH STATEMENT EXECUTE FUNCTION insert_slowly()
"""


@contextmanager
def slow_inserts() -> Iterator[None]:
    """Each statement that accepts bookings takes a while."""
    with transaction() as connection:
        connection.exec_driver_sql(SLOW_INSERTS)
    yield
    with transaction() as connection:
        connection.exec_driver_sql("DROP FUNCTION insert_slowly CASCADE")


@TOLD
def test_web_finishes_what_it_has_in_hand(servers: dict[str, str], make_show: MakeShow, tell: Tell) -> None:
    show = make_show()
    posts = [Post(seat) for seat in range(1, 7)]
    inserting = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'"
    with run_web(servers) as (web, port), ThreadPoolExecutor(len(posts)) as pool, ExitStack() as stack:
        stack.enter_context(slow_inserts())
        connections = [HTTPConnection("127.0.0.1", port, timeout=HANGS_SECONDS) for _ in posts]
        for connection in connections:
            stack.callback(connection.close)
        sent = [
            pool.submit(p.send, connection, show.id) for p, connection in zip(posts, connections, strict=True)
        ]
        wait_until(lambda: ask(inserting))
        tell(web)
        await_closed(port)
        for each in sent:
            each.result()
        await_end(web, DRAINED_WITHIN_SECONDS)
    assert [post.status for post in posts] == [202] * len(posts)
    assert ask("SELECT count(*) FROM bookings")[0][0] == len(posts)


def test_web_takes_the_rest_of_a_request_that_has_begun(servers: dict[str, str], make_show: MakeShow) -> None:
    body = orjson.dumps({"show_id": make_show().id, "seats": ["1"]})
    head = f"POST /bookings HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\nExpect: 100-continue\r\n"
    with (
        run_web(servers) as (web, port),
        socket.create_connection(("127.0.0.1", port), HANGS_SECONDS) as connection,
    ):
        connection.sendall(f"{head}Content-Type: application/json\r\n\r\n".encode())
        assert connection.recv(65536).startswith(b"HTTP/1.1 100 ")
        web.terminate()
        await_closed(port)
        connection.sendall(body)
        assert connection.recv(65536).startswith(b"HTTP/1.1 202 ")
        await_end(web, DRAINED_WITHIN_SECONDS)


@TOLD
def test_web_answers_who_waits_for_a_booking(
    servers: dict[str, str], make_show: MakeShow, tell: Tell
) -> None:
    """Which may take 25 s, as it then is: nobody settles it here."""
    with run_web(servers) as (web, port), ThreadPoolExecutor(1) as pool:
        service = Client(f"http://127.0.0.1:{port}")
        answer = pool.submit(service.wait_for, service.book(make_show().id, "1"))
        wait_until(lambda: get_redis().pubsub_numsub(BOOKINGS_CHANNEL)[0][1] > 0)
        tell(web)
        await_end(web, DRAINED_WITHIN_SECONDS)
        assert answer.result()["status"] == "PENDING"


@TOLD
def test_web_lets_its_viewers_go(servers: dict[str, str], make_show: MakeShow, tell: Tell) -> None:
    """To another, where they go on from what they have: the stream comes to an end, and is not cut off."""
    with (
        run_web(servers) as (web, port),
        closing(HTTPConnection("127.0.0.1", port, timeout=HANGS_SECONDS)) as connection,
    ):
        connection.request("GET", f"/shows/{make_show().id}/stream")
        answer = connection.getresponse()
        assert answer.readline() == b"event: seats\n"
        tell(web)
        await_end(web, DRAINED_WITHIN_SECONDS)
        assert answer.read().endswith(b"\n\n")


def test_web_that_is_told_while_its_worker_starts(servers: dict[str, str]) -> None:
    variables = {**servers, "PORT": str(find_free_port()), "HOST": "127.0.0.1", "WEB_CONCURRENCY": "1"}
    with run_process("web", variables) as web:
        wait_until(psutil.Process(web.pid).children)
        web.terminate()
        await_end(web, DRAINED_WITHIN_SECONDS)


@pytest.fixture
def sink(database: dict[str, str]) -> Iterator[Sink]:
    """A receiver at a private address, which is allowed here."""
    with run_sink() as running, enter(ALLOWED):
        register(running, "/good")
        yield running


def register(sink: Sink, path: str) -> None:
    with transaction() as connection:
        webhooks.create_endpoint(connection, url=f"{sink.url}{path}", types=None, description=None)


def await_hanging(sink: Sink, path: str) -> None:
    """A delivery has just come to a receiver that never answers: ten seconds, if nobody cuts it."""
    sink.answers[path] = sink.hang
    register(sink, path)
    wait_until(lambda: sink.at(path))


def count_unsettled() -> int:
    return int(ask("SELECT count(*) FROM bookings WHERE wants IS NOT NULL")[0][0])


def await_all_done(sink: Sink, booking_ids: list[str]) -> None:
    """What was accepted is settled, published, and told to who answers."""
    wait_until(lambda: count_unsettled() == 0)
    check_settled()
    assert ask("SELECT count(*) FROM bookings WHERE status = 'CONFIRMED'")[0][0] == len(booking_ids)
    wait_until(lambda: not ask(f"SELECT FROM events e WHERE {UNPUBLISHED} LIMIT 1"))
    published = {orjson.loads(entry[b"event"])["subject"] for _, entry in get_redis().xrange(STREAM)}
    assert published == set(booking_ids)
    told = lambda: {received.event["subject"] for received in sink.at("/good")}  # noqa: E731
    wait_until(lambda: told() == set(booking_ids))


def test_worker_outbound_and_beat_leave_nothing_half_done(
    service: Client, servers: dict[str, str], make_show: MakeShow, sink: Sink
) -> None:
    show = make_show(total_seats=20_000)
    variables = {**servers, **WORKER, **ALLOWED}
    with ExitStack() as stack:
        start = lambda name: stack.enter_context(run_process(name, variables))  # noqa: E731
        running = {name: start(name) for name in ("worker", "outbound", "beat")}
        # Each booking is a delivery to every receiver, on a connection of its own.
        with under_load(service, show.id, clients=1, pause=0.05) as load:
            for tell, name in product((tell_main, tell_group), running):
                before = len(sink.at("/good"))
                wait_until(lambda many=before: len(sink.at("/good")) > many + 10)
                await_hanging(sink, f"/hanging-{name}-{tell.__name__}")
                tell(running[name])
                await_end(running[name])
                check_invariants()
                running[name] = start(name)
        await_all_done(sink, load.ids)
