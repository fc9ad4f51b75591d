"""What workers do about payments: apply webhooks, give money back, ask about and close what is offered."""

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import Row

from core.errors import UnavailableError
from core.infra.db import primary, transaction
from core.infra.jobs import SETTLE_PAYMENTS, clear_flag
from core.infra.slot_groups import SlotGroup, for_each_group
from core.payments import due_queries, event_queries, queries
from core.payments.errors import ProviderRefusedError
from core.payments.providers import IN_TASK, call_provider
from core.payments.providers.interface import Provider, Report, ReportStatus
from core.payments.reporting import apply_event, apply_report
from core.payments.rules import choose_delay, is_payable
from core.payments.service import to_charge
from core.payments.telling import announce, have_payments_settled
from core.payments.views import Payment

log = logging.getLogger(__name__)
T = TypeVar("T")

# So many are claimed at a time, and so many of these are asked of the provider at once.
CLAIMED_AT_ONCE, ASKED_AT_ONCE = 16, 8
# A provider makes up to three calls for each, of at most 10 s (providers.IN_TASK): a claim outlives two
# rounds of them.
CLAIM_SECONDS = 75
# Then a worker queues up again, so that it can stop in time.
TURN_SECONDS = 2.0
# A process has so many turns at once: where the provider is slow, the other threads relay events meanwhile.
TURNS_AT_ONCE = 4
_turns = threading.BoundedSemaphore(TURNS_AT_ONCE)
# A pending payment without a webhook is polled at the provider so often.
ASKED_EVERY_SECONDS = 60


def settle_payments() -> None:
    """Do what is due of payments, until nothing is or the turn is over. Promises nothing: it comes again."""
    clear_flag(SETTLE_PAYMENTS)
    if not _turns.acquire(blocking=False):
        return
    try:
        _settle()
    finally:
        _turns.release()


def _settle() -> None:
    stop_at = time.monotonic() + TURN_SECONDS
    while any(for_each_group(_settle_some)):
        if time.monotonic() >= stop_at:
            have_payments_settled()
            return


def _settle_some(group: SlotGroup) -> bool:
    """Whether something was due, so that there may be more."""
    events = _claim(event_queries.claim_events, group)
    for event in events:
        _guard(apply_event, event, event_id=event.id)
    with ThreadPoolExecutor(ASKED_AT_ONCE) as pool:
        refunds = _claim(due_queries.claim_refunds, group)
        for refund, error in pool.map(_ask_refund, refunds):
            _guard(partial(_note_refund, error=error), refund, refund_id=str(refund.id))
        # Claimed now: the refunds may have taken as long as a claim lasts.
        payments = _claim(due_queries.claim_payments, group)
        for payment, report in pool.map(_ask_payment, payments):
            _guard(partial(_note_payment, report=report), payment, payment_id=str(payment.id))
    return bool(events or refunds or payments)


def _claim(claim: Callable[..., list[T]], group: SlotGroup) -> list[T]:
    with transaction() as connection:
        return claim(connection, group, limit=CLAIMED_AT_ONCE, seconds=CLAIM_SECONDS)


def _guard(run: Callable[[T], None], item: T, **told: str) -> None:
    # One that cannot be settled just now must not keep the others waiting; its claim runs out.
    try:
        run(item)
    except UnavailableError as error:
        log.warning("payment not settled", extra={**told, "error": str(error)})
    except Exception:
        log.exception("payment not settled", extra=told)


def _ask_refund(refund: Row[Any]) -> tuple[Row[Any], str | None]:
    """The refund, and why the provider has not taken it; None where it has."""

    def give_back(provider: Provider) -> None:
        provider.refund(
            refund.provider_id, refund_id=refund.id, amount=refund.amount, currency=refund.currency
        )

    try:
        call_provider(refund.provider, IN_TASK, give_back)
    except (UnavailableError, ProviderRefusedError) as error:
        return refund, str(error)
    except Exception as error:
        # Of one alone: those that were claimed with it are settled.
        log.exception("refund not asked for", extra={"refund_id": str(refund.id)})
        return refund, type(error).__name__
    return refund, None


def _note_refund(refund: Row[Any], *, error: str | None) -> None:
    if error is not None:
        told = {"refund_id": str(refund.id), "payment_id": str(refund.payment_id), "error": error}
        log.warning("refund not taken", extra={**told, "tries": refund.tries})
        with primary() as connection:
            seconds = choose_delay(refund.tries)
            due_queries.update_refused(
                connection, refund_id=refund.id, slot=refund.slot, seconds=seconds, error=error
            )
        return
    with transaction() as connection:
        queries.lock_booking(connection, refund.booking_id)
        queries.update_taken(connection, refund)
    announce(refund.booking_id)


def _ask_payment(payment: Payment) -> tuple[Payment, Report | None]:
    """The payment, and what its provider says of it; None where it says nothing, and is asked again later.

    One whose booking cannot be paid any more is closed.
    """
    try:
        with transaction() as connection:
            standing = queries.lock_booking(connection, payment.booking_id)
        is_open = standing is not None and is_payable(standing.stage)
        return payment, call_provider(payment.provider, IN_TASK, partial(_fetch, payment, is_open=is_open))
    except (UnavailableError, ProviderRefusedError) as error:
        log.warning("payment not asked about", extra={"payment_id": str(payment.id), "error": str(error)})
        is_never = isinstance(error, ProviderRefusedError) and payment.provider_id is None
        return payment, _report_failure(payment) if is_never else None
    except Exception:
        log.exception("payment not asked about", extra={"payment_id": str(payment.id)})
        return payment, None


def _fetch(payment: Payment, provider: Provider, *, is_open: bool) -> Report:
    # The response to create() may have been lost; create() is idempotent, so it is repeated.
    provider_id = payment.provider_id or provider.create(to_charge(payment)).provider_id
    return provider.fetch(provider_id) if is_open else provider.close(provider_id)


def _report_failure(payment: Payment) -> Report:
    """A FAILED report for an offer that the provider refused to create."""
    return Report(
        provider_id=None,
        payment_id=payment.id,
        booking_id=payment.booking_id,
        status=ReportStatus.FAILED,
        amount=payment.amount,
        refunded_amount=0,
        currency=payment.currency,
    )


def _note_payment(payment: Payment, *, report: Report | None) -> None:
    applied = None
    with transaction() as connection:
        if report is not None:
            applied = apply_report(connection, payment.provider, report)
        seconds = ASKED_EVERY_SECONDS if report is not None else choose_delay(payment.tries)
        due_queries.update_due(connection, payment, seconds=seconds, is_answered=report is not None)
    if applied:
        applied.tell()
