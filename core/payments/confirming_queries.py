"""The two SQL statements by which many payments confirm their bookings: one reads, one writes."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from core.bookings.acting_queries import STAGE
from core.bookings.rules import Stage
from core.bookings.views import COLUMNS as BOOKING_COLUMNS
from core.infra.json import to_json_text
from core.infra.prepared import Prepared
from core.infra.query import Query, to_id_arrays
from core.infra.slot_groups import in_group, is_whole
from core.payments.providers.interface import Notice, Report
from core.payments.queries import make_paid_effects
from core.payments.views import COLUMNS, Payment


class Standing(NamedTuple):
    """A payment, and where its booking stands; `version` is the booking's row as it was read."""

    payment: Payment
    stage: Stage
    version: str


class Paid(NamedTuple):
    """A success that confirms the booking, as that stands; its place among those that were told together."""

    number: int
    provider: str
    notice: Notice
    report: Report
    standing: Standing


# The place alone may be a later version's by the second statement; the transaction that wrote it is not.
_VERSION = "ctid || ' of ' || xmin"
_PAYMENT = ", ".join(f"p.{column}" for column in COLUMNS.split(", "))

# By one snapshot, without a lock: what is written for it is written only where the booking is still the same.
# OFFSET 0 keeps the planner from joins that read all shows, or all bookings.
SELECT_STANDING = Query(
    Prepared(
        "select_standing",
        f"""
        SELECT {_PAYMENT}, b.stage, b.version FROM payments p
        CROSS JOIN LATERAL (
            SELECT {STAGE} AS stage, b.version
            FROM (SELECT {BOOKING_COLUMNS}, {_VERSION} AS version, clock_timestamp() AS now,
                         false AS at_any_time
                  FROM bookings WHERE {in_group()} AND id = p.booking_id OFFSET 0) AS b
            CROSS JOIN LATERAL (SELECT * FROM shows WHERE id = b.show_id OFFSET 0) AS s) AS b
        WHERE {in_group("p")} AND p.id = ANY(cast(:ids AS uuid[]))
        """,
    ),
    to_id_arrays,
    lambda rows: {row[0]: Standing(Payment._make(row[:-2]), Stage(row[-2]), row[-1]) for row in rows},
)

# Every change of a payment's status changes its booking's row as well, which shows it. So where that row is
# the one that was read, so is what was judged. SKIP LOCKED: a locked booking is left out, and its success is
# applied alone.
_UPDATE_CONFIRMED = Prepared(
    "confirm_paid",
    f"""
    WITH item AS MATERIALIZED (
        SELECT * FROM json_to_recordset(cast(:items AS json)) AS i(
            number int, slot smallint, provider text, event_id text, type text, report jsonb,
            payment_id uuid, booking_id uuid, version text, provider_id text)
    ), same AS MATERIALIZED (
        SELECT item.* FROM item CROSS JOIN LATERAL (
            SELECT {_VERSION} AS version FROM bookings
            WHERE {in_group()} AND id = item.booking_id
            FOR NO KEY UPDATE SKIP LOCKED) AS b
        WHERE b.version = item.version
    ), kept AS (
        INSERT INTO payment_events (provider, id, slot, type, report)
        SELECT provider, event_id, slot, type, report FROM same
        ON CONFLICT DO NOTHING
        RETURNING provider, id
    ), changed AS (
        UPDATE payments p
        SET status = 'succeeded', paid_amount = p.amount, entries = p.entries + 1, balance = p.amount,
            provider_id = coalesce(same.provider_id, p.provider_id), due_at = NULL, tries = 0,
            updated_at = statement_timestamp()
        FROM same JOIN kept ON kept.provider = same.provider AND kept.id = same.event_id
        WHERE {in_group("p")} AND p.id = ANY(ARRAY[same.payment_id]) AND p.status IN ('pending', 'failed')
        RETURNING p.*
    ), {make_paid_effects(currency="currency", in_slots=in_group)}
    SELECT number FROM same JOIN changed ON changed.id = same.payment_id
    """,
)


def _to_parameters(paid: Sequence[Paid]) -> dict[str, Any]:
    items = [
        {
            "number": each.number,
            "slot": each.standing.payment.slot,
            "provider": each.provider,
            "event_id": each.notice.id,
            "type": each.notice.type,
            "report": each.report,
            "payment_id": each.standing.payment.id,
            "booking_id": each.standing.payment.booking_id,
            "version": each.standing.version,
            "provider_id": each.report.provider_id,
        }
        for each in paid
    ]
    slots = list({each.standing.payment.slot for each in paid})
    return {"items": to_json_text(items), "whole": is_whole(), "slots": slots}


# Records the webhooks, and has their bookings confirmed: the numbers of those for which it was done.
UPDATE_CONFIRMED = Query(_UPDATE_CONFIRMED, _to_parameters, lambda rows: {number for (number,) in rows})
