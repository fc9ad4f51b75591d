"""Reads of maps: at a replica where that has the version that is wanted, else at the primary."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from sqlalchemy.engine import Connection

from core.infra import replicas
from core.infra.db import primary

Rows = TypeVar("Rows", bound=Sequence[Any])


def read_version(at_least: int | None, read: Callable[[Connection], Rows]) -> Rows:
    """The rows of a map of this version or a later one; with None, of the primary's version.

    The first row has the version.
    """
    if at_least is None:
        with primary() as connection:
            return read(connection)
    # A replica that lags may not have the show yet.
    return replicas.read(read, suits=lambda rows: bool(rows) and rows[0].version >= at_least)
