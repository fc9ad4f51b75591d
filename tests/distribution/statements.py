"""Every SQL statement of the core, by its name, with parameters to try it with.

Accepting's INSERT of VALUES and the COPY of seats are left out: their rows say where they go. So are
statements about the server itself, which read none of our tables.
"""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import TextClause
from sqlalchemy.dialects.postgresql import psycopg2

import core
from core.infra.brief import USE_INDEXES
from core.infra.ids import new_id
from core.infra.prepared import Prepared
from core.infra.query import Query

_IS_STATEMENT = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b")
OF_THE_SERVER = "core.database_queries"
# Each value is of this show, in its slot.
SHOW_ID = 7
_ID = str(new_id(SHOW_ID))
_ITEM = f'{{"number": 0, "booking_id": "{_ID}", "action": "extend", "at_any_time": false}}'
_TIMES = (
    "after_time",
    "cancel_until",
    "hold_expires_at",
    "now",
    "sales_close_at",
    "sales_open_at",
    "sent_at",
    "since",
    "start_from",
    "start_time",
)
_NUMBERS = (
    "after",
    "after_id",
    "available",
    "before",
    "below",
    "booked",
    "bookings_decided",
    "count",
    "delivered",
    "expired_limit",
    "failed",
    "failures_in_a_row",
    "first",
    "given_up",
    "held",
    "hold_seconds",
    "hours",
    "last",
    "limit",
    "lock",
    "longest_seconds",
    "max_seats_per_booking",
    "max_seats_per_customer",
    "max_held_seats_per_client",
    "newest",
    "next",
    "number",
    "pause_seconds",
    "place",
    "position",
    "price",
    "published",
    "seats_decided",
    "seconds",
    "status_code",
    "took_milliseconds",
    "total",
    "total_seats",
    "tries",
    "version",
    "days",
)
_ARRAYS = (
    "endpoint_ids",
    "key_show_ids",
    "keys",
    "known_currency",
    "known_max_seats_per_booking",
    "known_needs_customer",
    "known_payment_required",
    "known_status",
    "owners",
    "positions",
    "principals",
    "released",
    "sources",
    "takers",
    "targets",
)
_TEXTS = (
    "action",
    "actor",
    "actor_id",
    "actor_kind",
    "actor_name",
    "actor_role",
    "client",
    "description",
    "disabled_reason",
    "currency",
    "customer",
    "error",
    "fingerprint",
    "key",
    "name",
    "principal",
    "request_id",
    "search_name",
    "seat",
    "secret",
    "section",
    "status",
    "target",
    "time_zone",
    "url",
)
_VALUES: dict[str, Any] = {
    **dict.fromkeys(_TIMES, datetime.now(UTC)),
    **dict.fromkeys(_NUMBERS, 1),
    **dict.fromkeys(_ARRAYS, "{}"),
    **dict.fromkeys(_TEXTS, "text"),
    "show_id": SHOW_ID,
    "slot": SHOW_ID,
    "show_ids": [SHOW_ID],
    "booking_id": _ID,
    "event_id": _ID,
    "events": [_ID],
    "focus": None,
    "only": None,
    "keeps_tries": False,
    "only_retried": False,
    "payment_required": False,
    "whole": False,
    "items": f"[{_ITEM}]",
    "attempts": "[]",
    "outcomes": "[]",
    "sections": "1",
    "seats": ["1"],
    "customers": ["a"],
    "clients": ["a"],
    "lease": _ID,
    "types": None,
}
# Parameters that mean one thing in one module and another elsewhere.
_VALUES_OF = {
    "core.audit.queries": {"before": "{}", "after": "{}"},
    "core.bookings.queries": {
        "after": None,
        "status": None,
        "failure": None,
        "id": _ID,
        "ids": [_ID],
        "first": _ID,
        "last": _ID,
    },
    "core.bookings.archive_queries": {"id": _ID, "ids": [_ID]},
    "core.bookings.rival_queries": {"at": datetime.now(UTC), "first": str(UUID(int=0)), "last": _ID},
    "core.events.queries": {"id": _ID, "ids": [_ID], "positions": [1], "first": _ID},
    "core.keys.queries": {
        "id": 1,
        "key_id": 1,
        "role": "partner",
        "digest": b"0" * 32,
        "prefix": "text",
        "rate_limit": None,
        "expires_at": datetime.now(UTC),
        "seconds": 1,
        "before": 1,
        "limit": 1,
    },
    "core.keys.ring_queries": {"known_mark": "text", "digests": [b"0" * 32], "ids": [1]},
    "core.settling.batch_queries": {"ids": [_ID], "events": "[]"},
    "core.settling.queries": {"id": _ID},
    "core.payments.queries": {
        "payment_id": _ID,
        "refund_id": _ID,
        "status": "failed",
        "amount": 1,
        "provider": "sandbox",
        "provider_id": "text",
        "method": "checkout",
        "return_url": "text",
        "checkout_url": None,
        "client_secret": None,
        "expires_at": datetime.now(UTC),
        "extended_to": datetime.now(UTC),
        "reason": "operator",
    },
    "core.payments.comparing_queries": {
        "provider": "sandbox",
        "until": datetime.now(UTC),
        "made_before": datetime.now(UTC),
        "end": datetime.now(UTC),
        "before": datetime.now(UTC),
        "found": "[]",
        "ids": [_ID],
        "after": None,
        "status": None,
    },
    "core.payments.confirming_queries": {"ids": [_ID]},
    "core.payments.due_queries": {"payment_id": _ID, "refund_id": _ID, "is_answered": True},
    "core.payments.ending_queries": {"ids": [_ID], "cancelled": [_ID]},
    "core.payments.event_queries": {
        "provider": "sandbox",
        "type": "text",
        "report": None,
        "is_due": False,
    },
    "core.seats.queries": {"since": 1},
    "core.shows.queries": {"description": "{}", "status": None},
    "core.webhooks.queries": {"id": 1, "ids": [1]},
    "core.webhooks.log_queries": {"id": 1},
    "core.webhooks.delivering_queries": {"id": 1, "ids": [1], "last": 2},
}


class Statement(NamedTuple):
    """A statement's place and text, with parameters as the driver has them."""

    module: str
    name: str
    sql: str

    def make_parameters(self, slots: tuple[int, ...]) -> dict[str, Any]:
        """A value for each parameter, and these slots where it is of a group."""
        return _VALUES | {"slots": list(slots)} | _VALUES_OF.get(self.module, {})


def list_statements() -> Iterator[Statement]:
    """All statements, each once."""
    seen = set[str]()
    names = [module.name for module in pkgutil.walk_packages(core.__path__, "core.")]
    names.remove(OF_THE_SERVER)
    # First where they are written: others import some.
    for module in sorted(names, key=lambda name: not name.endswith("queries")):
        for name, value in vars(importlib.import_module(module)).items():
            prepared = value.statement if isinstance(value, Query) else value
            if isinstance(prepared, Prepared):
                sql = prepared.unprepared
            elif isinstance(prepared, TextClause):
                sql = str(prepared.compile(dialect=psycopg2.dialect())).removeprefix(USE_INDEXES)
            else:
                continue
            if sql not in seen and _IS_STATEMENT.match(sql):
                seen.add(sql)
                yield Statement(module, name, sql)
