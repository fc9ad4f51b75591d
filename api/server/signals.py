"""The signals that stop a worker: held back while it starts, and heard from then on."""

import asyncio
import os
import signal
from collections.abc import Callable

STOP_SIGNALS = signal.SIGTERM, signal.SIGINT


def keep_for_workers() -> None:
    """Have a worker that is told to stop while it starts hear of it once it can, by hear().

    The handler that it has from the fork is its parent's, and would swallow it: the worker would serve on,
    and be killed with requests in hand.
    """
    os.register_at_fork(
        before=lambda: signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS),
        after_in_parent=lambda: signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS),
    )


def hear(loop: asyncio.AbstractEventLoop, end: Callable[[], None]) -> None:
    """Have `end` called on the loop, through which granian hears of signals, whatever else handles them."""
    for signum in STOP_SIGNALS:
        signal.signal(signum, lambda *_: loop.call_soon_threadsafe(end))
        signal.siginterrupt(signum, False)
    # The signals were blocked at the fork: the handlers are in place now.
    loop.call_soon(signal.pthread_sigmask, signal.SIG_UNBLOCK, STOP_SIGNALS)
