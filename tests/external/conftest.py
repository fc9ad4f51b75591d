"""A real RabbitMQ for the tests of a module."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.external.rabbitmq import RabbitMq


@pytest.fixture(scope="module")
def broker() -> Iterator[RabbitMq]:
    """A RabbitMQ of our own."""
    server = RabbitMq(Path(tempfile.mkdtemp(prefix="seatline-rabbitmq-")))
    server.start()
    try:
        yield server
    finally:
        server.discard()
