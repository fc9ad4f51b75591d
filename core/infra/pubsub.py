"""This process's one subscription in Redis: what a channel announces goes to whoever registered for it."""

import logging
import threading
import time
from collections.abc import Callable

from core.infra.redis import connect_listener
from core.infra.singletons import make_once

log = logging.getLogger(__name__)

# Bookings that have changed (core/bookings/announcements.py), under a name of its own for each format: the
# version before goes on listening while this one is installed. A show whose map has a new version: its id in
# digits.
BOOKINGS_CHANNEL, MAPS_CHANNEL = "bookings:announced", "maps:changed"
RECONNECT_SECONDS = 1.0

Handler = Callable[[bytes], None]


class Listener:
    """A thread that listens on both channels. Nothing is promised: whoever waits looks again by itself."""

    def __init__(self) -> None:
        self._handlers: dict[str, list[Handler]] = {BOOKINGS_CHANNEL: [], MAPS_CHANNEL: []}
        threading.Thread(target=self._run, name="listener", daemon=True).start()

    def register(self, channel: str, handler: Handler) -> None:
        """Have `handler` called, in the listener's thread, with each message on a channel."""
        self._handlers[channel].append(handler)

    def _run(self) -> None:
        while True:
            try:
                self._listen()
            except Exception as error:
                # This thread must outlive whatever a client library makes up.
                log.info("not listening to redis", extra={"error": type(error).__name__})
                time.sleep(RECONNECT_SECONDS)

    def _listen(self) -> None:
        with connect_listener() as redis, redis.pubsub(ignore_subscribe_messages=True) as pubsub:
            pubsub.subscribe(BOOKINGS_CHANNEL, MAPS_CHANNEL)
            while True:
                message = pubsub.get_message(timeout=1.0)
                for handler in self._handlers[message["channel"].decode()] if message else ():
                    handler(message["data"])


@make_once
def get_listener() -> Listener:
    """This process's listener, started when first needed (so after any fork)."""
    return Listener()
