"""A database that has no place for some names is refused in a line; what is set around us changes nothing."""

import asyncio
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest
from sqlalchemy import text

from core.infra.async_db import LoopConnection
from core.infra.db import primary, transaction
from core.infra.prepared import Prepared
from local.embedded import find_free_port
from tests.apart import enter, make_migrated_database, migrate
from tests.support import HANGS_SECONDS, ROOT, read_procfile

NAME = "Händel 🎭"


@pytest.fixture(params=["LATIN1", "SQL_ASCII"])
def url(servers: dict[str, str], request: pytest.FixtureRequest) -> str:
    """A database of another encoding."""
    name = f"other_{uuid.uuid4().hex}"
    with closing(psycopg2.connect(servers["DATABASE_URL"])) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING '{request.param}' LOCALE 'C'")
    return f"{servers['DATABASE_URL'].rpartition('/')[0]}/{name}"


@pytest.mark.parametrize("process", ["release", "web", "worker", "outbound"])
def test_every_process_refuses_it(servers: dict[str, str], url: str, process: str) -> None:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", read_procfile()[process]],
        cwd=ROOT,
        env={**os.environ, **servers, "DATABASE_URL": url, "PORT": str(find_free_port()), "PATH": path},
        capture_output=True,
        text=True,
        check=False,
        timeout=HANGS_SECONDS,
    )
    assert done.returncode == 1
    (said,) = [line for line in done.stderr.splitlines() if line.startswith("seatline: ")]
    assert "ENCODING 'UTF8' TEMPLATE template0" in said
    assert "Traceback" not in done.stderr
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
        assert cursor.fetchall() == [(0,)]


@pytest.fixture
def strange(servers: dict[str, str]) -> Iterator[None]:
    """A database whose settings, and an environment whose variables, say that we speak something else."""
    made = make_migrated_database(servers["DATABASE_URL"], f"strange_{uuid.uuid4().hex}")
    with closing(psycopg2.connect(made)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(f"ALTER DATABASE {made.rpartition('/')[2]} SET client_encoding = 'LATIN2'")
    with enter({"DATABASE_URL": made, "PGCLIENTENCODING": "LATIN1"}):
        yield


@pytest.mark.usefixtures("strange")
def test_we_speak_utf_8_whatever_is_set_around_us() -> None:
    asked = "SELECT cast(:name AS text), current_setting('client_encoding')"
    for enter_database in (primary, transaction):
        with enter_database() as connection:
            assert tuple(connection.execute(text(asked), {"name": NAME}).one()) == (NAME, "UTF8")
    assert asyncio.run(LoopConnection().fetch_all(Prepared("asked", asked), lambda: {"name": NAME})) == [
        (NAME, "UTF8")
    ]
    assert migrate(os.environ["DATABASE_URL"]).returncode == 0
