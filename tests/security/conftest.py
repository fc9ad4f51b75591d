"""The application and a door around it, as tests of the API have them; an issuer of tokens, and a clock."""

from collections.abc import Iterator

import pytest

from tests.api.conftest import app, asking, client, door_client, show
from tests.security.issuer import Clock, Issuer, run_issuer

__all__ = ["app", "asking", "client", "door_client", "show"]


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    """An issuer that is running."""
    with run_issuer() as running:
        yield running


@pytest.fixture
def clock() -> Clock:
    """A clock that a test sets."""
    return Clock()
