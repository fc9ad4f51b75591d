"""A receiver on this machine, which endpoints may be on here."""

from collections.abc import Iterator

import pytest

from proof.sink import Sink, run_sink
from tests.apart import enter


@pytest.fixture
def sink() -> Iterator[Sink]:
    """A receiver."""
    with run_sink() as running:
        yield running


@pytest.fixture
def private(database: dict[str, str]) -> Iterator[None]:
    """Endpoints at private addresses are allowed."""
    with enter({"WEBHOOK_ALLOW_PRIVATE": "true"}):
        yield
