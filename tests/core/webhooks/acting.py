"""What relays, workers, operators and time do to webhook endpoints, by hand."""

from datetime import datetime
from uuid import UUID

from core.events.service import place_events
from core.infra.db import transaction
from core.infra.slot_groups import SlotGroup
from core.webhooks import log, service
from core.webhooks.delivering import deliver_webhooks, queue_deliveries
from core.webhooks.rules import Outcome
from proof.sink import Sink
from tests.acting import run


def register(sink: Sink, path: str = "/", types: list[str] | None = None) -> service.NewSecret:
    with transaction() as connection:
        return service.create_endpoint(connection, url=f"{sink.url}{path}", types=types, description=None)


def look(endpoint_id: int) -> service.Endpoint:
    with transaction() as connection:
        return service.get_endpoint(connection, endpoint_id)


def queue() -> None:
    with transaction() as connection:
        place_events(connection, SlotGroup(0))
    queue_deliveries()


def deliver(endpoint_id: int) -> None:
    """What a relay and a worker do."""
    queue()
    deliver_webhooks(endpoint_id)


def make_due(endpoint_id: int) -> None:
    """Let the time of the next attempts come."""
    run("UPDATE webhook_deliveries SET next_attempt_at = now() WHERE endpoint_id = :id", id=endpoint_id)
    run("UPDATE webhook_endpoints SET paused_until = now() WHERE id = :id", id=endpoint_id)


def tell(sink: Sink, path: str = "/") -> list[str]:
    """The types received, in order."""
    return [received.event["type"].removeprefix("BOOKING_") for received in sink.at(path)]


def replay(endpoint_id: int, *, since: datetime | None = None, event_id: UUID | None = None) -> None:
    with transaction() as connection:
        service.replay_events(connection, endpoint_id, since=since, event_id=event_id)


def read_log(endpoint_id: int, status: Outcome | None = None) -> list[log.Delivery]:
    """All that the log has, the last first."""
    with transaction() as connection:
        return log.list_deliveries(connection, endpoint_id, status=status, before=2**63 - 1, limit=10_000)


def ask_for_test(endpoint_id: int) -> log.Delivery:
    with transaction() as connection:
        return log.ask_for_test(connection, endpoint_id)[0]
