"""Long polls by themselves: woken by what is announced, and without it by looking again."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from api.server.long_poll import LIMITS, Limits, LongPolls
from api.server.poll import Poll, Seen
from core.bookings.announcements import encode, encode_ids
from core.bookings.errors import BookingNotFoundError
from core.bookings.views import Booking
from core.errors import UnavailableError
from core.infra.json import to_json
from core.infra.pubsub import BOOKINGS_CHANNEL, Listener
from core.infra.redis import get_redis
from tests.measuring import measured
from tests.support import wait_until

# Documents of CONFIRMED bookings have a ticket code, of the settings' secret.
pytestmark = pytest.mark.usefixtures("servers")

ID = UUID(int=7)
NOW = datetime(2027, 1, 1, tzinfo=UTC)
PENDING = Booking(
    id=ID,
    show_id=1,
    seats=["1"],
    status="PENDING",
    wants="acquire",
    hold=False,
    held_at=None,
    hold_expires_at=None,
    failure_code=None,
    failure_seats=None,
    quantity=None,
    section=None,
    customer=None,
    client=None,
    amount=100,
    currency="EUR",
    payment=None,
    created_at=NOW,
    updated_at=NOW,
)
CONFIRMED = PENDING._replace(status="CONFIRMED", wants=None, updated_at=NOW + timedelta(seconds=1))


def is_settled(seen: Seen) -> bool:
    return seen.wants is None


def show(seen: Seen) -> tuple[int, str | None, bytes]:
    """All of it, however it is kept."""
    return seen.updated_at, seen.wants, seen.body


def tell(booking: Booking) -> bytes:
    return encode([(booking, to_json(booking.to_document()))])


class Table:
    """What is read of the booking, and how often."""

    def __init__(self) -> None:
        self.booking: Booking | None = PENDING
        self.reads = 0

    async def read(self, booking_id: UUID) -> Booking | None:
        self.reads += 1
        await asyncio.sleep(0)
        return self.booking if booking_id == ID else None


Scene = Callable[[LongPolls, Table], Awaitable[None]]


def play(scene: Scene, limits: Limits = LIMITS) -> None:
    async def begin() -> None:
        table = Table()
        await scene(LongPolls(table.read, limits), table)

    asyncio.run(begin())


async def until_waiting(poll: Poll) -> None:
    while not poll.is_asleep:
        await asyncio.sleep(0)


def test_what_is_announced_is_not_read() -> None:
    async def scene(polls: LongPolls, table: Table) -> None:
        with polls.enter("a client", [ID], seconds=20) as (poll,):
            waiting = asyncio.create_task(poll.wait(is_settled))
            await until_waiting(poll)
            polls.hear(tell(CONFIRMED))
            seen = await waiting
        assert (show(seen), table.reads) == (show(Seen.of(CONFIRMED)), 1)

    play(scene)


def test_what_is_announced_by_its_id_is_read() -> None:
    async def scene(polls: LongPolls, table: Table) -> None:
        with polls.enter("a client", [ID], seconds=20) as (poll,):
            waiting = asyncio.create_task(poll.wait(is_settled))
            await until_waiting(poll)
            table.booking = CONFIRMED
            polls.hear(encode_ids([UUID(int=8), ID]))
            assert (show(await waiting), table.reads) == (show(Seen.of(CONFIRMED)), 2)

    play(scene)


def test_what_came_before_it_waited_is_not_missed() -> None:
    """Between entering and reading, and while it reads."""

    async def scene(polls: LongPolls, table: Table) -> None:
        for known in (None, Seen.of(PENDING)):
            with polls.enter("a client", [ID], seconds=20) as (poll,):
                polls.hear(tell(CONFIRMED))
                assert show(await poll.wait(is_settled, known)) == show(Seen.of(CONFIRMED))

    play(scene)


def test_an_old_announcement_overrides_nothing() -> None:
    """A hold announced late, to one who has asked for its cancel since."""
    held = PENDING._replace(hold=True, wants=None, hold_expires_at=NOW)
    cancelling = held._replace(wants="cancel", updated_at=NOW + timedelta(microseconds=1))
    cancelled = cancelling._replace(status="CANCELLED", wants=None, updated_at=NOW + timedelta(seconds=1))

    async def scene(polls: LongPolls, table: Table) -> None:
        with polls.enter("a client", [ID], seconds=20) as (poll,):
            waiting = asyncio.create_task(poll.wait(is_settled, Seen.of(cancelling)))
            await until_waiting(poll)
            polls.hear(tell(held))
            await asyncio.sleep(0)
            await until_waiting(poll)
            polls.hear(tell(cancelled))
            assert (show(await waiting), table.reads) == (show(Seen.of(cancelled)), 0)

    play(scene)


@pytest.mark.parametrize("message", [b"", b"garbage", tell(PENDING)[:-1], b"a1" + b"\xff" * 40])
def test_garbage_wakes_nobody(message: bytes) -> None:
    async def scene(polls: LongPolls, table: Table) -> None:
        with polls.enter("a client", [ID], seconds=0.1) as (poll,):
            waiting = asyncio.create_task(poll.wait(is_settled))
            await until_waiting(poll)
            polls.hear(message)
            assert (await waiting).wants == "acquire"

    play(scene)


def test_what_nobody_announces_is_looked_for() -> None:

    async def scene(polls: LongPolls, table: Table) -> None:
        with polls.enter("a client", [ID], seconds=20) as (poll,):
            waiting = asyncio.create_task(poll.wait(is_settled))
            await until_waiting(poll)
            table.booking = CONFIRMED
            assert show(await waiting) == show(Seen.of(CONFIRMED))

    play(scene, Limits(look_again_seconds=0.05))


def test_one_that_is_as_it_was_is_kept_as_its_document() -> None:
    async def scene(polls: LongPolls, table: Table) -> None:
        with polls.enter("a client", [ID], seconds=0.2) as (poll,):
            seen = await poll.wait(is_settled)
        assert (type(seen.shown), show(seen)) == (bytes, show(Seen.of(PENDING)))
        assert table.reads > 1

    play(scene, Limits(look_again_seconds=0.05))


def test_when_the_time_is_over_it_is_as_it_is() -> None:
    async def scene(polls: LongPolls, table: Table) -> None:
        with measured() as took, polls.enter("a client", [ID], seconds=0.2) as (poll,):
            assert (await poll.wait(is_settled)).wants == "acquire"
        # Where nobody announces anything it is looked for after a second.
        assert took.quiet < 0.9
        assert took.wall >= 0.2

    play(scene)


def test_one_that_is_gone_is_not_found() -> None:
    async def scene(polls: LongPolls, table: Table) -> None:
        table.booking = None
        with polls.enter("a client", [ID], seconds=20) as (poll,), pytest.raises(BookingNotFoundError):
            await poll.wait(is_settled)

    play(scene)


def test_all_are_answered_as_the_process_ends() -> None:
    async def scene(polls: LongPolls, table: Table) -> None:
        with polls.enter("a client", [ID, ID], seconds=20) as entered:
            waiting = [asyncio.create_task(poll.wait(is_settled)) for poll in entered]
            for poll in entered:
                await until_waiting(poll)
            polls.end()
            assert [(await each).wants for each in waiting] == ["acquire"] * 2
        with polls.enter("a client", [ID], seconds=20) as (poll,):
            assert (await poll.wait(is_settled)).wants == "acquire"

    play(scene)


def test_where_too_many_wait_the_next_is_answered_at_once() -> None:
    """Of one client, and of all; those who have left make room."""

    async def scene(polls: LongPolls, table: Table) -> None:
        async def waits(client: str) -> bool:
            with polls.enter(client, [ID], seconds=20) as (poll,):
                waiting = asyncio.create_task(poll.wait(is_settled))
                # Nothing that it does takes longer than a few turns of the loop.
                for _ in range(100):
                    await asyncio.sleep(0)
                return waiting.cancel()

        with polls.enter("greedy", [ID], seconds=20), polls.enter("greedy", [ID], seconds=20):
            assert (await waits("greedy"), await waits("modest")) == (False, True)
            with polls.enter("another", [ID], seconds=20):
                assert not await waits("modest")
        assert await waits("greedy")

    play(scene, Limits(waiting=3, waiting_per_client=2))


def test_redis_is_heard_once_for_all(database: dict[str, str]) -> None:
    async def scene(polls: LongPolls, table: Table) -> None:
        redis = get_redis()
        ((_, others),) = redis.pubsub_numsub(BOOKINGS_CHANNEL)
        Listener({BOOKINGS_CHANNEL: polls.hear}).begin(asyncio.get_running_loop())
        await asyncio.to_thread(wait_until, lambda: redis.pubsub_numsub(BOOKINGS_CHANNEL)[0][1] > others)
        with polls.enter("a client", [ID] * 100, seconds=20) as entered:
            waiting = [asyncio.create_task(poll.wait(is_settled, Seen.of(PENDING))) for poll in entered]
            await until_waiting(entered[-1])
            await asyncio.to_thread(redis.publish, BOOKINGS_CHANNEL, tell(CONFIRMED))
            assert {show(await each) for each in waiting} == {show(Seen.of(CONFIRMED))}
        assert table.reads == 0

    play(scene)


@pytest.mark.parametrize("error", [UnavailableError("away"), None])
def test_what_is_known_is_told_where_it_cannot_be_read_again(error: Exception | None) -> None:
    """The database is away, or is frozen."""

    async def read(_: UUID) -> Booking | None:
        if error:
            raise error
        return await asyncio.get_running_loop().create_future()  # type: ignore[no-any-return]

    async def begin() -> None:
        polls = LongPolls(read, Limits(last_read_seconds=0.1))
        for given in ({"seen": Seen.of(PENDING)}, {"known": Seen.of(PENDING)}):
            with polls.enter("a client", [ID], seconds=0.1) as (poll,):
                polls.hear(encode_ids([ID]))
                assert show(await poll.wait(is_settled, **given)) == show(Seen.of(PENDING))

    asyncio.run(begin())
