"""The SQL statements that accept the bookings of many clients at once: one reads, one writes."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from core.bookings.idempotency import Key
from core.bookings.requests import Request
from core.infra.async_db import LoopConnection
from core.infra.brief import to_array
from core.infra.prepared import Prepared
from core.infra.query import Query
from core.infra.slot_groups import in_group, is_whole
from core.infra.slots import SLOTS
from core.shows.queries import SHOW_STATUS, TERMS_LOCK


class SaleTerms(NamedTuple):
    """A show's terms of sale; whether it sells by the database's clock as they were read."""

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


# The expressions of SaleTerms' fields, of a show `s`, and their types.
_TERMS = (
    SHOW_STATUS,
    "s.max_seats_per_booking",
    "(s.max_seats_per_customer IS NOT NULL)",
    "s.currency",
    "s.payment_required",
)
_TYPES = "text", "int", "boolean", "text", "boolean"

# One statement, so one snapshot. OFFSET 0 keeps the planner from a join that reads all keys.
_SELECT_KNOWN = Prepared(
    "select_known",
    f"""
    SELECT s.id, {", ".join(_TERMS)}, NULL, NULL, NULL, NULL
    FROM shows s WHERE s.id = ANY(cast(:show_ids AS bigint[]))
    UNION ALL
    SELECT used.show_id, NULL, NULL, NULL, NULL, NULL,
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

_INSERT_KEYS = "INSERT INTO used_keys (slot, principal, show_id, key, fingerprint, booking_ids) VALUES"
_INSERT_BOOKINGS = (
    "INSERT INTO bookings (slot, id, show_id, seats, quantity, section, hold, customer, client, booked_by, "
    "request_id, trace, amount, currency, created_at, updated_at) VALUES"
)
# A booking's time of arrival: so many microseconds after the first of its message.
_ARRIVED = "statement_timestamp() + interval '{} microseconds'"


def _is_as_read(name: str, term: str, type_: str) -> str:
    return f"{term} = (cast(:known_{name} AS {type_}[]))[array_position(cast(:show_ids AS bigint[]), s.id)]"


# The lock is the one that the bookings' foreign key takes, only earlier: a change of terms that live bookings
# go by waits for the commit, and then finds the bookings (unsold.py). Where any term has changed since it was
# read, which PostgreSQL sees once it has the lock, this divides by zero.
_COMPARISON = f"""
    SELECT 1 / ({" AND ".join(map(_is_as_read, SaleTerms._fields, _TERMS, _TYPES))})::int
    FROM shows s WHERE s.id = ANY(cast(:show_ids AS bigint[]))
    """
_KEEP_TERMS = Prepared("keep_terms", f"{_COMPARISON} FOR KEY SHARE")
# A distributed database has shows on every server, and Citus locks a row of such a table twice: groups that
# share the first lock refuse each other the second, and two at once are a deadlock. In its place is a lock on
# the coordinator, taken before the terms are read.
_SHARE_TERMS = Prepared(
    "share_terms",
    f"""
    SELECT pg_advisory_xact_lock_shared({TERMS_LOCK}, mod(show_id, {SLOTS})::int)
    FROM unnest(cast(:show_ids AS bigint[])) AS show_id
    """,
)
_COMPARE_TERMS = Prepared("compare_terms", _COMPARISON)


async def insert_requests(
    connection: LoopConnection, requests: Sequence[Request], terms: Mapping[int, SaleTerms]
) -> Iterator[datetime]:
    """Insert all of these requests' keys, then their bookings, all or none; the bookings' times of arrival.

    These are a microsecond apart, so that they are settled in this order.

    Multi-row VALUES: a distributed PostgreSQL routes them to one server as they are. Keys go first, so that a
    key that another request used at this moment fails the message before any booking is written; and sorted,
    so that two processes with the same keys do not deadlock.
    Raises psycopg2.errors.UniqueViolation for such a key, DivisionByZero where the terms of sale are not
    these, ForeignKeyViolation where there is no such show, and as LoopConnection.execute() does.
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
        )
        for request in requests
        for new, id_, amount in zip(request.news, request.ids, request.amounts, strict=True)
    ]
    times = map(_ARRIVED.format, range(len(bookings)))
    rows = [_to_row(row, f", {time}, {time}") for row, time in zip(bookings, times, strict=True)]
    # Several statements in a message are one transaction, and of one time. The last one's rows come back.
    message = f"{_INSERT_BOOKINGS} {', '.join(rows)}; SELECT statement_timestamp()"
    if keys:
        message = f"{_INSERT_KEYS} {', '.join(map(_to_row, keys))}; {message}"
    values = [value for row in (*keys, *bookings) for value in row]
    sold = {request.show_id: terms[request.show_id] for request in requests}
    keep = [_KEEP_TERMS] if is_whole() else [_SHARE_TERMS, _COMPARE_TERMS]
    ((now,),) = await connection.execute(message, values, first=keep, parameters=_to_kept(sold))
    return (now + timedelta(microseconds=number) for number in range(len(bookings)))


def _to_kept(terms: Mapping[int, SaleTerms]) -> dict[str, Any]:
    known = {f"known_{name}": [getattr(each, name) for each in terms.values()] for name in SaleTerms._fields}
    return {"show_ids": list(terms), **known}


def _to_row(values: Sequence[Any], end: str = "") -> str:
    return f"({', '.join(['%s'] * len(values))}{end})"
