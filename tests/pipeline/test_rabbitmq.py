"""The pipeline with RabbitMQ as its broker."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.apart import enter, make_migrated_database
from tests.external.rabbitmq import RabbitMq
from tests.pipeline.test_pipeline import *  # noqa: F403 (the same tests, here)

pytestmark = [pytest.mark.usefixtures("workers"), pytest.mark.processes, pytest.mark.external]


@pytest.fixture(scope="module")
def servers(servers: dict[str, str]) -> Iterator[dict[str, str]]:
    """The session's servers, and a RabbitMQ for messages and events."""
    broker = RabbitMq(Path(tempfile.mkdtemp(prefix="seatline-rabbitmq-")))
    broker.start()
    url = make_migrated_database(servers["DATABASE_URL"], "rabbitmq")
    variables = {**servers, "DATABASE_URL": url, "CELERY_BROKER_URL": broker.url}
    try:
        with enter(variables):
            yield variables
    finally:
        broker.discard()
