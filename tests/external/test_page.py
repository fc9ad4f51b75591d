"""Swagger UI in a real browser: what it offers to send is good, and nothing of it hangs."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.embedded import find_free_port
from tests.demo import make_first_demo_show
from tests.external.toolbox import lay_out, need, run
from tests.support import ADMIN_KEY, run_process, wait_for_http

pytestmark = [pytest.mark.external, pytest.mark.timeout(300), *need("npm", "chromium")]


@pytest.fixture
def fresh_web(database: dict[str, str]) -> Iterator[str]:
    """A web process that has seen no other show of the demo's id; its address."""
    port = find_free_port()
    with run_process("web", {**database, "PORT": str(port), "HOST": "127.0.0.1", "WEB_CONCURRENCY": "1"}):
        address = f"http://127.0.0.1:{port}"
        wait_for_http(f"{address}/readyz")
        yield address


def test_who_tries_the_page_out_succeeds(fresh_web: str, workers: None, tmp_path: Path) -> None:
    make_first_demo_show()
    lay_out(tmp_path, "try_page.mjs")
    chromium = str(shutil.which("chromium"))
    told = json.loads(run(["node", tmp_path / "try_page.mjs", fresh_web, chromium, ADMIN_KEY]))
    assert told["tags"][:2] == ["Shows", "Bookings"]
    assert told["created"]["status"] == 201
    # It was sent with `Prefer: wait=10`, as it stands there.
    assert told["booked"]["status"] == 201
    assert "CONFIRMED" in told["booked"]["body"]
    assert told["availability"]["status"] == 200
    assert not told["streamHasButton"]
    assert "curl -N" in told["streamSays"]
    assert told["webhooks"] >= 4
    assert told["faults"] == []
    assert told["asked"] == [fresh_web]
