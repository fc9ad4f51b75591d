"""RabbitMQ behind TLS: where certificate and name are right, work is done; else nothing is said."""

from collections.abc import Callable
from pathlib import Path

import pytest

from core import relay
from core.infra.jobs import nudge
from core.shows.service import Show
from proof.tables import UNPUBLISHED
from tests.acting import ask, book, settle, tell
from tests.apart import enter
from tests.external.rabbitmq import RabbitMq
from tests.support import run_process, wait_until
from tests.tls import Authority

pytestmark = pytest.mark.external
MakeShow = Callable[..., Show]
WAITING = f"SELECT FROM events e WHERE {UNPUBLISHED}"


def test_booking_is_settled_and_its_event_published(
    broker: RabbitMq, make_show: MakeShow, database: dict[str, str], tmp_path: Path
) -> None:
    authority = Authority(tmp_path)
    with authority.run_front(broker.port) as front:
        url = f"amqps://guest:guest@localhost:{front.port}//?ssl_ca_certs={authority.path}"
        variables = {"CELERY_BROKER_URL": url, "EVENTS_BROKER_URL": url}
        with enter(variables), run_process("worker", {**database, **variables}):
            wait_until(lambda: front.heard)
            show = make_show()
            booking_id = book(show.id, "1")
            nudge(show.id)
            wait_until(lambda: tell(booking_id) == "CONFIRMED")
            relay.broker_breaker.close()
            relay.relay_events()
            assert not ask(WAITING)


@pytest.mark.parametrize(("host", "is_known"), [("127.0.0.1", True), ("localhost", False)])
def test_events_are_kept_from_whoever_else_answers(
    broker: RabbitMq, make_show: MakeShow, tmp_path: Path, host: str, is_known: bool
) -> None:
    """One of another name, and one of an unknown authority."""
    authority = Authority(tmp_path)
    options = f"?ssl_ca_certs={authority.path}" if is_known else ""
    show = make_show()
    book(show.id, "1")
    settle(show.id)
    with authority.run_front(broker.port) as front:
        url = f"amqps://guest:guest@{host}:{front.port}//{options}"
        with enter({"EVENTS_BROKER_URL": url}):
            relay.broker_breaker.close()
            relay.relay_events()
        assert front.heard == b""
    assert ask(WAITING)
