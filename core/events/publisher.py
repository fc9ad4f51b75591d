"""The events broker: a topic exchange on RabbitMQ, a stream on Redis, as EVENTS_BROKER_URL says."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

from amqp.exceptions import AMQPError
from kombu import Connection, Exchange, Producer
from kombu.exceptions import KombuError
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from core.errors import UnavailableError
from core.infra.brokers import BrokerConnection, read_sentinel_options
from core.infra.json import to_json
from core.infra.settings import REDIS_SCHEMES, get_settings

# Whoever subscribes looks for these.
EXCHANGE = Exchange("seatline.events", type="topic", durable=True)
STREAM = "seatline:events"
# The stream shares a Redis that must not fill up: about 100 MB. Who falls further behind reads the feed.
STREAM_LENGTH = 100_000
CONTENT_TYPE = "application/cloudevents+json"
# One command, where one for each event would cost more on both sides than the events themselves.
_APPEND_ALL = """
    for i = 3, #ARGV do
        redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[1], '*', 'content-type', ARGV[2], 'event', ARGV[i])
    end
"""

# The cursor stays locked while events are sent, so a broker that does not answer must be given up well before
# the server ends a transaction that is idle (core/infra/db.py, 3 s).
CONNECT_SECONDS = 1
ANSWER_SECONDS = 1

BROKER_ERRORS = (AMQPError, KombuError, RedisError, OSError)


class BrokerError(UnavailableError):
    """The events broker did not take what it was sent."""


class Publisher(Protocol):
    """Sends events in order; returns once the broker has them all, and raises where it may not."""

    def __call__(self, connection: Connection, envelopes: Sequence[dict[str, Any]]) -> None: ...


def publish(envelopes: Sequence[dict[str, Any]]) -> None:
    """Send CloudEvents to the broker, in order. Raises BrokerError where it did not take all of them.

    It may have taken some of them all the same: they are the same, byte for byte, when they are sent again.
    """
    url = get_settings().events_broker_url
    is_redis = url.startswith(REDIS_SCHEMES)
    send: Publisher = _append_to_stream if is_redis else _send_to_exchange
    with _connect(url, is_redis=is_redis) as connection:
        send(connection, envelopes)


# A connection for each batch: next to hundreds of events it costs little, and there is none to go stale.
@contextmanager
def _connect(url: str, *, is_redis: bool) -> Iterator[Connection]:
    options: dict[str, Any] = (
        {"socket_timeout": ANSWER_SECONDS, "socket_connect_timeout": CONNECT_SECONDS}
        if is_redis
        else {"read_timeout": ANSWER_SECONDS, "write_timeout": ANSWER_SECONDS}
    )
    sentinels = read_sentinel_options(url, seconds=ANSWER_SECONDS)
    # Its own second attempt would come after a pause of two seconds.
    options |= {"max_retries": 1, "interval_start": 0, "interval_step": 0, **sentinels}
    connection = BrokerConnection(url, connect_timeout=CONNECT_SECONDS, transport_options=options)
    try:
        yield connection
        connection.release()
    except BROKER_ERRORS as error:
        # Not release(), which would wait for a broker that has just failed to answer.
        connection.collect()
        raise BrokerError("The events broker did not take the events.") from error


def _append_to_stream(connection: Connection, envelopes: Sequence[dict[str, Any]]) -> None:
    channel: Any = connection.default_channel
    redis = channel.client
    redis.set_retry(Retry(NoBackoff(), 0))
    events = [to_json(envelope) for envelope in envelopes]
    redis.eval(_APPEND_ALL, 1, STREAM, STREAM_LENGTH, CONTENT_TYPE, *events)


def _send_to_exchange(connection: Connection, envelopes: Sequence[dict[str, Any]]) -> None:
    channel: Any = connection.default_channel
    confirmed = _Confirmations(channel, len(envelopes))
    producer = Producer(channel, EXCHANGE, auto_declare=True)
    for envelope in envelopes:
        producer.publish(
            to_json(envelope),
            routing_key=envelope["type"],
            content_type=CONTENT_TYPE,
            content_encoding="utf-8",
            message_id=envelope["id"],
            type=envelope["type"],
        )
    while confirmed.missing:
        connection.drain_events(timeout=ANSWER_SECONDS)


class _Confirmations:
    """The broker's word that it has what was sent on a channel, in whatever order the words come."""

    def __init__(self, channel: Any, count: int) -> None:
        # On a channel in this mode the broker numbers what it gets, from 1.
        self.missing = set(range(1, count + 1))
        channel.confirm_select()
        channel.events["basic_ack"].add(self._take)
        channel.events["basic_nack"].add(self._refuse)

    def _take(self, delivery_tag: int, is_multiple: bool) -> None:
        if is_multiple:
            self.missing = {tag for tag in self.missing if tag > delivery_tag}
        else:
            self.missing.discard(delivery_tag)

    def _refuse(self, *_: Any) -> None:
        raise OSError("the broker refused an event")
