"""Celery and nothing else: each task takes ids and calls one service.

Beat and Flower load this module too. What only workers need is imported when one starts: it would take
half as much memory again in the others.
"""

import threading
import warnings
from importlib import import_module
from typing import Any

from celery.exceptions import SecurityWarning
from celery.signals import (
    beat_init,
    celeryd_init,
    setup_logging,
    worker_init,
    worker_process_init,
    worker_process_shutdown,
    worker_ready,
    worker_shutdown,
    worker_shutting_down,
)

from core.infra import tracing
from core.infra.faults import TELL_SECONDS, log_wait, wait_until_fit
from core.infra.garbage import spare_what_is_loaded
from core.infra.jobs import get_celery
from core.infra.log import configure_logging
from core.infra.singletons import make_once
from tasks.celery_patches import mend_output, mend_stop, mend_transport
from tasks.starting import find_broker_fault, refuse_lasting_fault
from tasks.stopping import IDLE_SECONDS, WORKER_SECONDS, end_in_time

# A webhook may take 15 s, a worker that was told to stop 10: one that goes on so long is sent again later.
FINISH_SECONDS = 4

app = get_celery()
_configure_logging = make_once(configure_logging)
mend_transport()
mend_stop()
_is_ready = threading.Event()


@celeryd_init.connect
def load_tasks(sender: str = "worker", **_: Any) -> None:
    """Register the tasks of every noun, for a process of this name."""
    mend_output()
    # worker@… or outbound@…
    tracing.begin(sender.partition("@")[0])
    for noun in ("bookings", "events", "payments", "webhooks"):
        import_module(f"tasks.{noun}")


# Celery warns of a worker that is root before it sets up logging.
@celeryd_init.connect
@setup_logging.connect
def _set_up_logging(**_: Any) -> None:
    # Celery warns of root since a worker might take pickles, which run what they like. Ours take JSON alone.
    warnings.simplefilter("ignore", SecurityWarning)
    _configure_logging()


@worker_init.connect
def _begin_parent(**_: Any) -> None:
    from core.infra.health import find_fault  # noqa: PLC0415

    # Celery has not installed its signal handlers yet: SIGTERM ends a waiting worker at once.
    wait_until_fit(find_fault)
    end_in_time(WORKER_SECONDS)
    # A worker does not wait for its broker: the pool sweeps without it, and Celery reconnects.
    refuse_lasting_fault()
    threading.Thread(target=_tell_of_broker, name="broker", daemon=True).start()
    _serve_metrics()
    # In the parent, for all of its children.
    spare_what_is_loaded()


@beat_init.connect
def _begin_beat(**_: Any) -> None:
    refuse_lasting_fault()
    end_in_time(IDLE_SECONDS)
    _serve_metrics()


def _serve_metrics() -> None:
    from tasks.metrics import serve_metrics  # noqa: PLC0415

    serve_metrics()


def _tell_of_broker() -> None:
    while not _is_ready.wait(TELL_SECONDS):
        if fault := find_broker_fault():
            log_wait(fault)


@worker_ready.connect
def _note_ready(**_: Any) -> None:
    _is_ready.set()


@worker_process_init.connect
def _begin_child(**_: Any) -> None:
    from core.infra.db import dispose_engines  # noqa: PLC0415
    from core.settling.sweeping import watch_over_beat  # noqa: PLC0415

    # A forked child must not use its parent's sockets; the parent keeps them open.
    dispose_engines(close=False)
    # In the child, since a fork of a process with such a thread could copy a lock that it holds.
    threading.Thread(target=watch_over_beat, name="watch-over-beat", daemon=True).start()


@worker_process_shutdown.connect
@worker_shutdown.connect
def _end_traces(**_: Any) -> None:
    tracing.end()


@worker_shutting_down.connect
def _end_in_time(**_: Any) -> None:
    from core.webhooks.sending import end_attempts  # noqa: PLC0415

    timer = threading.Timer(FINISH_SECONDS, end_attempts)
    timer.daemon = True
    timer.start()
