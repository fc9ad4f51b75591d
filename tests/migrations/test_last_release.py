"""The last release goes on working on the schema of this code, and beside its processes."""

import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import pytest

from local.embedded import find_free_port
from tests.acting import ask
from tests.apart import enter, make_database, migrate
from tests.invariants import check_settled
from tests.pipeline.load import Client
from tests.support import ADMIN, ROOT, WORKER, run_process, wait_for_http

pytestmark = pytest.mark.processes
# 0.1.0; by its commit, as a copy of the repository may be without tags.
LAST = "07d2ccc2fb1ab163cb498570328eb166db5599c0"


@pytest.fixture(scope="module")
def last(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The code of the last release."""
    told = subprocess.run(["git", "archive", LAST], cwd=ROOT, capture_output=True, check=False)
    if told.returncode != 0:
        # A shallow copy, or none of git.
        pytest.skip(f"this checkout does not have the commit {LAST}")
    folder = tmp_path_factory.mktemp("last")
    with tarfile.open(fileobj=BytesIO(told.stdout)) as archive:
        archive.extractall(folder, filter="data")
    return folder


@pytest.fixture
def variables(servers: dict[str, str], last: Path) -> Iterator[dict[str, str]]:
    """A database that the last release has migrated."""
    url = make_database(servers["DATABASE_URL"], "last_release")
    redis_url = f"{servers['REDIS_URL'].rpartition('/')[0]}/5"
    found = {**servers, **WORKER, "DATABASE_URL": url, "REDIS_URL": redis_url}
    with enter(found):
        command = [sys.executable, "-m", "alembic", "upgrade", "head"]
        subprocess.run(command, cwd=last, check=True, capture_output=True)
        yield found


class Stand:
    """Processes of either code on one database, and a show that they sell."""

    def __init__(self, stack: ExitStack, variables: dict[str, str]) -> None:
        self._stack, self._variables = stack, variables
        self._show_id = 0
        self._seats = iter(range(1, 100))

    def start(self, name: str, folder: Path, **more: str) -> Callable[[], None]:
        """Start a process of this code; what stops it."""
        own = self._stack.enter_context(ExitStack())
        own.enter_context(run_process(name, {**self._variables, **more}, folder=folder))
        return own.close

    def serve(self, folder: Path) -> Client:
        """A client of a web process of this code."""
        port = find_free_port()
        self.start("web", folder, HOST="127.0.0.1", PORT=str(port), WEB_CONCURRENCY="1")
        wait_for_http(f"http://127.0.0.1:{port}/readyz")
        return Client(f"http://127.0.0.1:{port}")

    def create_show(self, client: Client) -> None:
        """Create the show that is sold; of the last release it is, with tables as it knows them."""
        start_time = (datetime.now(UTC) + timedelta(days=30)).isoformat()
        status, created = client.call(
            "POST", "/admin/shows", {"name": "A", "start_time": start_time, "total_seats": 100}, ADMIN
        )
        assert status == 201
        self._show_id = created["id"]

    def sell(self, client: Client) -> None:
        """Book a seat, and hold and confirm another."""
        booked, held = (
            client.book(self._show_id, str(next(self._seats)), hold=hold) for hold in (False, True)
        )
        client.wait_for(held)
        assert client.act(held, "confirm") == 202
        assert [client.wait_for(each)["status"] for each in (booked, held)] == ["CONFIRMED", "CONFIRMED"]
        assert client.call("GET", f"/shows/{self._show_id}/availability")[0] == 200


def test_last_release_works_beside_this_one(variables: dict[str, str], last: Path) -> None:
    with ExitStack() as stack:
        stand = Stand(stack, variables)
        before, stop_worker = stand.serve(last), stand.start("worker", last)
        stand.create_show(before)
        stand.sell(before)
        migrated = migrate(variables["DATABASE_URL"])
        assert migrated.returncode == 0, migrated.stderr
        stand.sell(before)
        now = stand.serve(ROOT)
        stand.sell(now)
        stand.start("worker", ROOT)
        stop_worker()
        stand.sell(now)
        stand.sell(before)
        check_settled()
        assert ask("SELECT count(*) FROM bookings WHERE status = 'CONFIRMED'")[0][0] == 10
