"""The SQL statement by which bookings are confirmed, extended and cancelled, many at once."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from core.bookings.requests import Asked
from core.bookings.rules import LONGEST_HOLD, Action, Answer, Stage, list_allowed
from core.bookings.views import COLUMNS, Booking
from core.infra.json import to_json_text
from core.infra.prepared import Prepared
from core.infra.query import Query
from core.infra.slot_groups import in_group, is_whole


class Found(NamedTuple):
    """A booking as the statement left it, and where it stood when it was asked.

    `stage` is None where there is no such booking; `booking` is made of None where there is none to be
    changed, as it is locked or archived. `used_for` is the fingerprint of what the key was used for before.
    Where another for this booking, or with this key, came first, it `is_passed_over`: nothing was done, and
    it has to be judged again, by what that one has left.
    """

    stage: Stage | None
    booking: Booking
    used_for: str | None
    is_passed_over: bool
    has_changed: bool


def _list_pairs(*answers: Answer) -> str:
    pairs = (f"('{stage}', '{action}')" for stage, action in list_allowed(*answers))
    return f"({', '.join(pairs)})"


# The one place that says at which stage (rules.py) a booking is: by its columns, its show, and the clock.
STAGE = f"""
    CASE WHEN b.wants = 'acquire' THEN '{Stage.ACQUIRING}'
         WHEN b.wants = 'confirm' AND b.status = 'FAILED' THEN '{Stage.PAID_LATE}'
         WHEN b.wants = 'confirm' THEN '{Stage.CONFIRMING}'
         WHEN b.wants = 'cancel' THEN '{Stage.CANCELLING}'
         WHEN b.hold_expires_at <= b.now THEN '{Stage.OVERDUE}'
         WHEN b.hold_expires_at IS NOT NULL AND s.cancelled_at IS NOT NULL THEN '{Stage.CALLED_OFF}'
         WHEN b.hold_expires_at IS NOT NULL AND s.payment_required AND b.amount > 0
         THEN '{Stage.UNPAID}'
         WHEN b.hold_expires_at IS NOT NULL THEN '{Stage.HELD}'
         WHEN b.failure_code = 'hold_expired' THEN '{Stage.EXPIRED}'
         WHEN b.status = 'CONFIRMED' AND NOT b.at_any_time AND b.now >= coalesce(s.cancel_until, s.start_time)
         THEN '{Stage.KEPT}'
         ELSE lower(b.status) END
"""

# When an extended hold ends: hold_seconds later, but never past the longest hold, nor earlier.
EXTENDED = f"""
    greatest(b.hold_expires_at, least(b.hold_expires_at + make_interval(secs => s.hold_seconds),
                                      b.held_at + make_interval(secs => {LONGEST_HOLD.total_seconds()})))
"""


def to_rfc_3339(time: str) -> str:
    """A time as the requests of a booking have it."""
    return f"""to_char({time} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""


# The columns that an action may change; all others stay as they were judged.
_CHANGED = ("wants", "hold_expires_at", "updated_at")
_AS_IT_IS = ", ".join(f"coalesce(w.{c}, j.{c})" if c in _CHANGED else f"j.{c}" for c in Booking._fields)

# Rows are locked one by one, through the primary key. SKIP LOCKED: one that another transaction is changing
# holds up nobody. As no row's lock is waited for, all is judged by one snapshot, and by the clock, asked once
# the row is locked. A row that changed between the two is passed over, and judged by the next snapshot, since
# others, its seats, changed with it. Of several items for one booking that would change it, or with one key,
# the first goes on, and the others are passed over. Keys are claimed in their order: two processes with the
# same ones must not wait for each other.
# OFFSET 0, and ANY in place of =, keep the planner from joins that read all shows, or all bookings.
_WRITTEN = f"""
    WITH item AS MATERIALIZED (
        SELECT * FROM json_to_recordset(cast(:items AS json)) AS i(
            number int, booking_id uuid, action text, at_any_time boolean, principal text,
            key text, fingerprint text, asked_by text, request_id text, traced_as text)
    ), judged AS MATERIALIZED (
        SELECT b.*, {STAGE} AS stage, CASE b.action WHEN 'extend' THEN {EXTENDED} END AS extended_to,
               (SELECT u.fingerprint FROM used_keys u
                WHERE {in_group("u")}
                  AND u.principal = b.principal AND u.show_id = b.show_id AND u.key = b.key) AS used_for,
               b.version <> (SELECT ctid FROM bookings
                             WHERE {in_group()} AND id = b.booking_id) AS is_stale
        FROM (SELECT item.*, b.*, clock_timestamp() AS now FROM item CROSS JOIN LATERAL (
                  SELECT {COLUMNS}, slot, ctid AS version FROM bookings
                  WHERE {in_group()} AND id = item.booking_id
                  FOR NO KEY UPDATE SKIP LOCKED) AS b) AS b
        CROSS JOIN LATERAL (
            SELECT cancelled_at, payment_required, cancel_until, start_time, hold_seconds
            FROM shows WHERE id = b.show_id OFFSET 0) AS s
    ), allowed AS MATERIALIZED (
        SELECT number, action, slot, id, show_id, seats, now, extended_to, is_due,
               principal, key, fingerprint, jsonb_strip_nulls(jsonb_build_object(
                   'request', action, 'at', {to_rfc_3339("now")},
                   'hold_expires_at', {to_rfc_3339("extended_to")}, 'client', asked_by,
                   'request_id', request_id)) AS request, traced_as,
               (NOT is_due OR row_number() OVER (PARTITION BY id, is_due ORDER BY number) = 1)
               AND (key IS NULL
                    OR row_number() OVER (PARTITION BY principal, show_id, key ORDER BY number) = 1)
               AS is_first
        FROM (SELECT *, (stage, action) IN {_list_pairs(Answer.DO)}
                    AND coalesce(extended_to <> hold_expires_at, true) AS is_due
              FROM judged
              WHERE NOT is_stale AND used_for IS NULL
                AND (stage, action) IN {_list_pairs(Answer.DO, Answer.WAITS, Answer.DONE)}) AS j
    ), claimed AS (
        INSERT INTO used_keys (slot, principal, show_id, key, fingerprint, booking_ids)
        SELECT slot, principal, show_id, key, fingerprint, ARRAY[id] FROM allowed
        WHERE is_first AND key IS NOT NULL
        ORDER BY principal COLLATE "C", show_id, key COLLATE "C"
        ON CONFLICT DO NOTHING
        RETURNING principal, show_id, key
    ), granted AS MATERIALIZED (
        SELECT number, action, slot, id, show_id, seats, now, extended_to, is_due, request, traced_as
        FROM allowed
        WHERE is_first
          AND (key IS NULL OR (principal, show_id, key) IN (SELECT principal, show_id, key FROM claimed))
    ), written AS (
        UPDATE bookings b
        SET wants = CASE g.action WHEN 'extend' THEN b.wants ELSE g.action END,
            hold_expires_at = coalesce(g.extended_to, b.hold_expires_at), updated_at = g.now,
            requests = coalesce(b.requests, '[]') || g.request, trace = g.traced_as,
            tries = 0, retry_at = NULL
        FROM granted g
        WHERE {in_group("b")} AND b.id = ANY(ARRAY[g.id])
          AND g.is_due
        RETURNING g.number, {", ".join(f"b.{column}" for column in _CHANGED)}
    )
"""

# Seats carry the end of their hold, which an extend moves.
_MOVED = f"""
    , moved AS (
        UPDATE seats s SET hold_expires_at = g.extended_to FROM granted g
        WHERE g.is_due AND g.action = 'extend'
          AND {in_group("s")}
          AND s.show_id = g.show_id AND s.seat_number = ANY(g.seats)
          AND s.booking_id = g.id AND s.status = 'held'
    )
"""

_FOUND = f"""
    SELECT coalesce(j.stage, (SELECT '{Stage.LOCKED}' FROM bookings
                              WHERE {in_group()} AND id = i.booking_id),
                    (SELECT '{Stage.ARCHIVED}' FROM archived_bookings
                     WHERE {in_group()} AND id = i.booking_id)) AS stage,
           j.used_for,
           coalesce(j.is_stale, false) OR (a.number IS NOT NULL AND g.number IS NULL) AS is_passed_over,
           w.number IS NOT NULL AS has_changed,
           {_AS_IT_IS}
    FROM item i LEFT JOIN judged j USING (number) LEFT JOIN allowed a USING (number)
    LEFT JOIN granted g USING (number) LEFT JOIN written w USING (number)
    ORDER BY number
"""


def _to_parameters(asked: Sequence[Asked]) -> dict[str, Any]:
    items = [
        {
            "number": number,
            "booking_id": each.booking_id,
            "action": each.action,
            "at_any_time": each.at_any_time,
            "principal": each.key and each.key.principal,
            "key": each.key and each.key.key,
            "fingerprint": each.key and each.key.fingerprint,
            "asked_by": each.origin.by,
            "request_id": each.origin.request_id,
            "traced_as": each.origin.trace,
        }
        for number, each in enumerate(asked)
    ]
    slots = list({each.slot for each in asked})
    return {"items": to_json_text(items), "whole": is_whole(), "slots": slots}


def _read_found(rows: Sequence[Sequence[Any]]) -> list[Found]:
    return [
        Found(
            stage=stage and Stage(stage),
            booking=Booking._make(columns),
            used_for=used_for,
            is_passed_over=is_passed_over,
            has_changed=has_changed,
        )
        for stage, used_for, is_passed_over, has_changed, *columns in rows
    ]


# Both queries run a group of actions, each where the rules allow it, and return a row an action, in order.
# The second leaves out the update of seats, which only extends need.
_ACT = Query(Prepared("act_on_bookings", _WRITTEN + _MOVED + _FOUND), _to_parameters, _read_found)
_WITHOUT_EXTENDS = Query(Prepared("confirm_or_cancel", _WRITTEN + _FOUND), _to_parameters, _read_found)


def choose_query(asked: Sequence[Asked]) -> Query[[Sequence[Asked]], list[Found]]:
    """The query for a group of actions: the one with the update of seats where it has an extend."""
    return _ACT if any(each.action is Action.EXTEND for each in asked) else _WITHOUT_EXTENDS
