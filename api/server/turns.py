"""Timers for thousands who wait: those whose time is up within the same moment share one of the loop's."""

import asyncio
from math import ceil
from typing import Protocol

# A timer of the loop's for each would take half a KiB.
MOMENT_SECONDS = 0.05


class Timed(Protocol):
    """Whoever waits."""

    def ring(self, turn: int) -> None:
        """The time is up that has this turn; it may be one that is waited for no more."""


class Turns:
    """Who is to be told when; for one event loop."""

    def __init__(self) -> None:
        self._turns: dict[int, list[Timed]] = {}

    def take(self, timed: Timed, seconds: float) -> int:
        """Ring after so long, or a moment later; the turn that this has."""
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
