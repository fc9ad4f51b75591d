"""Celery's configuration: the broker, the queues, the clock; each choice with its reason."""

from kombu import Queue

from core.errors import UnavailableError
from core.infra.brokers import name_socket, read_sentinel_options
from core.infra.jobs import (
    ARCHIVE_BOOKINGS,
    BOOKINGS_QUEUE,
    COMPARE_PAYMENTS,
    EXPIRE_HOLDS,
    PURGE_IDEMPOTENCY_KEYS,
    QUEUE_OF,
    QUEUES,
    RELAY_EVENTS,
    SETTLE_PAYMENTS,
    SWEEP,
)
from core.infra.settings import REDIS_SCHEMES, get_settings
from core.infra.tls import get_tls_options

_settings = get_settings()

# Celery makes a connection of kombu's own of it, only to tell workers' settings.
broker_url = name_socket(_settings.celery_broker_url)
# Flower inspects the queues with a client of its own, which reads this; BrokerConnection goes by the URL.
broker_use_ssl = get_tls_options(broker_url) or False
broker_connection_retry_on_startup = True
broker_connection_timeout = 1
# However long it is away: the workers sweep by themselves meanwhile, and must be there when it is back.
broker_connection_max_retries = None
# Redis alone knows these. A frozen broker is noticed after a second instead of never; a message whose
# worker was killed comes back after the visibility timeout and one second, not minutes later.
broker_transport_options = (
    {
        "visibility_timeout": 30,
        "unacked_restore_interval": 1,
        "unacked_restore_throttle": 1,
        "socket_timeout": 5,
        "socket_connect_timeout": 1,
        "socket_keepalive": True,
        **read_sentinel_options(broker_url, seconds=1),
    }
    if broker_url.startswith(REDIS_SCHEMES)
    else {}
)

# JSON only: a message can carry ids and nothing that runs.
accept_content = ["json"]
task_serializer = "json"

# Nobody reads results: the booking's row is the result.
task_ignore_result = True
# An outage is logged where the connection is lost; a task that fails of it logs a line and no traceback.
task_annotations = {"*": {"throws": (UnavailableError,)}}
# A nudge is acknowledged when its work is done, also when its worker was killed meanwhile.
task_acks_late = True
task_reject_on_worker_lost = True
# One nudge at a time: a worker busy with a hot show must not sit on the nudges of others.
worker_prefetch_multiplier = 1
worker_concurrency = _settings.worker_concurrency
# A batch takes well under a second; a task that runs for a minute is stuck.
task_soft_time_limit = 50
task_time_limit = 60
# On SIGTERM finish the batch at hand, hand the rest back; on SIGQUIT hand it back as well after so long.
worker_soft_shutdown_timeout = 5
worker_enable_soft_shutdown_on_idle = False
worker_hijack_root_logger = False
# CarefulConsumer drops messages that are not ours, which would end Celery's own.
worker_consumer = "tasks.consumer:CarefulConsumer"
worker_send_task_events = True
worker_cancel_long_running_tasks_on_connection_loss = False

task_default_queue = BOOKINGS_QUEUE
task_queues = [Queue(name) for name in QUEUES]
task_routes = {task: {"queue": queue} for task, queue in QUEUE_OF.items()}

# What the nudges missed waits for no longer than this.
RELAY_INTERVAL_SECONDS = 1
SWEEP_INTERVAL_SECONDS = 1
PAYMENTS_INTERVAL_SECONDS = 1
HOUR_SECONDS = 3600

beat_schedule = {
    "expire_holds": {"task": EXPIRE_HOLDS, "schedule": _settings.expiry_interval_seconds},
    "sweep": {"task": SWEEP, "schedule": SWEEP_INTERVAL_SECONDS},
    "relay_events": {"task": RELAY_EVENTS, "schedule": RELAY_INTERVAL_SECONDS},
    "settle_payments": {"task": SETTLE_PAYMENTS, "schedule": PAYMENTS_INTERVAL_SECONDS},
    # Once a day: each hour it is looked whether it is time, as beat forgets its schedule when it ends.
    "compare_payments": {"task": COMPARE_PAYMENTS, "schedule": HOUR_SECONDS},
    "archive_bookings": {"task": ARCHIVE_BOOKINGS, "schedule": HOUR_SECONDS},
    "purge_idempotency_keys": {"task": PURGE_IDEMPOTENCY_KEYS, "schedule": HOUR_SECONDS},
}
beat_scheduler = "tasks.beat:FlaggedScheduler"
# Look at the clock at least so often: a clock that is set back must not put everything off.
beat_max_loop_interval = 1
timezone = "UTC"
