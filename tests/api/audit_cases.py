"""Each route under /admin that changes something, with a request that does, and what the log says of it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from core.shows.service import SHARED_COLUMNS
from tests.acting import hold
from tests.core.payments.paying import pay
from tests.door import DoorClient
from tests.support import ADMIN

SHOW = {"name": "Hamlet", "start_time": "2099-01-10T19:30:00Z", "total_seats": 3}
# The query stands for a token of the receiver's.
ENDPOINT = {"url": "https://receiver.example/hooks?token=canary-of-the-receiver", "description": "orders"}

KEY = {"name": "Box office", "role": "box_office"}


def make(path: str, body: dict[str, Any]) -> Callable[[DoorClient], int]:
    """Makes one, and tells its id."""

    def send(client: DoorClient) -> int:
        answer = client.post(path, json=body, headers=ADMIN)
        assert answer.status_code == 201, answer.text
        return int(answer.json["id"])

    return send


make_show = make("/admin/shows", SHOW)
make_endpoint = make("/admin/webhook-endpoints", ENDPOINT)
make_key = make("/admin/keys", KEY)


def make_paid_booking(client: DoorClient) -> str:
    """A booking that is paid, and its id."""
    show = client.post(
        "/admin/shows", json={**SHOW, "price": 100, "payment_required": True}, headers=ADMIN
    ).json
    booking_id = hold(show["id"], "1")
    pay(booking_id)
    return str(booking_id)


@dataclass(frozen=True, kw_only=True)
class Case:
    """A request to a route, about what `make` makes first; `before` and `after` name what the entry has."""

    action: str
    make: Callable[[DoorClient], object] | None = None
    body: dict[str, Any] = field(default_factory=dict)
    before: frozenset[str] | None = None
    after: frozenset[str] | None = None


_OF_SHOW = SHARED_COLUMNS | {"focus", "total_seats", "sections"}
_OF_ENDPOINT = frozenset({"url", "description", "types", "enabled", "disabled_reason"})
# By method and path, whatever the ids in it are called.
CASES = {
    ("POST", "/admin/shows"): Case(action="show.create", body=SHOW, after=_OF_SHOW),
    ("PATCH", "/admin/shows/{}"): Case(
        action="show.change",
        make=make_show,
        body={"name": "Othello", "hold_seconds": 99, "start_time": SHOW["start_time"]},
        before=frozenset({"name", "hold_seconds"}),
        after=frozenset({"name", "hold_seconds"}),
    ),
    ("POST", "/admin/shows/{}/cancel"): Case(
        action="show.cancel", make=make_show, before=frozenset({"status"}), after=frozenset({"status"})
    ),
    ("POST", "/admin/bookings/{}/refund"): Case(
        action="booking.refund", make=make_paid_booking, after=frozenset({"amount", "left"})
    ),
    ("POST", "/admin/webhook-endpoints"): Case(
        action="webhook_endpoint.create", body=ENDPOINT, after=_OF_ENDPOINT
    ),
    ("PATCH", "/admin/webhook-endpoints/{}"): Case(
        action="webhook_endpoint.change",
        make=make_endpoint,
        body={"enabled": False, "description": ENDPOINT["description"]},
        before=frozenset({"enabled", "disabled_reason"}),
        after=frozenset({"enabled", "disabled_reason"}),
    ),
    ("DELETE", "/admin/webhook-endpoints/{}"): Case(
        action="webhook_endpoint.delete", make=make_endpoint, before=_OF_ENDPOINT
    ),
    ("POST", "/admin/webhook-endpoints/{}/rotate-secret"): Case(
        action="webhook_endpoint.rotate_secret", make=make_endpoint, after=frozenset({"old_secret_until"})
    ),
    ("POST", "/admin/webhook-endpoints/{}/replay"): Case(
        action="webhook_endpoint.replay",
        make=make_endpoint,
        body={"from_time": "2026-01-01T00:00:00Z"},
        after=frozenset({"from_time"}),
    ),
    ("POST", "/admin/webhook-endpoints/{}/test"): Case(
        action="webhook_endpoint.test", make=make_endpoint, after=frozenset({"event_id"})
    ),
    ("POST", "/admin/keys"): Case(
        action="key.create",
        body=KEY,
        after=frozenset({"name", "role", "prefix", "rate_limit", "expires_at"}),
    ),
    ("DELETE", "/admin/keys/{}"): Case(
        action="key.revoke",
        make=make_key,
        before=frozenset({"revoked_at"}),
        after=frozenset({"revoked_at"}),
    ),
    ("POST", "/admin/keys/{}/rotate"): Case(
        action="key.rotate",
        make=make_key,
        body={"overlap_seconds": 60},
        before=frozenset({"prefix", "overlap_seconds"}),
        after=frozenset({"prefix", "overlap_seconds"}),
    ),
}
