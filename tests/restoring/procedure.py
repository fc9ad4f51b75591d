"""The commands of docs/operations.md that dump and restore, run as they are written there."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import psycopg2
from psycopg2 import sql

from local.programs import find_postgres_programs
from tests.support import HANGS_SECONDS, ROOT

# What compose runs in a container of its own is run here, with the same programs and servers.
OF_COMPOSE = (
    ("docker compose exec --no-TTY postgres ", ""),
    ("docker compose run --rm release flask", "flask"),
    ("docker compose run --rm release", "alembic upgrade head"),
)
STOP, START = "docker compose stop web worker outbound beat flower", "docker compose up --detach"
ROLE, PASSWORD = "seatline", "a-password-of-the-drill"


class Procedure:
    """One documented way to dump and to restore, for a server; `url` is Seatline's own, as it then is."""

    def __init__(self, way: str, admin_url: str, folder: Path) -> None:
        self._admin_url, self._folder = admin_url, folder
        self._base = f"postgresql://{ROLE}:{PASSWORD}@127.0.0.1:{urlsplit(admin_url).port}"
        self.url = f"{self._base}/seatline"
        self._restored_url = self.url if way == "compose" else f"{self._base}/restored"
        commands = [line for block in read_blocks(way) for line in block]
        self._dump = [line for line in commands if "pg_dump" in line]
        self._restore = [line for line in commands if "pg_dump" not in line]

    def dump(self) -> None:
        """Make the dump. Fails the test where a command fails."""
        self._run(self._dump)

    def restore(self) -> str:
        """Put the database back to the dump; what the last command said."""
        said = self._run([line for line in self._restore if line not in (STOP, START)])
        self.url = self._restored_url
        return said

    def _run(self, commands: list[str]) -> str:
        assert commands
        script = "\n".join(["set -e", *commands])
        for written, meant in OF_COMPOSE:
            script = script.replace(written, meant)
        done = subprocess.run(
            ["bash", "-c", f"cd '{self._folder}'; {script}"],
            env={**os.environ, **self._variables()},
            capture_output=True,
            text=True,
            check=False,
            timeout=HANGS_SECONDS,
        )
        assert done.returncode == 0, done
        # The log has a line for each change, and no other.
        assert {json.loads(line)["message"] for line in done.stderr.splitlines()} <= {"changed"}, done
        return done.stdout.splitlines()[-1] if done.stdout else ""

    def _variables(self) -> dict[str, str]:
        programs = find_postgres_programs(), Path(sys.executable).parent
        return {
            "PATH": os.pathsep.join([*map(str, programs), os.environ["PATH"]]),
            "PYTHONPATH": str(ROOT),
            "ALEMBIC_CONFIG": str(ROOT / "pyproject.toml"),
            "DATABASE_URL": self.url,
            "ADMIN_URL": self._admin_url,
            "RESTORED_URL": self._restored_url,
            "PGHOST": "127.0.0.1",
            "PGPORT": str(urlsplit(self.url).port),
            "PGPASSWORD": PASSWORD,
        }


def read_blocks(way: str) -> Iterator[list[str]]:
    """The blocks of commands about dumps, of compose or of a server of one's own."""
    text = (ROOT / "docs" / "operations.md").read_text()
    text = text[text.index("\n## Backup\n") : text.index("\n## Events and webhooks\n")]
    for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL):
        if ("docker compose" in block) == (way == "compose"):
            yield [line for line in block.splitlines() if line]


def make_role(admin_url: str, *, is_superuser: bool) -> None:
    """Seatline's role and its database: a superuser as in compose, or one that owns the database."""
    kind = sql.SQL("SUPERUSER" if is_superuser else "NOSUPERUSER")
    role = sql.Identifier(ROLE)
    with closing(psycopg2.connect(admin_url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(sql.SQL("DROP DATABASE IF EXISTS seatline WITH (FORCE)"))
            cursor.execute(sql.SQL("DROP DATABASE IF EXISTS restored WITH (FORCE)"))
            cursor.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(role))
            cursor.execute(sql.SQL("CREATE ROLE {} LOGIN {} PASSWORD %s").format(role, kind), (PASSWORD,))
            cursor.execute(sql.SQL("CREATE DATABASE seatline OWNER {} TEMPLATE template0").format(role))
