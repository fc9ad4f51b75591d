"""Tasks about webhooks: deliver what is due at an endpoint."""

from core.infra.jobs import DELIVER_WEBHOOKS, get_celery
from core.webhooks import delivering

app = get_celery()


@app.task(name=DELIVER_WEBHOOKS)
def deliver_webhooks(endpoint_id: int) -> None:
    """Send an endpoint what is due."""
    delivering.deliver_webhooks(endpoint_id)
