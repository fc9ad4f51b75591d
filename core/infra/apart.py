"""A connection beside the pools, and how full these are: for those who ask why they are."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy.engine import Connection
from sqlalchemy.pool import NullPool

from core.errors import UnavailableError
from core.infra.db import (
    connect_watched,
    get_engine,
    get_statement_engine,
    make_engine,
    translate_outages,
)

# No pool bounds them: more would take the server's last connections, and the threads that answer probes.
MOST_APART = 2
_places = threading.BoundedSemaphore(MOST_APART)


@contextmanager
def apart() -> Iterator[Connection]:
    """A new connection to the primary, closed after it. Each statement commits.

    Raises UnavailableError, also where this process has as many as it may.
    """
    if not _places.acquire(blocking=False):
        raise UnavailableError("Too many ask about the database at once.")
    engine = make_engine(
        creator=connect_watched,
        poolclass=NullPool,
        isolation_level="AUTOCOMMIT",
    )
    try:
        with translate_outages(), engine.connect() as connection:
            yield connection
    finally:
        _places.release()


def describe_pools() -> list[dict[str, Any]]:
    """This process's pools: how many connections each may have, has, and has given out."""
    engines = {"transactions": get_engine(), "statements": get_statement_engine()}
    return [_describe(name, engine.pool) for name, engine in engines.items()]


def _describe(name: str, pool: Any) -> dict[str, Any]:
    in_use = pool.checkedout()
    return {"name": name, "size": pool.size(), "open": in_use + pool.checkedin(), "in_use": in_use}
