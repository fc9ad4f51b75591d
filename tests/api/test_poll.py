"""A poll: it waits without a task, tells once, and is then at rest."""

import asyncio

from api.server.long_poll import LongPolls
from api.server.poll import Seen, is_settled
from core.bookings.announcements import encode_ids
from core.bookings.errors import BookingNotFoundError
from tests.api.test_long_poll import CONFIRMED, ID, PENDING, Table, play, until_waiting


def test_once_it_has_told_it_does_nothing_more() -> None:
    """Though it is registered still, as one of several of a request."""

    async def scene(polls: LongPolls, table: Table) -> None:
        with polls.enter("a client", [ID], seconds=20) as (poll,):
            table.booking = CONFIRMED
            await poll.wait(is_settled)
            polls.hear(encode_ids([ID]))
            # A read would have begun within a few turns of the loop.
            for _ in range(10):
                await asyncio.sleep(0)
            assert (table.reads, poll.is_asleep) == (1, False)

    play(scene)


def test_it_waits_without_a_task_and_tells_whatever_it_came_to() -> None:
    async def scene(polls: LongPolls, table: Table) -> None:
        told: list[Seen | Exception] = []
        for number, booking in enumerate((CONFIRMED, None), 1):
            table.booking = PENDING
            with polls.enter("a client", [ID], seconds=20) as (poll,):
                poll.begin(is_settled, told.append)
                await until_waiting(poll)
                assert asyncio.all_tasks() == {asyncio.current_task()}
                table.booking = booking
                polls.hear(encode_ids([ID]))
                while len(told) < number:
                    await asyncio.sleep(0)
        found, error = told
        assert isinstance(found, Seen)
        assert found.wants is None
        assert isinstance(error, BookingNotFoundError)

    play(scene)
