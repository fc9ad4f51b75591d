"""Payments as operators see them: listed, with what goes back of each, and what differs."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.engine import Connection

from core.payments import comparing_queries as queries
from core.payments.views import Payment

# In place of a status: those that the provider has otherwise.
DIFFERS = "differs"


def list_payments(
    connection: Connection, *, status: str | None, after: UUID | None, limit: int
) -> list[dict[str, Any]]:
    """A page of payments, the newest first; of DIFFERS those that differed when they were last compared."""
    if status == DIFFERS:
        return _list_differing(connection, after=after, limit=limit)
    payments = queries.select_page(connection, status=status, after=after, limit=limit)
    refunds = _find_refunds(connection, payments)
    return [_describe(payment, refunds) for payment in payments]


def _list_differing(connection: Connection, *, after: UUID | None, limit: int) -> list[dict[str, Any]]:
    differing = queries.select_differences(connection, after=after, limit=limit)
    known = queries.select_by_ids(connection, [row.payment_id for row in differing])
    refunds = _find_refunds(connection, list(known.values()))
    return [
        _describe(known[row.payment_id], refunds, row.difference)
        if row.payment_id in known
        else _describe_unknown(row)
        for row in differing
    ]


def _find_refunds(connection: Connection, payments: Sequence[Payment]) -> Mapping[UUID, list[dict[str, Any]]]:
    found = defaultdict[UUID, list[dict[str, Any]]](list)
    for row in queries.select_refunds(connection, [payment.id for payment in payments]):
        told = dict(row._mapping)
        found[told.pop("payment_id")].append(told)
    return found


def _describe(
    payment: Payment, refunds: Mapping[UUID, list[dict[str, Any]]], difference: str | None = None
) -> dict[str, Any]:
    return {
        **payment.to_document(),
        "booking_id": payment.booking_id,
        "show_id": payment.show_id,
        "provider_id": payment.provider_id,
        "paid_amount": payment.paid_amount,
        "refunds": refunds.get(payment.id, []),
        "difference": difference,
        "created_at": payment.created_at,
        "updated_at": payment.updated_at,
    }


def _describe_unknown(row: Row[Any]) -> dict[str, Any]:
    """What the provider says of a payment that is not here."""
    return {
        "id": row.payment_id,
        "provider": row.provider,
        "status": row.report["status"],
        "amount": row.report["amount"],
        "refunded_amount": row.report["refunded_amount"],
        "currency": row.report["currency"],
        "booking_id": row.report["booking_id"],
        "show_id": None,
        "provider_id": row.report["provider_id"],
        "paid_amount": row.report["amount"] if row.report["status"] == "succeeded" else 0,
        "refunds": [],
        "difference": row.difference,
        "created_at": None,
        "updated_at": None,
    }
