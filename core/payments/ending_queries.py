"""The SQL statement by which the payments of bookings that end are given back, or become due to be closed."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.engine import Connection

from core.infra.brief import to_array
from core.infra.slot_groups import in_slot, of_show
from core.payments.queries import show
from core.payments.states import RefundReason
from core.payments.views import DOCUMENT

_UPDATE_ENDED = text(f"""
    WITH ended AS (
        UPDATE payments
        SET status = CASE status WHEN 'succeeded' THEN 'refund_pending' ELSE status END,
            due_at = CASE status WHEN 'pending' THEN :now ELSE due_at END, updated_at = :now
        WHERE {in_slot()} AND booking_id = ANY(cast(:ids AS uuid[])) AND status IN ('pending', 'succeeded')
        RETURNING *
    ), paid AS (
        SELECT * FROM ended WHERE status = 'refund_pending'
    ), refund AS (
        INSERT INTO refunds (id, slot, payment_id, amount, reason)
        SELECT gen_random_uuid(), slot, id,
               paid_amount - (SELECT coalesce(sum(amount), 0) FROM refunds r
                              WHERE {in_slot("r")} AND r.payment_id = paid.id),
               CASE WHEN booking_id = ANY(cast(:cancelled AS uuid[])) THEN '{RefundReason.CANCELLED}'
                    ELSE '{RefundReason.TOO_LATE}' END
        FROM paid
    ), shown AS ({show("paid")})
    SELECT booking_id, {DOCUMENT} FROM paid p
""")


def update_ended(
    connection: Connection, show_id: int, ids: Iterable[UUID], *, cancelled: Iterable[UUID], now: datetime
) -> dict[UUID, dict[str, Any]]:
    """End the payments of these bookings of a show; what bookings show whose payments are given back.

    The booking of each is locked, by a batch of settling.
    """
    parameters = {"ids": to_array(ids), "cancelled": to_array(cancelled), "now": now, **of_show(show_id)}
    rows = connection.execute(_UPDATE_ENDED, parameters)
    return {booking_id: shown for booking_id, shown in rows}
