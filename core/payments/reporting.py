"""What providers tell of payments, by webhook or asked, applied to payments and their bookings."""

import logging
from dataclasses import asdict
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.engine import Connection

from core.infra.db import retry_conflicts, transaction
from core.infra.ids import new_id, read_slot
from core.infra.jobs import nudge
from core.payments import event_queries, queries
from core.payments.providers.interface import Notice, Report, ReportStatus
from core.payments.rules import Verdict, judge_report
from core.payments.states import PaymentStatus
from core.payments.telling import announce, have_payments_settled
from core.payments.views import Payment

log = logging.getLogger(__name__)


class Applied(NamedTuple):
    """What a report came to, of which payment."""

    verdict: Verdict
    payment: Payment

    def tell(self) -> None:
        """Wake long polls of the booking, and nudge the workers; after the commit."""
        if self.verdict is not Verdict.NOTHING:
            announce(self.payment.booking_id)
        if self.verdict is Verdict.CONFIRM:
            nudge(self.payment.show_id)
        elif self.verdict is Verdict.GIVE_BACK:
            have_payments_settled()


def take_notice(provider: str, notice: Notice) -> None:
    """Record a webhook, once, and apply what it tells: a success at once, all else by a worker.

    A success is applied in the transaction that records it, so that it wins over expiry. Raises
    UnavailableError, also where another keeps the booking: nothing is recorded, and the provider comes again.
    """
    is_success = notice.report is not None and notice.report.status is ReportStatus.SUCCEEDED
    applied = retry_conflicts(lambda: _record(provider, notice, is_success=is_success))
    if applied is None:
        have_payments_settled()
    else:
        applied.tell()


def _record(provider: str, notice: Notice, *, is_success: bool) -> Applied | None:
    """Record a webhook, and apply it where it `is_success`; None where a worker is to apply it."""
    with transaction() as connection:
        if is_success and notice.report is not None:
            # Before the record, as successes that are told together do: the same one may be among those.
            _lock_booking_of(connection, notice.report)
        is_new = event_queries.insert_event(
            connection,
            provider,
            notice,
            slot=find_slot(notice.report),
            report=None if notice.report is None else to_columns(notice.report),
            is_due=notice.report is not None and not is_success,
        )
        if is_new and is_success and notice.report is not None:
            return apply_report(connection, provider, notice.report)
    return None


def _lock_booking_of(connection: Connection, report: Report) -> None:
    known = queries.select_payment(connection, report.payment_id) if report.payment_id else None
    if known is not None:
        queries.lock_booking(connection, known.booking_id)


def apply_event(event: Row[Any]) -> None:
    """Apply a webhook that was recorded, and note that it is."""
    with transaction() as connection:
        applied = apply_report(connection, event.provider, read_report(event.report))
        event_queries.update_applied(connection, event)
    if applied:
        applied.tell()


def apply_report(connection: Connection, provider: str, report: Report) -> Applied | None:
    """Apply a report to the payment that it names; None where that is none of ours.

    The booking is locked before its payment: every change of a payment takes the locks in this order.
    """
    known = queries.select_payment(connection, report.payment_id) if report.payment_id else None
    if known is None or known.provider != provider:
        log.warning("payment of no one", extra={"provider": provider, "provider_id": report.provider_id})
        return None
    standing = queries.lock_booking(connection, known.booking_id)
    payment = queries.select_payment(connection, known.id) or known
    verdict, reason, fault = judge_report(payment, report, standing.stage if standing else None)
    if fault:
        told = {"payment_id": str(payment.id), "provider_id": report.provider_id, "fault": fault}
        log.error("payment not as asked", extra=told)
    if verdict is Verdict.FAIL:
        queries.update_failed(connection, payment, provider_id=report.provider_id)
    elif verdict is not Verdict.NOTHING:
        queries.update_paid(
            connection,
            payment,
            status=PaymentStatus.SUCCEEDED if verdict is Verdict.CONFIRM else PaymentStatus.REFUND_PENDING,
            amount=report.amount,
            currency=report.currency,
            provider_id=report.provider_id,
            refund_id=new_id(payment.slot),
            reason=reason,
        )
    return Applied(verdict, payment)


def find_slot(report: Report | None) -> int:
    """The slot of the payment that a report is about; 0 where it is about none."""
    return read_slot(report.payment_id) if report and report.payment_id else 0


def to_columns(report: Report) -> dict[str, Any]:
    """A report as a webhook's record keeps it."""
    return asdict(report)


def read_report(kept: dict[str, Any]) -> Report:
    """A report as a webhook's record has kept it."""
    ids = {name: UUID(kept[name]) if kept[name] else None for name in ("payment_id", "booking_id")}
    return Report(**{**kept, **ids, "status": ReportStatus(kept["status"])})
