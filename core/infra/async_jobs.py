"""Nudges from an event loop: flags are raised on it, and a thread sends the few messages."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from redis.exceptions import RedisError

from core.infra.async_redis import LoopRedis, Script
from core.infra.gather import Gather
from core.infra.jobs import FLAG_TTL_SECONDS, FLAGS_AT_ONCE, SETTLE_SHOW, name_flag, send_flagged

# Returns which of the flags were not up.
RAISE = Script("""
local raised = {}
for n, key in ipairs(KEYS) do
    if redis.call('SET', key, 1, 'NX', 'EX', ARGV[1]) then raised[#raised + 1] = n - 1 end
end
return raised
""")


class LoopNudger:
    """What jobs.nudge() is to threads. In a rush nearly every flag is up, and no thread has to wake."""

    def __init__(self) -> None:
        self._redis = LoopRedis()
        # A broker that is frozen may take seconds to say so.
        self._sender = ThreadPoolExecutor(1, thread_name_prefix="nudger")
        self._waiting: set[int] = set()
        self._flags = Gather(self._raise_flags, at_most=FLAGS_AT_ONCE)

    def nudge(self, show_id: int) -> None:
        """Have a worker look at a show, soon. Costs the caller nothing and promises nothing."""
        # A broker may be frozen for long: a show waits once.
        if show_id not in self._waiting:
            self._waiting.add(show_id)
            self._flags.put(show_id)

    async def _raise_flags(self, show_ids: Sequence[int]) -> list[None]:
        self._waiting.difference_update(show_ids)
        flags = [name_flag(SETTLE_SHOW, show_id) for show_id in show_ids]
        try:
            raised = await self._redis.run_script(RAISE, flags, FLAG_TTL_SECONDS)
        except (RedisError, OSError):
            # The broker may be another server, which is there.
            raised = range(len(show_ids))
        if raised:
            messages = [(SETTLE_SHOW, (show_ids[number],)) for number in raised]
            # Messages go before the next flags: a flag that is up holds back its show's other messages.
            await asyncio.get_running_loop().run_in_executor(self._sender, send_flagged, messages)
        return [None] * len(show_ids)
