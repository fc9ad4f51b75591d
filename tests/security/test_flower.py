"""Flower is for this machine alone, unless somebody says otherwise."""

import psutil
import pytest

from local.embedded import find_free_port
from tests.support import FLOWER_PASSWORD, run_process, wait_for_http

pytestmark = pytest.mark.processes


def find_listening(process: psutil.Process, port: int) -> set[str]:
    """The addresses on which a process and its children listen at this port."""
    return {
        connection.laddr.ip
        for each in [process, *process.children(recursive=True)]
        for connection in each.net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port
    }


def test_it_listens_on_this_machine_alone(servers: dict[str, str]) -> None:
    port = find_free_port()
    variables = {**servers, "FLOWER_PORT": str(port), "FLOWER_PASSWORD": FLOWER_PASSWORD}
    with run_process("flower", variables) as process:
        wait_for_http(f"http://127.0.0.1:{port}/healthcheck")
        assert find_listening(psutil.Process(process.pid), port) == {"127.0.0.1"}
