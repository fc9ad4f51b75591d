"""Decisions about webhooks, without I/O: what an answer means, when to try again, whom to connect to."""

import ipaddress
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum
from urllib.parse import urlsplit

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

DEFAULT_PORTS = {"http": 80, "https": 443}
IPV4_IN_NAT64 = ipaddress.ip_network("64:ff9b::/96")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


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


def find_url_fault(url: str, *, allow_private: bool) -> str | None:
    """What is wrong with an endpoint's URL, as far as it can be told without asking for its address."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "is not a URL"
    if parts.scheme not in DEFAULT_PORTS or not host:
        return "must begin with https:// or http:// and name a host"
    if parts.username is not None or parts.password is not None or parts.fragment:
        return "must have no user, password or fragment"
    if not url.isascii() or any(character.isspace() for character in url):
        return "must be written in ASCII, without spaces"
    if allow_private or _may_be_public(host):
        return None
    return "must not be a private or local address, unless the operator sets WEBHOOK_ALLOW_PRIVATE=true"


def identify_url(url: str) -> tuple[object, ...]:
    """What two URLs of endpoints have in common that lead to the same place, however they are written."""
    parts = urlsplit(url)
    port = parts.port or DEFAULT_PORTS[parts.scheme]
    return parts.scheme, parts.hostname, port, parts.path or "/", parts.query


def _may_be_public(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return False
    try:
        return is_public(host)
    except ValueError:
        return True


def is_public(address: str) -> bool:
    """Whether an IP address is one of the public Internet, looking through IPv6's ways to write IPv4."""
    parsed = ipaddress.ip_address(address.partition("%")[0])
    return all(ip.is_global and not ip.is_multicast for ip in _unwrap(parsed))


def _unwrap(address: Address) -> Sequence[Address]:
    if isinstance(address, ipaddress.IPv4Address):
        return [address]
    if address.ipv4_mapped:
        return [address.ipv4_mapped]
    if address.sixtofour:
        return [address, address.sixtofour]
    if address.teredo:
        return [address, *address.teredo]
    if address in IPV4_IN_NAT64:
        return [ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)]
    return [address]
