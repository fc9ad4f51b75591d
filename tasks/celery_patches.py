"""Mends of Celery 5.7: a closed channel, a full Redis, garbage, a pool that waits in vain, its own prints."""

import logging
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from typing import Any

import billiard.pool
import kombu.transport.redis
from amqp.serialization import GenericContent
from kombu.pidbox import Node
from kombu.transport import virtual
from kombu.transport.redis import Channel, QoS
from redis.exceptions import ConnectionError as LostConnectionError
from redis.exceptions import OutOfMemoryError

from core.infra.dropped import Reason, note_dropped
from tasks.messages import UnreadableError, check_envelope, is_returnable, read_json

# Times a tenth of a second.
MESSAGES_CONSUMED_TRIES = 10

log = logging.getLogger(__name__)
_connparams = Channel._connparams  # type: ignore[attr-defined]
_append = QoS.append
_load_properties = GenericContent._load_properties  # type: ignore[attr-defined]
_handle_message = Node.handle_message
_restore_by_tag = QoS.restore_by_tag


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


class CheckedMessage(virtual.Message):
    """A message off Redis. Raises UnreadableError for what kombu would stumble over, now or later.

    kombu makes the message before it notes it as taken, so that nothing is left of one that is refused.
    """

    def __init__(self, payload: Any, channel: Any = None, **options: Any) -> None:
        check_envelope(payload)
        try:
            super().__init__(payload, channel=channel, **options)
        except Exception as error:
            # The body does not decode by its declared encoding.
            raise UnreadableError from error


def _dropping(receive: Callable[..., Any], place: str) -> Callable[..., Any]:
    """`receive`, which takes one message off its connection, made to drop one that is unreadable.

    kombu has no hook for it: its errors end the worker, or count as a lost connection. The answer was read
    off the connection whole, so that the next one can be.
    """

    def receive_or_drop(channel: Channel, *args: Any, **options: Any) -> Any:
        try:
            return receive(channel, *args, **options)
        except UnreadableError:
            note_dropped(Reason.UNREADABLE, place=place)
            return True

    return receive_or_drop


_brpop_read = _dropping(Channel._brpop_read, "queue")  # type: ignore[attr-defined]
_receive_one = _dropping(Channel._receive_one, "broadcast")  # type: ignore[attr-defined]


def _restore_or_drop(qos: QoS, tag: Any, client: Any = None, leftmost: bool = False) -> None:
    """Requeue an unacknowledged message, or forget garbage.

    kombu looks once a second for those whose worker is gone. At garbage it fails before it has put back the
    others, again and again; or it writes it to whatever key it names.
    """
    with qos.channel.conn_or_acquire(client) as redis:  # type: ignore[attr-defined]
        noted = redis.hget(qos.unacked_key, tag)
        if noted is None or is_returnable(noted):
            _restore_by_tag(qos, tag, client=redis, leftmost=leftmost)
            return
        qos._remove_from_indices(tag).execute()  # type: ignore[attr-defined]
    note_dropped(Reason.UNREADABLE, place="unacked")


def _load_or_leave(content: GenericContent, class_id: int, buffer: bytes, offset: int) -> int:
    """Read a RabbitMQ message's properties; broken ones count as none, and the message is dropped later.

    RabbitMQ passes on text that is no UTF-8. py-amqp fails at it with an error that is none of a
    connection's, and ends the worker.
    """
    try:
        return int(_load_properties(content, class_id, buffer, offset))
    except Exception:
        content.properties = {}
        return len(buffer)


def _hear_or_drop(node: Node, body: Any, message: Any = None) -> Any:
    """Handle a control command, or drop a malformed one.

    Celery survives those, but reopens its mailbox for each, on RabbitMQ recursively: many of them at once
    exceed the stack.
    """
    with suppress(AttributeError, KeyError, TypeError, ValueError):
        if body["method"] in (node.handlers or {}):
            return _handle_message(node, body, message)
    note_dropped(Reason.UNREADABLE, place="broadcast")
    return None


def mend_transport() -> None:
    """Put the mends in place, for Redis, for Sentinel and for RabbitMQ."""
    GenericContent._load_properties = _load_or_leave  # type: ignore[attr-defined]
    Node.handle_message = _hear_or_drop  # type: ignore[assignment, method-assign]
    Channel._connparams = _refuse_when_closed  # type: ignore[attr-defined]
    QoS.append = _append_without_room  # type: ignore[assignment, method-assign]
    QoS.restore_by_tag = _restore_or_drop  # type: ignore[assignment, method-assign]
    # kombu's JSON reader, of whose errors it handles ValueError alone.
    kombu.transport.redis.loads = read_json  # type: ignore[attr-defined]
    Channel.Message = CheckedMessage
    Channel._brpop_read = _brpop_read  # type: ignore[attr-defined]
    Channel._receive_one = _receive_one  # type: ignore[attr-defined]


def mend_stop() -> None:
    """Have a worker that is told to stop do so within a second of its last task.

    A worker that is told to stop hands back the message that it gave to a process of its pool a moment
    before. The process runs the task all the same, and would wait for 30 seconds until its parent has read
    that it did, which the parent, having forgotten the task, never does. Nobody needs what it says: the
    message comes again, and finds everything done.
    """
    billiard.pool.GUARANTEE_MESSAGE_CONSUMPTION_RETRY_LIMIT = MESSAGES_CONSUMED_TRIES


def mend_output() -> None:
    """Have a worker log that it stops, where Celery prints it, in another form than all other lines."""
    worker = import_module("celery.apps.worker")
    worker.safe_say = lambda said, *_: log.info(said)  # type: ignore[attr-defined]
