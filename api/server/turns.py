"""Shared timers: thousands of waiting requests whose timers expire within the same 50 ms have one."""

import asyncio
from math import ceil
from typing import Protocol

# A TimerHandle for each request would take half a KiB.
MOMENT_SECONDS = 0.05


class Timed(Protocol):
    """A callback of a timer."""

    def ring(self, turn: int) -> None:
        """Handle the end of this turn, which may be one that was superseded since."""


class Turns:
    """The shared timers of one event loop."""

    def __init__(self) -> None:
        self._turns: dict[int, list[Timed]] = {}

    def take(self, timed: Timed, seconds: float) -> int:
        """Have `timed.ring` called in so many seconds, or up to 50 ms later; returns its argument."""
        loop = asyncio.get_running_loop()
        turn = ceil((loop.time() + seconds) / MOMENT_SECONDS)
        if turn not in self._turns:
            self._turns[turn] = []
            loop.call_at(turn * MOMENT_SECONDS, self._ring, turn)
        self._turns[turn].append(timed)
        return turn

    def _ring(self, turn: int) -> None:
        for timed in self._turns.pop(turn):
            timed.ring(turn)
