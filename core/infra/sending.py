"""Sending tasks: as Celery's send_task does, by one producer that is kept until it fails."""

import threading
from collections.abc import Sequence
from typing import Any

from kombu import Producer
from kombu.utils.uuid import uuid

from core.infra import tracing


class Sender:
    """Sends tasks to their queues, by one thread at a time.

    Celery's send_task takes a producer and a connection from pools for each message, looks up settings and
    routes, and declares the queue: all of that costs more than the message.
    """

    def __init__(self, app: Any) -> None:
        # `app` is Celery's application.
        self._app = app
        self._lock = threading.Lock()
        self._producer: Producer | None = None
        # Queues that this producer's connection has declared: RabbitMQ drops what goes to one that is not.
        self._declared: set[str] = set()

    def send(self, task: str, args: Sequence[int], *, queue: str) -> None:
        """Send a task. Raises what the broker's client library does, and connects anew the next time."""
        with self._lock:
            try:
                self._publish(task, args, queue)
            except BaseException:
                self._close()
                raise

    def _publish(self, task: str, args: Sequence[int], queue: str) -> None:
        if self._producer is None:
            self._producer, self._declared = Producer(self._app.connection_for_write()), set()
        # repr() of integers is cheap; Celery's own saferepr takes longer than the message.
        shown = {"argsrepr": repr(tuple(args)), "kwargsrepr": "{}"}
        amqp, task_id = self._app.amqp, uuid()
        message = amqp.as_task_v2(task_id, task, args=tuple(args), ignore_result=True, **shown)
        self._producer.publish(
            message.body,
            exchange="",
            routing_key=queue,
            serializer="json",
            headers=message.headers | tracing.to_headers(),
            correlation_id=task_id,
            declare=[] if queue in self._declared else [amqp.queues[queue]],
        )
        self._declared.add(queue)

    def _close(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None and producer.__connection__ is not None:
            producer.__connection__.collect()
