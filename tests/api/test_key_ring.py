"""The key ring: what it knows of keys, for how long, and what it asks the database."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import text

from api.gate.key_ring import FRESH_SECONDS, KeyRing, Reason
from core.access.principals import Principal, PrincipalKind, Role
from core.errors import UnavailableError
from core.infra.db import transaction
from core.infra.prepared import Prepared
from local.servers import EmbeddedPostgres
from tests.acting import ask
from tests.apart import live_apart
from tests.keys import Key, choose_text, make_key, revoke, rotate
from tests.lonely import frozen, run_lonely_postgres, stopped
from tests.measuring import measured
from tests.support import HANGS_SECONDS

PROMISED_SECONDS = 2.0


class Clock:
    """A clock that stands still until it is told to go on."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Ring(KeyRing):
    """A key ring whose clock the test has, and which tells what it asked the database."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock=clock)
        self.clock, self.asked = clock, list[str]()
        fetch_all = self._connection.fetch_all

        async def note(statement: Prepared, to_parameters: Callable[[], Any]) -> list[tuple[Any, ...]]:
            self.asked.append(statement.name)
            return await fetch_all(statement, to_parameters)

        self._connection.fetch_all = note  # type: ignore[method-assign]


def digest(key: Key | str) -> bytes:
    return hashlib.sha256((key if isinstance(key, str) else key.text).encode()).digest()


def play(run: Callable[[Ring], Awaitable[None]]) -> None:
    async def begin() -> None:
        ring = Ring(Clock())
        try:
            await run(ring)
        finally:
            ring.end()

    asyncio.run(begin())


async def refresh(ring: Ring) -> None:
    """What the ring does every two seconds, now."""
    await ring._refresh()


def find_id(found: object) -> int:
    assert isinstance(found, Principal), found
    return int(found.id or 0)


def test_a_key_is_a_principal(database: dict[str, str]) -> None:
    key = make_key(Role.OPERATOR, rate_limit="7/minute")

    async def run(ring: Ring) -> None:
        found = await ring.find(digest(key))
        assert found == Principal(
            kind=PrincipalKind.KEY,
            id=str(key.id),
            name="A key",
            role=Role.OPERATOR,
            owner=f"key:{key.id}",
            rate_limit="7/minute",
        )

    play(run)


def test_known_keys_ask_nothing(database: dict[str, str]) -> None:
    key = make_key()

    async def run(ring: Ring) -> None:
        await refresh(ring)
        assert find_id(ring.recall(digest(key))) == key.id
        ring.clock.now += FRESH_SECONDS - 0.1
        assert find_id(ring.recall(digest(key))) == key.id
        assert ring.asked == ["select_live_keys"]

    play(run)


def test_nothing_is_asked_before_the_first_key_is(database: dict[str, str]) -> None:
    async def run(ring: Ring) -> None:
        assert ring.recall(digest(choose_text())) is None
        await asyncio.sleep(0)
        assert (ring.asked, ring._refreshing) == ([], None)

    play(run)


def test_memory_is_nothing_after_five_seconds(database: dict[str, str]) -> None:
    """Neither of what was refreshed nor of what was asked for."""
    known, asked, unknown = make_key(), make_key(), choose_text()

    async def run(ring: Ring) -> None:
        await refresh(ring)
        await ring._look_up([digest(asked), digest(unknown)])
        assert ring.recall(digest(unknown)) == Reason.UNKNOWN
        ring.clock.now += FRESH_SECONDS
        assert [ring.recall(digest(each)) for each in (known, asked, unknown)] == [None] * 3

    play(run)


def test_revoked_is_refused_once_it_is_refreshed(database: dict[str, str]) -> None:
    key, other = make_key(), make_key()

    async def run(ring: Ring) -> None:
        await refresh(ring)
        revoke(key)
        ring.clock.now += FRESH_SECONDS - 0.1
        await refresh(ring)
        assert ring.recall(digest(key)) is None
        assert await ring.find(digest(key)) == Reason.REVOKED
        assert find_id(ring.recall(digest(other))) == other.id

    play(run)


def test_a_look_up_from_before_it_was_revoked_does_not_outlive_the_next_refresh(
    database: dict[str, str],
) -> None:
    """However often it is repeated: what was asked for ends by itself."""
    key = make_key()

    async def run(ring: Ring) -> None:
        await ring._look_up([digest(key)])
        revoke(key)
        for _ in range(5):
            ring.clock.now += FRESH_SECONDS / 5
            ring.recall(digest(key))
            await refresh(ring)
        assert ring.recall(digest(key)) is None

    play(run)


def test_a_key_ends_in_memory_without_a_refresh(database: dict[str, str]) -> None:
    expiring, rotated = make_key(expires_in=3), make_key(expires_in=3600)
    rotate(rotated, overlap_seconds=3)

    async def run(ring: Ring) -> None:
        await refresh(ring)
        for each in (expiring, rotated):
            assert find_id(ring.recall(digest(each))) == each.id
        ring.clock.now += 3
        assert [ring.recall(digest(each)) for each in (expiring, rotated)] == [None, None]

    play(run)


def test_only_changes_are_read(database: dict[str, str]) -> None:
    """A use that is noted is none."""
    key = make_key()

    async def run(ring: Ring) -> None:
        await refresh(ring)
        before = ring._live
        ring.recall(digest(key))
        await ring._note_uses()
        await refresh(ring)
        assert ring._live is before
        new = rotate(key, overlap_seconds=60)
        await refresh(ring)
        assert {find_id(ring.recall(digest(each))) for each in (key, new)} == {key.id}
        revoke(key)
        await refresh(ring)
        assert ring._live == {}

    play(run)


def test_what_is_made_up_is_asked_for_together_and_once(database: dict[str, str]) -> None:
    texts, key = [choose_text() for _ in range(300)], make_key()

    async def run(ring: Ring) -> None:
        first = ring.find(digest(key))
        found = await asyncio.gather(first, *(ring.find(digest(each)) for each in texts))
        assert find_id(found[0]) == key.id
        assert set(found[1:]) == {Reason.UNKNOWN}
        # One may go alone, and all that came meanwhile go together.
        assert ring.asked.count("select_key_secrets") <= 2
        assert {ring.recall(digest(each)) for each in texts} == {Reason.UNKNOWN}

    play(run)


def test_use_is_noted_seldom_and_never_backwards(database: dict[str, str]) -> None:
    key, future = make_key(), make_key()

    def read(each: Key) -> Any:
        return ask("SELECT last_used_at FROM api_keys WHERE id = :id", id=each.id)[0][0]

    async def use(ring: Ring, *keys: Key) -> None:
        for each in keys:
            ring.recall(digest(each))
        await ring._note_uses()

    ask("UPDATE api_keys SET last_used_at = '2100-01-01' WHERE id = :id RETURNING 1", id=future.id)

    async def run(ring: Ring) -> None:
        await refresh(ring)
        assert read(key) is None
        await use(ring, key, future)
        first = read(key)
        assert first is not None
        await use(ring, key)
        assert read(key) == first
        ask("UPDATE api_keys SET last_used_at = last_used_at - interval '61 s' RETURNING 1")
        await use(ring, key)
        assert read(key) > first
        assert read(future).year >= 2099

    play(run)


def test_use_is_noted_past_whoever_has_the_key_locked(database: dict[str, str]) -> None:
    key = make_key()

    async def run(ring: Ring) -> None:
        await refresh(ring)
        ring.recall(digest(key))
        with transaction() as connection:
            connection.execute(text("SELECT FROM api_keys FOR UPDATE"))
            await ring._note_uses()
        assert find_id(ring.recall(digest(key))) == key.id

    play(run)


@pytest.fixture(scope="module")
def postgres() -> Iterator[EmbeddedPostgres]:
    """A server that nothing else uses."""
    with run_lonely_postgres() as server:
        yield server


@pytest.fixture
def lonely(servers: dict[str, str], postgres: EmbeddedPostgres) -> Iterator[EmbeddedPostgres]:
    """The server, with tables, for this process."""
    with live_apart({**servers, "DATABASE_URL": postgres.url}, name="ring", redis_database=6):
        yield postgres


@pytest.mark.parametrize("ail", [frozen, stopped])
def test_without_the_database(lonely: EmbeddedPostgres, ail: Callable[[EmbeddedPostgres], Any]) -> None:
    """Known keys are known for as long as memory is fresh; whoever asks hears so in time, and together."""
    key, new = make_key(), make_key()

    async def run(ring: Ring) -> None:
        await refresh(ring)
        with ail(lonely):
            assert find_id(ring.recall(digest(key))) == key.id
            with measured() as took:
                many = (ring.find(digest(choose_text())) for _ in range(50))
                found = await asyncio.gather(*many, return_exceptions=True)
            assert {type(each) for each in found} == {UnavailableError}
            assert took.quiet < PROMISED_SECONDS
            ring.clock.now += FRESH_SECONDS
            assert ring.recall(digest(key)) is None
            with pytest.raises(UnavailableError):
                await ring.find(digest(key))
        async with asyncio.timeout(HANGS_SECONDS):
            while True:
                ring.clock.now += 1
                try:
                    assert find_id(await ring.find(digest(new))) == new.id
                    break
                except UnavailableError:
                    await asyncio.sleep(0.05)

    play(run)
