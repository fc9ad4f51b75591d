"""Live maps: who follows a show is sent what changes in it, as Server-Sent Events.

On the event loop of the web process: a viewer costs a coroutine, and a change is read once a process, however
many follow the show. Nothing is queued for a viewer. One that is slow finds, once it has taken what was sent,
that the map has gone on, and is sent all that it missed in one event.
"""

import asyncio
import contextlib
import gzip
import logging
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from api.errors import RateLimitedError
from api.gate.places import Places
from api.metrics import STREAMS_OPEN
from api.server.calling import Gone, watch_over
from core.errors import SeatlineError, UnavailableError
from core.maps.maps import Map, read_statuses

log = logging.getLogger(__name__)

CONTENT_TYPE = "text/event-stream"
# Whoever watches a map need not see each of a hundred batches a second; 1 s is the promise.
PAUSE_SECONDS = 0.25
# What Redis did not tell is found by looking.
LOOK_AGAIN_SECONDS = 1.0
# Proxies cut what is silent for a minute, some for half of one.
HEARTBEAT_SECONDS = 15
HEARTBEAT = b": still here\n\n"
# Each has a connection, of which a process takes so many (api/server/main.py): the others are for requests.
MAX_VIEWERS = 1_000
# Digits of a show's id, which is a bigint.
LONGEST_ID = 19
# A client's own streams are in its way: it has to end one, or wait for its neighbours at that address.
RETRY_AFTER_SECONDS = 10
READERS = 2


@dataclass(frozen=True, slots=True)
class Follow:
    """What a viewer follows, and the version that its answer so far has brought it to."""

    show_id: int
    version: int


def to_event(found: Map) -> bytes:
    """A map of statuses as an event; nothing where there is nothing new."""
    if not found.body:
        return b""
    return b"event: seats\nid: %d\ndata: %s\n\n" % (found.version, gzip.decompress(found.body))


class Watch:
    """A show that is followed: its latest event, from which version it leads on, and when there is a next."""

    def __init__(self, version: int) -> None:
        self.base = self.version = version
        self.event = b""
        self.viewers = 0
        self.stirred = asyncio.Event()
        self.changed = asyncio.Event()

    def advance(self, version: int, event: bytes) -> None:
        """There is a newer map: wake all viewers."""
        self.base, self.version, self.event = self.version, version, event
        changed, self.changed = self.changed, asyncio.Event()
        changed.set()


class Live:
    """All that is followed in this process."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="live")
        self._watches: dict[int, Watch] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._ending = asyncio.Event()
        self._viewers = 0

    def begin(self, loop: asyncio.AbstractEventLoop) -> None:
        """Serve on this loop."""
        self._loop = loop

    def end(self) -> None:
        """Let all viewers go: this process is about to stop. They come back to another, and miss nothing."""
        self._ending.set()
        for watch in self._watches.values():
            watch.changed.set()

    def enter(self, client: str) -> Callable[[], None]:
        """Have a place for a viewer, before anything is done for it; call the result to give it back.

        Raises UnavailableError where this process has none left, RateLimitedError where the client has not.
        """
        if self._viewers >= MAX_VIEWERS:
            raise UnavailableError("Too many follow shows here just now.")
        if not self._places.take(client):
            raise RateLimitedError(RETRY_AFTER_SECONDS, "This client follows too many streams; end one.")
        self._viewers += 1
        STREAMS_OPEN.inc()
        return partial(self._leave, client)

    def _leave(self, client: str) -> None:
        self._places.leave(client)
        self._viewers -= 1
        STREAMS_OPEN.dec()

    async def send(
        self, follow: Follow, first: bytes, send: Callable[[bytes], Awaitable[None]], gone: Gone
    ) -> None:
        """Send the first event, or a heartbeat where there is none, then follow the show; see follow()."""
        with contextlib.suppress(RuntimeError):
            # Something at once, so that the client knows that it is connected.
            await send(first or HEARTBEAT)
            await self.follow(follow, send, gone)

    async def follow(self, follow: Follow, send: Callable[[bytes], Awaitable[None]], gone: Gone) -> None:
        """Send a viewer all that changes, until it is gone or cannot be told: then it comes back."""
        with contextlib.suppress(TimeoutError, RuntimeError, SeatlineError):
            # A client that closes would be noticed when it is next sent something.
            async with asyncio.timeout(None) as staying:
                stop_watching = watch_over(gone, lambda: staying.reschedule(0))
                try:
                    await self._follow(follow, send)
                finally:
                    stop_watching()

    async def _follow(self, follow: Follow, send: Callable[[bytes], Awaitable[None]]) -> None:
        with self._watch(follow) as watch:
            version = follow.version
            while not self._ending.is_set():
                changed = watch.changed
                if version < watch.version:
                    version, event = await self._find_event(follow.show_id, watch, version)
                elif await _is_set(changed, HEARTBEAT_SECONDS):
                    continue
                else:
                    event = HEARTBEAT
                # granian raises a RuntimeError where the client is gone, or has taken nothing for 30 s
                # (sending.py); until then it keeps what is sent.
                await send(event)

    async def _find_event(self, show_id: int, watch: Watch, version: int) -> tuple[int, bytes]:
        if version >= watch.base:
            return watch.version, watch.event
        # It missed one that the others had: what it needs is its own.
        return await self._read(show_id, version)

    @contextlib.contextmanager
    def _watch(self, follow: Follow) -> Iterator[Watch]:
        watch = self._watches.get(follow.show_id)
        if watch is None:
            watch = self._watches[follow.show_id] = Watch(follow.version)
            task = self._loop.create_task(self._keep_up(follow.show_id, watch))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        watch.viewers += 1
        try:
            yield watch
        finally:
            watch.viewers -= 1

    def hear(self, show: bytes) -> None:
        """The map of a show has changed; a message that is no show id is garbage, and is ignored."""
        if show.isdigit() and len(show) <= LONGEST_ID and (watch := self._watches.get(int(show))):
            watch.stirred.set()

    async def _keep_up(self, show_id: int, watch: Watch) -> None:
        """Read what has changed, whenever something has, for as long as anybody follows."""
        while watch.viewers and not self._ending.is_set():
            await _is_set(watch.stirred, LOOK_AGAIN_SECONDS)
            watch.stirred.clear()
            try:
                version, event = await self._read(show_id, watch.version)
                if version > watch.version:
                    watch.advance(version, event)
            except Exception as error:
                # Whatever it was, they go on following, and are told once it is over.
                log.warning("map not read", extra={"show_id": show_id, "error": type(error).__name__})
            await asyncio.sleep(PAUSE_SECONDS)
        del self._watches[show_id]

    async def _read(self, show_id: int, since: int) -> tuple[int, bytes]:
        return await self._loop.run_in_executor(self._readers, _read_event, show_id, since)


def _read_event(show_id: int, since: int) -> tuple[int, bytes]:
    # A large map takes a while to unpack: it is the thread's work.
    found = read_statuses(show_id, since=since)
    return found.version, to_event(found)


async def _is_set(event: asyncio.Event, seconds: float) -> bool:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            return await event.wait()
    return False
