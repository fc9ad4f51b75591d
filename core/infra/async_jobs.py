"""Nudges from an event loop: flags are raised on it, and a thread sends the few messages."""

import asyncio
import logging
import threading
import weakref
from collections.abc import Callable, Sequence
from contextlib import suppress
from queue import SimpleQueue

from redis.exceptions import RedisError

from core.infra import tracing
from core.infra.async_redis import LoopRedis
from core.infra.gather import Gather
from core.infra.jobs import FLAGS_AT_ONCE, RAISE_FLAGS, SETTLE_SHOW, Message, name_flags, send_flagged
from core.infra.metrics import count_nudges

log = logging.getLogger(__name__)


class LoopNudger:
    """What jobs.nudge() is to threads. In a rush nearly every flag is up, and no thread has to wake."""

    def __init__(self) -> None:
        self._redis = LoopRedis()
        self._sender = _Sender()
        self._waiting: set[int] = set()
        self._flags = Gather("nudge", self._raise_flags, at_most=FLAGS_AT_ONCE)

    def nudge(self, show_id: int) -> None:
        """Have a worker look at a show, soon. Costs the caller nothing and promises nothing."""
        # A broker may be frozen for long: a show waits once.
        if show_id not in self._waiting:
            self._waiting.add(show_id)
            self._flags.put(show_id)

    async def _raise_flags(self, show_ids: Sequence[int]) -> list[None]:
        self._waiting.difference_update(show_ids)
        messages: list[Message] = [(SETTLE_SHOW, (show_id,)) for show_id in show_ids]
        keys, arguments = name_flags(messages)
        try:
            raised = await self._redis.run_script(RAISE_FLAGS, keys, *arguments)
        except (RedisError, OSError):
            # The broker may be another server, which is there.
            raised = range(len(show_ids))
        count_nudges(sent=len(raised), asked=len(show_ids))
        if raised:
            # Messages go before the next flags: a flag that is up holds back its show's other messages.
            await self._sender.send([messages[number] for number in raised])
        return [None] * len(show_ids)


class _Sender:
    """A thread that sends messages: a broker that is frozen may take many seconds to say so.

    Not an executor's, for which the end of the process would wait. It is started at the first message (so
    after any fork), and ends with whom it sends for.
    """

    def __init__(self) -> None:
        self._asked: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._is_started = False

    async def send(self, messages: Sequence[Message]) -> None:
        """Return when the messages were sent, or could not be."""
        loop = asyncio.get_running_loop()
        sent: asyncio.Future[None] = loop.create_future()

        def run() -> None:
            try:
                send_flagged(messages)
            finally:
                # The loop may have ended meanwhile.
                with suppress(RuntimeError):
                    loop.call_soon_threadsafe(_end, sent)

        self._asked.put(tracing.carry(run))
        if not self._is_started:
            self._is_started = True
            threading.Thread(target=_run_all, args=(self._asked,), name="nudger", daemon=True).start()
            weakref.finalize(self, self._asked.put, None)
        await sent


def _run_all(asked: "SimpleQueue[Callable[[], None] | None]") -> None:
    while run := asked.get():
        try:
            run()
        except Exception:
            # Whoever is next must not wait for a thread that has ended.
            log.exception("nudge lost")


def _end(sent: "asyncio.Future[None]") -> None:
    if not sent.done():
        sent.set_result(None)
