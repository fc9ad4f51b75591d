"""Delivering: each endpoint's queue is filled from the feed, and emptied by one worker at a time."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from datetime import datetime
from functools import partial
from itertools import chain
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Row
from sqlalchemy.engine import Connection

from core.errors import UnavailableError
from core.events.queries import select_newest
from core.events.service import to_envelope
from core.infra import tracing
from core.infra.db import primary, transaction
from core.infra.jobs import DELIVER_WEBHOOKS, clear_flag, send_later
from core.infra.json import to_json
from core.infra.metrics import DELIVERIES
from core.infra.slot_groups import SlotGroup, for_each_group
from core.webhooks import delivering_queries as queries
from core.webhooks.log import Noted, note_attempts
from core.webhooks.log_queries import select_tested_endpoints
from core.webhooks.queries import delete_deliveries, update_all_due
from core.webhooks.rules import (
    FAILURES_UNTIL_DOWN,
    Attempt,
    DisabledReason,
    Outcome,
    Sent,
    choose_delay,
    choose_pause,
    is_worth_trying,
)
from core.webhooks.sending import send_event
from core.webhooks.testing import CLAIMED_SECONDS, send_test

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
    """Make each endpoint's deliveries of what is new in the feed, and have due ones and tests sent."""
    for_each_group(_queue)
    with primary() as connection:
        free = queries.select_free_endpoints(connection)
        tested = select_tested_endpoints(connection, seconds=CLAIMED_SECONDS)
    due = for_each_group(partial(_select_due_endpoints, free)) if free else []
    for endpoint_id in sorted({*tested, *chain.from_iterable(due)}):
        send_later(DELIVER_WEBHOOKS, endpoint_id)


def _select_due_endpoints(free: Sequence[int], group: SlotGroup) -> list[int]:
    with primary() as connection:
        return queries.select_due_endpoints(connection, group, free)


def _queue(group: SlotGroup, *, only: int | None = None) -> None:
    """Make deliveries of a group's feed, for all endpoints that are behind in it, or one."""
    with primary() as connection:
        newest = select_newest(connection, group)
        behind = queries.select_behind(connection, group, newest=newest)
    for endpoint_id in behind:
        if only in (None, endpoint_id):
            with transaction() as connection:
                _queue_for(connection, group, endpoint_id)


def _queue_for(connection: Connection, group: SlotGroup, endpoint_id: int) -> None:
    endpoint = queries.lock_behind(connection, group, endpoint_id)
    if endpoint is None:
        return
    room = QUEUED_AT_MOST - queries.count_deliveries(connection, group, endpoint_id)
    if room > 0:
        queries.insert_deliveries(
            connection,
            group,
            endpoint_id,
            position=endpoint.position,
            types=endpoint.types,
            limit=min(room, QUEUED_AT_ONCE),
        )


def deliver_webhooks(endpoint_id: int) -> None:
    """Send an endpoint what is due, round by round, unless somebody else is at it or it is paused.

    A test that waits for it goes first.
    """
    clear_flag(DELIVER_WEBHOOKS, endpoint_id)
    send_test(endpoint_id)
    stop_at = time.monotonic() + TURN_SECONDS
    while time.monotonic() < stop_at:
        if not _deliver_round(endpoint_id):
            return
        for_each_group(partial(_queue, only=endpoint_id))
    send_later(DELIVER_WEBHOOKS, endpoint_id)


def _deliver_round(endpoint_id: int) -> bool:
    """Whether something was delivered, so that another round is worth it.

    Nothing is locked while the endpoint takes its time. A worker that dies leaves a lease that runs out, and
    what it had delivered is delivered again; one that was frozen for as long finds its lease gone, and leaves
    the record to whoever has it now.
    """
    lease, leased_at = uuid4(), time.monotonic()
    with transaction() as connection:
        endpoint = queries.update_leased(connection, endpoint_id, lease=lease, seconds=LEASE_SECONDS)
        if endpoint is None:
            return False
        is_down = endpoint.failures_in_a_row >= FAILURES_UNTIL_DOWN
    limit = 1 if is_down else SENT_AT_ONCE
    found = chain.from_iterable(for_each_group(partial(_select_due, endpoint_id, limit=limit)))
    due = sorted(found, key=lambda event: event.queued_at)[:limit]
    if time.monotonic() - leased_at > RENEWED_EVERY_SECONDS:
        # A group did not answer for as long.
        _renew(endpoint_id, lease)
    all_sent = _send_all(endpoint, due, renew=lambda: _renew(endpoint_id, lease))
    with transaction() as connection:
        leased = queries.lock_leased(connection, endpoint_id, lease=lease)
        if leased is not None:
            _record(connection, endpoint_id, leased, list(zip(due, all_sent, strict=True)))
    if any(sent.attempt.outcome is Outcome.GONE for sent in all_sent):
        for_each_group(lambda group: _change_all(delete_deliveries, group, endpoint_id))
    has_success = any(sent.attempt.outcome is Outcome.DELIVERED for sent in all_sent)
    if has_success and is_down:
        for_each_group(lambda group: _change_all(update_all_due, group, endpoint_id))
    return has_success


def _change_all(
    change: Callable[[Connection, SlotGroup, int], None], group: SlotGroup, endpoint_id: int
) -> None:
    with primary() as connection:
        change(connection, group, endpoint_id)


def _select_due(endpoint_id: int, group: SlotGroup, *, limit: int) -> list[Row[Any]]:
    with primary() as connection:
        return queries.select_due(connection, group, endpoint_id, limit=limit)


def _renew(endpoint_id: int, lease: UUID) -> None:
    # Where the database is away for a moment the lease may be lost, and the record with it: sent again then.
    with suppress(UnavailableError), primary() as connection:
        queries.update_lease(connection, endpoint_id, lease=lease, seconds=LEASE_SECONDS)


def _send_all(endpoint: Row[Any], due: Sequence[Row[Any]], *, renew: Callable[[], None]) -> list[Sent]:
    def send(event: Row[Any]) -> Sent:
        body = to_json(to_envelope(event))
        with tracing.span_from(event.trace, f"deliver {event.type}", "CLIENT") as span:
            sent = send_event(endpoint.url, body, event_id=str(event.id), secrets=endpoint.secrets)
            tracing.note_answer(span, sent.attempt.status_code, fails_from=300)
        return sent

    if not due:
        return []
    with ThreadPoolExecutor(len(due)) as pool:
        futures = [pool.submit(send, event) for event in due]
        while wait(futures, timeout=RENEWED_EVERY_SECONDS).not_done:
            renew()
        return [future.result() for future in futures]


def _record(
    connection: Connection, endpoint_id: int, leased: Row[Any], round_: Sequence[tuple[Row[Any], Sent]]
) -> None:
    failures = [sent.attempt for _, sent in round_ if sent.attempt.outcome is not Outcome.DELIVERED]
    is_gone = any(attempt.outcome is Outcome.GONE for attempt in failures)
    has_success = len(failures) < len(round_)
    in_a_row = 0 if has_success else leased.failures_in_a_row + len(failures)
    pause_seconds = choose_pause(in_a_row, [attempt.retry_after for attempt in failures])
    noted = [
        Noted(event, sent, *_judge(event, sent.attempt, now=leased.now, pause_seconds=pause_seconds))
        for event, sent in round_
    ]
    if is_gone:
        noted = [each._replace(again_in=None) for each in noted]
    for each in noted:
        DELIVERIES.labels(each.outcome).inc()
    delivered, failed = queries.update_recorded(
        connection,
        endpoint_id,
        pause_seconds=pause_seconds,
        failures_in_a_row=in_a_row,
        delivered=len(round_) - len(failures),
        failed=len(failures),
        given_up=sum(each.outcome is Outcome.GIVEN_UP for each in noted),
        error=failures[-1].error if failures else None,
        disabled_reason=DisabledReason.GONE if is_gone else None,
    )
    for event, _, _, seconds in noted:
        if seconds is not None:
            queries.update_failed(connection, endpoint_id, event, seconds=seconds)
    queries.delete_done(connection, endpoint_id, [each.event for each in noted if each.again_in is None])
    note_attempts(connection, endpoint_id, noted, delivered=delivered, failed=failed, now=leased.now)


def _judge(
    event: Row[Any], attempt: Attempt, *, now: datetime, pause_seconds: float
) -> tuple[Outcome, float | None]:
    """What an attempt came to, all in all, and in how many seconds the next is due, where one is."""
    if attempt.outcome is not Outcome.FAILED:
        return attempt.outcome, None
    if not is_worth_trying(event.queued_at, now):
        return Outcome.GIVEN_UP, None
    delay = choose_delay(event.attempts + 1, retry_after=attempt.retry_after)
    return Outcome.FAILED, max(delay.total_seconds(), pause_seconds)
