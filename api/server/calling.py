"""How granian calls the application: in a task that keeps nothing of the request but what answers it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from granian.server import mp

Call = Callable[[Any, Any], Awaitable[None]]
Gone = Callable[[], Awaitable[None]]


def let_requests_go() -> None:
    """Have granian's workers run tasks of ours in place of its own, which keep each request to its end.

    For a long poll that is 3 to 5 KB: the page that its head was read into, and what was parsed of it.
    """
    mp._future_watcher_wrapper = wrap  # type: ignore[attr-defined]


def wrap(call: Call) -> Callable[[Any], Awaitable[None]]:
    """What granian makes a task of for each request, given its scope and its protocol by a watcher."""

    async def run(watcher: Any) -> None:
        protocol = watcher.proto
        answering = call(watcher.scope, protocol)
        # The watcher holds the scope, which the call has now.
        del watcher
        try:
            await answering
        except BaseException:
            # granian ignores a second answer. asyncio logs an exception that leaves the task.
            protocol.response_empty(500, [])
            raise

    return run


def watch_over(gone: Gone, call: Callable[[], None]) -> Callable[[], object]:
    """Have something called once `gone` returns, granian's client_disconnect(); the result stops that."""

    async def watch() -> None:
        await gone()
        call()

    return asyncio.get_running_loop().create_task(watch()).cancel
