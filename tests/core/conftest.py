"""The core's tests settle by hand: in a database where no worker does."""

from collections.abc import Iterator

import pytest

from tests.apart import live_apart


@pytest.fixture(scope="module")
def servers(servers: dict[str, str]) -> Iterator[dict[str, str]]:
    """The session's servers, apart from its processes."""
    with live_apart(servers, name="apart", redis_database=1) as variables:
        yield variables
