"""L, the limit: the single-row INSERTs that this PostgreSQL, on this machine, can commit a second."""

import os
import re
import subprocess
import tempfile
from contextlib import closing
from urllib.parse import unquote, urlsplit

import psycopg2

from bench.loading import quote_end
from bench.programs import find_pgbench
from bench.target import BenchError

CLIENTS, JOBS = 32, 2
TABLE = "bookings_yardstick"
# A row as accepting writes it, with every constraint and index it has there.
INSERT = f"""
    INSERT INTO {TABLE} (id, slot, show_id, seats, hold, amount, currency)
    VALUES (gen_random_uuid(), 1, 1, '{{1}}', false, 0, 'EUR');
"""  # noqa: S608 (a constant)


def measure_limit(database_url: str, *, seconds: float) -> float:
    """INSERTs committed a second by 32 clients into a copy of `bookings`. Raises BenchError."""
    program = find_pgbench()
    _execute(database_url, f"DROP TABLE IF EXISTS {TABLE}")
    _execute(database_url, f"CREATE TABLE {TABLE} (LIKE bookings INCLUDING ALL)")
    parts = urlsplit(database_url)
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
        script.write(INSERT)
        script.flush()
        command = [program, "--no-vacuum", "--protocol=prepared", f"--client={CLIENTS}", f"--jobs={JOBS}"]
        command += [f"--time={max(1, round(seconds))}", f"--file={script.name}"]
        command += [f"--host={parts.hostname}", f"--port={parts.port}", f"--username={parts.username}"]
        ran = subprocess.run(
            [*command, parts.path.lstrip("/")],
            env={**os.environ, "PGPASSWORD": unquote(parts.password or "")},
            capture_output=True,
            text=True,
            check=False,
        )
    _execute(database_url, f"DROP TABLE {TABLE}")
    return parse_pgbench(ran.stdout + ran.stderr)


def parse_pgbench(said: str) -> float:
    """The rate that pgbench prints, without the time it took to connect. Raises BenchError."""
    found = re.search(r"^tps = ([\d.]+)", said, re.MULTILINE)
    if found is None:
        raise BenchError(f"pgbench measured nothing: {quote_end(said)}")
    return float(found[1])


def _execute(database_url: str, statement: str) -> None:
    with closing(psycopg2.connect(database_url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
