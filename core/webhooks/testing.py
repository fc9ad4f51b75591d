"""A test: an event of its own that an endpoint is sent once, whatever its state, without changing that.

It waits in the log of the endpoint (log.py), where whoever asked for it sees what came of it.
"""

from typing import Any

from sqlalchemy import Row

from core.events.service import wrap
from core.infra.db import primary
from core.infra.json import to_json
from core.webhooks import log_queries
from core.webhooks.queries import select_signing
from core.webhooks.rules import TEST_TYPE, Sent
from core.webhooks.sending import LONGEST_SECONDS, send_event

SOURCE = "/seatline/webhook-endpoints"
# Whoever has not noted by then what came of a test that it sends has died: another sends it.
CLAIMED_SECONDS = 2 * LONGEST_SECONDS


def send_test(endpoint_id: int) -> None:
    """Send an endpoint the test that waits for it, if one does and nobody is at it.

    Nothing else of the endpoint is looked at or changed: one that is paused, disabled or being delivered to
    is sent it all the same, and stays as it is.
    """
    with primary() as connection:
        test = log_queries.update_claimed(connection, endpoint_id, seconds=CLAIMED_SECONDS)
        endpoint = None if test is None else select_signing(connection, endpoint_id)
    if test is None or endpoint is None:
        return
    sent = _send(endpoint, endpoint_id, test)
    with primary() as connection:
        log_queries.update_tested(
            connection,
            endpoint_id,
            test,
            status=sent.attempt.outcome,
            status_code=sent.attempt.status_code,
            error=sent.attempt.error,
            sent_at=sent.at,
            took_milliseconds=sent.took_milliseconds,
        )


def _send(endpoint: Row[Any], endpoint_id: int, test: Row[Any]) -> Sent:
    event = wrap(
        {"endpoint_id": endpoint_id, "test": True},
        id_=test.event_id,
        source=SOURCE,
        type_=TEST_TYPE,
        subject=endpoint_id,
        time=test.event_time,
    )
    return send_event(endpoint.url, to_json(event), event_id=str(test.event_id), secrets=endpoint.secrets)
