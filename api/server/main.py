"""The web process: granian, with this machine's settings."""

import gc
import os
import signal
import sys

from granian import Granian
from granian.constants import Interfaces, Loops
from granian.log import LogLevels

# What its workers are to have is loaded here once: they are forked, start at once, and share its memory.
from api import app  # noqa: F401
from api.server.start import start
from core.infra.health import find_fault
from core.infra.ports import require_free_port
from core.infra.settings import get_settings

# Requests that a process has in hand at once; whoever comes beyond waits in the kernel's queue.
BACKPRESSURE = 2048
# A worker that died is replaced; one that does not stop within this is killed.
STOP_SECONDS = 8
RESPAWN_SECONDS = 0.5
STOP_SIGNALS = signal.SIGTERM, signal.SIGINT


def main() -> None:
    """Serve until told to stop, from when the database is fit.

    Exits with one line where the port is taken, or where it would wait for the database in vain.
    """
    settings = get_settings()
    # granian would share the port, and every other answer be somebody else's.
    require_free_port("PORT", settings.host, settings.port)
    fault = find_fault()
    if fault and fault.is_lasting:
        sys.exit(f"seatline: {fault}")
    _keep_signals_for_workers()
    # Pages that the collector writes to are shared no longer.
    gc.freeze()
    server = Granian(
        "api.server.worker:door",
        address=settings.host,
        port=settings.port,
        interface=Interfaces.RSGI,
        workers=settings.web_concurrency,
        loop=Loops.asyncio,
        backpressure=BACKPRESSURE,
        websockets=False,
        respawn_failed_workers=True,
        # Within it a second death of the same worker is taken for a fault of the code, and ends all.
        respawn_interval=RESPAWN_SECONDS,
        workers_kill_timeout=STOP_SECONDS,
        log_level=LogLevels.warning,
        log_access=False,
    )
    if fault:
        start.begin_to_wait(fault)
    try:
        server.serve()
    except SystemExit:
        # The group's SIGTERM reached a worker before its parent: an early exit is no failure then.
        if not server.interrupt_signal:
            raise
    if start.is_refused:
        sys.exit(1)


def _keep_signals_for_workers() -> None:
    """Have a worker that is told to stop while it starts hear of it once it can, in api/server/app.py.

    The handler that it has from the fork is its parent's, and would swallow it: the worker would serve on,
    and be killed with requests in hand.
    """
    os.register_at_fork(
        before=lambda: signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS),
        after_in_parent=lambda: signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS),
    )


if __name__ == "__main__":
    main()
