"""The key ring: what this process knows of the table of keys, so that a key costs a request a look-up."""

import asyncio
import logging
import math
import time
from collections.abc import Awaitable, Callable, Sequence
from enum import StrEnum
from typing import NamedTuple, TypeVar

from cachetools import LRUCache

from core.access.principals import Principal
from core.errors import UnavailableError
from core.infra import tracing
from core.infra.async_db import LoopConnection
from core.infra.gather import Gather
from core.keys.ring_queries import SELECT_LIVE, SELECT_SECRETS, UPDATE_LAST_USED, KnownSecret

log = logging.getLogger(__name__)
T = TypeVar("T")

# Memory counts for FRESH_SECONDS from before the database was asked, so a revoked key is refused everywhere
# by then. Refreshes come so often that one may be lost and the next be late.
REFRESH_SECONDS, FRESH_SECONDS = 2.0, 5.0
# A request has two seconds, and may have to wait for a refresh that waits in vain as well.
ANSWER_SECONDS = 0.8
# Look-ups fail at once for so long after one found the database away.
AWAY_SECONDS = 1.0
# One query looks up so many keys: a flood of made-up ones is one query at a time.
ASKED_TOGETHER = 500
# Keys looked up lately, unknown ones too: the same key again costs no query.
REMEMBERED = 10_000


UNAVAILABLE = "Keys cannot be looked up just now."


class Reason(StrEnum):
    """Why a credential is refused."""

    UNKNOWN = "unknown"  # of the form of a key, and not in the table
    REVOKED = "revoked"
    ROTATED = "rotated"  # its overlap with the newer text of the same key has ended
    EXPIRED = "expired"
    MALFORMED = "malformed"  # of no form that is issued
    JWT = "jwt"  # not valid: forged, expired, for another audience
    SCHEME = "scheme"  # not Bearer, where the route requires a credential
    ROLE = "role"  # valid, without the role that the route requires


class _Held(NamedTuple):
    """A digest's principal or refusal, and until when it counts, by this process's clock."""

    found: Principal | Reason
    until: float


class KeyRing:
    """All live keys by their digests, for one event loop; refreshed from when the first key is asked for.

    Nothing that it says is older than five seconds, whatever became of the database: where it cannot say, and
    nor can that, the request is refused as 503. `clock` is in seconds, and never goes back.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._connection = LoopConnection(connect_seconds=ANSWER_SECONDS, answer_seconds=ANSWER_SECONDS)
        self._turn = asyncio.Lock()
        self._gather: Gather[bytes, Principal | Reason] = Gather(
            "look up keys", self._look_up, at_most=ASKED_TOGETHER
        )
        self._live: dict[bytes, _Held] = {}
        self._mark, self._fresh_until, self._away_until = "", -math.inf, -math.inf
        self._asked: LRUCache[bytes, _Held] = LRUCache(REMEMBERED)
        self._used: set[int] = set()
        self._refreshing: asyncio.Task[None] | None = None

    def recall(self, digest: bytes) -> Principal | Reason | None:
        """A key's principal, or the reason of its refusal, from memory; None where memory has neither."""
        now = self._clock()
        held = self._live.get(digest) if now < self._fresh_until else None
        if held is None:
            held = self._asked.get(digest)
        if held is None or held.until <= now:
            return None
        if isinstance(held.found, Principal):
            self._used.add(int(held.found.id or 0))
        return held.found

    async def find(self, digest: bytes) -> Principal | Reason:
        """The same from the database. Raises UnavailableError where that does not answer in time."""
        if self._refreshing is None:
            # The refresh outlives the first request, and is not of its trace.
            with tracing.within(None):
                self._refreshing = asyncio.create_task(self._refresh_on_and_on())
        found = await self._gather.ask(digest)
        return self.recall(digest) or found

    def end(self) -> None:
        """Refresh no more: this process is about to stop."""
        if self._refreshing is not None:
            self._refreshing.cancel()

    async def _look_up(self, digests: Sequence[bytes]) -> list[Principal | Reason]:
        if self._clock() < self._away_until:
            raise UnavailableError(UNAVAILABLE)
        try:
            asked_at, secrets = await self._ask(
                lambda: SELECT_SECRETS.run_on_loop(self._connection, set(digests))
            )
        except (UnavailableError, TimeoutError) as error:
            self._away_until = self._clock() + AWAY_SECONDS
            raise UnavailableError(UNAVAILABLE) from error
        found = {secret.digest: _hold(secret, asked_at) for secret in secrets}
        unknown = _Held(Reason.UNKNOWN, asked_at + FRESH_SECONDS)
        held = [found.get(digest, unknown) for digest in digests]
        self._asked.update(zip(digests, held, strict=True))
        return [each.found for each in held]

    async def _refresh_on_and_on(self) -> None:
        while True:
            try:
                await self._refresh()
                await self._note_uses()
            except (UnavailableError, TimeoutError):
                # What is in memory ends by itself, and requests tell of it.
                log.info("keys not refreshed")
            except Exception:
                # This task must outlive it.
                log.exception("keys not refreshed")
            await asyncio.sleep(REFRESH_SECONDS)

    async def _refresh(self) -> None:
        asked_at, (mark, secrets) = await self._ask(
            lambda: SELECT_LIVE.run_on_loop(self._connection, self._mark)
        )
        if mark != self._mark:
            self._live = {secret.digest: _hold(secret, asked_at, at_most=math.inf) for secret in secrets}
            self._mark = mark
        self._fresh_until = asked_at + FRESH_SECONDS

    async def _note_uses(self) -> None:
        used, self._used = self._used, set()
        if used:
            await self._ask(lambda: UPDATE_LAST_USED.run_on_loop(self._connection, used))

    async def _ask(self, ask: Callable[[], Awaitable[T]]) -> tuple[float, T]:
        """When the database was asked, and what it said. One at a time: the connection is one.

        Raises UnavailableError, TimeoutError.
        """
        async with self._turn:
            asked_at = self._clock()
            async with asyncio.timeout(ANSWER_SECONDS):
                return asked_at, await ask()


def _hold(secret: KnownSecret, asked_at: float, *, at_most: float = FRESH_SECONDS) -> _Held:
    if secret.refusal is not None:
        return _Held(Reason(secret.refusal), asked_at + FRESH_SECONDS)
    left = math.inf if secret.seconds_left is None else secret.seconds_left
    # Reckoned from before the question, so never later than the database would.
    return _Held(secret.principal, asked_at + min(left, at_most))
