"""A database in partitions by slot, each in place of a server of a distributed one."""

from collections.abc import Iterator

import pytest

from tests.apart import live_apart
from tests.distribution.shards import split_tables


@pytest.fixture(scope="module")
def servers(servers: dict[str, str]) -> Iterator[dict[str, str]]:
    """The session's servers, with a database in shards."""
    with live_apart(servers, name="shards", redis_database=6) as variables:
        split_tables()
        yield variables
