"""A PostgreSQL of its own, on which databases are dropped and renamed, and Seatline on it, as documented."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from core.infra.redis import get_redis
from local.embedded import find_free_port
from local.servers import EmbeddedPostgres
from tests.apart import enter, migrate
from tests.restoring.procedure import Procedure, make_role
from tests.support import run_process, wait_for_http


@pytest.fixture(scope="module")
def postgres() -> Iterator[EmbeddedPostgres]:
    """The server."""
    folder = Path(tempfile.mkdtemp(prefix="seatline-restoring-"))
    folder.chmod(0o755)
    server = EmbeddedPostgres(folder / "postgres", durable=False, port=find_free_port())
    with server:
        yield server
    server.discard()
    shutil.rmtree(folder)


class Site:
    """Seatline with its database and its way to restore it; this process settles and delivers for it."""

    def __init__(self, procedure: Procedure, servers: dict[str, str]) -> None:
        self.procedure = procedure
        self.redis_url = f"{servers['REDIS_URL'].rpartition('/')[0]}/9"
        self._servers = servers

    @contextmanager
    def run(self) -> Iterator[str]:
        """All of it runs; the address of a real web process."""
        variables = {
            **self._servers,
            "DATABASE_URL": self.procedure.url,
            "REDIS_URL": self.redis_url,
            "WEBHOOK_ALLOW_PRIVATE": "true",
        }
        port = find_free_port()
        web = {"PORT": str(port), "HOST": "127.0.0.1", "WEB_CONCURRENCY": "1"}
        with enter(variables), run_process("web", {**variables, **web}):
            wait_for_http(f"http://127.0.0.1:{port}/readyz")
            yield f"http://127.0.0.1:{port}"


@pytest.fixture(params=["compose", "own"])
def site(
    request: pytest.FixtureRequest, servers: dict[str, str], postgres: EmbeddedPostgres, tmp_path: Path
) -> Iterator[Site]:
    """An empty one, by each documented way."""
    admin_url = postgres.url.rpartition("/")[0] + "/postgres"
    make_role(admin_url, is_superuser=request.param == "compose")
    procedure = Procedure(request.param, admin_url, tmp_path)
    assert migrate(procedure.url).returncode == 0
    site = Site(procedure, servers)
    yield site
    with enter({"REDIS_URL": site.redis_url}):
        get_redis().flushdb()
