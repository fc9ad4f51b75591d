"""What operators do with webhook endpoints: register, change, rotate secrets, replay, remove."""

import base64
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.engine import Connection

from core.access.pseudonyms import hide
from core.errors import InvalidRequestError
from core.events.queries import find_event, select_first_position, select_newest
from core.infra.settings import get_settings
from core.infra.slot_groups import find_group, list_groups
from core.webhooks import queries
from core.webhooks.errors import EndpointExistsError, EndpointNotFoundError
from core.webhooks.rules import DisabledReason
from core.webhooks.targets import find_url_fault, identify_url

# Each costs every event a delivery, and while it is slow a thread of outbound's (see the Procfile's -c).
MAX_ENDPOINTS = 100
SECRET_BYTES = 32
# Both secrets sign for so long: time to bring the new one to the receivers.
OLD_SECRET_HOURS = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A webhook endpoint as operators see it; its secrets are shown when they are made, and never again."""

    id: int
    url: str
    description: str | None
    types: list[str] | None
    enabled: bool
    disabled_reason: str | None
    old_secret_until: datetime | None
    waiting: int
    delivered: int
    failed: int
    given_up: int
    paused_until: datetime | None
    last_success_at: datetime | None
    last_error: str | None
    last_error_at: datetime | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class NewSecret:
    """An endpoint and the secret just made for it."""

    endpoint: Endpoint
    secret: str


def create_endpoint(
    connection: Connection, *, url: str, types: Sequence[str] | None, description: str | None
) -> NewSecret:
    """Register an endpoint: it is told of what happens from now on.

    Raises InvalidRequestError, EndpointExistsError.
    """
    queries.lock_urls(connection)
    _check_url(url)
    _check_unused(connection, url)
    secret = _make_secret()
    endpoint_id = queries.insert_endpoint(
        connection,
        url=url,
        description=description,
        types=types,
        secret=secret,
        places=_find_end(connection),
        limit=MAX_ENDPOINTS,
    )
    if endpoint_id is None:
        raise InvalidRequestError(f"There are {MAX_ENDPOINTS} endpoints, and no more can be had.")
    return NewSecret(get_endpoint(connection, endpoint_id), secret)


def _check_url(url: str) -> None:
    if fault := find_url_fault(url, allow_private=get_settings().webhook_allow_private):
        raise InvalidRequestError(f"The URL {fault}.", pointer="/url")


def _check_unused(connection: Connection, url: str) -> None:
    for row in queries.select_endpoints(connection):
        if identify_url(row.url) == identify_url(url):
            raise EndpointExistsError(row.id)


def _make_secret() -> str:
    # The form that Standard Webhooks gives its secrets.
    return "whsec_" + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def describe_endpoint(endpoint: Endpoint) -> dict[str, Any]:
    """What of an endpoint operators decide, for the audit log; without its secrets."""
    parts = urlsplit(endpoint.url)
    return {
        # Receivers have tokens in paths and queries: it is told that one changed, and not what it is.
        "url": f"{parts.scheme}://{parts.netloc}/{hide(endpoint.url)}",
        "description": endpoint.description,
        "types": endpoint.types,
        "enabled": endpoint.enabled,
        "disabled_reason": endpoint.disabled_reason,
    }


def list_endpoints(connection: Connection) -> list[Endpoint]:
    """All endpoints, the oldest first."""
    return _to_endpoints(connection, queries.select_endpoints(connection))


def get_endpoint(connection: Connection, endpoint_id: int) -> Endpoint:
    """One endpoint. Raises EndpointNotFoundError."""
    row = queries.select_endpoint(connection, endpoint_id)
    if row is None:
        raise EndpointNotFoundError(endpoint_id)
    return _to_endpoints(connection, [row])[0]


def update_endpoint(
    connection: Connection, endpoint_id: int, changes: Mapping[str, Any]
) -> tuple[Endpoint, Endpoint]:
    """Change an endpoint's url, types or description, or turn it on or off; what is not named stays.

    It as it was, and as it is. Turned off, it forgets what waits for it; turned on, it is told of what
    happens from then on. Raises EndpointNotFoundError, InvalidRequestError, EndpointExistsError.
    """
    if "url" in changes:
        queries.lock_urls(connection)
    row = _lock(connection, endpoint_id)
    before = get_endpoint(connection, endpoint_id)
    if "url" in changes:
        _check_url(changes["url"])
        if identify_url(changes["url"]) != identify_url(row.url):
            _check_unused(connection, changes["url"])
    was_enabled = row.disabled_reason is None
    is_enabled = changes.get("enabled", was_enabled)
    queries.update_endpoint(
        connection,
        endpoint_id,
        url=changes.get("url", row.url),
        description=changes.get("description", row.description),
        types=changes.get("types", row.types),
        disabled_reason=None if is_enabled else row.disabled_reason or DisabledReason.OPERATOR,
    )
    if is_enabled and not was_enabled:
        queries.update_started(connection, endpoint_id, _find_end(connection))
    if not is_enabled:
        _forget_deliveries(connection, endpoint_id)
    return before, get_endpoint(connection, endpoint_id)


def rotate_secret(connection: Connection, endpoint_id: int) -> NewSecret:
    """A new secret; for a day deliveries are signed with the one before as well.

    Raises EndpointNotFoundError.
    """
    _lock(connection, endpoint_id)
    secret = _make_secret()
    queries.update_secrets(connection, endpoint_id, secret=secret, hours=OLD_SECRET_HOURS)
    return NewSecret(get_endpoint(connection, endpoint_id), secret)


def delete_endpoint(connection: Connection, endpoint_id: int) -> Endpoint:
    """Remove an endpoint and forget what waits for it; it as it was. Raises EndpointNotFoundError."""
    _lock(connection, endpoint_id)
    endpoint = get_endpoint(connection, endpoint_id)
    _forget_deliveries(connection, endpoint_id)
    queries.delete_endpoint(connection, endpoint_id)
    return endpoint


def replay_events(
    connection: Connection, endpoint_id: int, *, since: datetime | None, event_id: UUID | None
) -> Endpoint:
    """Tell an endpoint once more of everything since a time, or from an event on; at once, if it was paused.

    Raises EndpointNotFoundError; InvalidRequestError for an unknown event or a disabled endpoint.
    """
    row = _lock(connection, endpoint_id)
    if row.disabled_reason is not None:
        raise InvalidRequestError("The endpoint is disabled: enable it first.")
    places = queries.read_places(row)
    if event_id is not None:
        queries.update_places(connection, endpoint_id, _go_back_to_event(connection, places, event_id))
    elif since is not None:
        queries.update_places(connection, endpoint_id, _go_back_to_time(connection, places, since))
    queries.update_awake(connection, endpoint_id)
    for group in list_groups():
        queries.update_all_due(connection, group, endpoint_id)
    return get_endpoint(connection, endpoint_id)


def _forget_deliveries(connection: Connection, endpoint_id: int) -> None:
    for group in list_groups():
        queries.delete_deliveries(connection, group, endpoint_id)


def _find_end(connection: Connection) -> list[int]:
    return [select_newest(connection, group) for group in list_groups()]


def _go_back_to_time(connection: Connection, places: Sequence[int], since: datetime) -> list[int]:
    firsts = [select_first_position(connection, group, since=since) for group in list_groups()]
    return [
        place if first is None else min(place, first - 1) for place, first in zip(places, firsts, strict=True)
    ]


def _go_back_to_event(connection: Connection, places: Sequence[int], event_id: UUID) -> list[int]:
    """Before the event in its own slot group, and in the others before what happened since."""
    event = find_event(connection, event_id)
    if event is None or event.position is None:
        raise InvalidRequestError(f"There is no event {event_id} in the feed.", pointer="/from_id")
    own = find_group(event.slot).number
    found = list(places) if len(places) == 1 else _go_back_to_time(connection, places, event.created_at)
    found[own] = min(places[own], event.position - 1)
    return found


def _lock(connection: Connection, endpoint_id: int) -> Row[Any]:
    row = queries.lock_endpoint(connection, endpoint_id)
    if row is None:
        raise EndpointNotFoundError(endpoint_id)
    return row


def _to_endpoints(connection: Connection, rows: Sequence[Row[Any]]) -> list[Endpoint]:
    waiting = queries.count_deliveries(connection, [row.id for row in rows])
    return [_to_endpoint(row, waiting.get(row.id, 0)) for row in rows]


def _to_endpoint(row: Row[Any], waiting: int) -> Endpoint:
    has_old_secret = row.old_secret_until is not None and row.old_secret_until > row.now
    is_paused = row.paused_until is not None and row.paused_until > row.now
    return Endpoint(
        id=row.id,
        url=row.url,
        description=row.description,
        types=row.types,
        enabled=row.disabled_reason is None,
        disabled_reason=row.disabled_reason,
        old_secret_until=row.old_secret_until if has_old_secret else None,
        waiting=waiting,
        delivered=row.delivered,
        failed=row.failed,
        given_up=row.given_up,
        paused_until=row.paused_until if is_paused else None,
        last_success_at=row.last_success_at,
        last_error=row.last_error,
        last_error_at=row.last_error_at,
        created_at=row.created_at,
    )
