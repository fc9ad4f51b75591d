"""The broker: whether it is there, and mends of what Celery 5.7 stands on.

A closed channel, a full Redis, a pool that waits for its parent.
"""

import os
from typing import Any

import billiard.pool
from kombu.transport import virtual
from kombu.transport.redis import Channel, QoS
from redis.exceptions import ConnectionError as LostConnectionError
from redis.exceptions import OutOfMemoryError

from core.faults import Fault
from core.jobs import get_celery

# For one try; a broker that is well takes milliseconds.
ANSWER_SECONDS = 1
# Times a tenth of a second.
MESSAGES_CONSUMED_TRIES = 10

_connparams = Channel._connparams  # type: ignore[attr-defined]
_append = QoS.append


def _refuse_when_closed(channel: Channel, *args: Any, **options: Any) -> Any:
    """The parameters of a connection, or LostConnectionError on a channel that has none any more.

    A task that ends after its connection was lost acknowledges its message on the old channel. kombu looks
    for the connection there, finds None, and the AttributeError ends the worker; an error of a connection is
    logged, and the message comes again.
    """
    if channel.connection is None or channel.connection.client is None:
        raise LostConnectionError("the channel is closed")
    return _connparams(channel, *args, **options)


def _append_without_room(qos: QoS, message: Any, delivery_tag: str) -> None:
    """Take a message that Redis has no room to note as taken.

    It is off its queue already, and the error would end the worker. So it is worked on like any other: should
    this process die meanwhile it does not come again, and the sweep makes up for it.
    """
    try:
        _append(qos, message, delivery_tag)
    except OutOfMemoryError:
        virtual.QoS.append(qos, message, delivery_tag)


def find_broker_fault() -> Fault | None:
    """What is the matter with the broker, by one try to connect to it, of a few seconds at most."""
    variable = "CELERY_BROKER_URL" if os.environ.get("CELERY_BROKER_URL") else "REDIS_URL"
    app = get_celery()
    # Redis alone knows it; RabbitMQ is given the time to connect for an answer too.
    is_known = "socket_timeout" in app.conf.broker_transport_options
    options = {"socket_timeout": ANSWER_SECONDS} if is_known else {}
    connection = app.connection(transport_options=options)
    try:
        connection.ensure_connection(max_retries=0)
        connection.release()
    except Exception as error:
        # Whatever its client library makes up: waiting is all that there is to do.
        connection.collect()
        return Fault(variable, f"the broker does not answer ({type(error.__cause__ or error).__name__})")
    return None


def mend_transport() -> None:
    """Put the mends in place, for Redis and for Sentinel."""
    Channel._connparams = _refuse_when_closed  # type: ignore[attr-defined]
    QoS.append = _append_without_room  # type: ignore[assignment, method-assign]


def mend_stop() -> None:
    """Have a worker that is told to stop do so within a second of its last task.

    A worker that is told to stop hands back the message that it gave to a process of its pool a moment
    before. The process runs the task all the same, and would wait for 30 seconds until its parent has read
    that it did, which the parent, having forgotten the task, never does. Nobody needs what it says: the
    message comes again, and finds everything done.
    """
    billiard.pool.GUARANTEE_MESSAGE_CONSUMPTION_RETRY_LIMIT = MESSAGES_CONSUMED_TRIES
