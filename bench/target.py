"""Where the service to be measured is: its address, its admin key, its database."""

import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from core.infra.ports import MAX_PORT, parse_port
from core.infra.settings import check_url
from local.data_dirs import CHECKOUT

DEFAULT_URL = "http://127.0.0.1:8000"
# The lines of PostgreSQL's postmaster.pid that hold the port and the socket's folder (its documented order).
PORT_LINE, SOCKETS_LINE = 3, 4


class BenchError(Exception):
    """The measurement cannot be made; the message is one line for whoever runs it."""


@dataclass(frozen=True, slots=True)
class Target:
    """A running service."""

    url: str
    admin_key: str
    database_url: str


def find_target(url: str | None) -> Target:
    """The service at `url`, else the one of `make run` on this machine. Raises BenchError.

    The key, the database and the port are what the environment says, else what `make run` has kept.
    """
    home = Path(os.environ.get("SEATLINE_HOME") or CHECKOUT / ".seatline")
    return Target(
        url=_check(url) if url else _find_url(home),
        admin_key=os.environ.get("ADMIN_API_KEY") or _read(home / "admin-api-key", "ADMIN_API_KEY"),
        database_url=os.environ.get("DATABASE_URL") or _find_database(home / "postgres"),
    )


def _check(url: str) -> str:
    try:
        return check_url(url, ("http", "https")).rstrip("/")
    except ValueError as fault:
        raise BenchError(f"--url {fault}") from None


def _find_url(home: Path) -> str:
    if text := os.environ.get("PORT"):
        if parse_port(text) is None:
            raise BenchError(f"PORT must be a number from 1 to {MAX_PORT}")
        return f"http://127.0.0.1:{text}"
    address = home / "address"
    return address.read_text() if address.exists() else DEFAULT_URL


def _find_database(folder: Path) -> str:
    password = quote(_read(folder / "password", "DATABASE_URL"), safe="")
    lines = _read(folder / "data" / "postmaster.pid", "DATABASE_URL").splitlines()
    port, sockets = lines[PORT_LINE].strip(), lines[SOCKETS_LINE].strip()
    return f"postgresql://postgres:{password}@:{port}/seatline?host={sockets}"


def _read(path: Path, variable: str) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        raise BenchError(f"{variable} is not set, and no `make run` is running that would tell it") from None
