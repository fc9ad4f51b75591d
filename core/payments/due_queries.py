"""The SQL statements that find what is due of payments, and claim it: offers to be asked about, refunds."""

from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.engine import Connection

from core.infra.slot_groups import SlotGroup, in_group, in_slot, of_slot
from core.payments.views import COLUMNS, Payment

# Claims run out: what a worker that died or froze had is another's after so long. `tries` grows with each.
_CLAIM_PAYMENTS = text(f"""
    UPDATE payments SET due_at = statement_timestamp() + make_interval(secs => :seconds), tries = tries + 1
    WHERE {in_group()} AND id IN (
        SELECT id FROM payments WHERE {in_group()} AND due_at <= statement_timestamp()
        ORDER BY due_at LIMIT :limit FOR NO KEY UPDATE SKIP LOCKED)
    RETURNING {COLUMNS}
""")

_CLAIM_REFUNDS = text(f"""
    UPDATE refunds r SET due_at = statement_timestamp() + make_interval(secs => :seconds), tries = r.tries + 1
    FROM payments p, ledger_entries l
    WHERE {in_group("r")} AND r.id IN (
        SELECT id FROM refunds WHERE {in_group()} AND due_at <= statement_timestamp()
        ORDER BY due_at LIMIT :limit FOR NO KEY UPDATE SKIP LOCKED)
      AND {in_group("p")} AND p.id = r.payment_id AND p.slot = r.slot
      AND {in_group("l")} AND l.payment_id = r.payment_id AND l.slot = r.slot AND l.kind = 'paid'
    RETURNING r.id, r.slot, r.payment_id, r.amount, r.tries, p.booking_id, p.provider, p.provider_id,
              l.currency
""")

_UPDATE_DUE = text(f"""
    UPDATE payments SET due_at = statement_timestamp() + make_interval(secs => :seconds),
                        tries = CASE WHEN :is_answered THEN 0 ELSE tries END
    WHERE {in_slot()} AND id = :payment_id AND status = 'pending'
""")

_UPDATE_REFUSED = text(f"""
    UPDATE refunds SET due_at = statement_timestamp() + make_interval(secs => :seconds), error = :error
    WHERE {in_slot()} AND id = :refund_id AND taken_at IS NULL
""")

# What waits is counted so far: a show that is cancelled may owe a hundred thousand refunds.
COUNTED_AT_MOST = 10_000
_SELECT_STATS = text(f"""
    SELECT (SELECT count(*) FROM (SELECT 1 FROM payments WHERE status = 'pending'
                                  LIMIT {COUNTED_AT_MOST}) AS p) AS pending,
           r.refunds, r.oldest_refund_seconds,
           (SELECT count(*) FROM (SELECT 1 FROM payment_events WHERE due_at IS NOT NULL
                                  LIMIT {COUNTED_AT_MOST}) AS e) AS events,
           (SELECT count(*) FROM payment_differences) AS differences
    FROM (SELECT count(*) AS refunds,
                 coalesce(extract(epoch FROM clock_timestamp() - min(created_at)), 0)::float
                 AS oldest_refund_seconds
          FROM (SELECT created_at FROM refunds WHERE due_at IS NOT NULL
                LIMIT {COUNTED_AT_MOST}) AS r) AS r
""")

_SELECT_RECENT = text(f"""
    SELECT status, count(*) AS number
    FROM (SELECT status FROM payments WHERE updated_at > statement_timestamp() - interval '1 minute'
          LIMIT {COUNTED_AT_MOST}) AS p
    GROUP BY status
""")


def claim_payments(connection: Connection, group: SlotGroup, *, limit: int, seconds: float) -> list[Payment]:
    """Claim some pending payments that are due, for so many seconds."""
    parameters = {"limit": limit, "seconds": seconds, **group.parameters}
    return [Payment._make(row) for row in connection.execute(_CLAIM_PAYMENTS, parameters)]


def claim_refunds(connection: Connection, group: SlotGroup, *, limit: int, seconds: float) -> list[Row[Any]]:
    """Claim some refunds that are due, for so many seconds; in the currency that was paid."""
    parameters = {"limit": limit, "seconds": seconds, **group.parameters}
    return list(connection.execute(_CLAIM_REFUNDS, parameters))


def update_due(connection: Connection, payment: Payment, *, seconds: float, is_answered: bool) -> None:
    """Have a payment that is pending still looked at again in so many seconds; an answer ends its tries."""
    parameters = {"payment_id": payment.id, "seconds": seconds, "is_answered": is_answered}
    parameters |= of_slot(payment.slot)
    connection.execute(_UPDATE_DUE, parameters)


def update_refused(connection: Connection, *, refund_id: UUID, slot: int, seconds: float, error: str) -> None:
    """Note why the provider has not taken a refund, and have it tried again in so many seconds."""
    parameters = {**of_slot(slot), "refund_id": refund_id, "seconds": seconds, "error": error}
    connection.execute(_UPDATE_REFUSED, parameters)


def select_stats(connection: Connection) -> Row[Any]:
    """What of payments waits, counted, and how many differ from the provider's."""
    return connection.execute(_SELECT_STATS).one()


def select_recent(connection: Connection) -> dict[str, int]:
    """How many payments came to each status within the last minute, and are at it still."""
    return {row.status: row.number for row in connection.execute(_SELECT_RECENT)}
