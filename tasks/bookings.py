"""Tasks about bookings: settle a show, see to expired holds, sweep up what was missed."""

from core import housekeeping
from core.infra import tracing
from core.infra.dropped import Reason, note_dropped
from core.infra.jobs import (
    ARCHIVE_BOOKINGS,
    BOOKINGS_QUEUE,
    EXPIRE_HOLDS,
    PURGE_IDEMPOTENCY_KEYS,
    SETTLE_SHOW,
    SWEEP,
    clear_flag,
    get_celery,
)
from core.settling import sweeping, worker
from core.shows.errors import ShowNotFoundError

app = get_celery()


def is_redelivered() -> bool:
    """Whether the message at hand comes again, because the process that had it died."""
    task = app.current_task
    return bool(task and (task.request.delivery_info or {}).get("redelivered"))


@app.task(name=SETTLE_SHOW)
def settle_show(show_id: int) -> None:
    """Settle a show's bookings until none waits; of a show that there is not, none does."""
    traceparent = getattr(app.current_task.request, tracing.TRACEPARENT, None) if app.current_task else None
    try:
        with tracing.span_from(traceparent, f"process {SETTLE_SHOW}", "CONSUMER"):
            worker.settle_show(show_id, is_again=is_redelivered())
    except ShowNotFoundError:
        note_dropped(Reason.WRONG_ARGUMENTS, place=BOOKINGS_QUEUE)


@app.task(name=EXPIRE_HOLDS)
def expire_holds() -> None:
    """Nudge the shows whose holds have expired."""
    clear_flag(EXPIRE_HOLDS)
    sweeping.nudge_expired_shows()


@app.task(name=SWEEP)
def sweep() -> None:
    """Settle the shows whose rows have waited too long."""
    clear_flag(SWEEP)
    sweeping.sweep_shows(is_again=is_redelivered())


@app.task(name=ARCHIVE_BOOKINGS)
def archive_bookings() -> None:
    """Archive the bookings of shows long past."""
    clear_flag(ARCHIVE_BOOKINGS)
    housekeeping.archive_bookings()


@app.task(name=PURGE_IDEMPOTENCY_KEYS)
def purge_idempotency_keys() -> None:
    """Forget idempotency keys that have had their time, and webhooks of payment providers."""
    clear_flag(PURGE_IDEMPOTENCY_KEYS)
    housekeeping.purge_idempotency_keys()
    housekeeping.purge_payment_events()
