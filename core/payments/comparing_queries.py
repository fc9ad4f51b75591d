"""The SQL statements of the daily comparison, and of lists of payments for operators."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.engine import Connection

from core.infra.brief import to_array
from core.infra.json import to_json_text
from core.infra.slot_groups import SlotGroup, in_group
from core.payments.views import COLUMNS, Payment

if TYPE_CHECKING:
    from core.payments.comparing import Compared

_SELECT_MADE = text(f"""
    SELECT {COLUMNS} FROM payments
    WHERE {in_group()} AND created_at >= :since AND created_at < :end AND provider = :provider
      AND updated_at < :until
""")

_SELECT_CHANGED = text(f"""
    SELECT {COLUMNS} FROM payments
    WHERE {in_group()} AND updated_at >= :since AND updated_at < :until AND provider = :provider
      AND created_at < :made_before
    ORDER BY updated_at DESC LIMIT :limit
""")

_SELECT_FOUND = text("""
    SELECT payment_id, report FROM payment_differences
    WHERE provider = :provider AND found_at < :before ORDER BY found_at LIMIT :limit
""")

_SELECT_DUE = text("""
    SELECT at <= clock_timestamp() - make_interval(hours => :hours)
    FROM heartbeats WHERE name = 'compare_payments'
""")

_UPDATE_COMPARED = text("UPDATE heartbeats SET at = statement_timestamp() WHERE name = 'compare_payments'")

_DELETE_DIFFERENCES = text("DELETE FROM payment_differences WHERE payment_id = ANY(cast(:ids AS uuid[]))")

_INSERT_DIFFERENCES = text("""
    INSERT INTO payment_differences (payment_id, provider, difference, report)
    SELECT payment_id, :provider, difference, report
    FROM jsonb_to_recordset(cast(:found AS jsonb)) AS f(payment_id uuid, difference text, report jsonb)
    ON CONFLICT (payment_id) DO UPDATE
    SET difference = excluded.difference, report = excluded.report, found_at = excluded.found_at
""")

_SELECT_PAGE = text(f"""
    SELECT {COLUMNS} FROM payments
    WHERE (cast(:status AS text) IS NULL OR status = :status)
      AND (cast(:after AS uuid) IS NULL OR id < :after)
    ORDER BY id DESC LIMIT :limit
""")

_SELECT_DIFFERENCES = text("""
    SELECT payment_id, provider, difference, report, found_at FROM payment_differences
    WHERE cast(:after AS uuid) IS NULL OR payment_id < :after
    ORDER BY payment_id DESC LIMIT :limit
""")

_SELECT_BY_IDS = text(f"SELECT {COLUMNS} FROM payments WHERE id = ANY(cast(:ids AS uuid[]))")

_SELECT_OF_PAGE = text("""
    SELECT payment_id, amount, reason, tries, error, created_at, taken_at FROM refunds
    WHERE payment_id = ANY(cast(:ids AS uuid[])) ORDER BY created_at, id
""")

# What came in and went back, of the shows that were made last: each by the index, which has the amounts.
_SELECT_REVENUE = text("""
    SELECT show_id, currency, coalesce(sum(amount) FILTER (WHERE kind = 'paid'), 0)::bigint AS revenue,
           coalesce(sum(amount) FILTER (WHERE kind = 'refunded'), 0)::bigint AS refunds
    FROM ledger_entries
    WHERE show_id = ANY(ARRAY(SELECT id FROM shows ORDER BY id DESC LIMIT :limit))
      AND kind IN ('paid', 'refunded')
    GROUP BY show_id, currency
    ORDER BY show_id DESC, currency
""")


def select_made(
    connection: Connection,
    group: SlotGroup,
    provider: str,
    *,
    since: datetime,
    end: datetime,
    until: datetime,
) -> list[Payment]:
    """A provider's payments made from `since` to `end`, but for those that changed after `until`."""
    times = {"since": since, "end": end, "until": until}
    rows = connection.execute(_SELECT_MADE, {"provider": provider, **times, **group.parameters})
    return [Payment._make(row) for row in rows]


def select_changed(
    connection: Connection,
    group: SlotGroup,
    provider: str,
    *,
    made_before: datetime,
    since: datetime,
    until: datetime,
    limit: int,
) -> list[Payment]:
    """A provider's older payments that changed from `since` to `until`, the latest changes first."""
    times = {"made_before": made_before, "since": since, "until": until}
    rows = connection.execute(
        _SELECT_CHANGED, {"provider": provider, "limit": limit, **times, **group.parameters}
    )
    return [Payment._make(row) for row in rows]


def select_found(connection: Connection, provider: str, *, before: datetime, limit: int) -> list[Row[Any]]:
    """What was found to differ before then, and not since, the oldest first."""
    return list(connection.execute(_SELECT_FOUND, {"provider": provider, "before": before, "limit": limit}))


def is_due(connection: Connection, *, hours: int) -> bool:
    """Whether the last comparison was so long ago."""
    return bool(connection.execute(_SELECT_DUE, {"hours": hours}).scalar_one())


def update_compared(connection: Connection) -> None:
    """Note that the payments were compared."""
    connection.execute(_UPDATE_COMPARED)


def delete_differences(connection: Connection, payment_ids: Sequence[UUID]) -> None:
    """Forget what was found of these payments before."""
    connection.execute(_DELETE_DIFFERENCES, {"ids": to_array(payment_ids)})


def insert_differences(connection: Connection, provider: str, found: Sequence["Compared"]) -> None:
    """Keep what differs."""
    items = [
        {"payment_id": each.payment_id, "difference": each.difference, "report": each.report}
        for each in found
    ]
    connection.execute(_INSERT_DIFFERENCES, {"provider": provider, "found": to_json_text(items)})


def select_page(
    connection: Connection, *, status: str | None, after: UUID | None, limit: int
) -> list[Payment]:
    """A page of payments, the newest first."""
    parameters = {"status": status, "after": after, "limit": limit}
    return [Payment._make(row) for row in connection.execute(_SELECT_PAGE, parameters)]


def select_differences(connection: Connection, *, after: UUID | None, limit: int) -> list[Row[Any]]:
    """A page of differences, those of the newest payments first."""
    return list(connection.execute(_SELECT_DIFFERENCES, {"after": after, "limit": limit}))


def select_by_ids(connection: Connection, payment_ids: Sequence[UUID]) -> dict[UUID, Payment]:
    """Those of these payments that exist, by id."""
    rows = connection.execute(_SELECT_BY_IDS, {"ids": to_array(payment_ids)})
    return {payment.id: payment for payment in map(Payment._make, rows)}


def select_refunds(connection: Connection, payment_ids: Sequence[UUID]) -> list[Row[Any]]:
    """The refunds of these payments, the oldest first."""
    return list(connection.execute(_SELECT_OF_PAGE, {"ids": to_array(payment_ids)}))


def select_revenue(connection: Connection, *, limit: int) -> list[Row[Any]]:
    """What came in and went back by show and currency, of so many shows, the newest first."""
    return list(connection.execute(_SELECT_REVENUE, {"limit": limit}))
