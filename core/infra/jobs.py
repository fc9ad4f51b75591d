"""The names of tasks and queues, and nudges: the wake-ups that tell a worker to look into the tables."""

import logging
import threading
import time
from collections.abc import Collection, Iterable
from itertools import islice
from typing import Any

import pybreaker
from celery import Celery
from celery.app.amqp import AMQP
from kombu.exceptions import OperationalError
from redis import Redis
from redis.exceptions import RedisError

from core.infra import tracing
from core.infra.async_redis import Script
from core.infra.brokers import BrokerConnection
from core.infra.metrics import BreakerGauge, count_nudges
from core.infra.redis import try_redis
from core.infra.sending import Sender
from core.infra.singletons import make_once

log = logging.getLogger(__name__)

SETTLE_SHOW = "tasks.bookings.settle_show"
EXPIRE_HOLDS = "tasks.bookings.expire_holds"
SWEEP = "tasks.bookings.sweep"
PURGE_IDEMPOTENCY_KEYS = "tasks.bookings.purge_idempotency_keys"
ARCHIVE_BOOKINGS = "tasks.bookings.archive_bookings"
RELAY_EVENTS = "tasks.events.relay_events"
SETTLE_PAYMENTS = "tasks.payments.settle_payments"
COMPARE_PAYMENTS = "tasks.payments.compare_payments"
DELIVER_WEBHOOKS = "tasks.webhooks.deliver_webhooks"

BOOKINGS_QUEUE, EXPIRY_QUEUE = "bookings", "expiry"
EVENTS_QUEUE, WEBHOOKS_QUEUE, PAYMENTS_QUEUE = "events", "webhooks", "payments"
WORKER_QUEUES = BOOKINGS_QUEUE, EXPIRY_QUEUE
QUEUES = BOOKINGS_QUEUE, EXPIRY_QUEUE, EVENTS_QUEUE, WEBHOOKS_QUEUE, PAYMENTS_QUEUE

# A task by its name, and what it is called with.
Message = tuple[str, tuple[int, ...]]

QUEUE_OF = {
    SETTLE_SHOW: BOOKINGS_QUEUE,
    EXPIRE_HOLDS: EXPIRY_QUEUE,
    SWEEP: EXPIRY_QUEUE,
    PURGE_IDEMPOTENCY_KEYS: EXPIRY_QUEUE,
    ARCHIVE_BOOKINGS: EXPIRY_QUEUE,
    RELAY_EVENTS: EVENTS_QUEUE,
    DELIVER_WEBHOOKS: WEBHOOKS_QUEUE,
    SETTLE_PAYMENTS: PAYMENTS_QUEUE,
    COMPARE_PAYMENTS: PAYMENTS_QUEUE,
}
# Tasks with one argument, an id; the others have none.
TAKE_AN_ID = frozenset({SETTLE_SHOW, DELIVER_WEBHOOKS})

# As long as a message may wait for a worker: were it shorter, a busy show would have another message on its
# way every time it ran out, and quiet shows would wait behind them all. Whoever runs the task clears it, and
# the sweep settles for itself, so that a lost message costs no more than the sweep's second. It is no
# `expires` on the messages, because a worker whose clock is ahead would throw them all away.
FLAG_TTL_SECONDS = 30
# No sweep makes up for these: when a process dies with one in hand, another may be sent this soon.
OUTBOUND_FLAG_TTL_SECONDS = 10

# The first nudge goes at once; the next one waits so long for others that are the same: a flag asked for a
# thousand times a second costs a few hundredths of a core.
PAUSE_SECONDS = 0.001

# A flag that is up holds back everybody else's message: never more of them than are sent in a moment.
FLAGS_AT_ONCE = 32

# A stream of what was nudged of late, by the names of the flags: "sent" where a message goes, "up" where one
# was on its way. It is for processes that linger, and needs to reach back for no longer than they do.
NUDGES_KEY, NUDGES_KEPT = "nudges", 100
# Raises the flags after the stream's key, for so many seconds each; returns which of them were not up.
RAISE_FLAGS = Script("""
local raised = {}
for n = 2, #KEYS do
    local is_raised = redis.call('SET', KEYS[n], 1, 'NX', 'EX', ARGV[n])
    if is_raised then raised[#raised + 1] = n - 2 end
    redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[1], '*', is_raised and 'sent' or 'up', KEYS[n])
end
return raised
""")

# What sending to a broker that is down or frozen may raise; kombu lets RuntimeError escape at times.
SEND_ERRORS = (OperationalError, RedisError, OSError, RuntimeError, pybreaker.CircuitBreakerError)

# The broker may be another server than the cache, hence a breaker of its own.
broker_breaker = pybreaker.CircuitBreaker(
    fail_max=2,
    reset_timeout=1,
    throw_new_error_on_trip=False,
    name="broker",
    listeners=[BreakerGauge("broker")],
)


class _Amqp(AMQP):
    Connection = BrokerConnection


@make_once
def get_celery() -> Celery:
    """The Celery application: workers run it, everybody else sends through it."""
    app = Celery("seatline", amqp=_Amqp)
    app.config_from_object("celeryconfig")
    return app


@make_once
def get_sender() -> Sender:
    """This process's way to send tasks, begun when it first sends (so after any fork)."""
    return Sender(get_celery())


def raise_flag(task: str, *args: int) -> bool:
    """Say that this task is on its way; False where it is already. Without Redis: True."""
    return bool(raise_flags([(task, args)]))


def raise_flags(messages: Collection[Message]) -> list[Message]:
    """Say that these tasks are on their way; returns those that were not yet. Without Redis: all of them."""

    keys, arguments = name_flags(messages)
    raised = try_redis(
        lambda redis: redis.eval(RAISE_FLAGS.source, len(keys), *keys, *arguments),
        default=range(len(messages)),
    )
    numbered = list(messages)
    sent = [numbered[number] for number in raised]
    count_nudges(sent=len(sent), asked=len(messages))
    return sent


def name_flags(messages: Collection[Message]) -> tuple[list[str], list[int]]:
    """The keys and arguments of RAISE_FLAGS."""
    keys = [NUDGES_KEY, *(name_flag(task, *args) for task, args in messages)]
    return keys, [NUDGES_KEPT, *(_find_flag_ttl(task) for task, _ in messages)]


def put_up_flag(redis: Redis, task: str, *args: int) -> Any:
    """Raise one flag of `outbound`'s; None where it is up already. `redis` may be a pipeline."""
    return redis.set(name_flag(task, *args), 1, nx=True, ex=_find_flag_ttl(task))


def _find_flag_ttl(task: str) -> int:
    return FLAG_TTL_SECONDS if QUEUE_OF[task] in WORKER_QUEUES else OUTBOUND_FLAG_TTL_SECONDS


def clear_flag(task: str, *args: int) -> None:
    """Let the next message of this task through: read the tables once more afterwards."""
    try_redis(lambda redis: redis.delete(name_flag(task, *args)), default=None)


def name_flag(task: str, *args: int) -> str:
    """The key of a task's flag in Redis."""
    return ":".join(["flag", task, *map(str, args)])


def send_once(messages: Collection[Message]) -> None:
    """Send tasks now, but for those that are on their way already. Promises nothing, like any nudge."""
    waiting = iter(messages)
    while some := list(islice(waiting, FLAGS_AT_ONCE)):
        send_flagged(raise_flags(some))


def send_flagged(messages: Iterable[Message]) -> None:
    """Send tasks whose flags are up, now."""
    for task, args in messages:
        _send(task, *args)


def nudge(show_id: int) -> None:
    """Have a worker look at a show, soon. Costs the caller nothing and promises nothing.

    Call it after the commit. The rows in PostgreSQL are the queue: a nudge that is lost (Redis is down,
    this process dies) is made up for by the sweep. It is sent by a thread of its own, because a broker
    that is frozen may take seconds to say so.
    """
    send_later(SETTLE_SHOW, show_id)


def send_later(task: str, *args: int, is_flagged: bool = False) -> None:
    """Have a task sent once, like a nudge, by this process's own thread; `is_flagged`: its flag is up."""
    get_nudger().add(task, *args, is_flagged=is_flagged)


def _send(task: str, *args: int) -> None:
    try:
        with tracing.span(f"send {task}", "PRODUCER"):
            broker_breaker.call(get_sender().send, task, args, queue=QUEUE_OF[task])
    except SEND_ERRORS as error:
        log.info("nudge lost, the sweep will make up for it", extra={"error": type(error).__name__})
    except Exception:
        # Whatever a client library makes up for one message, the others must go.
        log.exception("nudge lost, the sweep will make up for it", extra={"task": task})


class Nudger:
    """A thread that sends what this process has to tell the workers; the same task waits once."""

    def __init__(self) -> None:
        # By whether its flag is up, and it is only to be sent.
        self._waiting: dict[bool, set[Message]] = {False: set(), True: set()}
        self._wake = threading.Condition()
        threading.Thread(target=self._run, name="nudger", daemon=True).start()

    def add(self, task: str, *args: int, is_flagged: bool = False) -> None:
        """Queue a task; returns at once."""
        with self._wake:
            self._waiting[is_flagged].add((task, args))
            self._wake.notify()

    def _run(self) -> None:
        while True:
            with self._wake:
                self._wake.wait_for(lambda: any(self._waiting.values()))
                waiting, self._waiting = self._waiting, {False: set(), True: set()}
            try:
                send_flagged(waiting[True])
                send_once(waiting[False])
            except Exception:
                # This thread must outlive it.
                log.exception("nudges lost, the sweep will make up for them")
            # In a rush the same show is nudged hundreds of times a second, and once in a while is enough.
            time.sleep(PAUSE_SECONDS)


@make_once
def get_nudger() -> Nudger:
    """This process's nudger, started at the first nudge (so after any fork)."""
    return Nudger()
