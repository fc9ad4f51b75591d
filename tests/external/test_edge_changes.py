"""deploy/haproxy while something changes: a web that goes, one that is drained, a renewed certificate."""

import os
import signal
import threading
import uuid
from collections.abc import Callable
from contextlib import ExitStack, closing
from itertools import cycle
from pathlib import Path
from types import SimpleNamespace

import pytest

from core.shows.service import Show
from local.embedded import find_free_port
from tests.acting import book, settle
from tests.external.edge import (
    FIRST,
    SECOND,
    Edge,
    count,
    describe,
    run_edge,
    run_stand,
)
from tests.support import run_process, start_process, wait_until

pytestmark = [pytest.mark.external, pytest.mark.timeout(180)]
MakeShow = Callable[..., Show]
# Each address has so many connections.
SOURCES = cycle(f"127.0.1.{number}" for number in range(1, 200))


def test_a_web_that_goes_is_noticed_by_none(
    database: dict[str, str], tmp_path: Path, make_show: MakeShow
) -> None:
    port, show = find_free_port(), make_show(total_seats=5000)
    addresses = {"one": f"{FIRST}:{port}", "two": f"{SECOND}:{port}"}
    with ExitStack() as stack:
        edge = stack.enter_context(run_edge(tmp_path, addresses))
        first = start_process("web", {**database, **describe(FIRST, port)})
        stack.callback(first.wait)
        stack.callback(lambda: first.poll() is None and os.killpg(first.pid, signal.SIGKILL))
        stack.enter_context(run_process("web", {**database, **describe(SECOND, port)}))
        for name in addresses:
            wait_until(lambda name=name: is_up(edge, name))
        state = SimpleNamespace(goes=True, statuses=[])

        def buy() -> None:
            seat = 0
            while state.goes:
                seat += 1
                body = {"show_id": show.id, "seats": [str(seat)]}
                source = next(SOURCES)
                state.statuses.append(edge.ask("GET", "/shows", source=source).status)
                sent = edge.ask("POST", "/bookings", body, source=source, Idempotency_Key=str(uuid.uuid4()))
                state.statuses.append(sent.status)

        buyer = threading.Thread(target=buy, daemon=True)
        buyer.start()
        wait_until(lambda: len(state.statuses) > 20)
        os.killpg(first.pid, signal.SIGKILL)
        seen = len(state.statuses)
        wait_until(lambda: not is_up(edge, "one") and len(state.statuses) > seen + 50)
        state.goes = False
        buyer.join()
        assert set(state.statuses) == {200, 202}
        # Drained, it has what it has, and gets no more.
        edge.tell("set server web/two state maint")
        refused = edge.ask("GET", "/shows")
        assert (refused.status, refused.json["code"]) == (503, "unavailable")
        assert refused.headers["Retry-After"] == "2"
        edge.tell("set server web/two state ready")
        wait_until(lambda: edge.ask("GET", "/shows").status == 200)


def is_up(edge: Edge, name: str) -> bool:
    """Whether HAProxy takes this `web` for ready."""
    lines = [line.split(",") for line in edge.tell("show stat").splitlines()]
    status = lines[0].index("status")
    return any(line[:2] == ["web", name] and line[status] == "UP" for line in lines)


def test_a_drained_web_ends_what_it_has_and_gets_no_more(
    database: dict[str, str], tmp_path: Path, make_show: MakeShow
) -> None:
    port, show = find_free_port(), make_show()
    addresses = {"one": f"{FIRST}:{port}", "two": f"{SECOND}:{port}"}
    with ExitStack() as stack:
        edge = stack.enter_context(run_edge(tmp_path, addresses))
        for name, address in (("one", FIRST), ("two", SECOND)):
            stack.enter_context(run_process("web", {**database, **describe(address, port)}))
            wait_until(lambda name=name: is_up(edge, name))
        edge.tell("set server web/two state drain")
        pending = book(show.id, "1")
        waiting = stack.enter_context(closing(edge.open()))
        waiting.request("GET", f"/bookings/{pending}?wait=25")
        edge.tell("set server web/two state ready; set server web/one state drain")
        for _ in range(20):
            assert edge.ask("GET", "/shows").status == 200
        assert count(addresses["one"], "/shows") == 0
        settle(show.id)
        assert b"CONFIRMED" in waiting.getresponse().read()


def test_a_renewed_certificate_is_taken_and_no_connection_cut(
    database: dict[str, str], tmp_path: Path, make_show: MakeShow
) -> None:
    show = make_show()
    with run_stand(tmp_path, database) as edge, closing(edge.open()) as waiting:
        pending, before = book(show.id, "1"), edge.read_certificate(next(SOURCES))
        waiting.request("GET", f"/bookings/{pending}?wait=25")
        edge.certify()
        os.kill(edge.pid, signal.SIGUSR2)
        wait_until(lambda: edge.read_certificate(next(SOURCES)) != before)
        settle(show.id)
        assert b"CONFIRMED" in waiting.getresponse().read()
        assert edge.ask("GET", "/shows").status == 200
