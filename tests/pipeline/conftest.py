"""Real processes on a database of their own, and requests to them."""

from collections.abc import Iterator

import pytest

from local.embedded import find_free_port
from tests.apart import live_apart
from tests.pipeline.load import Client
from tests.support import run_process, wait_for_http


@pytest.fixture(scope="module")
def servers(servers: dict[str, str]) -> Iterator[dict[str, str]]:
    """The session's servers, apart from its other processes."""
    with live_apart(servers, name="pipeline", redis_database=2) as variables:
        yield variables


@pytest.fixture(scope="module")
def web(servers: dict[str, str]) -> Iterator[str]:
    """A web process; its address."""
    port = find_free_port()
    with run_process("web", {**servers, "PORT": str(port), "HOST": "127.0.0.1", "WEB_CONCURRENCY": "1"}):
        address = f"http://127.0.0.1:{port}"
        wait_for_http(f"{address}/readyz")
        yield address


@pytest.fixture
def service(web: str) -> Client:
    """A client of the web process."""
    return Client(web)
