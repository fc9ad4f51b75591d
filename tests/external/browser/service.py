"""The real service that pages of these tests belong to: each of its processes, on the session's servers."""

import json
import shutil
import tempfile
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Page
from sqlalchemy import text

from core.infra.db import transaction
from core.shows.service import Show
from local.embedded import find_free_port
from proof.tables import UNPUBLISHED
from tests.support import HANGS_SECONDS, WORKER, run_process, wait_for_http

# The fixtures make_show, open_page and embed.
MakeShow = Callable[..., Show]
OpenPage = Callable[..., Page]
Embed = Callable[..., Page]


@dataclass(frozen=True, slots=True)
class Site:
    """Addresses without a slash at their end: the service's, and of the sandbox at which buyers pay."""

    url: str
    sandbox_url: str

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """The document that another client of the service is answered with; it waits for outcomes."""
        headers = {"Content-Type": "application/json", "Prefer": "wait=20"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}{path}", data, headers, method=method)
        with urllib.request.urlopen(request, timeout=HANGS_SECONDS) as answer:
            return json.load(answer)

    def book(self, show_id: int, *seats: str) -> Any:
        """The booking of another buyer, settled."""
        return self.ask("POST", "/bookings", {"show_id": show_id, "seats": seats})

    def count(self, show_id: int) -> dict[str, int]:
        """The show's seats by their state."""
        counts: dict[str, int] = self.ask("GET", f"/shows/{show_id}")["seats"]
        return counts


def is_quiet() -> bool:
    """Whether workers have nothing to do: no booking waits, and no event is unpublished."""
    waiting = "SELECT FROM bookings WHERE wants IS NOT NULL"
    unpublished = f"SELECT FROM events e WHERE {UNPUBLISHED}"
    with transaction() as connection:
        return not connection.execute(
            text(f"SELECT EXISTS ({waiting}) OR EXISTS ({unpublished})")
        ).scalar_one()


@contextmanager
def run_site(servers: Mapping[str, str]) -> Iterator[Site]:
    """Web, worker, outbound, beat and sandbox, which is the payment provider."""
    port, sandbox_port = find_free_port(), find_free_port()
    # Not under pytest's own folder: the sandbox keeps its data there.
    home = Path(tempfile.mkdtemp(prefix="seatline-site-"))
    variables = {
        **servers,
        **WORKER,
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "WEB_CONCURRENCY": "1",
        # A page loads dozens of files: their lines would hide what is measured and printed.
        "REQUEST_LOG": "false",
        "PAYMENT_PROVIDER": "sandbox",
        "SANDBOX_PORT": str(sandbox_port),
        "SEATLINE_HOME": str(home),
    }
    site = Site(f"http://127.0.0.1:{port}", f"http://127.0.0.1:{sandbox_port}")
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, home, ignore_errors=True)
        for name in ("sandbox", "web", "worker", "outbound", "beat"):
            stack.enter_context(run_process(name, variables))
        wait_for_http(f"{site.sandbox_url}/")
        wait_for_http(f"{site.url}/readyz")
        yield site
