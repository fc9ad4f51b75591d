"""Celery and nothing else: each task takes ids and calls one service.

Beat and Flower load this module too. What only workers need is imported when one starts: it would take
half as much memory again in the others.
"""

import threading
from importlib import import_module
from typing import Any

from celery.signals import celeryd_init, setup_logging, worker_init, worker_process_init, worker_shutting_down

from core.garbage import spare_what_is_loaded
from core.jobs import get_celery
from core.log import configure_logging
from tasks.broker import mend_stop, mend_transport

# A webhook may take 15 s, a worker that was told to stop 10: one that goes on so long is sent again later.
FINISH_SECONDS = 4

app = get_celery()
mend_transport()
mend_stop()


@celeryd_init.connect
def load_tasks(**_: Any) -> None:
    """Register the tasks of every noun."""
    for noun in ("bookings", "events", "webhooks"):
        import_module(f"tasks.{noun}")


@setup_logging.connect
def _set_up_logging(**_: Any) -> None:
    configure_logging()


@worker_init.connect
def _begin_parent(**_: Any) -> None:
    from core.health import require_fit_database  # noqa: PLC0415

    require_fit_database()
    # In the parent, for all of its children.
    spare_what_is_loaded()


@worker_process_init.connect
def _begin_child(**_: Any) -> None:
    from core.bookings.pipeline import watch_over_beat  # noqa: PLC0415
    from core.db import dispose_engines  # noqa: PLC0415

    # A forked child must not use its parent's sockets; the parent keeps them open.
    dispose_engines(close=False)
    # In the child, since a fork of a process with such a thread could copy a lock that it holds.
    threading.Thread(target=watch_over_beat, name="watch-over-beat", daemon=True).start()


@worker_shutting_down.connect
def _end_in_time(**_: Any) -> None:
    from core.webhooks.sending import end_attempts  # noqa: PLC0415

    timer = threading.Timer(FINISH_SECONDS, end_attempts)
    timer.daemon = True
    timer.start()
