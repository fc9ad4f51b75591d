"""The request log: a line for every answer, in whichever way it was served; no secret; no waiting."""

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import pytest

from api.app import create_app
from core.infra.lines import MOST_LINES, WHOLE_BYTES, LineWriter
from core.infra.tracing import TRACEPARENT
from core.shows.service import Show
from local.embedded import find_free_port
from tests.door import DoorClient, open_door
from tests.support import ADMIN, SECRET, run_process, wait_for_http, wait_until
from tests.tracing import PARENT_ID, SAMPLED, TRACE_ID

BOOKING = "0199c0de-0000-7000-8000-000000000000"


class Logged:
    """A door's client, and the lines of its requests."""

    def __init__(self, client: DoorClient, writer: LineWriter, file: IO[bytes]) -> None:
        self.client, self._writer, self._file = client, writer, file

    def read(self) -> list[dict[str, Any]]:
        """All lines, once they are written."""
        self._writer.end()
        return [json.loads(line) for line in self._file.read().splitlines()]


@pytest.fixture
def logged(database: Any, tmp_path: Path) -> Iterator[Logged]:
    """A door that logs its requests into a file."""
    path = tmp_path / "log"
    with path.open("wb", buffering=0) as out, path.open("rb") as file:
        writer = LineWriter(out.fileno())
        with open_door(create_app(), None, writer) as client:
            yield Logged(client, writer, file)


def test_each_way_of_serving_has_its_line(logged: Logged, make_show: Any) -> None:
    show: Show = make_show()
    client = logged.client
    asked = [
        ("POST", "/bookings", 202, client.post("/bookings", json={"show_id": show.id, "seats": ["1"]})),
        ("GET", "/shows/<show_id>", 200, client.get(f"/shows/{show.id}")),
        ("GET", "/admin/stats", 200, client.get("/admin/stats", headers=ADMIN)),
        ("GET", "/admin/stats", 401, client.get("/admin/stats")),
        ("GET", "unmatched", 404, client.get("/nothing/here")),
        ("PUT", "unmatched", 405, client.put("/bookings")),
    ]
    lines = logged.read()
    assert [(line["method"], line["route"], line["status"]) for line in lines] == [
        (method, route, status) for method, route, status, _ in asked
    ]
    for line, (*_, answer) in zip(lines, asked, strict=True):
        assert line["request_id"] == answer.headers["X-Request-ID"]
        assert line["message"] == "request"
        assert line["ms"] > 0
    assert lines[1]["show_id"] == show.id


def test_no_secret_stands_in_it(logged: Logged) -> None:
    logged.client.get(f"/bookings/{BOOKING}?wait=0&key=a-secret-of-the-query")
    logged.client.get(f"/bookings?ids={BOOKING}")
    logged.client.post("/bookings", json={}, headers={"Idempotency-Key": "a-secret-of-the-key"})
    logged.client.get("/admin/stats", headers={"Authorization": "Bearer a-secret-of-a-guess"})
    text = json.dumps(logged.read())
    assert "secret" not in text
    assert BOOKING not in text
    assert "127.0.0.1" not in text


def test_a_request_that_waits_tells_how_long(logged: Logged, make_show: Any) -> None:
    body = {"show_id": make_show().id, "seats": ["1"]}
    began = time.perf_counter()
    logged.client.post("/bookings", json=body, headers={"Prefer": "wait=1"})
    took = time.perf_counter() - began
    (line,) = logged.read()
    assert 900 < line["ms"] <= took * 1000


@pytest.mark.parametrize("prefer", ["wait=0.1", ""])
def test_a_line_names_the_trace_of_who_asks(logged: Logged, make_show: Any, prefer: str) -> None:
    """Also where nothing is traced here; what names none is not repeated."""
    show_id = make_show().id
    for seat, sent in enumerate(
        (SAMPLED, f"{SAMPLED}-", SAMPLED.upper(), f"00-{'0' * 32}-{PARENT_ID}-01"), 1
    ):
        headers = {TRACEPARENT: sent, "Prefer": prefer}
        body = {"show_id": show_id, "seats": [str(seat)]}
        assert logged.client.post("/bookings", json=body, headers=headers).status_code == 202
    assert [line.get("trace_id") for line in logged.read()] == [TRACE_ID, None, None, None]


def test_nobody_waits_for_a_log_that_is_not_read() -> None:
    reading, writing = os.pipe()
    writer = LineWriter(writing)
    line = b"x" * 99 + b"\n"
    taken = sum(writer.write(line) for _ in range(3 * MOST_LINES))
    # What the pipe holds, what the thread has in hand, and what may wait.
    assert MOST_LINES <= taken < 3 * MOST_LINES
    found = 0
    while found < taken * len(line):
        piece = os.read(reading, 1 << 20)
        assert piece.endswith(b"\n")
        found += len(piece)
    wait_until(lambda: writer.write(line))
    writer.end()
    assert os.read(reading, 1 << 20) == line


def test_lines_of_processes_on_one_pipe_stay_whole() -> None:
    reading, writing = os.pipe()
    writers = [LineWriter(writing) for _ in range(2)]
    for number in range(2_000):
        for letter, writer in zip((b"a", b"b"), writers, strict=True):
            assert writer.write(letter * (1 + number % 500) + b"\n")
    found = b""
    while found.count(b"\n") < 4_000:
        found += os.read(reading, WHOLE_BYTES)
    assert {bytes(set(line)) for line in found.splitlines()} == {b"a", b"b"}
    for writer in writers:
        writer.end()


@pytest.mark.processes
@pytest.mark.parametrize("is_kept", ["true", "false"])
def test_web_keeps_it_unless_told_otherwise(database: dict[str, str], tmp_path: Path, is_kept: str) -> None:
    port, log = find_free_port(), tmp_path / "log"
    variables = {**database, "PORT": str(port), "HOST": "127.0.0.1", "WEB_CONCURRENCY": "1"}
    with run_process("web", {**variables, "REQUEST_LOG": is_kept, "SEATLINE_SECRET": SECRET}, log=log):
        wait_for_http(f"http://127.0.0.1:{port}/healthz")
        wait_for_http(f"http://127.0.0.1:{port}/shows")
    # Its end is soon after its last answer: nothing is lost by that.
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    asked = [line["route"] for line in lines if line["message"] == "request"]
    assert ("/shows" in asked) == (is_kept == "true")
