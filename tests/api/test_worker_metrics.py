"""The metrics of workers, outbound and beat: on a port of their own, of it and its children together."""

import os
import select
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from prometheus_client.parser import text_string_to_metric_families

from core.infra.ports import find_port_fault
from core.shows.service import Show
from local.embedded import find_free_port
from tasks.metrics import CLIENT_SECONDS
from tests.api.asking import Asking
from tests.door import DoorClient
from tests.support import HANGS_SECONDS, ROOT, WORKER, read_procfile, run_process, wait_until

pytestmark = pytest.mark.processes
TOKEN = "metrics-token-of-the-tests"


def ask(port: int, path: str = "/metrics", token: str | None = None, method: str = "GET") -> tuple[int, str]:
    request = Request(f"http://127.0.0.1:{port}{path}", method=method)
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    try:
        with urlopen(request, timeout=HANGS_SECONDS) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as error:
        return error.code, error.read().decode()


def read_samples(port: int) -> dict[str, float]:
    """The values of all samples by name and labels; none before the process answers."""
    try:
        _, text = ask(port)
    except OSError:
        return {}
    return {
        " ".join([sample.name, *(value for _, value in sorted(sample.labels.items()))]): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@pytest.fixture(scope="module")
def ports(servers: dict[str, str]) -> Iterator[dict[str, int]]:
    """A worker with two children, an outbound and a beat, each with its port."""
    found = {name: find_free_port() for name in ("worker", "outbound", "beat")}
    variables = {**servers, **WORKER, "WORKER_CONCURRENCY": "2"}

    def own(name: str) -> dict[str, str]:
        return {**variables, "METRICS_PORT": str(found[name])}

    with (
        run_process("worker", own("worker")),
        run_process("outbound", own("outbound")),
        run_process("beat", own("beat")),
    ):
        yield found


def test_a_worker_tells_what_its_children_did(
    ports: dict[str, int], client: DoorClient, make_show: Callable[..., Show]
) -> None:
    port = ports["worker"]
    wait_until(lambda: read_samples(port))
    before = read_samples(port)
    show = make_show(hold_seconds=15)
    asking = Asking(client, show.id)
    confirmed, failed = asking.book("1"), asking.book("1")
    held = asking.book("2", hold=True)
    wait_until(lambda: asking.read(confirmed)["status"] == "CONFIRMED" and asking.read(held)["held"])
    wait_until(lambda: asking.read(failed)["status"] == "FAILED")

    def grew(name: str) -> float:
        return read_samples(port).get(name, 0) - before.get(name, 0)

    wait_until(lambda: grew("seatline_settled_seconds_count") == 3)
    assert grew("seatline_bookings_settled_total  confirmed") == 1
    assert grew("seatline_bookings_settled_total seats_unavailable failed") == 1
    assert grew("seatline_bookings_settled_total  held") == 1
    assert grew("seatline_batch_bookings_sum") == 3
    assert grew("seatline_batch_seconds_count") == grew("seatline_batch_bookings_count") >= 1
    assert 0 < grew("seatline_settled_seconds_sum") < 3 * HANGS_SECONDS
    wait_until(lambda: grew("seatline_sweeps_total") >= 1)


def test_gauges_of_a_child_that_was_killed_go(servers: dict[str, str], tmp_path: Path) -> None:
    port = find_free_port()
    variables = {"METRICS_PORT": str(port), "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    with run_process("worker", {**servers, **WORKER, **variables}) as worker:
        wait_until(lambda: read_samples(port))
        folder = tmp_path / str(worker.pid)
        with subprocess.Popen(["true"]) as ended:
            ended.wait()
        left = folder / f"gauge_livemax_{ended.pid}.db"
        (own,) = folder.glob(f"gauge_livemax_{worker.pid}.db")
        shutil.copy(own, left)
        assert read_samples(port)
        assert own.exists()
        assert not left.exists()


def test_outbound_tells_of_events(ports: dict[str, int], client: DoorClient, make_show: Any) -> None:
    before = wait_until(lambda: read_samples(ports["outbound"]))
    Asking(client, make_show().id).book("1")

    def has_grown(name: str) -> bool:
        return read_samples(ports["outbound"]).get(name, 0) > before.get(name, 0)

    wait_until(lambda: has_grown("seatline_events_placed_total"))
    wait_until(lambda: has_grown("seatline_events_published_total"))


def test_beat_tells_its_version(ports: dict[str, int]) -> None:
    samples = wait_until(lambda: read_samples(ports["beat"]))
    assert [value for name, value in samples.items() if name.startswith("seatline_build_info ")] == [1]


@pytest.mark.parametrize(
    ("path", "method", "status"),
    [("/", "GET", 404), ("/metrics/", "GET", 404), ("/metrics", "POST", 405), ("/metrics?x=1", "GET", 200)],
)
def test_nothing_else_is_there(ports: dict[str, int], path: str, method: str, status: int) -> None:
    wait_until(lambda: read_samples(ports["beat"]))
    assert ask(ports["beat"], path, method=method)[0] == status


def test_a_client_that_sends_a_byte_at_a_time_is_cut_off(ports: dict[str, int]) -> None:
    port = ports["beat"]
    wait_until(lambda: read_samples(port))
    with socket.create_connection(("127.0.0.1", port)) as slow:
        began = time.monotonic()

        def is_cut_off() -> bool:
            try:
                slow.sendall(b"G")
                has_heard, _, _ = select.select([slow], [], [], 0.2)
                return bool(has_heard) and slow.recv(1) == b""
            except OSError:
                return True

        wait_until(is_cut_off)
    assert time.monotonic() < began + 2 * CLIENT_SECONDS
    assert ask(port)[0] == 200


def test_on_an_address_of_ipv6(servers: dict[str, str]) -> None:
    port = find_free_port()
    if find_port_fault("::1", port):
        pytest.skip("this machine has no IPv6")
    with run_process("beat", {**servers, "HOST": "::1", "METRICS_PORT": str(port)}):

        def answers() -> bool:
            with suppress(OSError), urlopen(f"http://[::1]:{port}/metrics", timeout=HANGS_SECONDS) as answer:
                return bool(answer.status == 200)
            return False

        wait_until(answers)


def test_closed_where_web_is(servers: dict[str, str]) -> None:
    port = find_free_port()
    with run_process("beat", {**servers, "METRICS_PORT": str(port), "METRICS_TOKEN": TOKEN}):
        wait_until(lambda: _answers(port))
        assert [ask(port, token=token)[0] for token in (None, f"{TOKEN}x", TOKEN)] == [401, 401, 200]


def _answers(port: int) -> bool:
    try:
        return bool(ask(port)[0])
    except OSError:
        return False


@pytest.mark.parametrize("name", ["worker", "beat"])
def test_a_port_that_is_taken_is_told_in_one_line(
    ports: dict[str, int], servers: dict[str, str], name: str
) -> None:
    wait_until(lambda: read_samples(ports["beat"]))
    ended = subprocess.run(
        read_procfile()[name],
        shell=True,
        cwd=ROOT,
        env={**os.environ, **servers, "METRICS_PORT": str(ports["beat"])},
        capture_output=True,
        text=True,
        timeout=HANGS_SECONDS,
        check=False,
    )
    assert ended.returncode == 1
    (line,) = [each for each in ended.stderr.splitlines() if each.startswith("seatline: ")]
    assert line.startswith("seatline: METRICS_PORT: cannot listen on ")


def test_a_process_that_ends_leaves_no_files(servers: dict[str, str], tmp_path: Any) -> None:
    (tmp_path / "999999999").mkdir()
    port = find_free_port()
    variables = {**servers, "METRICS_PORT": str(port), "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    with run_process("beat", variables) as beat:
        wait_until(lambda: read_samples(port))
        assert [path.name for path in tmp_path.iterdir()] == [str(beat.pid)]
    assert list(tmp_path.iterdir()) == []
