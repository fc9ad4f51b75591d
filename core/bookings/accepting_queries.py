"""The SQL statements that accept the bookings of many clients at once: one reads, one writes."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from core.bookings.idempotency import Key
from core.bookings.requests import Request
from core.infra.async_db import LoopConnection
from core.infra.brief import to_array
from core.infra.prepared import Prepared
from core.infra.query import Query
from core.infra.slot_groups import in_group, is_whole
from core.shows.queries import SHOW_STATUS


class SaleTerms(NamedTuple):
    """A show's terms of sale, and the database's clock when they were read."""

    now: datetime
    status: str
    max_seats_per_booking: int
    needs_customer: bool
    currency: str
    payment_required: bool


class Use(NamedTuple):
    """An earlier use of a key: its request's fingerprint and its bookings."""

    fingerprint: str
    booking_ids: Sequence[UUID]


class Known(NamedTuple):
    """The terms of sale by show, and the earlier uses of keys by name_use(); requests are judged by them."""

    terms: Mapping[int, SaleTerms]
    uses: Mapping[tuple[int, str, str], Use]


def name_use(show_id: int, key: Key) -> tuple[int, str, str]:
    """The unique name of a key's use: show, principal, key."""
    return show_id, key.principal, key.key


# One statement, so one snapshot. OFFSET 0 keeps the planner from a join that reads all keys.
_SELECT_KNOWN = Prepared(
    "select_known",
    f"""
    SELECT s.id, clock_timestamp(), {SHOW_STATUS}, s.max_seats_per_booking,
           s.max_seats_per_customer IS NOT NULL, s.currency, s.payment_required, NULL, NULL, NULL, NULL
    FROM shows s WHERE s.id = ANY(cast(:show_ids AS bigint[]))
    UNION ALL
    SELECT used.show_id, NULL, NULL, NULL, NULL, NULL, NULL,
           used.principal, used.key, used.fingerprint, used.booking_ids
    FROM unnest(cast(:key_show_ids AS bigint[]), cast(:principals AS text[]), cast(:keys AS text[]))
         AS asked(show_id, principal, key)
    CROSS JOIN LATERAL (
        SELECT * FROM used_keys u
        WHERE {in_group("u")}
          AND u.principal = asked.principal AND u.show_id = asked.show_id AND u.key = asked.key OFFSET 0
    ) AS used
    """,
)


def _to_parameters(requests: Sequence[Request]) -> dict[str, Any]:
    keyed = [(request.show_id, request.key) for request in requests if request.key]
    return {
        "show_ids": list({new.show_id for request in requests for new in request.news}),
        "key_show_ids": [show_id for show_id, _ in keyed],
        "principals": [key.principal for _, key in keyed],
        "keys": [key.key for _, key in keyed],
        "whole": is_whole(),
        "slots": list({request.slot for request in requests}),
    }


def _read_known(rows: Sequence[Sequence[Any]]) -> Known:
    size = 1 + len(SaleTerms._fields)
    terms, uses = dict[int, SaleTerms](), dict[tuple[int, str, str], Use]()
    for row in rows:
        if row[size] is None:
            terms[row[0]] = SaleTerms._make(row[1:size])
        else:
            uses[row[0], row[size], row[size + 1]] = Use._make(row[size + 2 :])
    return Known(terms, uses)


# Reads the terms of sale and the earlier uses of keys of these requests.
SELECT_KNOWN = Query(_SELECT_KNOWN, _to_parameters, _read_known)

_KEY_COLUMNS = "slot, principal, show_id, key, fingerprint, booking_ids"
_COLUMNS = (
    "slot, id, show_id, seats, quantity, section, hold, customer, client, booked_by, request_id, trace, "
    "amount, currency, created_at, updated_at"
)


# The terms that bookings go by while they are live. The lock is the one that their foreign key takes, only
# earlier: who changes these terms waits for the commit, and then finds the bookings (unsold.py). Where they
# have changed since they were read, which PostgreSQL sees once it has the lock, this divides by zero.
_KEEP_TERMS = Prepared(
    "keep_terms",
    """SELECT 1 / (
        currency = (cast(:currencies AS text[]))[array_position(cast(:show_ids AS bigint[]), id)]
        AND payment_required = (cast(:payments AS boolean[]))[array_position(cast(:show_ids AS bigint[]), id)]
    )::int FROM shows WHERE id = ANY(cast(:show_ids AS bigint[])) FOR KEY SHARE
    """,
)


async def insert_requests(
    connection: LoopConnection,
    requests: Sequence[Request],
    arrivals: Sequence[Sequence[datetime]],
    terms: Mapping[int, SaleTerms],
) -> None:
    """Insert all of these requests' keys, then their bookings, each with its time of arrival; all or none.

    Multi-row VALUES: a distributed PostgreSQL routes them to one server as they are. Keys go first, so that a
    key that another request used at this moment fails the message before any booking is written; and sorted,
    so that two processes with the same keys do not deadlock.
    Raises psycopg2.errors.UniqueViolation for such a key, DivisionByZero where the terms of sale are not what
    they were, and as LoopConnection.execute() does.
    """
    keys = [
        (request.slot, key.principal, request.show_id, key.key, key.fingerprint, to_array(request.ids))
        for request in requests
        if (key := request.key)
    ]
    keys.sort(key=lambda row: row[1:4])
    bookings = [
        (
            request.slot,
            str(id_),
            new.show_id,
            list(new.seats),
            new.quantity,
            new.section,
            new.hold,
            new.customer,
            new.client,
            new.booked_by,
            new.request_id,
            new.trace,
            amount,
            terms[request.show_id].currency,
            arrived_at,
            arrived_at,
        )
        for request, times in zip(requests, arrivals, strict=True)
        for new, id_, amount, arrived_at in zip(
            request.news, request.ids, request.amounts, map(datetime.isoformat, times), strict=True
        )
    ]
    # Several statements in a message are one transaction.
    message = _insert("bookings", _COLUMNS, len(bookings))
    if keys:
        message = f"{_insert('used_keys', _KEY_COLUMNS, len(keys))}; {message}"
    values = [value for row in (*keys, *bookings) for value in row]
    sold = {request.show_id: terms[request.show_id] for request in requests}
    await connection.execute(message, values, first=_KEEP_TERMS, parameters=_to_kept(sold))


def _to_kept(terms: Mapping[int, SaleTerms]) -> dict[str, Any]:
    return {
        "show_ids": list(terms),
        "currencies": [each.currency for each in terms.values()],
        "payments": [each.payment_required for each in terms.values()],
    }


def _insert(table: str, columns: str, count: int) -> str:
    row = f"({', '.join(['%s'] * len(columns.split(',')))})"
    return f"INSERT INTO {table} ({columns}) VALUES {', '.join([row] * count)}"
