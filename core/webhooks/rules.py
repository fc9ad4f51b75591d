"""Decisions about webhooks, without I/O: what an answer means, when to try again, whom to connect to."""

import ipaddress
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
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

SCHEMES = ("http", "https")
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


@dataclass(frozen=True, slots=True)
class Attempt:
    """What an attempt came to; `retry_after` in seconds where the receiver named it."""

    outcome: Outcome
    error: str | None = None
    retry_after: float | None = None


def judge_answer(status: int, retry_after: str | None) -> Attempt:
    """What an answer means (Standard Webhooks): 2xx is success, 410 is the end, all else is tried again.

    A redirect is a failure too: an address that moved is for an operator to change.
    """
    if 200 <= status < 300:
        return Attempt(Outcome.DELIVERED)
    if status == 410:
        return Attempt(Outcome.GONE, "HTTP 410")
    seconds = float(retry_after) if retry_after and retry_after.isascii() and retry_after.isdigit() else None
    return Attempt(Outcome.FAILED, f"HTTP {status}", min(seconds, LONGEST_DELAY_SECONDS) if seconds else None)


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
    if parts.scheme not in SCHEMES or not host:
        return "must begin with https:// or http:// and name a host"
    if parts.username is not None or parts.password is not None or parts.fragment:
        return "must have no user, password or fragment"
    if not url.isascii() or any(character.isspace() for character in url):
        return "must be written in ASCII, without spaces"
    return None if allow_private or _may_be_public(host) else "must not be a private or local address"


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
