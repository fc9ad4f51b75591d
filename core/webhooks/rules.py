"""Decisions about webhooks, without I/O: what an answer means, and when to try again."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum

# Five seconds, and four times as long after each failure: 5 s, 20 s, 80 s, 5 min, 21 min, then every hour.
FIRST_DELAY_SECONDS, GROWTH, LONGEST_DELAY_SECONDS = 5, 4, 3600
# What could not be delivered for so long is given up; replaying brings it back.
TRIED_FOR = timedelta(days=3)
# After so many failures in a row an endpoint is taken to be down: one delivery at a time then finds out
# whether it is back, at the latest after the longest pause.
FAILURES_UNTIL_DOWN = 8
LONGEST_PAUSE_SECONDS = 300

# A test's type; those of events are in core/events/models.py.
TEST_TYPE = "ENDPOINT_TEST"


class DisabledReason(StrEnum):
    """Why an endpoint is told nothing any more."""

    GONE = "gone"  # it answered 410
    OPERATOR = "operator"  # an operator said so


class Outcome(StrEnum):
    """What an attempt came to."""

    DELIVERED = "delivered"  # 2xx
    FAILED = "failed"  # any other answer, or none
    GONE = "gone"  # 410: the receiver wants no more of it
    GIVEN_UP = "given_up"  # it failed for three days, and is not tried again
    WAITING = "waiting"  # a test that has yet to be sent, or answered


@dataclass(frozen=True, slots=True)
class Attempt:
    """What an attempt came to; `retry_after` in seconds where the receiver named it."""

    outcome: Outcome
    error: str | None = None
    status_code: int | None = None
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """When an event was sent (its `webhook-timestamp`), how long that took, and what came of it."""

    at: datetime
    took_milliseconds: int
    attempt: Attempt


def judge_answer(status: int, retry_after: str | None, *, now: datetime) -> Attempt:
    """What an answer means (Standard Webhooks): 2xx is success, 410 is the end, all else is tried again.

    A redirect is a failure too: an address that moved is for an operator to change.
    """
    if 200 <= status < 300:
        return Attempt(Outcome.DELIVERED, None, status)
    if status == 410:
        return Attempt(Outcome.GONE, "HTTP 410", status)
    return Attempt(Outcome.FAILED, f"HTTP {status}", status, _read_retry_after(retry_after, now))


def _read_retry_after(sent: str | None, now: datetime) -> float | None:
    """Retry-After in seconds from now, whether it is sent so or as a date; None where it says nothing."""
    sent = (sent or "").strip()
    if sent.isascii() and sent.isdigit():
        seconds = float(sent)
    else:
        try:
            date = parsedate_to_datetime(sent)
        except (ValueError, OverflowError):
            return None
        # The oldest of HTTP's three forms names no zone.
        seconds = ((date if date.tzinfo else date.replace(tzinfo=UTC)) - now).total_seconds()
    return min(seconds, LONGEST_DELAY_SECONDS) if seconds > 0 else None


def choose_delay(attempts: int, *, retry_after: float | None = None) -> timedelta:
    """How long to wait after so many failed attempts: longer each time, and by chance half to all of it.

    By chance, so that what failed together is not tried together; never sooner than the receiver asked.
    """
    full = min(FIRST_DELAY_SECONDS * GROWTH ** min(attempts - 1, 10), LONGEST_DELAY_SECONDS)
    return timedelta(seconds=max(retry_after or 0.0, full * random.uniform(0.5, 1)))  # noqa: S311


def choose_pause(failures_in_a_row: int, retry_afters: Sequence[float | None]) -> float:
    """For how many seconds to leave the whole endpoint alone: while it is down, and as long as it asked."""
    asked = max((seconds for seconds in retry_afters if seconds is not None), default=0.0)
    if failures_in_a_row < FAILURES_UNTIL_DOWN:
        return asked
    delay = choose_delay(failures_in_a_row - FAILURES_UNTIL_DOWN + 1).total_seconds()
    return max(asked, min(delay, LONGEST_PAUSE_SECONDS))


def is_worth_trying(created_at: datetime, now: datetime) -> bool:
    """Whether a delivery made then is tried again after another failure."""
    return now < created_at + TRIED_FOR
