"""Programs that a measurement takes from the system: found, or named with the package that has them."""

import os
import shutil
from contextlib import suppress
from pathlib import Path

from bench.target import BenchError
from local.data_dirs import ServerError
from local.programs import DEBIAN_POSTGRES, find_postgres_programs


def find_wrk() -> str:
    """The load generator. Raises BenchError, which says what to install."""
    found = shutil.which("wrk")
    if found is None:
        raise BenchError("wrk is missing: install it (Debian: apt-get install wrk)")
    return found


def find_pgbench() -> str:
    """PostgreSQL's own load generator, which the wheels do not have. Raises BenchError like find_wrk."""
    places = [Path(found)] if (found := shutil.which("pgbench")) else []
    places += sorted(DEBIAN_POSTGRES.glob("*/bin/pgbench"), reverse=True)
    with suppress(ServerError):
        places.append(find_postgres_programs() / "pgbench")
    for place in places:
        if os.access(place, os.X_OK):
            return str(place)
    raise BenchError("pgbench is missing: install it (Debian: apt-get install postgresql-contrib)")


def find_node() -> tuple[str, str] | None:
    """Node and its npm, None where either is missing: a yardstick is left out then."""
    node, npm = shutil.which("node"), shutil.which("npm")
    return (node, npm) if node and npm else None


def require_programs() -> None:
    """Find out before anything is started. Raises BenchError."""
    find_wrk()
    find_pgbench()
