"""Successes as providers tell them in a rush: many webhooks recorded, their bookings to be confirmed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from core.infra.async_db import LoopConnection
from core.infra.ids import read_slot
from core.payments.confirming_queries import SELECT_STANDING, UPDATE_CONFIRMED, Paid
from core.payments.providers.interface import Notice, Report, ReportStatus
from core.payments.rules import Verdict, judge_report


@dataclass(frozen=True, slots=True)
class Success:
    """A verified webhook that tells of a success of this payment."""

    provider: str
    notice: Notice
    report: Report
    payment_id: UUID

    @property
    def slot(self) -> int:
        """The slot that the payment's id tells."""
        return read_slot(self.payment_id)


def find_success(provider: str, notice: Notice) -> Success | None:
    """The success that a webhook tells of; None where it tells of something else."""
    report = notice.report
    if report is None or report.payment_id is None or report.status is not ReportStatus.SUCCEEDED:
        return None
    return Success(provider, notice, report, report.payment_id)


async def confirm_paid(
    connection: LoopConnection, told: Sequence[Success], *, nudge: Callable[[int], None]
) -> list[UUID | None]:
    """The booking that each success confirms, recorded in the same statement; None where it is not so plain.

    Those are for take_notice(), which waits for locks and judges anew: what came before, what is to be given
    back, and bookings that others have locked or changed since they were read. Raises UnavailableError.
    """
    standing = await SELECT_STANDING.run_on_loop(connection, [each.payment_id for each in told])
    paid = []
    # One pays a booking: of two together neither could be written, nor anything that was told with them.
    first: dict[UUID, UUID] = {}
    for number, each in enumerate(told):
        found = standing.get(each.payment_id)
        if found is None or found.payment.provider != each.provider:
            continue
        if first.setdefault(found.payment.booking_id, each.payment_id) != each.payment_id:
            continue
        if judge_report(found.payment, each.report, found.stage).verdict is Verdict.CONFIRM:
            paid.append(Paid(number, each.provider, each.notice, each.report, found))
    if not paid:
        return [None] * len(told)
    numbers = await UPDATE_CONFIRMED.run_on_loop(connection, paid)
    confirmed = {each.number: each.standing.payment for each in paid if each.number in numbers}
    for show_id in {payment.show_id for payment in confirmed.values()}:
        nudge(show_id)
    return [confirmed[number].booking_id if number in confirmed else None for number in range(len(told))]
