"""What became of payments, by the database and by the sandbox; and what must be true of the two together."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import text

from core.infra.db import primary, transaction
from core.payments.providers.interface import Report, ReportStatus
from core.payments.views import PUBLIC
from proof.till import Till

Row = dict[str, Any]
# What is not settled of payments: each has a time at which it is due.
DUE_TABLES = ("payments", "refunds", "payment_events")


@dataclass(frozen=True, slots=True)
class Money:
    """All payments, refunds by payment, ledger entries by payment; the sandbox's payments by our id."""

    payments: dict[str, Row] = field(default_factory=dict)
    refunds: dict[str, list[Row]] = field(default_factory=dict)
    entries: dict[str, list[Row]] = field(default_factory=dict)
    reports: dict[str, Report] = field(default_factory=dict)
    # By the sandbox's books: refunds by our id; webhooks that were never taken.
    given_back: dict[str, int] = field(default_factory=dict)
    unsent: int = 0
    due: dict[str, int] = field(default_factory=dict)
    # Of shows: whether bookings of theirs must be paid, and how long a hold is.
    shows: dict[int, Row] = field(default_factory=dict)

    def is_as_asked(self, payment: Row) -> bool:
        """Whether the sandbox has a payment as it was asked: booking, amount, currency."""
        report = self.reports.get(payment["id"])
        return report is not None and (report.amount, report.currency, str(report.booking_id)) == (
            payment["amount"],
            payment["currency"],
            payment["booking_id"],
        )


def gather_money(till: Till) -> Money:
    """All that there is."""
    now = datetime.now(UTC)
    reports = till.provider.list(now - timedelta(days=1), now + timedelta(days=1))
    return Money(
        payments={row["id"]: row for row in _read("payments", order="id")},
        refunds=_group(_read("refunds", order="id")),
        entries=_group(_read("ledger_entries", order="number")),
        reports={str(report.payment_id): report for report in reports},
        given_back=till.read_refunds(),
        unsent=till.count_unsent(),
        due=count_due(),
        shows={row["id"]: row for row in _read("shows", order="id")},
    )


def count_due() -> dict[str, int]:
    """How much is not settled, by table."""
    counts = (f"(SELECT count(*) FROM {table} WHERE due_at IS NOT NULL)" for table in DUE_TABLES)
    with primary() as connection:
        row = connection.execute(text(f"SELECT {', '.join(counts)}")).one()
    return dict(zip(DUE_TABLES, row, strict=True))


def hurry() -> None:
    """Have done now what is due later: what a worker that died had claimed, what failed and was put off."""
    with transaction() as connection:
        for table in DUE_TABLES:
            later = "due_at > clock_timestamp() + interval '1 second'"
            connection.execute(text(f"UPDATE {table} SET due_at = clock_timestamp() WHERE {later}"))


def _read(table: str, *, order: str) -> list[Row]:
    with primary() as connection:
        return list(connection.execute(text(f"SELECT to_jsonb(t) FROM {table} t ORDER BY {order}")).scalars())


def _group(rows: list[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        found[row["payment_id"]].append(row)
    return found


def find_unsettled(money: Money) -> Iterator[str]:
    """What still waits of payments."""
    for table, count in money.due.items():
        if count:
            yield f"{count} of {table} wait"
    if money.unsent:
        yield f"{money.unsent} webhooks of the sandbox are not taken"


def find_unbalanced(money: Money, bookings: dict[str, Row]) -> Iterator[str]:
    """Payments that are not exactly one of confirmed and refunded, ledgers that do not agree."""
    for payment_id, report in money.reports.items():
        payment = money.payments.get(payment_id)
        if payment is None:
            yield f"{payment_id} is at the sandbox, and nowhere else"
        else:
            yield from _judge(money, payment, report, bookings[payment["booking_id"]])
    for payment_id, payment in money.payments.items():
        if payment_id not in money.reports and (payment["status"] != "failed" or payment["provider_id"]):
            yield f"{payment_id} is {payment['status']}, and nowhere at the sandbox"
        yield from _audit(money, payment)
    for booking in bookings.values():
        yield from _judge_booking(money, booking)
    taken = {r["id"]: r["amount"] for rows in money.refunds.values() for r in rows if r["taken_at"]}
    if taken != money.given_back:
        yield f"refunds differ: {sorted(set(taken.items()) ^ set(money.given_back.items()))[:3]}"


def _judge(money: Money, payment: Row, report: Report, booking: Row) -> Iterator[str]:
    story = f"{payment['id']}: {payment['status']} here, {report.status} at the sandbox"
    if report.status is not ReportStatus.SUCCEEDED:
        if payment["status"] != "failed" or report.status is not ReportStatus.FAILED:
            yield story
        return
    asked = sum(r["amount"] for r in money.refunds.get(payment["id"], ()) if r["reason"] == "operator")
    is_kept = (
        payment["status"] == "succeeded" and booking["status"] == "CONFIRMED" and money.is_as_asked(payment)
    )
    is_refunded = payment["status"] == "refunded" and report.refunded_amount == report.amount
    if not is_refunded and not (is_kept and report.refunded_amount == asked):
        yield f"{story}, {report.refunded_amount} of {report.amount} given back, {booking['status']}"


def _audit(money: Money, payment: Row) -> Iterator[str]:
    """Whether the ledger of a payment adds up, and agrees with the payment and the sandbox."""
    entries, report = money.entries.get(payment["id"], []), money.reports.get(payment["id"])
    paid = [entry for entry in entries if entry["kind"] == "paid"]
    back = sum(entry["amount"] for entry in entries if entry["kind"] == "refunded")
    came = sum(entry["amount"] for entry in paid)
    kinds = [entry["kind"] for entry in entries]
    if len(paid) > 1 or kinds[:1] != ["asked"] or kinds.count("asked") > 1:
        yield f"{payment['id']} has the entries {kinds}"
    if entries and entries[-1]["balance"] != came - back:
        yield f"the balance of {payment['id']} does not add up"
    if (came, back) != (payment["paid_amount"], payment["refunded_amount"]):
        yield f"{payment['id']} and its ledger differ"
    is_paid = report is not None and report.status is ReportStatus.SUCCEEDED
    theirs = (report.amount, report.refunded_amount) if report and is_paid else (0, 0)
    if (came, back) != theirs:
        yield f"the ledger of {payment['id']} has {(came, back)}, the sandbox {theirs}"
    if report and paid and paid[0]["currency"] != report.currency:
        yield f"{payment['id']} was paid in {report.currency}, and noted in {paid[0]['currency']}"


def _judge_booking(money: Money, booking: Row) -> Iterator[str]:
    """Whether a sold booking is paid exactly once, and shows the payment that it has."""
    own = (
        [p for p in money.payments.values() if p["booking_id"] == booking["id"]] if booking["payment"] else []
    )
    if money.shows[booking["show_id"]]["payment_required"] and booking["status"] == "CONFIRMED":
        paying = [p["id"] for p in own if p["status"] == "succeeded" or _is_given_by_operator(money, p)]
        if len(paying) != 1 and booking["amount"]:
            yield f"{booking['id']} is CONFIRMED, and paid by {paying}"
    shown = booking["payment"]
    if shown and shown not in [{name: payment[name] for name in PUBLIC} for payment in own]:
        yield f"{booking['id']} shows {shown}"
    standing = [p["id"] for p in own if p["status"] == "succeeded"]
    if standing and standing != [shown["id"]]:
        yield f"{booking['id']} shows {shown}, and {standing} stands"


def _is_given_by_operator(money: Money, payment: Row) -> bool:
    refunds = money.refunds.get(payment["id"], ())
    return payment["status"] == "refunded" and all(refund["reason"] == "operator" for refund in refunds)
