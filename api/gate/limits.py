"""Allowances: how much a client may ask; counted in Redis, from the event loop, or here while Redis is away.

Requests that came while the last were counted are counted together, in one round trip.
"""

import logging
import math
import time
from asyncio import Future
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING

from cachetools import LRUCache
from limits import RateLimitItem, parse_many
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter
from redis.exceptions import RedisError

from core.infra.async_redis import LoopRedis, Script
from core.infra.gather import Gather
from core.infra.rates import check_limit
from core.infra.settings import Settings

if TYPE_CHECKING:
    from api.request import Request

log = logging.getLogger(__name__)

LIMIT_HEADER, REMAINING_HEADER, RESET_HEADER = "RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"
# A script keeps Redis from everybody else: so many take it about half a millisecond.
COUNTED_TOGETHER = 200
# Clients whose keys are remembered; one costs some hundred bytes.
CLIENTS_KEPT = 10_000
# An allowance of a key's own has few forms, of whatever number of keys.
OWN_KEPT = 1_000

# ARGV[1] has of each request its weight, how many limits it is counted against, and of each limit the amount
# and the milliseconds; KEYS has their counters. Returns of each request which limit is over (0: none), and
# what is left of that one, or of the first, for how many milliseconds. A refused request uses nothing up. A
# negative weight is given back, where it is still counted.
COUNT = Script("""
local replies, first = {}, 0
local read = string.gmatch(ARGV[1], '%S+')
for word in read do
    local weight, limits = tonumber(word), tonumber(read())
    local over, left, ms = 0, 0, 0
    for n = 1, limits do
        local key, amount, window = KEYS[first + n], tonumber(read()), read()
        if weight < 0 then
            local count = tonumber(redis.call('GET', key)) or 0
            if count + weight >= 0 then redis.call('INCRBY', key, weight) end
        elseif over == 0 then
            local count, lasts = redis.call('INCRBY', key, weight), redis.call('PTTL', key)
            if lasts < 0 then
                redis.call('PEXPIRE', key, window)
                lasts = window
            end
            if count > amount then
                for m = 1, n do redis.call('DECRBY', KEYS[first + m], weight) end
                over, left, ms = n, amount - count + weight, lasts
            elseif n == 1 then
                left, ms = amount - count, lasts
            end
        end
    end
    first = first + limits
    replies[#replies + 1] = over .. ' ' .. left .. ' ' .. ms
end
return table.concat(replies, ' ')
""")


class Kind(StrEnum):
    """The allowances that a client has, each counted apart."""

    BOOKING = "booking"
    ADMIN = "admin"
    OTHER = "other"


def find_kind(method: str, path: str) -> Kind:
    """The allowance that a request counts against, whether or not there is such a route."""
    if path.startswith("/bookings") and method == "POST" and _is_under(path, "/bookings"):
        return Kind.BOOKING
    return Kind.ADMIN if path.startswith("/admin") and _is_under(path, "/admin") else Kind.OTHER


# Each is equal to itself alone: every request looks its client's keys up by it, and would hash its limits.
@dataclass(frozen=True, slots=True, eq=False)
class Terms:
    """An allowance: the name that its counters have, its limits, and those as COUNT reads them."""

    name: str
    limits: tuple[RateLimitItem, ...]
    described: str


@lru_cache(OWN_KEPT)
def _read_own(text: str) -> Terms | None:
    try:
        return _make_terms("own", check_limit(text))
    except ValueError:
        # Whatever came into the table: its key has what everybody has, and its requests are answered.
        log.warning("rate limit of a key not understood", extra={"rate_limit": text})
        return None


def find_allowance(request: "Request") -> Kind | Terms:
    """The allowance that a request counts against: its principal's own for all of them, where it has one."""
    principal = request.principal
    own = _read_own(principal.rate_limit) if principal and principal.rate_limit else None
    return own or find_kind(request.method, request.path)


@dataclass(slots=True)
class Taken:
    """What became of a request's part of an allowance: how many `amount` lets pass, and how many are left.

    It is whole again in `reset` seconds.
    """

    is_over: bool
    amount: int
    left: int
    reset: int

    @property
    def headers(self) -> list[tuple[str, str]]:
        """What tells the client so; not made before the answer, since thousands wait for theirs."""
        return [
            (LIMIT_HEADER, str(self.amount)),
            (REMAINING_HEADER, str(self.left)),
            (RESET_HEADER, str(self.reset)),
        ]


Asked = tuple[str, Terms, int]


class Allowances:
    """What each client may still ask, of each kind; for one event loop."""

    def __init__(self, limits: Mapping[Kind, str]) -> None:
        self._terms = {kind: _make_terms(kind, text) for kind, text in limits.items()}
        self._find_keys = lru_cache(CLIENTS_KEPT)(self._name_keys)
        self._redis = LoopRedis()
        self._gather = Gather("count allowances", self._count, at_most=COUNTED_TOGETHER)
        self._given_back: list[Asked] = []
        self._over: LRUCache[tuple[str, str], float] = LRUCache(CLIENTS_KEPT)
        self._storage = MemoryStorage()
        self._local = FixedWindowRateLimiter(self._storage)

    def take(self, client: str, kind: Kind | Terms, weight: int = 1) -> Future[Taken]:
        """Count a request, unless it is more than the client may still ask."""
        return self._gather.ask((client, self._find_terms(kind), weight))

    def was_over(self, client: str, kind: Kind | Terms) -> bool:
        """Whether the client has asked too much of this kind, in a window that has not ended."""
        return self._over.get((client, self._find_terms(kind).name), 0.0) > time.monotonic()

    def give_back(self, client: str, kind: Kind | Terms, weight: int = 1) -> None:
        """Give a weight back to a client's allowance, with the next round trip: nothing reads it before."""
        self._given_back.append((client, self._find_terms(kind), -weight))

    def _find_terms(self, kind: Kind | Terms) -> Terms:
        return kind if isinstance(kind, Terms) else self._terms[kind]

    async def _count(self, asked: Sequence[Asked]) -> list[Taken]:
        found = await self._count_all(asked)
        for (client, terms, _), taken in zip(asked, found, strict=True):
            if taken.is_over:
                self._over[client, terms.name] = time.monotonic() + taken.reset
        return found

    async def _count_all(self, asked: Sequence[Asked]) -> list[Taken]:
        given_back, self._given_back = self._given_back, []
        try:
            replies = await self._redis.run_script(COUNT, *self._list_counters([*given_back, *asked]))
        except (RedisError, OSError):
            for each in given_back:
                self._give_back_here(*each)
            return [self._count_here(*each) for each in asked]
        numbers = list(map(int, replies.split()))[3 * len(given_back) :]
        return [
            _tell(terms.limits[max(over - 1, 0)], left, ms / 1000, is_over=over > 0)
            for (_, terms, _), over, left, ms in zip(
                asked, numbers[0::3], numbers[1::3], numbers[2::3], strict=True
            )
        ]

    def _list_counters(self, asked: Sequence[Asked]) -> tuple[list[str], str]:
        keys: list[str] = []
        words: list[str] = []
        for client, terms, weight in asked:
            keys += self._find_keys(client, terms)
            words.append(f"{weight} {terms.described}")
        return keys, " ".join(words)

    def _name_keys(self, client: str, terms: Terms) -> list[str]:
        return [limit.key_for(client, terms.name) for limit in terms.limits]

    def _count_here(self, client: str, terms: Terms, weight: int) -> Taken:
        limits, local, name = terms.limits, self._local, terms.name
        over = next((limit for limit in limits if not local.test(limit, client, name, cost=weight)), None)
        if over is None:
            for limit in limits:
                local.hit(limit, client, name, cost=weight)
        told = over or limits[0]
        reset_at, left = local.get_window_stats(told, client, name)
        return _tell(told, left, reset_at - time.time(), is_over=over is not None)

    def _give_back_here(self, client: str, terms: Terms, weight: int) -> None:
        for key in self._find_keys(client, terms):
            if self._storage.get(key) + weight >= 0:
                self._storage.decr(key, -weight)


def make_allowances(settings: Settings) -> Allowances | None:
    """The allowances of the settings; None where rate limits are off."""
    if not settings.rate_limit_enabled:
        return None
    return Allowances(
        {
            Kind.BOOKING: settings.booking_rate_limit,
            Kind.ADMIN: settings.admin_rate_limit,
            Kind.OTHER: settings.rate_limit,
        }
    )


def _is_under(path: str, prefix: str) -> bool:
    return len(path) == len(prefix) or path[len(prefix)] == "/"


def _make_terms(name: str, text: str) -> Terms:
    # Of several the shortest comes first, and is the one that is told of.
    limits = tuple(sorted(parse_many(text)))
    described = " ".join(
        [str(len(limits)), *(f"{each.amount} {1000 * each.get_expiry()}" for each in limits)]
    )
    return Terms(name, limits, described)


def _tell(limit: RateLimitItem, left: int, seconds: float, *, is_over: bool) -> Taken:
    # Rounded up: a client that retries at that second finds a new window.
    return Taken(is_over, limit.amount, left, max(1, math.ceil(seconds)))
