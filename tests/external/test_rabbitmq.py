"""Events on a real RabbitMQ: a topic exchange, confirmed by the broker, and waiting while it is down."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest
from kombu import Connection, Queue

from core import relay
from core.events.publisher import CONTENT_TYPE, EXCHANGE
from core.events.queries import UNPUBLISHED
from core.shows.service import Show
from local.embedded import find_free_port
from tests.acting import ask, book, cancel, hold, settle
from tests.apart import enter
from tests.support import wait_until

pytestmark = [pytest.mark.external, pytest.mark.timeout(180)]
MakeShow = Callable[..., Show]
USUAL = Path("/usr/lib/rabbitmq/bin")
WAITING = f"SELECT FROM events e WHERE {UNPUBLISHED}"


class RabbitMq:
    """A broker of our own, on free loopback ports, with its data in a folder; stop and start it at will."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port, self._dist_port, self._epmd_port = (find_free_port() for _ in range(3))
        self.url = f"amqp://guest:guest@127.0.0.1:{self.port}//"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it takes connections."""
        program = shutil.which("rabbitmq-server", path=f"{USUAL}{os.pathsep}{os.environ['PATH']}")
        assert program, "rabbitmq-server is not installed"
        config = self.folder / "rabbitmq.conf"
        config.write_text(f"listeners.tcp.default = 127.0.0.1:{self.port}\n")
        environment = {
            **os.environ,
            "HOME": str(self.folder),
            "RABBITMQ_NODENAME": f"seatline{self.port}@localhost",
            "RABBITMQ_CONFIG_FILE": str(config),
            # The machine's own settings are of another broker.
            "RABBITMQ_CONF_ENV_FILE": str(self.folder / "none"),
            "RABBITMQ_DIST_PORT": str(self._dist_port),
            "ERL_EPMD_PORT": str(self._epmd_port),
            "RABBITMQ_MNESIA_BASE": str(self.folder / "data"),
            "RABBITMQ_LOG_BASE": str(self.folder / "log"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "plugins"),
            "RABBITMQ_PID_FILE": str(self.folder / "pid"),
        }
        with (self.folder / "out").open("ab") as output:
            self.process = subprocess.Popen(
                [program], env=environment, stdout=output, stderr=output, start_new_session=True
            )
        wait_until(self._answers, seconds=90)

    def _answers(self) -> bool:
        try:
            with Connection(self.url, connect_timeout=2) as connection:
                connection.connect()
            return True
        except OSError:
            return False

    def stop(self) -> None:
        """End it, as a crash would."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def discard(self) -> None:
        """End it and its port mapper."""
        self.stop()
        marker = str(self._epmd_port).encode()
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                is_ours = b"epmd" in (entry / "cmdline").read_bytes()
                is_ours &= b"ERL_EPMD_PORT=" + marker in (entry / "environ").read_bytes()
            except OSError:
                continue
            if is_ours:
                os.kill(int(entry.name), signal.SIGKILL)
        shutil.rmtree(self.folder, ignore_errors=True)


@pytest.fixture(scope="module")
def broker() -> Iterator[RabbitMq]:
    """A RabbitMQ of our own."""
    server = RabbitMq(Path(tempfile.mkdtemp(prefix="seatline-rabbitmq-")))
    server.start()
    try:
        yield server
    finally:
        server.discard()


@pytest.fixture(autouse=True)
def _events_go_there(broker: RabbitMq, database: dict[str, str]) -> Iterator[None]:
    relay.broker_breaker.close()
    with enter({"EVENTS_BROKER_URL": broker.url}):
        yield


@contextmanager
def subscribe(broker: RabbitMq, pattern: str) -> Iterator[list[Any]]:
    """What has come to a queue that is bound by this pattern; read at the end of the block."""
    received: list[Any] = []
    queue = Queue(f"test-{time.monotonic_ns()}", EXCHANGE, routing_key=pattern, durable=True)
    with Connection(broker.url) as connection:
        bound = queue.bind(connection.default_channel)
        bound.declare()
    yield received
    with Connection(broker.url) as connection:
        bound = queue.bind(connection.default_channel)
        while (message := bound.get(no_ack=True)) is not None:
            received.append(message)
        bound.delete()


def test_events_come_to_who_subscribed(broker: RabbitMq, make_show: MakeShow) -> None:
    show = make_show(total_seats=700)
    with subscribe(broker, "#") as everything, subscribe(broker, "BOOKING_CANCELLED") as cancelled:
        booking_id = hold(show.id, "1")
        cancel(booking_id)
        settle(show.id)
        for number in range(2, 602):
            book(show.id, str(number))
        for _ in range(3):
            settle(show.id)
        relay.relay_events()
    events = [orjson.loads(message.body) for message in everything]
    assert len(events) == len({event["id"] for event in events}) == 602
    mine = [event["type"] for event in events if event["subject"] == str(booking_id)]
    assert mine == ["BOOKING_HELD", "BOOKING_CANCELLED"]
    (only,) = cancelled
    assert orjson.loads(only.body)["subject"] == str(booking_id)
    assert only.content_type == CONTENT_TYPE
    assert only.properties["message_id"] == orjson.loads(only.body)["id"]
    assert only.properties["delivery_mode"] == 2


def test_events_wait_while_it_is_down(broker: RabbitMq, make_show: MakeShow) -> None:
    show = make_show()
    with subscribe(broker, "#") as received:
        broker.stop()
        book(show.id, "1")
        settle(show.id)
        started_at = time.monotonic()
        relay.relay_events()
        assert time.monotonic() - started_at < 3
        assert ask(WAITING)
        broker.start()

        def is_published() -> bool:
            relay.relay_events()
            return not ask(WAITING)

        wait_until(is_published)
    assert len(received) == 1


def test_frozen_broker_is_given_up_in_time(broker: RabbitMq, make_show: MakeShow) -> None:
    show = make_show()
    book(show.id, "1")
    settle(show.id)
    assert broker.process is not None
    os.killpg(broker.process.pid, signal.SIGSTOP)
    try:
        started_at = time.monotonic()
        relay.relay_events()
        assert time.monotonic() - started_at < 3
        assert ask(WAITING)
    finally:
        os.killpg(broker.process.pid, signal.SIGCONT)
