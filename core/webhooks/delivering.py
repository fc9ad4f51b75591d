"""Delivering: each endpoint's queue is filled from the feed, and emptied by one worker at a time."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Row
from sqlalchemy.engine import Connection

from core.errors import UnavailableError
from core.events.service import to_envelope
from core.infra.db import primary, transaction
from core.infra.jobs import DELIVER_WEBHOOKS, clear_flag, send_later
from core.infra.json import to_json
from core.webhooks import delivering_queries as queries
from core.webhooks.queries import delete_deliveries, update_all_due
from core.webhooks.rules import (
    FAILURES_UNTIL_DOWN,
    Attempt,
    DisabledReason,
    Outcome,
    choose_delay,
    choose_pause,
    is_worth_trying,
)
from core.webhooks.sending import send_event

# What waits beyond this stays in the feed, where it costs nothing: an endpoint may be down for days.
QUEUED_AT_MOST = 1_000
QUEUED_AT_ONCE = 500
# One endpoint is sent so many events at once; they are of different bookings.
SENT_AT_ONCE = 16
# Renewed while a round goes on: who lets it run out has died or is frozen, and another takes over.
LEASE_SECONDS, RENEWED_EVERY_SECONDS = 10, 3
# Then a worker leaves the endpoint and queues up for it again: it can stop in time, others get a turn.
TURN_SECONDS = 2.0


def queue_deliveries() -> None:
    """Make each endpoint's deliveries of what is new in the feed, and have due ones sent."""
    with primary() as connection:
        behind = queries.select_behind(connection)
    for endpoint_id in behind:
        with transaction() as connection:
            _queue(connection, endpoint_id)
    with primary() as connection:
        due = queries.select_due_endpoints(connection)
    for endpoint_id in due:
        send_later(DELIVER_WEBHOOKS, endpoint_id)


def _queue(connection: Connection, endpoint_id: int) -> None:
    endpoint = queries.lock_behind(connection, endpoint_id)
    if endpoint is None:
        return
    position, room = endpoint.position, QUEUED_AT_MOST - queries.count_deliveries(connection, endpoint_id)
    if room > 0:
        queries.insert_deliveries(
            connection,
            endpoint_id,
            position=position,
            types=endpoint.types,
            limit=min(room, QUEUED_AT_ONCE),
        )


def deliver_webhooks(endpoint_id: int) -> None:
    """Send an endpoint what is due, round by round, unless somebody else is at it or it is paused."""
    clear_flag(DELIVER_WEBHOOKS, endpoint_id)
    stop_at = time.monotonic() + TURN_SECONDS
    while time.monotonic() < stop_at:
        if not _deliver_round(endpoint_id):
            return
        with transaction() as connection:
            _queue(connection, endpoint_id)
    send_later(DELIVER_WEBHOOKS, endpoint_id)


def _deliver_round(endpoint_id: int) -> bool:
    """Whether something was delivered, so that another round is worth it.

    Nothing is locked while the endpoint takes its time. A worker that dies leaves a lease that runs out, and
    what it had delivered is delivered again; one that was frozen for as long finds its lease gone, and leaves
    the record to whoever has it now.
    """
    lease = uuid4()
    with transaction() as connection:
        endpoint = queries.update_leased(connection, endpoint_id, lease=lease, seconds=LEASE_SECONDS)
        if endpoint is None:
            return False
        is_down = endpoint.failures_in_a_row >= FAILURES_UNTIL_DOWN
        due = queries.select_due(connection, endpoint_id, limit=1 if is_down else SENT_AT_ONCE)
    attempts = _send_all(endpoint, due, renew=lambda: _renew(endpoint_id, lease))
    with transaction() as connection:
        leased = queries.lock_leased(connection, endpoint_id, lease=lease)
        if leased is not None:
            _record(connection, endpoint_id, leased, list(zip(due, attempts, strict=True)))
    return any(attempt.outcome is Outcome.DELIVERED for attempt in attempts)


def _renew(endpoint_id: int, lease: UUID) -> None:
    # Where the database is away for a moment the lease may be lost, and the record with it: sent again then.
    with suppress(UnavailableError), primary() as connection:
        queries.update_lease(connection, endpoint_id, lease=lease, seconds=LEASE_SECONDS)


def _send_all(endpoint: Row[Any], due: Sequence[Row[Any]], *, renew: Callable[[], None]) -> list[Attempt]:
    def send(event: Row[Any]) -> Attempt:
        body = to_json(to_envelope(event))
        return send_event(endpoint.url, body, event_id=str(event.id), secrets=endpoint.secrets)

    if not due:
        return []
    with ThreadPoolExecutor(len(due)) as pool:
        futures = [pool.submit(send, event) for event in due]
        while wait(futures, timeout=RENEWED_EVERY_SECONDS).not_done:
            renew()
        return [future.result() for future in futures]


def _record(
    connection: Connection, endpoint_id: int, leased: Row[Any], round_: Sequence[tuple[Row[Any], Attempt]]
) -> None:
    done: list[UUID] = []
    given_up = 0
    for event, attempt in round_:
        if attempt.outcome is Outcome.DELIVERED:
            done.append(event.id)
        elif not is_worth_trying(event.queued_at, leased.now):
            done.append(event.id)
            given_up += 1
        else:
            delay = choose_delay(event.attempts + 1, retry_after=attempt.retry_after)
            queries.update_failed(connection, endpoint_id, event.id, seconds=delay.total_seconds())
    queries.delete_done(connection, endpoint_id, done)
    failures = [attempt for _, attempt in round_ if attempt.outcome is not Outcome.DELIVERED]
    is_gone = any(attempt.outcome is Outcome.GONE for attempt in failures)
    if is_gone:
        delete_deliveries(connection, endpoint_id)
    has_success = len(failures) < len(round_)
    if has_success and leased.failures_in_a_row >= FAILURES_UNTIL_DOWN:
        update_all_due(connection, endpoint_id)
    in_a_row = 0 if has_success else leased.failures_in_a_row + len(failures)
    queries.update_recorded(
        connection,
        endpoint_id,
        pause_seconds=choose_pause(in_a_row, [attempt.retry_after for attempt in failures]),
        failures_in_a_row=in_a_row,
        delivered=len(round_) - len(failures),
        failed=len(failures),
        given_up=given_up,
        error=failures[-1].error if failures else None,
        disabled_reason=DisabledReason.GONE if is_gone else None,
    )
