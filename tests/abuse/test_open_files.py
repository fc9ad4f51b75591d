"""The limit of open files: web raises it as far as it may, and says so where that is not enough."""

import os
import signal
import subprocess
from pathlib import Path

import psutil
import pytest

from api.server.main import CONNECTIONS, OTHER_FILES
from local.embedded import find_free_port
from tests.abuse.conftest import PRODUCTION
from tests.support import HANGS_SECONDS, ROOT, read_procfile, wait_for_http

pytestmark = pytest.mark.processes


@pytest.mark.parametrize(
    ("hard", "told"),
    [(4096, [f"takes {4096 - OTHER_FILES} connections at once"]), (CONNECTIONS + OTHER_FILES, [])],
)
def test_limit_of_open_files(hard: int, told: list[str], servers: dict[str, str], tmp_path: Path) -> None:
    port = find_free_port()
    log = tmp_path / "log"
    command = f"ulimit -Sn 1024 && ulimit -Hn {hard} && {read_procfile()['web']}"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            shell=True,
            cwd=ROOT,
            env={**os.environ, **servers, **PRODUCTION, "PORT": str(port)},
            stderr=output,
            start_new_session=True,
        )
    try:
        wait_for_http(f"http://127.0.0.1:{port}/readyz")
        workers = psutil.Process(process.pid).children()
        assert {worker.rlimit(psutil.RLIMIT_NOFILE)[0] for worker in workers} == {hard}
        lines = log.read_text().splitlines()
        assert len(lines) == len(told)
        assert all(words in line for words, line in zip(told, lines, strict=True))
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(HANGS_SECONDS)
