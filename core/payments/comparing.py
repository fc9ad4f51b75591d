"""Comparing the provider's list with the ledger: each difference is logged, counted and listed."""

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from core.errors import UnavailableError
from core.infra.db import primary, transaction
from core.infra.settings import get_settings
from core.infra.slot_groups import SlotGroup, for_each_group
from core.payments import comparing_queries as queries
from core.payments.errors import ProviderRefusedError
from core.payments.providers import IN_TASK, call_provider
from core.payments.providers.interface import Report
from core.payments.reporting import read_report
from core.payments.rules import find_difference
from core.payments.views import Payment
from core.shows.queries import select_clock

log = logging.getLogger(__name__)

# A day's payments are compared three times, an hour's at a time: a large sale's are too many for one answer.
LISTED, HOUR = timedelta(days=3), timedelta(hours=1)
# Older ones that changed since are compared each by itself, and so is what differed before.
CHANGED = timedelta(days=2)
COMPARED_ALONE = 1_000
EVERY_HOURS = 24
# What changed just now may be on its way.
UNDER_WAY = timedelta(minutes=5)
UNKNOWN = "the provider has it, and there is no such payment here"


class Compared(NamedTuple):
    """A payment, what the provider says of it, if anything, and what differs, if anything does."""

    payment_id: UUID
    report: Report | None
    difference: str | None


def compare_daily() -> None:
    """Compare the payments where that was not done for a day. Raises UnavailableError: it is done later."""
    with primary() as connection:
        if not queries.is_due(connection, hours=EVERY_HOURS):
            return
    compare_payments()


def compare_payments() -> int:
    """Compare the payments of the last days; how many differ. Raises UnavailableError."""
    provider = get_settings().payment_provider
    if provider is None:
        return 0
    with primary() as connection:
        until = select_clock(connection) - UNDER_WAY
    since = until - LISTED
    differing = 0
    while since < until:
        differing += _note(provider, _compare_hour(provider, since, until))
        since += HOUR
    differing += _note(provider, _compare_changed(provider, until))
    differing += _note(provider, _compare_again(provider, until))
    with primary() as connection:
        queries.update_compared(connection)
    return differing


def _note(provider: str, compared: Sequence[Compared]) -> int:
    """Keep what differs of these, and forget what was found of them before; how many differ."""
    differing = [each for each in compared if each.difference]
    for each in differing:
        told = {"payment_id": str(each.payment_id), "difference": each.difference}
        log.error("payment differs from the provider's", extra=told)
    if compared:
        with transaction() as connection:
            queries.delete_differences(connection, [each.payment_id for each in compared])
            queries.insert_differences(connection, provider, differing)
    return len(differing)


def _compare_hour(provider: str, since: datetime, until: datetime) -> list[Compared]:
    """The payments offered within an hour, those of the provider's list and ours; none that is under way."""
    end = min(since + HOUR, until)
    listed = call_provider(provider, IN_TASK, lambda asked: list(asked.list(since, end)))
    # Payments without our metadata belong to other software on the same provider account.
    reports = {report.payment_id: report for report in listed if report.payment_id is not None}

    def read(group: SlotGroup) -> list[Payment]:
        with primary() as connection:
            return queries.select_made(connection, group, provider, since=since, end=end, until=until)

    ours = [payment for some in for_each_group(read) for payment in some]
    compared = [each for payment in ours if (each := _compare(payment, reports.get(payment.id)))]
    return compared + _find_unknown(reports)


def _compare_changed(provider: str, until: datetime) -> list[Compared]:
    def read(group: SlotGroup) -> list[Payment]:
        with primary() as connection:
            return queries.select_changed(
                connection,
                group,
                provider,
                made_before=until - LISTED,
                since=until - CHANGED,
                until=until,
                limit=COMPARED_ALONE,
            )

    changed = [payment for some in for_each_group(read) for payment in some]
    return [each for payment in changed if (each := _compare(payment, None))]


def _compare_again(provider: str, until: datetime) -> list[Compared]:
    """What differed before, and was not compared just now: it may have been mended since."""
    with primary() as connection:
        rows = queries.select_found(connection, provider, before=until, limit=COMPARED_ALONE)
        known = queries.select_by_ids(connection, [row.payment_id for row in rows])
    compared = [each for payment in known.values() if (each := _compare(payment, None))]
    for row in rows:
        if row.payment_id not in known and row.report is not None:
            report = read_report(row.report)
            is_there, said = _ask(provider, report.provider_id)
            if is_there:
                compared.append(Compared(row.payment_id, said, UNKNOWN if said else None))
    return compared


def _compare(payment: Payment, report: Report | None) -> Compared | None:
    """A payment beside what the provider lists, or says when it is asked; None where it does not answer."""
    if report is None:
        is_there, report = _ask(payment.provider, payment.provider_id)
        if not is_there:
            return None
    return Compared(payment.id, report, _judge(payment, report))


def _ask(provider: str, provider_id: str | None) -> tuple[bool, Report | None]:
    """Whether the provider answers, and what it says of a payment; None where it knows none."""
    if provider_id is None:
        return True, None
    try:
        return True, call_provider(provider, IN_TASK, lambda asked: asked.fetch(provider_id))
    except ProviderRefusedError:
        return True, None
    except UnavailableError as error:
        log.warning("payment not compared", extra={"provider_id": provider_id, "error": str(error)})
        return False, None


def _find_unknown(reports: Mapping[UUID, Report]) -> list[Compared]:
    """Payments that the provider has and that are not here, whenever they changed."""
    with primary() as connection:
        known = queries.select_by_ids(connection, list(reports))
    return [
        Compared(payment_id, report, UNKNOWN)
        for payment_id, report in reports.items()
        if payment_id not in known
    ]


def _judge(payment: Payment, report: Report | None) -> str | None:
    if report is None:
        # An offer that the provider never took is nowhere, and owes nothing.
        return "the provider has no such payment" if payment.provider_id else None
    return find_difference(payment, report)
