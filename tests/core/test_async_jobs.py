"""Nudges from an event loop: many become one, and Redis may be away."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import pytest

from core.infra import async_jobs, jobs
from core.infra.async_jobs import LoopNudger
from core.infra.jobs import SETTLE_SHOW, clear_flag
from tests.acting import count_messages
from tests.measuring import measured
from tests.support import HANGS_SECONDS, ROOT, frozen_redis, run_silent_port

NUDGE = """
import asyncio, threading
from core.infra.async_jobs import LoopNudger

async def nudge():
    LoopNudger().nudge(7)
    while not any(thread.name.startswith("nudger") for thread in threading.enumerate()):
        await asyncio.sleep(0.01)

asyncio.run(nudge())
"""


def play(scene: Callable[[LoopNudger], Awaitable[None]]) -> None:
    async def begin() -> None:
        async with asyncio.timeout(HANGS_SECONDS):
            await scene(LoopNudger())

    asyncio.run(begin())


async def until_sent(nudger: LoopNudger) -> None:
    """Of those that are nudged at once the last is told last."""
    await nudger._flags.ask(0)


def test_many_nudges_for_one_show_become_one_message(database: dict[str, str]) -> None:
    async def scene(nudger: LoopNudger) -> None:
        for _ in range(3):
            for _ in range(100):
                nudger.nudge(7)
            await until_sent(nudger)
        # And one for show 0.
        assert count_messages() == 2
        clear_flag(SETTLE_SHOW, 7)
        nudger.nudge(7)
        await until_sent(nudger)
        assert count_messages() == 3

    play(scene)


def test_flag_that_somebody_else_has_raised_holds_a_message_back(database: dict[str, str]) -> None:
    jobs.raise_flag(SETTLE_SHOW, 7)

    async def scene(nudger: LoopNudger) -> None:
        nudger.nudge(7)
        nudger.nudge(8)
        await until_sent(nudger)

    play(scene)
    assert count_messages() == 2


def test_no_more_flags_are_up_than_are_sent_at_once(flags_ahead: list[int]) -> None:
    async def scene(nudger: LoopNudger) -> None:
        for show_id in range(1, 100):
            nudger.nudge(show_id)
        await until_sent(nudger)

    play(scene)
    assert (len(flags_ahead), max(flags_ahead), count_messages()) == (100, jobs.FLAGS_AT_ONCE, 100)


@pytest.mark.parametrize("is_away", [False, True])
def test_where_redis_is_away_a_message_is_sent_all_the_same(
    database: dict[str, str], monkeypatch: pytest.MonkeyPatch, is_away: bool
) -> None:
    """The broker may be another server."""
    sent: list[int] = []
    monkeypatch.setattr(async_jobs, "send_flagged", lambda messages: sent.extend(a for _, (a,) in messages))
    away: AbstractContextManager[Any] = frozen_redis() if is_away else nullcontext()

    async def scene(nudger: LoopNudger) -> None:
        nudger.nudge(7)
        await until_sent(nudger)

    jobs.raise_flag(SETTLE_SHOW, 7)
    with away:
        play(scene)
    assert sent == ([7, 0] if is_away else [0])


def test_a_silent_broker_keeps_no_process_from_its_end(database: dict[str, str]) -> None:
    """Which would be five seconds, that a stop has not (tests/core/test_jobs.py)."""
    with run_silent_port() as port:
        environment = {**os.environ, "CELERY_BROKER_URL": f"redis://127.0.0.1:{port}/0"}
        with measured() as took:
            subprocess.run([sys.executable, "-c", NUDGE], cwd=ROOT, env=environment, check=True)
    assert took.quiet < 4
