"""Tasks about payments: settle what is due of them, compare them with the provider's."""

from core.infra.jobs import COMPARE_PAYMENTS, SETTLE_PAYMENTS, clear_flag, get_celery
from core.payments import comparing, settling

app = get_celery()


@app.task(name=SETTLE_PAYMENTS)
def settle_payments() -> None:
    """Apply webhooks, give money back, ask about what is offered, and close it."""
    settling.settle_payments()


@app.task(name=COMPARE_PAYMENTS)
def compare_payments() -> None:
    """Compare the provider's list with the ledger, once a day."""
    clear_flag(COMPARE_PAYMENTS)
    comparing.compare_daily()
