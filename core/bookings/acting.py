"""Confirming, extending, cancelling: what many clients ask of their bookings, in one statement."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from core.bookings.acting_queries import Found, choose_query
from core.bookings.errors import BookingLockedError, BookingNotFoundError, IdempotencyKeyReusedError
from core.bookings.grouped import judge_all
from core.bookings.requests import Asked
from core.bookings.rules import Action, judge_action
from core.bookings.views import Booking
from core.errors import SeatlineError, UnavailableError
from core.infra.async_db import LoopConnection

# A booking is locked while a batch of settling is under way, a fifth of a second; whoever still waits after a
# second waits for a frozen process.
LOCKED_SECONDS = 1.0
# At first as long as a group takes; then longer, so that those who wait do not slow down what they wait for.
SHORTEST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.001, 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Acted:
    """A booking after an action.

    `is_waiting` where a worker has yet to do what was asked; `has_changed` where this request changed it, and
    whoever waits for it is to be told; `is_replay` where its key was used for this very request before.
    """

    booking: Booking
    is_waiting: bool
    has_changed: bool
    is_replay: bool


async def act(
    connection: LoopConnection, asked: Sequence[Asked], *, nudge: Callable[[int], None]
) -> list[Acted | SeatlineError]:
    """What came of each, by itself: done, done before, or refused, as the table in rules.py has it.

    Refusals leave nothing, their keys neither. BookingLockedError where another transaction has the booking:
    see insist(). UnavailableError where nobody knows whether it was done. Shows with work are nudged.
    """
    lost = BookingLockedError("Others are changing this booking just now.")
    told = await judge_all(
        lambda some: choose_query(some).run_on_loop(connection, some), _judge, asked, lost=lost
    )
    for show_id in {each.booking.show_id for each in told if isinstance(each, Acted) and each.is_waiting}:
        nudge(show_id)
    return told


def _judge(asked: Asked, found: Found) -> Acted | SeatlineError | None:
    if found.is_passed_over:
        return None
    if found.stage is None:
        return BookingNotFoundError(asked.booking_id)
    is_replay = found.used_for is not None
    if asked.key and is_replay and found.used_for != asked.key.fingerprint:
        return IdempotencyKeyReusedError("This Idempotency-Key came with a different request before.")
    answer = judge_action(found.stage, asked.action)
    if isinstance(answer, SeatlineError) and not is_replay:
        return answer
    return Acted(
        booking=found.booking,
        is_waiting=asked.action is not Action.EXTEND and found.booking.wants is not None,
        has_changed=found.has_changed,
        is_replay=is_replay,
    )


async def insist(
    ask: Callable[[Asked], Awaitable[Acted]], asked: Asked, *, clock: Callable[[], float] = time.monotonic
) -> Acted:
    """What came of `ask`, which puts this into a group, asked again and again while the booking is locked.

    So nobody else of its group waits for it. Raises UnavailableError after LOCKED_SECONDS.
    """
    ends_at, pause = clock() + LOCKED_SECONDS, SHORTEST_PAUSE_SECONDS
    while True:
        try:
            return await ask(asked)
        except BookingLockedError as error:
            if clock() > ends_at:
                raise UnavailableError(error.detail) from error
        await asyncio.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
