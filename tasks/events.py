"""Tasks about events: see them out of the house."""

from core import relay
from core.infra.jobs import RELAY_EVENTS, get_celery

app = get_celery()


@app.task(name=RELAY_EVENTS)
def relay_events() -> None:
    """Place, queue for webhooks, and publish what was committed."""
    relay.relay_events()
