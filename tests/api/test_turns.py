"""Turns: timers for thousands, of which the loop has few."""

import asyncio

from api.server.turns import MOMENT_SECONDS, Turns


class Bell:
    """Who waits, and when it was rung."""

    def __init__(self) -> None:
        self.turn: int | None = None
        self.rung_at = 0.0

    def ring(self, turn: int) -> None:
        self.turn, self.rung_at = turn, asyncio.get_running_loop().time()


def test_each_is_rung_within_a_moment_of_its_time() -> None:
    async def scene() -> None:
        turns, loop = Turns(), asyncio.get_running_loop()
        began, bells = loop.time(), [Bell() for _ in range(1000)]
        taken = [turns.take(bell, 0.2 + n / 10_000) for n, bell in enumerate(bells)]
        # A few timers for all of them, whose times lie so far apart.
        assert len(turns._turns) <= (0.1 + loop.time() - began) / MOMENT_SECONDS + 2
        await asyncio.sleep(0.3 + 2 * MOMENT_SECONDS)
        assert [bell.turn for bell in bells] == taken
        assert all(bell.rung_at - began >= 0.199 + n / 10_000 for n, bell in enumerate(bells))
        assert not turns._turns

    asyncio.run(scene())
