"""Flower: for this machine alone, and with a password, unless somebody says otherwise."""

import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass

import psutil
import pytest

from local.embedded import find_free_port
from tests.support import ADMIN_KEY, FLOWER_PASSWORD, HANGS_SECONDS, run_process, wait_until

pytestmark = pytest.mark.processes
PATHS = "/", "/workers", "/tasks", "/broker", "/api/workers", "/api/tasks", "/api/queues/length"
CHANGES = "/api/worker/shutdown/x", "/api/task/async-apply/tasks.bookings.sweep", "/api/worker/pool/grow/x"


@dataclass(frozen=True, slots=True)
class Flower:
    """A Flower: its port, and where it listens."""

    port: int
    addresses: set[str]

    def ask(self, path: str, password: str | None = None, *, method: str = "GET") -> int:
        """The status of the answer, 0 where there is none."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", method=method)
        if password is not None:
            request.add_header("Authorization", f"Basic {b64encode(f'admin:{password}'.encode()).decode()}")
        try:
            with urllib.request.urlopen(request, timeout=HANGS_SECONDS) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as refusal:
            return refusal.code
        except OSError:
            return 0


def find_listening(process: psutil.Process, port: int) -> set[str]:
    """The addresses on which a process and its children listen at this port."""
    return {
        connection.laddr.ip
        for each in [process, *process.children(recursive=True)]
        for connection in each.net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port
    }


@pytest.fixture(scope="module")
def flower(servers: dict[str, str]) -> Iterator[Flower]:
    """Flower, told its password and nothing else."""
    port = find_free_port()
    variables = {**servers, "FLOWER_PORT": str(port), "FLOWER_PASSWORD": FLOWER_PASSWORD}
    with run_process("flower", variables) as process:
        wait_until(lambda: Flower(port, set()).ask("/api/workers"))
        yield Flower(port, find_listening(psutil.Process(process.pid), port))


def test_it_listens_on_this_machine_alone(flower: Flower) -> None:
    assert flower.addresses == {"127.0.0.1"}


@pytest.mark.parametrize("password", [None, "", "wrong", f"{FLOWER_PASSWORD}x", ADMIN_KEY])
def test_nothing_is_shown_without_its_password(flower: Flower, password: str | None) -> None:
    assert {path: flower.ask(path, password) for path in PATHS} == dict.fromkeys(PATHS, 401)


def test_nothing_is_done_without_its_password(flower: Flower) -> None:
    assert {path: flower.ask(path, method="POST") for path in CHANGES} == dict.fromkeys(CHANGES, 401)


def test_with_it_all_is_shown(flower: Flower) -> None:
    wait_until(lambda: flower.ask("/workers", FLOWER_PASSWORD) == 200)
