"""Flower as it is run: closed without its password, its own metrics too, and not run with a weak one."""

import os
import subprocess
from base64 import b64encode
from collections.abc import Iterator
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from local.embedded import find_free_port
from tests.support import HANGS_SECONDS, ROOT, read_procfile, run_process, wait_for_http

pytestmark = pytest.mark.processes
PASSWORD = "of-flower-in-the-tests"
CLOSED = [
    "/", "/workers", "/tasks", "/broker", "/metrics", "/metrics?x=1", "/api/workers", "/api/tasks",
    "/api/task/types", "/api/queues/length", "/tasks/datatable",
]  # fmt: skip


@pytest.fixture(scope="module")
def flower(servers: dict[str, str]) -> Iterator[str]:
    """A real Flower on the servers; its address."""
    port = find_free_port()
    with run_process("flower", {**servers, "FLOWER_PORT": str(port), "FLOWER_PASSWORD": PASSWORD}):
        address = f"http://127.0.0.1:{port}"
        wait_for_http(f"{address}/healthcheck")
        yield address


def ask(url: str, credentials: str | None = None, method: str = "GET") -> tuple[int, str]:
    request = Request(url, method=method)
    if credentials:
        request.add_header("Authorization", f"Basic {b64encode(credentials.encode()).decode()}")
    try:
        with urlopen(request, timeout=HANGS_SECONDS) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as error:
        return error.code, error.read().decode()


@pytest.mark.parametrize("path", CLOSED)
@pytest.mark.parametrize("credentials", [None, "admin:", "admin:wrong", f"root:{PASSWORD}"])
def test_closed(flower: str, path: str, credentials: str | None) -> None:
    status, text = ask(flower + path, credentials)
    assert status == 401
    assert "flower_" not in text


@pytest.mark.parametrize("path", ["/api/worker/shutdown/x", "/api/task/send-task/x", "/api/task/revoke/x"])
def test_nothing_is_done_without_it(flower: str, path: str) -> None:
    assert ask(flower + path, method="POST")[0] == 401


def test_metrics_open_with_it(flower: str) -> None:
    status, text = ask(f"{flower}/metrics", f"admin:{PASSWORD}")
    assert status == 200
    assert "# HELP flower_" in text


def test_weak_password_is_refused_in_production(servers: dict[str, str]) -> None:
    command = read_procfile()["flower"].removeprefix("exec ").split()
    variables = {
        **servers,
        "SEATLINE_ENV": "production",
        "SEATLINE_SECRET": "the-secret-of-the-tests-and-nobody-else",
        "FLOWER_PASSWORD": "changeme-changeme",
        "FLOWER_PORT": str(find_free_port()),
    }
    ended = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **variables}, capture_output=True, text=True, check=False,
        timeout=HANGS_SECONDS,
    )  # fmt: skip
    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1].startswith("flower: FLOWER_PASSWORD is one that everybody tries")
    assert "changeme" not in ended.stderr
