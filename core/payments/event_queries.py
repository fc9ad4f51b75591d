"""The SQL statements of providers' webhooks, kept from the moment they come until long after."""

from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.engine import Connection

from core.infra.json import to_json_text
from core.infra.slot_groups import SlotGroup, in_group, in_slot, of_slot
from core.payments.providers.interface import Notice

# Providers repeat a webhook for days. What came so long ago comes no more.
KEPT_DAYS = 30
DELETED_AT_ONCE = 5_000

_INSERT_EVENT = text("""
    INSERT INTO payment_events (provider, id, slot, type, report, due_at)
    VALUES (:provider, :event_id, :slot, :type, cast(:report AS jsonb),
            CASE WHEN :is_due THEN clock_timestamp() END)
    ON CONFLICT DO NOTHING
""")

# Claimed for as long as a worker may take: one that dies leaves it to the next.
_CLAIM_EVENTS = text(f"""
    UPDATE payment_events
    SET due_at = statement_timestamp() + make_interval(secs => :seconds), tries = tries + 1
    WHERE {in_group()} AND (provider, id) IN (
        SELECT provider, id FROM payment_events WHERE {in_group()} AND due_at <= statement_timestamp()
        ORDER BY due_at LIMIT :limit FOR UPDATE SKIP LOCKED)
    RETURNING provider, id, slot, report, tries
""")

_UPDATE_APPLIED = text(f"""
    UPDATE payment_events SET due_at = NULL
    WHERE {in_slot()} AND provider = :provider AND id = :event_id
""")

_DELETE_OLD_EVENTS = text(f"""
    DELETE FROM payment_events WHERE {in_group()} AND (provider, id) IN (
        SELECT provider, id FROM payment_events
        WHERE {in_group()} AND received_at < statement_timestamp() - make_interval(days => :days)
          AND due_at IS NULL
        ORDER BY received_at LIMIT :limit)
""")


def insert_event(
    connection: Connection,
    provider: str,
    notice: Notice,
    *,
    slot: int,
    report: dict[str, Any] | None,
    is_due: bool,
) -> bool:
    """Keep a webhook, for a worker to apply where it `is_due`; False where it came before."""
    parameters = {
        "provider": provider,
        "event_id": notice.id,
        "slot": slot,
        "type": notice.type,
        "report": None if report is None else to_json_text(report),
        "is_due": is_due,
    }
    return connection.execute(_INSERT_EVENT, parameters).rowcount == 1


def claim_events(connection: Connection, group: SlotGroup, *, limit: int, seconds: float) -> list[Row[Any]]:
    """Claim some webhooks that are to be applied, for so many seconds."""
    parameters = {"limit": limit, "seconds": seconds, **group.parameters}
    return list(connection.execute(_CLAIM_EVENTS, parameters))


def update_applied(connection: Connection, event: Row[Any]) -> None:
    """Note that a webhook is applied."""
    parameters = {**of_slot(event.slot), "provider": event.provider, "event_id": event.id}
    connection.execute(_UPDATE_APPLIED, parameters)


def delete_old_events(connection: Connection, group: SlotGroup) -> int:
    """Forget some webhooks that were applied long ago; returns how many."""
    parameters = {"days": KEPT_DAYS, "limit": DELETED_AT_ONCE, **group.parameters}
    return int(connection.execute(_DELETE_OLD_EVENTS, parameters).rowcount)
