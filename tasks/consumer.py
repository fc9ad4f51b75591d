"""The worker's consumer (`worker_consumer`): drops messages that are not ours before Celery handles them."""

import logging
import time
from collections.abc import Callable
from typing import Any

from celery.worker.consumer import Consumer
from kombu import Message
from redis.exceptions import ResponseError

from core.infra.dropped import Reason, note_dropped
from core.infra.jobs import QUEUES
from tasks.messages import find_fault

log = logging.getLogger(__name__)

# Task events, which Flower reads, are sent together, so much later. Celery would send them between a task's
# arrival and its start, which would wait for the broker.
EVENTS_SECONDS = 0.1


class CarefulConsumer(Consumer):
    """Celery's consumer, which survives any message, and leaves no garbage in its queues."""

    connection_errors: tuple[type[BaseException], ...]
    hub: Any
    _flush_events: Callable[[], None]

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        # WRONGTYPE: a foreign key has a queue's name, and is not ours to delete. The worker treats it as an
        # outage: it sweeps meanwhile, and reconnects.
        self.connection_errors = (*self.connection_errors, ResponseError)
        self._next_events_at = 0.0

    def create_task_handler(self, *args: Any, **options: Any) -> Callable[[Message], Any]:
        """Celery's handler of a message, behind our check of it."""
        handle = super().create_task_handler(*args, **options)

        def take(message: Message) -> Any:
            fault = find_fault(message)
            return self._drop(message, fault) if fault else handle(message)

        return take

    def on_send_event_buffered(self) -> Any:
        """Have the events that wait sent soon, unless they are about to be."""
        now = time.monotonic()
        if self.hub and now >= self._next_events_at:
            self._next_events_at = now + EVENTS_SECONDS
            # The hub's timers are for its own thread; tasks may end in others.
            self.hub.call_soon(self.hub.call_later, EVENTS_SECONDS, self._flush_events)

    def on_decode_error(self, message: Message, exc: Exception) -> None:
        """Drop a task or control command whose body does not decode; Celery would log all of it."""
        self._drop(message, Reason.UNREADABLE)

    def _drop(self, message: Message, reason: Reason) -> None:
        # ack, not reject: rejecting a control command, which is auto-acknowledged, closes its channel.
        message.ack_log_error(log, self.connection_errors)
        key = (message.delivery_info or {}).get("routing_key")
        note_dropped(reason, place=key if key in QUEUES else "elsewhere")
