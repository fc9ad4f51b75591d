"""Load on a real web process: bookings by several clients at once, each answer and how long it took."""

import http.client
import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any
from uuid import uuid4

from tests.support import HANGS_SECONDS

NO_HEADERS: Mapping[str, str] = MappingProxyType({})


class Client:
    """Asks a web process as any client would."""

    def __init__(self, address: str) -> None:
        self.address = address

    def call(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] = NO_HEADERS
    ) -> tuple[int, dict[str, Any]]:
        """The status and the document of the answer."""
        data = json.dumps(body if body is not None else {}).encode() if method == "POST" else None
        told = {"Content-Type": "application/json", **headers} if data else dict(headers)
        request = urllib.request.Request(f"{self.address}{path}", data, told, method=method)
        try:
            with urllib.request.urlopen(request, timeout=HANGS_SECONDS) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as refusal:
            return refusal.code, json.loads(refusal.read())

    def book(self, show_id: int, *seats: str, **options: Any) -> str:
        """Book; the id."""
        status, booking = self.call("POST", "/bookings", {"show_id": show_id, "seats": seats, **options})
        assert (status, booking.get("status")) == (202, "PENDING"), booking
        return str(booking["id"])

    def wait_for(self, booking_id: str, seconds: int = 20) -> dict[str, Any]:
        """The booking once nothing waits to be done for it, or as it then is."""
        status, booking = self._insist("GET", f"/bookings/{booking_id}?wait={seconds}")
        assert status == 200
        return booking

    def act(self, booking_id: str, action: str) -> int:
        """Confirm, extend or cancel; the status."""
        return self._insist("POST", f"/bookings/{booking_id}/{action}")[0]

    def _insist(self, method: str, path: str) -> tuple[int, dict[str, Any]]:
        """The answer that is none of a machine too busy to give one in time."""
        while (found := self.call(method, path))[0] == 503:
            continue
        return found


class Load:
    """What was accepted under load, and the seconds that each request took."""

    def __init__(self, pause: float) -> None:
        self.pause = pause
        self.ids: list[str] = []
        self.took: list[float] = []
        self.errors: list[BaseException] = []
        self.stop = threading.Event()

    def run(self, client: Client, show_id: int, seats: Iterator[str]) -> None:
        """Book seat after seat."""
        while not self.stop.is_set():
            started_at = time.monotonic()
            try:
                self.ids.append(client.book(show_id, next(seats)))
            except BaseException as error:
                self.errors.append(error)
                return
            self.took.append(time.monotonic() - started_at)
            self.stop.wait(self.pause)


@contextmanager
def under_load(client: Client, show_id: int, *, clients: int = 3, pause: float = 0.02) -> Iterator[Load]:
    """Bookings of ever new seats by several clients; fails where one of them is not accepted.

    With a pause after each, in seconds: a hundred a second are a load, and leave the machine room for what
    is to be observed.
    """
    load = Load(pause)
    threads = [
        threading.Thread(
            target=load.run, args=(client, show_id, (str(n) for n in range(first + 1, 100_000, clients)))
        )
        for first in range(clients)
    ]
    for thread in threads:
        thread.start()
    try:
        yield load
    finally:
        load.stop.set()
        for thread in threads:
            thread.join()
    assert load.errors == []


@dataclass(slots=True)
class Post:
    """A booking sent under a key, and the answer; status 0 where none came, or not a whole one."""

    seat: int
    key: str = field(default_factory=lambda: str(uuid4()))
    sent_at: float = 0.0
    status: int = 0
    booking_id: str | None = None

    def send(self, connection: http.client.HTTPConnection, show_id: int) -> None:
        """Send it. Raises OSError or HTTPException where no whole answer comes."""
        body = json.dumps({"show_id": show_id, "seats": [str(self.seat)]})
        headers = {"Content-Type": "application/json", "Idempotency-Key": self.key}
        self.sent_at = time.monotonic()
        connection.request("POST", "/bookings", body, headers)
        with connection.getresponse() as answer:
            self.booking_id = json.loads(answer.read()).get("id")
            self.status = answer.status


class Posting:
    """Clients that keep their connections, and go on until no new one is taken."""

    def __init__(self, port: int, show_id: int) -> None:
        self.posts: list[Post] = []
        self.stop = threading.Event()
        self._port, self._show_id = port, show_id

    def run(self, seats: Iterator[int]) -> None:
        """One of them: book seat after seat."""
        while not self.stop.is_set():
            with closing(
                http.client.HTTPConnection("127.0.0.1", self._port, timeout=HANGS_SECONDS)
            ) as connection:
                try:
                    connection.connect()
                except OSError:
                    return
                self._go_on(connection, seats)

    def _go_on(self, connection: http.client.HTTPConnection, seats: Iterator[int]) -> None:
        while connection.sock and not self.stop.is_set():
            self.posts.append(post := Post(next(seats)))
            try:
                post.send(connection, self._show_id)
            except (OSError, http.client.HTTPException):
                return


@contextmanager
def posting(port: int, show_id: int, *, clients: int = 6) -> Iterator[Posting]:
    """Bookings under keys by several clients, until the web process is gone, or the block is left."""
    running = Posting(port, show_id)
    seats = [iter(range(first + 1, 100_000, clients)) for first in range(clients)]
    threads = [threading.Thread(target=running.run, args=(each,)) for each in seats]
    for thread in threads:
        thread.start()
    try:
        yield running
    finally:
        running.stop.set()
        for thread in threads:
            thread.join()
